"""A broker that dies, stands still, refuses or was never there: what waits for it, what is said of it, who goes on."""

import asyncio
from pathlib import Path

import pytest
import structlog

from callcenter.domain.earlier import Earlier
from callcenter.events.address import BrokerAddress
from callcenter.events.broker import connected
from callcenter.events.topics import Message
from tests.support.mosquitto import Mosquitto, a_broker, free_port, listening, needs_mosquitto
from tests.support.office_fakes import eventually
from tests.support.publishing_house import CALL, PRIVATE, SEAT, STATUS, a_house
from tests.support.stores import Database

pytestmark = needs_mosquitto


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


async def test_what_the_broker_refuses_is_counted_with_its_reason(db: Database, tmp_path: Path) -> None:
    rights = tmp_path / "rights"
    rights.write_text("user hotline\ntopic write callcenter/node1/calls/#\ntopic write callcenter/node1/status\n")
    async with (
        a_broker(tmp_path, f"acl_file {rights}", login=("hotline", "right")) as broker,
        a_house(broker.address, db) as house,
    ):
        house.call()
        await house.is_("degraded", "1 events told", "messages were refused: this user may not write there")
        await eventually(lambda: house.publisher.health()[1].startswith("connected"), within=5)
        await house.is_("degraded", "messages were refused")
        assert not isinstance(house.publisher.health()[1], Earlier), "it goes on being so, and is alarmed"


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
