"""An alarm is raised once and cleared once, and so it is told: at the WebSocket, the broker, by webhook, on /health.

The queue is what is alarming here: a caller has waited for too long while the only seat talks. The broker is the
Mosquitto that the home starts for itself, the receiver of the webhook a web server outside.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from callcenter.domain.alarms import LONGEST_WAIT, kind_of
from callcenter.domain.views import moment
from scripts.hotline_client import Json
from scripts.phones.call import Call
from scripts.phones.waiting import eventually
from tests.support.alarms_outside import BASE, HEAR, everybody_listens, kept, stands, topic_of
from tests.support.asyncapi import check, check_told
from tests.support.hotline import Citizen, Hotline, Seat, visit
from tests.support.hotlines import running
from tests.support.mortality import controller_dead
from tests.support.mosquitto import Seen, free_port, needs_mosquitto
from tests.support.receiver import Receiver, write_webhooks
from tests.support.running_hotline import RunningHotline

pytestmark = [needs_mosquitto, pytest.mark.timeout(150)]

TOPIC = topic_of(LONGEST_WAIT)
TOO_LONG = 4.0
"""Seconds from which a wait is an alarm at this site."""
LOOK = 1.0  # seconds between two looks of the hotline at its queue
RAISED = TOO_LONG + kind_of(LONGEST_WAIT).raise_after + 5 * LOOK  # within, on a busy machine
CLEARED = kind_of(LONGEST_WAIT).clear_after + 5 * LOOK


@pytest.fixture(scope="module")
def receiver() -> Receiver:
    """Is told of alarms, while a scenario lets it listen."""
    return Receiver()


@pytest.fixture(scope="module")
def watched_hotline(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    webhooks = write_webhooks(tmp_path_factory.mktemp("webhooks"), receiver.entry("city", "alarm."))
    told = {"mqtt_own_port": free_port(), "webhooks_file": webhooks}
    yield from running(4, alarm_longest_wait_seconds=TOO_LONG, **told)


@pytest.fixture
async def hotline(watched_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(watched_hotline) as hotline:
        yield hotline


async def standing(hotline: Hotline) -> Json | None:
    """Give the alarm where it stands now."""
    return await stands(hotline, LONGEST_WAIT)


async def kept_at_the_broker(hotline: Hotline) -> list[Seen]:
    """Give what somebody finds of the alarm who comes to the broker now."""
    return await kept(hotline, LONGEST_WAIT)


async def the_only_seat_talks(hotline: Hotline) -> tuple[Seat, Citizen, Call]:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=HEAR)
    await talk.answer()
    await citizen.until("call.talking", within=3)
    return seat, citizen, talk


async def one_waits(hotline: Hotline) -> Citizen:
    citizen = await hotline.caller_dials()
    await citizen.until("call.queued", within=HEAR)
    return citizen


async def until_waited(hotline: Hotline, seconds: float) -> Json:
    async def queue() -> Json:
        [found] = await hotline.api.all_of("queues")
        return found

    return await hotline.until_true(
        queue, lambda found: found["longest_wait"] >= seconds, within=seconds + 3, what=f"waited for {seconds:g} s"
    )


async def test_everybody_is_told_that_it_stands_and_that_it_is_over(hotline: Hotline, receiver: Receiver) -> None:
    async with everybody_listens(hotline, receiver) as outside:
        seat, talking, _ = await the_only_seat_talks(hotline)
        waiting = await one_waits(hotline)

        raised = await hotline.events.until("alarm.raised", within=RAISED, name=LONGEST_WAIT)
        hotline.tells(f"raised: {raised.data['detail']}")
        assert await standing(hotline) == raised.data
        assert LONGEST_WAIT in (await hotline.api.health())["alarms"]
        seen, told = await outside.hears(raised)
        assert (seen.qos, seen.json["data"]) == (1, raised.data)
        assert told.is_signed
        assert told.json == seen.json
        [kept] = await kept_at_the_broker(hotline)
        assert (kept.qos, kept.text) == (1, seen.text), "who comes later finds the very event"

        await talking.hangs_up()
        talk = await seat.rings(within=HEAR)
        await talk.answer()
        cleared = await hotline.events.until("alarm.cleared", within=CLEARED, name=LONGEST_WAIT)
        hotline.tells("cleared: a seat has answered the one who waited")
        assert await standing(hotline) is None
        assert LONGEST_WAIT not in (await hotline.api.health())["alarms"]
        seen, told = await outside.hears(cleared)
        assert (seen.qos, seen.json["data"], told.json) == (1, cleared.data, seen.json)
        assert told.is_signed
        await eventually(lambda: outside.broker.last(TOPIC) == "", within=HEAR, what="it was not taken from the broker")
        assert await kept_at_the_broker(hotline) == []
        await outside.was_told_once(LONGEST_WAIT, "alarm.raised", "alarm.cleared")
        await waiting.hangs_up()

    for seen in outside.broker.seen:
        check_told(seen.topic, seen.text)
    for event in (raised, cleared):
        told_inside = {"type": event.type, "seq": event.seq, "time": moment(event.time), "data": event.data}
        check(told_inside, f"websocket.{event.type}")


async def test_callers_who_come_and_go_at_the_limit_raise_it_once(hotline: Hotline, receiver: Receiver) -> None:
    async with everybody_listens(hotline, receiver) as outside:
        seat, talking, _ = await the_only_seat_talks(hotline)
        first = await one_waits(hotline)
        await hotline.events.until("alarm.raised", within=RAISED, name=LONGEST_WAIT)
        await first.hangs_up()

        for _ in range(2):
            [queue] = await hotline.api.all_of("queues")
            assert queue["longest_wait"] == 0, "nobody waits for a moment: it is well, but for no long time"
            another = await one_waits(hotline)
            await until_waited(hotline, TOO_LONG + 2 * LOOK)
            await another.hangs_up()
        hotline.tells("three callers have waited for too long, one after the other")
        await outside.was_told_once(LONGEST_WAIT, "alarm.raised")
        assert LONGEST_WAIT in (await hotline.api.health())["alarms"]

        cleared = await hotline.events.until("alarm.cleared", within=CLEARED, name=LONGEST_WAIT)
        await outside.hears(cleared)
        await outside.was_told_once(LONGEST_WAIT, "alarm.raised", "alarm.cleared")
        await talking.hangs_up()
        await seat.is_("ready", within=5)


async def test_the_controller_is_killed_while_it_stands(hotline: Hotline, receiver: Receiver) -> None:
    async with everybody_listens(hotline, receiver) as outside:
        seat, talking, _ = await the_only_seat_talks(hotline)
        waiting = await one_waits(hotline)
        raised = await hotline.events.until("alarm.raised", within=RAISED, name=LONGEST_WAIT)
        await outside.hears(raised)

        async with controller_dead(hotline):
            await outside.broker.until_last(f"{BASE}/status", "offline", within=HEAR)
        await hotline.listens_again()
        await outside.broker.until_last(f"{BASE}/status", "online", within=HEAR)
        hotline.tells("the controller was killed while the alarm stood; another one is there")
        assert await standing(hotline) == raised.data, "with the moment at which it was raised"
        assert LONGEST_WAIT in (await hotline.api.health())["alarms"]
        [kept] = await kept_at_the_broker(hotline)
        assert (kept.json["type"], kept.json["stream"]) == ("snapshot", hotline.events.stream)
        assert kept.json["data"] == raised.data

        await until_waited(hotline, TOO_LONG + 2 * LOOK)
        await talking.hangs_up()
        talk = await seat.rings(within=2 * HEAR)
        await talk.answer()
        await outside.was_told_once(LONGEST_WAIT, "alarm.raised")
        cleared = await hotline.events.until("alarm.cleared", within=CLEARED, name=LONGEST_WAIT)
        await outside.hears(cleared)
        hotline.tells("who waited was answered by a seat, and the next controller cleared the alarm")
        await outside.was_told_once(LONGEST_WAIT, "alarm.raised", "alarm.cleared")
        assert await kept_at_the_broker(hotline) == []
        await waiting.hangs_up()


async def test_its_cause_goes_away_while_no_controller_lives(hotline: Hotline, receiver: Receiver) -> None:
    async with everybody_listens(hotline, receiver) as outside:
        _, talking, _ = await the_only_seat_talks(hotline)
        waiting = await one_waits(hotline)
        raised = await hotline.events.until("alarm.raised", within=RAISED, name=LONGEST_WAIT)
        await outside.hears(raised)

        async with controller_dead(hotline):
            await waiting.call.hang_up()
            await talking.call.hang_up()
        await hotline.listens_again()
        hotline.tells("both have hung up while no controller lived")

        cleared = await hotline.events.until("alarm.cleared", within=CLEARED, name=LONGEST_WAIT)
        await outside.hears(cleared)
        await outside.was_told_once(LONGEST_WAIT, "alarm.raised", "alarm.cleared")
        assert await standing(hotline) is None
        assert await kept_at_the_broker(hotline) == []
