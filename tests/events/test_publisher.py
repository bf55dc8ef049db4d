"""What a real Mosquitto gets to hear: what happens in its order, and how everything is for those who come late."""

import asyncio
from pathlib import Path

import pytest

from tests.support.mosquitto import Mosquitto, a_broker, listening, needs_mosquitto
from tests.support.office_fakes import eventually
from tests.support.publishing_house import ALARM, AT, CALL, PRIVATE, SEAT, STATUS, House, a_house
from tests.support.stores import Database

pytestmark = needs_mosquitto


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
