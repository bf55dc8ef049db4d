"""The figures of the day go on with the calls: the same at the WebSocket, the broker, the API, and from the journal."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from callcenter.domain.figures.catalogue import DEFINITIONS
from callcenter.domain.views import moment
from callcenter.events.address import BrokerAddress, parse_broker
from callcenter.office.live_figures import EVERY_SECONDS
from scripts.hotline_client import Event, Json
from scripts.phones.waiting import eventually
from tests.support.asyncapi import check, check_told
from tests.support.hotline import Hotline, visit
from tests.support.hotlines import running
from tests.support.mortality import controller_dead
from tests.support.mosquitto import free_port, listening, needs_mosquitto
from tests.support.running_hotline import RunningHotline

pytestmark = [needs_mosquitto, pytest.mark.timeout(120)]

BASE = "callcenter/node1"
TOPIC = f"{BASE}/figures/today"
NUMBER = "13812349876"
ZONE = ZoneInfo("Asia/Shanghai")
HEAR = 10.0
SHOWN = EVERY_SECONDS + 5.0  # seconds until what has happened is among the figures, on a busy machine
COMMAND = 30.0


@pytest.fixture(scope="module")
def counting_hotline() -> Iterator[RunningHotline]:
    """Reckons the day's figures all the time, and has a broker of its own."""
    yield from running(4, live_figures="true", mqtt_own_port=free_port())


@pytest.fixture
async def hotline(counting_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(counting_hotline) as hotline:
        yield hotline


def broker_of(hotline: Hotline) -> BrokerAddress:
    return parse_broker(json.loads((hotline.running.folder / "demo.json").read_text())["mqtt"])


def today() -> str:
    return datetime.now(UTC).astimezone(ZONE).date().isoformat()


def counts(told: Json) -> dict[str, float | None]:
    """Give each figure's value by its name."""
    return {figure["name"]: figure["value"] for figure in told["figures"]}


async def figures_are(hotline: Hotline, *, since: int = 0, **wanted: float | None) -> Event:
    """Wait for figures with these values to be told."""

    def fits(told: Json) -> bool:
        return wanted.items() <= counts(told).items()

    return await hotline.events.until("figures.changed", within=SHOWN, since=since, where=fits)


async def command(hotline: Hotline, *words: str) -> tuple[int, str]:
    """Run `callcenter figures …` beside the hotline; gives its exit code and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcenter", "figures", *words, "--home", str(hotline.running.folder)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    async with asyncio.timeout(COMMAND):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_they_are_told_as_they_change_and_are_those_of_the_api(hotline: Hotline) -> None:
    async with listening(broker_of(hotline)) as outside:
        await outside.until_last(f"{BASE}/status", "online", within=HEAR)
        seat = await hotline.seat("8001")
        answered = await hotline.caller_dials(NUMBER)
        talk = await seat.rings(within=HEAR)
        await talk.answer()
        in_talk = await figures_are(hotline, offered=1, asked_for_person=1, answered=1)
        assert in_talk.data["provisional"]
        gave_up = await hotline.caller_dials()
        await gave_up.until("call.queued", within=HEAR)
        await figures_are(hotline, waiting_now=1)
        await gave_up.hangs_up()
        await answered.hangs_up()
        await seat.is_("ready", within=5)
        await seat.goes("offline")
        last = await figures_are(hotline, offered=2, answered=1, lost_rate=0.5, waiting_now=0, longest_wait_now=None)
        hotline.tells(f"told {len(hotline.events.of('figures.changed'))} times; at last {last.data['seq']}")

        def at_the_broker() -> bool:
            return bool(outside.last(TOPIC)) and json.loads(outside.last(TOPIC) or "")["seq"] == last.seq

        await eventually(at_the_broker, within=HEAR, what="the last figures were not told at the broker")
    [*_, seen] = outside.under(TOPIC)
    assert (seen.qos, seen.json["data"]) == (1, last.data)
    async with listening(broker_of(hotline)) as late:
        [kept] = await late.until_seen(TOPIC, within=HEAR)
    assert (kept.retained, kept.text) == (True, seen.text), "who comes later finds them"

    asked = await hotline.api.get("figures", **{"from": last.data["from"], "to": moment(last.time)})
    assert last.data["provisional"] is False
    told = [{key: figure[key] for key in last.data["figures"][0]} for figure in asked["items"]]
    assert told == last.data["figures"], "what was told is what is answered"
    times = [event.time for event in hotline.events.of("figures.changed")]
    assert all((b - a).total_seconds() > EVERY_SECONDS - 0.5 for a, b in pairwise(times))
    for each in [*outside.under(TOPIC), kept]:
        check_told(each.topic, each.text)
        assert NUMBER not in each.text
    for event in hotline.events.of("figures.changed"):
        told_inside = {"type": event.type, "seq": event.seq, "time": moment(event.time), "data": event.data}
        check(told_inside, "websocket.figures.changed")


@pytest.mark.parametrize(("whose", "name"), [("queue", "hotline"), ("seat", "8002")])
async def test_each_queue_and_seat_is_told_for_itself_as_it_is_answered(
    hotline: Hotline, whose: str, name: str
) -> None:
    kind, topic = f"{whose}_figures.changed", f"{BASE}/figures/{whose}s/{name}"
    async with listening(broker_of(hotline), f"{BASE}/figures/#") as outside:
        seat = await hotline.seat("8002")
        citizen = await hotline.caller_dials(NUMBER)
        await (await seat.rings(within=HEAR)).answer()
        await citizen.until("call.talking", within=3)
        await citizen.hangs_up()
        await seat.is_("ready", within=5)

        def is_its(told: Json) -> bool:
            return bool(told[whose] == name)

        async def told_and_answered() -> Json:
            told = [event for event in hotline.events.of(kind) if is_its(event.data)][-1].data
            asked = await hotline.api.get("figures", **{whose: name, "from": told["from"], "to": told["to"]})
            of_asked = [{key: figure[key] for key in told["figures"][0]} for figure in asked["items"]]
            return {"told": told, "answered": {"figures": of_asked}}

        def fits(both: Json) -> bool:
            return bool(both["told"]["figures"] == both["answered"]["figures"] and counts(both["told"])["answered"])

        await hotline.events.until(kind, within=SHOWN, where=is_its)
        await hotline.until_true(told_and_answered, fits, within=2 * SHOWN, what="told as it is answered")
        last = [event for event in hotline.events.of(kind) if is_its(event.data)][-1]

        def at_the_broker() -> bool:
            return bool(outside.last(topic)) and json.loads(outside.last(topic) or "")["seq"] >= last.seq

        await eventually(at_the_broker, within=HEAR, what="the last figures were not told at the broker")
    for seen in outside.seen:
        check_told(seen.topic, seen.text)
        assert NUMBER not in seen.text


async def test_a_running_hotline_is_reckoned_again_from_its_journal(hotline: Hotline) -> None:
    same = f"equal: {len(DEFINITIONS)} figures"
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials(NUMBER)
    talk = await seat.rings(within=HEAR)
    await talk.answer()
    await citizen.until("call.talking", within=3)

    code, said = await command(hotline, "recompute", today())
    assert code == 0, said
    assert said == (
        f"provisional: a call of {today()} was going on when this was as the hotline says\n"
        f"{same}, as the hotline says and from the journal\n"
    )
    code, kept = await command(hotline, "keep", today())
    assert code == 0, kept
    hotline.tells(kept.strip())

    await citizen.hangs_up()
    await seat.is_("ready", within=5)
    code, said = await command(hotline, "recompute", today())
    hotline.tells(f"recompute: {said}")
    assert code == 0, said
    assert f"{same}, as shown and from the journal" in said
    assert f"{same}, as the hotline says and from the journal" in said
    for of in (("--queue", "hotline"), ("--seat", "8001")):
        code, said = await command(hotline, "recompute", today(), *of)
        assert (code, said) == (0, f"{same}, as the hotline says and from the journal\n"), of


async def test_the_controller_is_killed_and_the_day_goes_on_where_it_was(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    before = await hotline.events.until("figures.changed", within=SHOWN)
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=HEAR)
    await talk.answer()
    offered, answered = (counts(before.data)[name] for name in ("offered", "answered"))
    assert offered is not None
    assert answered is not None
    await figures_are(hotline, offered=offered + 1, answered=answered + 1)

    async with controller_dead(hotline):
        pass
    await hotline.listens_again()
    restored = await hotline.events.until("figures.changed", within=HEAR)
    assert (counts(restored.data)["offered"], counts(restored.data)["answered"]) == (offered + 1, answered + 1)
    hotline.tells("another controller tells the same figures of the day")
    await citizen.hangs_up()


async def test_a_broker_that_was_away_has_them_before_it_is_online(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    await seat.goes("offline")
    before = await hotline.events.until("figures.changed", within=SHOWN)

    os.kill(hotline.running.pid("mosquitto"), signal.SIGKILL)
    await events_are(hotline, "degraded")
    await events_are(hotline, "ok")
    hotline.tells("the broker was killed and is there again")
    async with listening(broker_of(hotline)) as late:
        await late.until_last(f"{BASE}/status", "online", within=HEAR)
        [kept] = await late.until_seen(TOPIC, within=HEAR)
    check_told(kept.topic, kept.text)
    last = hotline.events.of("figures.changed")[-1]
    assert (kept.qos, kept.retained, kept.json["data"]) == (1, True, last.data)
    assert last.seq >= before.seq


async def events_are(hotline: Hotline, status: str) -> None:
    async def health() -> Json:
        found: Json = (await hotline.api.health())["components"]["events"]
        return found

    await hotline.until_true(health, lambda found: found["status"] == status, within=20, what=status)
