"""What a real Mosquitto gets to hear, and what becomes of the hotline when there is none."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from callcenter.events.address import BrokerAddress
from callcenter.events.broker import connected
from callcenter.events.publisher import Publisher
from callcenter.events.topics import Message, State
from callcenter.office.stream import Stream
from callcenter.storage.outbox import Outbox
from callcenter.storage.store import Store
from tests.support.mosquitto import Mosquitto, a_broker, free_port, listening, needs_mosquitto
from tests.support.office_fakes import eventually, running
from tests.support.stores import Database, database, made

if TYPE_CHECKING:
    from callcenter.domain.views import Json

pytestmark = needs_mosquitto

AT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
STATUS, SEAT, ALARM = "callcenter/node1/status", "callcenter/node1/seats/8001", "callcenter/node1/alarms/disk"
CALL, PRIVATE = "callcenter/node1/calls/c1", "callcenter/node1/private/calls/c1"


class House:
    """A stream with an outbox and a publisher on it, and how everything is."""

    def __init__(self, address: BrokerAddress, db: Database, stream: str = "s1", **how: Any) -> None:
        self.stream = Stream(stream)
        self.seats: list[Json] = [{"extension": "8001", "state": "ready"}]
        self.alarms: list[Json] = []
        self.figures_follow = True
        self._store = Store(db.url)
        self.outbox = Outbox(self._store, node="node1", stream=stream, readers=["mqtt"], now=lambda: AT, **how)
        self.stream.when_published(self.outbox.give)
        self.publisher = Publisher(address, self.outbox.readers["mqtt"], node="node1", stream=stream, state=self._state)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self.outbox.run())
            try:
                await self.publisher.run()
            finally:
                writing.cancel()

    async def close(self) -> None:
        await self._store.close()

    def _state(self) -> State:
        told: Json = {"queues": [], "trunks": [], "figures": [], "queue_figures": [], "seat_figures": []}
        told["figures_follow"] = self.figures_follow
        return State(seq=self.stream.seq, time=AT, seats=self.seats, alarms=self.alarms, **told)

    def call(self, kind: str = "call.queued", **more: Any) -> None:
        self.stream.publish(kind, AT, {"id": "c1", "caller": "13800138000", "state": "queued", **more})

    def seat(self, state: str) -> None:
        self.seats[0] = {"extension": "8001", "state": state}
        self.stream.publish("seat.changed", AT, self.seats[0])

    def alarm(self, *, stands: bool) -> None:
        raised = {"name": "disk", "detail": "full", "since": "2026-11-24T04:00:00.000Z"}
        self.alarms = [raised] if stands else []
        if stands:
            self.stream.publish("alarm.raised", AT, raised)
        else:
            self.stream.publish("alarm.cleared", AT, {"name": "disk"})

    async def is_(self, status: str, *words: str, within: float = 5.0) -> None:
        def so() -> bool:
            said, detail = self.publisher.health()
            return said == status and all(word in detail for word in words)

        try:
            await eventually(so, within=within)
        finally:
            print(self.publisher.health())


@pytest.fixture
async def db(tmp_path: Path) -> Database:
    return await made(database("sqlite", tmp_path))


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with a_broker(tmp_path) as broker:
        yield broker


@asynccontextmanager
async def a_house(
    address: BrokerAddress, db: Database, prepare: Callable[[House], None] = lambda _: None, **how: Any
) -> AsyncIterator[House]:
    house = House(address, db, **how)
    prepare(house)
    try:
        async with running(house.run):
            yield house
    finally:
        await house.close()


async def test_each_event_is_told_with_its_stream_and_number_and_the_caller_only_in_private(
    db: Database, broker: Mosquitto
) -> None:
    async with listening(broker.address) as everybody, a_house(broker.address, db) as house:
        await everybody.until_last(STATUS, "online")
        house.call("call.arrived")
        house.call()

        told = [seen.json for seen in await everybody.until_seen(CALL, 2)]
        whole = [seen.json for seen in await everybody.until_seen(PRIVATE, 2)]

    expected = {"type": "call.arrived", "id": "s1:1", "stream": "s1", "seq": 1, "time": "2026-11-24T04:00:00.000Z"}
    assert told[0] == expected | {"data": {"id": "c1", "state": "queued"}}
    assert whole[0] == expected | {"data": {"id": "c1", "caller": "13800138000", "state": "queued"}}
    assert [message["seq"] for message in told] == [message["seq"] for message in whole] == [1, 2]


async def test_a_crowd_of_events_is_told_in_its_order_and_each_of_them_once(db: Database, broker: Mosquitto) -> None:
    async with listening(broker.address) as everybody, a_house(broker.address, db) as house:
        await everybody.until_last(STATUS, "online")
        for _ in range(300):
            house.call()
            await asyncio.sleep(0)

        told = await everybody.until_seen(CALL, 300)
        whole = await everybody.until_seen(PRIVATE, 300)
        await house.is_("ok", "300 events told")

    assert [message.json["seq"] for message in told] == [message.json["seq"] for message in whole] == [*range(1, 301)]


async def test_who_comes_late_finds_how_everything_is(db: Database, broker: Mosquitto) -> None:
    async with a_house(broker.address, db) as house:
        await house.is_("ok", "connected")
        house.seat("talking")
        house.alarm(stands=True)
        house.call()
        await house.is_("ok", "3 events told")

        async with listening(broker.address) as late:
            await late.until_last(STATUS, "online")
            (seat,) = await late.until_seen(SEAT)
            (alarm,) = await late.until_seen(ALARM)

    assert seat.retained
    assert (seat.json["type"], seat.json["seq"], seat.json["data"]["state"]) == ("seat.changed", 1, "talking")
    assert (alarm.json["type"], alarm.json["data"]["detail"]) == ("alarm.raised", "full")
    assert late.under(CALL) == []  # what happened is not kept, only what is


async def test_an_alarm_that_is_over_is_told_to_those_who_listen_and_gone_for_those_who_come(
    db: Database, broker: Mosquitto
) -> None:
    async with listening(broker.address) as early, a_house(broker.address, db) as house:
        await early.until_last(STATUS, "online")
        house.alarm(stands=True)
        house.alarm(stands=False)
        await early.until_seen(ALARM, 3)
        async with listening(broker.address) as late:
            await late.until_seen(SEAT)

    assert early.types(ALARM) == ["alarm.raised", "alarm.cleared"]
    assert early.last(ALARM) == ""
    assert late.under(ALARM) == []


async def test_what_an_earlier_controller_left_and_is_no_more_is_taken_away(db: Database, broker: Mosquitto) -> None:
    gone = "callcenter/node1/seats/8009"

    def before(house: House) -> None:
        house.seats.append({"extension": "8009", "state": "ready"})
        house.alarm(stands=True)

    async with a_house(broker.address, db, before) as house:
        await house.is_("ok", "1 events told")
    async with listening(broker.address) as everybody:
        await everybody.until_seen(gone)
        async with a_house(broker.address, db):
            await everybody.until_last(gone, "")
            await everybody.until_last(ALARM, "")
            async with listening(broker.address) as late:
                await late.until_last(STATUS, "online")

    assert late.last(SEAT) is not None
    assert (late.under(gone), late.under(ALARM)) == ([], [])


@pytest.mark.parametrize("follow", [True, False])
async def test_figures_that_an_earlier_controller_told_hold_until_they_are_told_anew(
    db: Database, broker: Mosquitto, *, follow: bool
) -> None:
    whole, of_seat, of_gone = (f"callcenter/node1/figures/{whose}" for whose in ("today", "seats/8001", "seats/8009"))

    def without(house: House) -> None:
        house.figures_follow = follow

    async with a_house(broker.address, db) as house:
        await house.is_("ok", "connected")
        house.stream.publish("figures.changed", AT, {"name": "today", "figures": []})
        for seat in ("8001", "8009"):
            house.stream.publish("seat_figures.changed", AT, {"name": "today", "seat": seat, "figures": []})
        await house.is_("ok", "3 events told")
    async with listening(broker.address) as everybody:
        await everybody.until_seen(of_gone)
        async with a_house(broker.address, db, without, stream="s2") as house:
            await everybody.until_last(of_gone, "")
            await everybody.until_last(STATUS, "online")
            if not follow:
                await everybody.until_last(of_seat, "")
                await everybody.until_last(whole, "")
                return
            async with listening(broker.address) as late:
                assert (await late.until_seen(of_seat))[0].json["stream"] == "s1"
                assert (await late.until_seen(whole))[0].json["stream"] == "s1"
            house.stream.publish("seat_figures.changed", AT, {"name": "today", "seat": "8001", "figures": []})
            async with listening(broker.address) as late:
                await eventually(lambda: '"stream":"s2"' in (everybody.last(of_seat) or ""), within=5)
                assert (await late.until_seen(of_seat))[-1].json["stream"] == "s2"


async def test_a_broker_that_is_killed_gets_what_it_missed_and_how_everything_is(
    db: Database, broker: Mosquitto, tmp_path: Path
) -> None:
    async with a_house(broker.address, db) as house:
        await house.is_("ok")
        house.call("call.arrived")
        await house.is_("ok", "1 events told")

        await broker.kill()
        await house.is_("degraded", "is away")
        house.call()
        house.seat("talking")
        house.call("utterance.partial", call_id="c1", text="停")
        await house.is_("degraded", "2 wait")
        await house.is_("degraded", "cannot be reached (connection refused)")
        await broker.start()

        async with listening(broker.address) as everybody:
            await everybody.until_last(STATUS, "online", within=20)
            house.call("call.ended")
            await eventually(lambda: '"seq":5' in (everybody.last(PRIVATE) or ""), within=5)
            await house.is_("ok", "4 events told")

    numbers = [seen.json["seq"] for seen in everybody.under(PRIVATE)]
    assert numbers[-1] == 5
    assert set(numbers) <= {2, 5}  # who listens from before the broker's end hears both
    assert everybody.under(SEAT)[-1].json["data"]["state"] == "talking"


async def test_what_waited_comes_before_what_is_and_online_last(db: Database, tmp_path: Path) -> None:
    def before(house: House) -> None:
        for _ in range(60):
            house.call()
        house.seat("talking")

    async with (
        a_broker(tmp_path) as broker,
        listening(broker.address) as everybody,
        a_house(broker.address, db, before, most_in_memory=50) as house,
    ):
        await everybody.until_last(STATUS, "online")
        await house.is_("ok", "50 events told, 11 dropped")
        told = [seen for seen in everybody.seen if not seen.topic.startswith("callcenter/node1/private/")]

    assert [seen.json["seq"] for seen in told[:-2]] == list(range(12, 62))
    assert [seen.topic for seen in told[-3:]] == [SEAT, SEAT, STATUS]
    assert (told[-2].json["type"], told[-2].json["seq"]) == ("snapshot", 61)


async def test_a_controller_that_ends_tells_what_is_left_and_then_that_it_is_gone(
    db: Database, broker: Mosquitto
) -> None:
    async with listening(broker.address, STATUS, CALL) as everybody:
        async with a_house(broker.address, db) as house:
            await everybody.until_last(STATUS, "online")
            house.call("call.ended")  # and at once the end
        await everybody.until_last(STATUS, "offline")

    assert set(everybody.types(CALL)) == {"call.ended"}  # twice where the end came before the broker's answer


@pytest.mark.parametrize(("said", "taken"), [("3", 3), ("0", 200), ("5000", 200)])  # 0: as many as come
async def test_no_more_is_on_its_way_than_the_broker_takes_at_a_time(
    db: Database, tmp_path: Path, said: str, taken: int
) -> None:
    will = Message(topic=STATUS, payload=b"offline")
    async with (
        a_broker(tmp_path, f"max_inflight_messages {said}") as broker,
        listening(broker.address, CALL) as everybody,
        a_house(broker.address, db) as house,
        connected(broker.address, client_id="another", will=will, ca_file=None) as connection,
    ):
        await house.is_("ok", "connected")
        for number in range(300):
            house.call(queue=str(number))
        await house.is_("ok", "300 events told")
        await everybody.until_seen(CALL, 300)

    assert connection.at_once == taken
    assert [seen.json["seq"] for seen in everybody.under(CALL)] == list(range(1, 301))


async def test_a_wrong_password_is_said_clearly_and_never_shown(db: Database, tmp_path: Path) -> None:
    async with a_broker(tmp_path, login=("hotline", "right")) as broker:
        address = broker.address
        wrong = BrokerAddress(host=address.host, port=address.port, user="hotline", password="hush-hush")
        with structlog.testing.capture_logs() as logged:
            async with a_house(wrong, db) as house:
                await house.is_("degraded", "the login is refused: user or password is wrong")
            async with a_house(address, db) as house:
                await house.is_("ok", "connected")

    assert [line["log_level"] for line in logged] == ["warning", "info"]
    assert "hush" not in f"{logged} {wrong!r} {wrong} {house.publisher.health()}"


async def test_one_who_may_only_write_still_tells_everything(db: Database, tmp_path: Path) -> None:
    rights = tmp_path / "rights"
    rights.write_text("user hotline\ntopic write callcenter/#\nuser reader\ntopic read callcenter/#\n")
    async with (
        a_broker(tmp_path, f"acl_file {rights}", login=("hotline", "right")) as broker,
        a_house(broker.address, db) as house,
    ):
        house.call()
        await house.is_("ok", "1 events told")


@pytest.mark.slow
async def test_a_broker_that_stands_still_keeps_nobody_waiting(db: Database, broker: Mosquitto) -> None:
    async with a_house(broker.address, db) as house:
        await house.is_("ok")
        broker.freeze(on=True)
        try:
            began = asyncio.get_running_loop().time()
            for _ in range(100):
                house.call()
            assert asyncio.get_running_loop().time() - began < 0.5
            await house.is_("degraded", "it does not answer", "100 wait", within=10)
        finally:
            broker.freeze(on=False)
        await house.is_("ok", "100 events told", within=15)


async def test_an_event_that_cannot_be_told_is_counted_and_the_next_goes_out(db: Database, broker: Mosquitto) -> None:
    async with listening(broker.address, CALL) as everybody, a_house(broker.address, db) as house:
        await house.is_("ok")
        house.stream.publish("call.queued", AT, {"state": "without an id"})
        house.call()
        await everybody.until_seen(CALL)
        await house.is_("degraded", "1 could not be told")


async def test_each_message_says_what_it_is_and_what_may_come_twice_says_so(db: Database, broker: Mosquitto) -> None:
    async with listening(broker.address) as everybody, a_house(broker.address, db) as house:
        await everybody.until_last(STATUS, "online")
        house.call("utterance.partial", call_id="c1", text="停")
        house.call()
        (partial, queued) = await everybody.until_seen(CALL, 2)
        await house.is_("ok", "2 events told")
        broker.freeze(on=True)
        house.call("call.ended")
        await house.is_("degraded", "it does not answer", within=10)
        broker.freeze(on=False)
        await house.is_("ok", "3 events told", within=20)
        await eventually(lambda: len(everybody.under(CALL)) >= 3, within=5)

    assert (queued.content_type, queued.properties) == ("application/json", {"id": "s1:2", "type": "call.queued"})
    assert queued.expires_seconds is None
    assert partial.expires_seconds in (9, 10)
    assert everybody.under(STATUS)[0].content_type == "text/plain"
    ended = [seen.properties for seen in everybody.under(CALL)[2:]]
    assert {properties["id"] for properties in ended} == {"s1:3"}
    assert ended[-1].get("redelivered") == "true"
    assert [seen.properties for seen in everybody.under(SEAT)][-1] == {"type": "snapshot"}


async def test_what_the_broker_refuses_is_counted_with_its_reason(db: Database, tmp_path: Path) -> None:
    rights = tmp_path / "rights"
    rights.write_text("user hotline\ntopic write callcenter/node1/calls/#\ntopic write callcenter/node1/status\n")
    async with (
        a_broker(tmp_path, f"acl_file {rights}", login=("hotline", "right")) as broker,
        a_house(broker.address, db) as house,
    ):
        house.call()
        await house.is_("degraded", "1 events told", "messages were refused: this user may not write there")


async def test_a_broker_that_speaks_no_mqtt_5_is_told_apart(db: Database) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(100):
            writer.write(b"\x20\x02\x00\x01")  # MQTT 3.1.1 §3.2.2.3: unacceptable protocol version
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, a_house(BrokerAddress(host="127.0.0.1", port=port), db) as house:
        await house.is_("degraded", "MQTT 5")


async def test_nobody_at_home_is_found_out_at_no_cost_to_the_rest(db: Database) -> None:
    async with a_house(BrokerAddress(host="127.0.0.1", port=free_port()), db) as house:
        house.call()
        await house.is_("degraded", "is away", "1 wait")
