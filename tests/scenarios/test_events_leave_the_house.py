"""A program outside follows the hotline at a broker: the same events as over WebSocket, and nobody's number or words.

The broker is the Mosquitto that the home starts for itself.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from callcenter.domain.views import moment
from callcenter.events.address import BrokerAddress, parse_broker
from scripts.hotline_client import Json
from tests.support.asyncapi import check, check_told
from tests.support.hotline import OPERATOR, Hotline, visit
from tests.support.mortality import controller_dead
from tests.support.mosquitto import Listener, free_port, listening, needs_mosquitto
from tests.support.office_fakes import eventually
from tests.support.running_hotline import Ports, RunningHotline

pytestmark = needs_mosquitto

BASE = "callcenter/node1"
NUMBER = "13812349876"


@pytest.fixture(scope="module")
def telling_hotline() -> Iterator[RunningHotline]:
    """Has a broker of its own."""
    running = RunningHotline(Ports.number(5), wrap_up_seconds=1, mqtt_own_port=free_port())
    try:
        running.start()
        yield running
        code = running.stop()
        assert code == 0, f"the hotline ended with {code}:\n{running.said}"
    finally:
        running.kill()
        running.remove()


@pytest.fixture
async def hotline(telling_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(telling_hotline) as hotline:
        yield hotline


def broker_of(hotline: Hotline) -> BrokerAddress:
    """What demo.json says of the home's broker, its login included."""
    return parse_broker(json.loads((hotline.running.folder / "demo.json").read_text())["mqtt"])


async def events_are(hotline: Hotline, status: str, *, within: float = 10) -> Json:
    async def health() -> Json:
        found: Json = (await hotline.api.health())["components"]["events"]
        return found

    return await hotline.until_true(health, lambda found: found["status"] == status, within=within, what=status)


def whole(listener: Listener) -> dict[int, Json]:
    """Every event that was told, by its number, in the most that may be read of it."""
    told: dict[int, Json] = {}
    for seen in listener.seen:
        if seen.text in ("", "online", "offline") or seen.retained or seen.json["type"] == "snapshot":
            continue
        if "/private/" in seen.topic or seen.topic.split("/")[2] in ("seats", "queues", "trunks", "alarms"):
            told[seen.json["seq"]] = seen.json
    return told


async def test_a_call_seen_at_the_broker_is_the_call_that_the_websocket_told(hotline: Hotline) -> None:
    async with listening(broker_of(hotline)) as outside:
        await outside.until_last(f"{BASE}/status", "online", within=10)
        seen_before = len(outside.seen)
        began = hotline.events.now
        seat = await hotline.seat("8001")
        citizen = await hotline.caller_dials(NUMBER)
        talk = await seat.rings(within=10)
        await talk.answer()
        await citizen.call.hears_tone(OPERATOR, within=5)
        await seat.is_("talking", within=3)
        await eventually(lambda: '"talking"' in (outside.last(f"{BASE}/seats/8001") or ""), within=3)
        hotline.tells(f"a program outside saw {outside.types(f'{BASE}/calls/{citizen.id}')}")
        await citizen.hangs_up()
        await seat.is_("ready", within=5)
        drafted = await hotline.events.until(
            "ticket.changed", within=5, where=lambda ticket: citizen.id in ticket["call_ids"]
        )
        await hotline.events.until("recording.changed", within=10, call_id=citizen.id, state="kept")

        inside = {event.seq: (event.type, event.data) for event in hotline.events.all[began:]}
        await eventually(lambda: set(inside) <= set(whole(outside)), within=5)
        outside_ = {seq: (told["type"], told["data"]) for seq, told in whole(outside).items() if seq in inside}

    for seen in outside.seen:
        check_told(seen.topic, seen.text)
    for event in hotline.events.all[began:]:
        check(
            {"type": event.type, "seq": event.seq, "time": moment(event.time), "data": event.data},
            f"websocket.{event.type}",
        )
    for seq, (kind, _) in sorted(inside.items()):
        print(f"{seq:5} {kind}")
    assert outside_ == inside
    assert {told["stream"] for told in whole(outside).values()} == {hotline.events.stream}
    public = [seen for seen in outside.seen[seen_before:] if not seen.topic.startswith(f"{BASE}/private/")]
    assert f"{BASE}/tickets/{drafted.data['id']}" in {seen.topic for seen in public}
    assert not [seen.topic for seen in public if NUMBER in seen.text]
    hotline.tells(f"{len(inside)} events were told in both ways; the caller's number in none that everybody may read")


async def test_the_broker_dies_in_mid_talk_and_nobody_on_the_line_notices(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials(NUMBER)
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.until("call.talking", within=3)
    await events_are(hotline, "ok")

    before = hotline.running.pid("mosquitto")
    os.kill(before, signal.SIGKILL)
    away = await events_are(hotline, "degraded")
    hotline.tells(f"the broker was killed; health: {away['detail']}")
    await asyncio.gather(citizen.call.hears_tone(OPERATOR, within=5), talk.hears_tone(440, within=5))
    await citizen.hangs_up()
    back = await events_are(hotline, "ok", within=20)
    hotline.tells(f"the talk went on and ended; then the broker was back: {back['detail']}")

    assert hotline.running.pid("mosquitto") != before
    await seat.is_("ready", within=5)
    async with listening(broker_of(hotline)) as late:
        await late.until_last(f"{BASE}/status", "online")
        for extension in ("8001", "8002", "8003", "8004"):
            (state,) = await late.until_seen(f"{BASE}/seats/{extension}")
            assert state.retained
            assert state.json["data"] == await hotline.api.get(f"seats/{extension}")
    hotline.tells("who came late found every seat as it is")


async def test_a_controller_that_is_killed_is_said_to_be_gone_and_its_successor_begins_anew(hotline: Hotline) -> None:
    address = broker_of(hotline)
    async with listening(address, f"{BASE}/status", f"{BASE}/seats/+") as outside:
        await outside.until_last(f"{BASE}/status", "online")
        for extension in ("8001", "8002", "8003", "8004"):
            await outside.until_seen(f"{BASE}/seats/{extension}")
        streams = {seen.json["stream"] for seen in outside.seen if seen.topic != f"{BASE}/status"}
        async with controller_dead(hotline):
            await outside.until_last(f"{BASE}/status", "offline")
            hotline.tells("the broker says that the controller is gone")
        await outside.until_last(f"{BASE}/status", "online", within=20)
        again = {seen.json["stream"] for seen in outside.seen if seen.topic != f"{BASE}/status"} - streams

    assert len(again) == 1
    hotline.tells("another controller is back, with a stream of its own")


async def test_the_log_of_none_of_it_holds_a_number_or_a_password(hotline: Hotline) -> None:
    address = broker_of(hotline)
    stranger = replace(address, password="guessed")
    with pytest.raises(Exception, match=r"(?i)not authori.ed"):
        async with listening(stranger):
            pass

    logs = "".join(path.read_text("utf-8", "replace") for path in (hotline.running.folder / "log").glob("*.log"))
    assert address.password
    assert address.password not in logs + hotline.running.said
    assert NUMBER not in logs + hotline.running.said
    assert "connected to the broker" in logs
