"""The machine's clock is stepped by an hour: talks go on, who waits reaches a seat, no wait in the journal is false.

How long each waited is measured here, by a clock that was not stepped. Behind a step forward the controller is held
until the dialplan has taken it for dead, and the one who waits is in Asterisk's own queue: on a busy machine this comes
by itself, for the dialplan looks first.
"""

import asyncio
import csv
import json
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from scripts.phones.waiting import eventually
from tests.faults.closing_look import HEAR, InTalk, closing_look, moment, reaches_a_seat, still_talk
from tests.faults.results import TellResult
from tests.support.asterisk_console import asterisk_says
from tests.support.hotline import OTHER_OPERATOR, Citizen, Hotline, visit
from tests.support.hotlines import running_as
from tests.support.mortality import controller_dead
from tests.support.stepped_hotline import LIBRARY, SteppedHotline

HOUR = 3600
STALE_SECONDS = 3  # of the dialplan's own look
HELD_SECONDS = 1.5  # at most; a controller that was held for 2.5 s ends and begins anew
EXACT = timedelta(seconds=1.5)  # between what is measured here and what the journal says, on a busy machine


@pytest.fixture(scope="module")
def stepped_hotline() -> Iterator[SteppedHotline]:
    """Its clock can be stepped."""
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed: no clock to step")
    yield from running_as(SteppedHotline, 6)


@pytest.fixture
async def hotline(stepped_hotline: SteppedHotline) -> AsyncIterator[Hotline]:
    async with visit(stepped_hotline) as visiting:
        try:
            yield visiting
        finally:
            told = Told(visiting)
            stepped_hotline.steps(0)
            await told.steps(2)


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
async def test_by_an_hour(
    hotline: Hotline, stepped_hotline: SteppedHotline, seconds: int, tell_result: TellResult
) -> None:
    told = Told(hotline)
    talk, waiting, began = await one_talks_one_waits(hotline)
    greeted = await hotline.caller_dials(tone=None)
    await greeted.until("call.voice", within=HEAR)

    stepped = time.monotonic()
    if seconds > 0:
        with held(hotline):
            stepped_hotline.steps(seconds)
            await until_the_dialplan_said(hotline, waiting, "Degraded")
    else:
        stepped_hotline.steps(seconds)
    [found] = await told.steps(1)
    assert (round(found["seconds"]), found["taken_over"]) == (seconds, False)
    hotline.tells(f"the step was in the journal after {time.monotonic() - stepped:.1f} s")
    await still_talk(talk)
    await until_the_dialplan_said(hotline, waiting, "Waiting", again=True)
    arrived = await hotline.caller_dials(tone=None)
    for citizen in (greeted, arrived):
        await citizen.until("call.queued", within=HEAR)
    hotline.tells("who was greeted then, and who arrived behind the step, are in the line")
    await hotline.seat("8002", tone=OTHER_OPERATOR)
    await reaches_a_seat(hotline, waiting)
    waited = time.monotonic() - began
    hotline.tells("the one who waited has reached a seat")
    await dialplan_knows_us_alive(hotline, seconds)

    calls = await closing_look(hotline, talking=[talk], waiting=[greeted, arrived], ended={waiting: "answered"})
    [_, taken_over] = await told.steps(2)
    assert (round(taken_over["seconds"]), taken_over["taken_over"]) == (seconds, True)
    call = next(call for call in calls if call["id"] == waiting.id)
    wait = moment(call["t4"]) - moment(call["t2"])
    assert abs(wait - timedelta(seconds=waited)) < EXACT, "the wait in the journal is the one that was waited"
    assert all(moment(call["t5"]) - moment(call["t0"]) < timedelta(minutes=2) for call in calls)
    later = await hotline.caller_dials(tone=None)
    away = moment((await later.record())["t0"]).timestamp() - time.time() - seconds
    assert abs(away) < HEAR, "who comes when nobody of before is on the line is told of by the new time"
    await later.hangs_up()
    assert len(await told.steps(2)) == 2, "each is told once"
    tell_result(
        fault=f"the clock is stepped an hour {'forward' if seconds > 0 else 'back'}",
        what="one talks, one waits, one is greeted, one arrives behind the step",
        figures={"waited": f"{waited:.1f} s", "in the journal": f"{wait.total_seconds():.1f} s"},
    )


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
@pytest.mark.parametrize("killed", ["behind the step", "before the step"])
async def test_and_the_controller_is_killed(
    hotline: Hotline, stepped_hotline: SteppedHotline, killed: str, seconds: int, tell_result: TellResult
) -> None:
    told = Told(hotline)
    talk, waiting, began = await one_talks_one_waits(hotline)

    if killed == "behind the step":
        stepped_hotline.steps(seconds)
        await told.steps(1)
    async with controller_dead(hotline):
        stepped_hotline.steps(seconds)
    await hotline.listens_again()
    [found] = await told.steps(1)
    assert (round(found["seconds"]), found["taken_over"]) == (seconds, False)
    hotline.tells("the next controller knows of the step")
    await still_talk(talk)
    await hotline.seat("8002", tone=OTHER_OPERATOR)
    await reaches_a_seat(hotline, waiting)
    waited = time.monotonic() - began

    calls = await closing_look(hotline, talking=[talk], ended={waiting: "answered"})
    [_, taken_over] = await told.steps(2)
    assert (round(taken_over["seconds"]), taken_over["taken_over"]) == (seconds, True), "it is told once"
    call = next(call for call in calls if call["id"] == waiting.id)
    wait = moment(call["t4"]) - moment(call["t2"])
    assert abs(wait - timedelta(seconds=waited)) < EXACT, "the wait in the journal is the one that was waited"
    assert all(moment(call["t5"]) - moment(call["t0"]) < timedelta(minutes=2) for call in calls)
    tell_result(
        fault=f"the controller is killed {killed} of the clock, an hour {'forward' if seconds > 0 else 'back'}",
        what="one talks, one waits; the next controller tells the time that the one before told",
        figures={"waited": f"{waited:.1f} s", "in the journal": f"{wait.total_seconds():.1f} s"},
    )


async def one_talks_one_waits(hotline: Hotline) -> tuple[InTalk, Citizen, float]:
    """Bring two to one seat; gives the talk, the one who waits, and since when by a clock that is not stepped."""
    seat = await hotline.seat("8001")
    both = [await hotline.caller_dials(), await hotline.caller_dials()]
    for citizen in both:
        await citizen.until("call.queued", within=HEAR)
    began = time.monotonic()  # a few milliseconds after t2 of the later one, who waits
    at_seat = await seat.rings(within=HEAR)
    await at_seat.answer()
    talking, waiting = sorted(both, key=lambda citizen: f"sip:{citizen.number}@" not in at_seat.caller.uri)
    talk = InTalk(talking, seat, at_seat)
    await still_talk(talk)
    return talk, waiting, began


class Told:
    """What the journal tells of the clock from now on."""

    def __init__(self, hotline: Hotline) -> None:
        self._database = hotline.running.folder / "callcenter.sqlite3"
        self._before = len(self._all())

    def _all(self) -> list[dict[str, float]]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as store:
            rows = store.execute("SELECT data FROM journal WHERE kind = 'clock.stepped' ORDER BY seq").fetchall()
        return [json.loads(data) for (data,) in rows]

    async def steps(self, count: int) -> list[dict[str, float]]:
        """Wait until it tells of so many; gives what it says."""

        def enough() -> list[dict[str, float]] | None:
            told = self._all()[self._before :]
            return told if len(told) >= count else None

        return await eventually(enough, within=10, what=f"the journal does not tell {count} times of the clock")


@contextmanager
def held(hotline: Hotline) -> Iterator[None]:
    """The controller does nothing meanwhile."""
    controller = hotline.running.pid("controller")
    os.kill(controller, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(controller, signal.SIGCONT)


async def until_the_dialplan_said(hotline: Hotline, caller: Citizen, word: str, *, again: bool = False) -> None:
    """Wait until it has this to say of him in Asterisk's own record of calls, the `again`: a second time."""
    record = hotline.running.folder / "asterisk/var/records/cel-custom/calls.csv"

    def has_said() -> bool:
        with record.open(encoding="utf-8", newline="") as lines:
            return sum(caller.id in row and word in row for row in csv.reader(lines)) > again

    within = HEAR if again else HELD_SECONDS
    await eventually(has_said, within=within, what=f"the dialplan does not say {word} of the one who waits")


async def dialplan_knows_us_alive(hotline: Hotline, seconds: int) -> None:
    """The dialplan, which reads the stepped clock, has a fresh beat."""
    async with asyncio.timeout(5):
        while True:
            lines = await asterisk_says(hotline.running.folder, "dialplan show globals")
            beat = next(int(line.partition("=")[2]) for line in lines if "CTLBEAT=" in line)
            if abs(beat - time.time() - seconds) <= STALE_SECONDS:
                return
            await asyncio.sleep(0.1)
