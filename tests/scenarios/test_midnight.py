"""Midnight passes while the hotline runs: the new day's figures begin at zero, the old day's stay as they were shown.

The machine's clock, which the hotline reads through libfaketime, is set to shortly before midnight of the hotline's own
zone. One call ends before, one goes on over midnight, one caller waits. A clock that is stepped over midnight ends the
day only when nobody is on the line who called in it.
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.domain.figures.catalogue import DEFINITIONS
from callcenter.domain.views import moment
from callcenter.office.figures import local_day
from callcenter.office.live_figures import EVERY_SECONDS
from scripts.hotline_client import Event, Json
from scripts.phones.waiting import eventually
from tests.support.hotline import Hotline, visit
from tests.support.hotlines import running_as
from tests.support.stepped_hotline import LIBRARY, SteppedHotline

pytestmark = pytest.mark.timeout(180)

ZONE = ZoneInfo("Asia/Shanghai")
BEFORE = timedelta(seconds=45)
"""From where the clock is set to midnight: so long do the calls before take on a busy machine."""
LONG_BEFORE = timedelta(minutes=30)
HEAR = 10.0
TAKEN_OVER = 45.0
"""Seconds after the last call within which the new time is taken over, at the latest."""
SHOWN = EVERY_SECONDS + 5.0  # seconds until what has happened is among the figures, on a busy machine
EQUAL = f"equal: {len(DEFINITIONS)} figures"
NOTHING_YET: dict[str, float | None] = {
    "offered": 0,
    "asked_for_person": 0,
    "answered": 0,
    "lost_rate": None,
    "handling_time": None,
}
COMMAND = 30.0


@pytest.fixture
def stepped_hotline() -> Iterator[SteppedHotline]:
    """Its clock can be set."""
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed: no clock to set")
    yield from running_as(SteppedHotline, 4, live_figures="true")


@pytest.fixture
async def hotline(stepped_hotline: SteppedHotline) -> AsyncIterator[Hotline]:
    async with visit(stepped_hotline) as hotline:
        yield hotline


def coming_midnight() -> tuple[date, datetime]:
    """Give the day that ends next but for one that is almost over, and its end."""
    today = (datetime.now(UTC) + 2 * BEFORE).astimezone(ZONE).date()
    return today, local_day(today, ZONE).ends


def counts(told: Json) -> dict[str, float | None]:
    return {figure["name"]: figure["value"] for figure in told["figures"]}


async def figures_are(
    hotline: Hotline, day: date, wanted: Mapping[str, float | None], *, within: float = SHOWN
) -> Event:
    """Wait for figures of this day with these values to be told."""
    begins = moment(local_day(day, ZONE).begins)
    return await hotline.events.until(
        "figures.changed",
        within=within,
        where=lambda told: told["from"] == begins and wanted.items() <= counts(told).items(),
    )


async def recompute(hotline: SteppedHotline, day: date) -> str:
    """Run `callcenter figures recompute` beside the hotline; gives what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callcenter", "figures", "recompute", day.isoformat(), "--home", str(hotline.folder)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=hotline.clock,
    )
    async with asyncio.timeout(COMMAND):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


def kept(hotline: SteppedHotline, day: date) -> list[tuple[int, Json]]:
    """Give what was kept of a day: the journal's newest entry at that moment, and the figures."""
    with closing(sqlite3.connect(f"file:{hotline.folder / 'callcenter.sqlite3'}?mode=ro", uri=True)) as store:
        query = 'SELECT seq, "values" FROM figures_shown WHERE day = ? ORDER BY shown_at'
        return [(seq, json.loads(values)) for seq, values in store.execute(query, (day.isoformat(),)).fetchall()]


def clock_steps(hotline: SteppedHotline) -> list[Json]:
    """Give what the journal has of the clock."""
    with closing(sqlite3.connect(f"file:{hotline.folder / 'callcenter.sqlite3'}?mode=ro", uri=True)) as store:
        rows = store.execute("SELECT data FROM journal WHERE kind = 'clock.stepped' ORDER BY seq").fetchall()
    return [json.loads(data) for (data,) in rows]


def is_same(told: float | None, kept_: int | None) -> bool:
    """Tell whether a number that was told is the one that is kept, where times are in milliseconds."""
    return kept_ is None if told is None else kept_ in (told, round(told * 1000))


async def test_the_new_day_begins_at_zero_and_the_old_one_stays(
    hotline: Hotline, stepped_hotline: SteppedHotline
) -> None:
    old, midnight = coming_midnight()
    new = old + timedelta(days=1)
    stepped_hotline.steps(round((midnight - BEFORE - datetime.now(UTC)).total_seconds()))
    hotline.tells(f"the clock is {BEFORE.total_seconds():g} s before the end of {old}")
    seat = await hotline.seat("8001")
    before = await hotline.caller_dials()
    await (await seat.rings(within=HEAR)).answer()
    await before.until("call.talking", within=3)
    await before.hangs_up()
    await seat.is_("ready", within=5)
    over_midnight = await hotline.caller_dials()
    talk = await seat.rings(within=HEAR)
    await talk.answer()
    await over_midnight.until("call.talking", within=3)
    waiting = await hotline.caller_dials()
    await waiting.until("call.queued", within=HEAR)
    await figures_are(hotline, old, {"offered": 3, "answered": 2, "waiting_now": 1})
    hotline.tells("one call is over, one goes on, one waits; all are in the old day's figures")

    first = await figures_are(hotline, new, {}, within=BEFORE.total_seconds() + SHOWN)
    late = first.time - midnight
    hotline.tells(f"the new day's figures came {late.total_seconds():.2f} s behind midnight")
    assert timedelta() <= late < timedelta(seconds=SHOWN)
    assert counts(first.data).items() >= (NOTHING_YET | {"waiting_now": 1}).items()
    assert first.data["provisional"] is False, "no call is the new day's"
    last = [event for event in hotline.events.of("figures.changed") if event.seq < first.seq][-1]
    assert last.data["to"] == moment(midnight), "the last that was told of the old day is the whole day"
    assert (counts(last.data)["offered"], last.data["provisional"]) == (3, True)
    [(seq, values)] = await eventually(lambda: kept(stepped_hotline, old) or None, within=HEAR, what="not kept")
    assert seq == last.data["seq"]
    assert all(
        is_same(figure[part], values[figure["number"]][at])
        for figure in last.data["figures"]
        for at, part in enumerate(("numerator", "denominator"))
    ), "what was last told of the old day is what is kept of it"

    as_shown = (
        f"provisional: a call of {old} was going on when this was as shown\n{EQUAL}, as shown and from the journal\n"
    )
    as_said = f"{EQUAL}, as the hotline says and from the journal\n"
    hotline.tells(said := await recompute(stepped_hotline, old))
    assert said == f"{as_shown}provisional: a call of {old} was going on when this was as the hotline says\n{as_said}"
    await waiting.hangs_up()
    await over_midnight.hangs_up()
    await seat.is_("ready", within=5)
    hotline.tells(said := await recompute(stepped_hotline, old))
    assert said == as_shown + as_said

    await figures_are(hotline, new, NOTHING_YET | {"waiting_now": 0})
    of_the_new = await hotline.caller_dials()
    await (await seat.rings(within=HEAR)).answer()
    await of_the_new.until("call.talking", within=3)
    await figures_are(hotline, new, {"offered": 1, "asked_for_person": 1, "answered": 1, "lost_rate": 0})
    await of_the_new.hangs_up()
    assert as_said in await recompute(stepped_hotline, new)
    hotline.tells("a call of the new day is in its figures alone")


async def test_the_clock_is_set_over_midnight_while_nobody_is_there(
    hotline: Hotline, stepped_hotline: SteppedHotline
) -> None:
    old, midnight = coming_midnight()
    new = old + timedelta(days=1)
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    await (await seat.rings(within=HEAR)).answer()
    await citizen.until("call.talking", within=3)
    await citizen.hangs_up()
    await seat.is_("ready", within=5)
    await seat.goes("offline")
    await figures_are(hotline, datetime.now(UTC).astimezone(ZONE).date(), {"answered": 1})

    stepped_hotline.steps(round((midnight + BEFORE - datetime.now(UTC)).total_seconds()))
    await figures_are(hotline, new, NOTHING_YET | {"waiting_now": 0}, within=HEAR)
    assert f"{EQUAL}, as shown and from the journal\n" in await recompute(stepped_hotline, old)


async def test_the_clock_is_set_over_midnight_with_a_call_on_the_line(
    hotline: Hotline, stepped_hotline: SteppedHotline
) -> None:
    old, midnight = coming_midnight()
    new = old + timedelta(days=1)
    stepped_hotline.steps(round((midnight - LONG_BEFORE - datetime.now(UTC)).total_seconds()))
    await figures_are(hotline, old, NOTHING_YET, within=HEAR)
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    await (await seat.rings(within=HEAR)).answer()
    await citizen.until("call.talking", within=3)
    await figures_are(hotline, old, {"offered": 1, "answered": 1})

    stepped_hotline.steps(round((midnight + BEFORE - datetime.now(UTC)).total_seconds()))
    await eventually(lambda: len(clock_steps(stepped_hotline)) >= 3 or None, within=HEAR, what="it was not found")
    gives_up = await hotline.caller_dials()
    await gives_up.until("call.queued", within=HEAR)
    await gives_up.hangs_up()
    told = await figures_are(hotline, old, {"offered": 2, "answered": 1, "waiting_now": 0})
    assert told.data["provisional"] is True, "one still talks"
    assert kept(stepped_hotline, old) == [], "the day is not over while its calls go on"
    hotline.tells("the clock stands behind midnight, and the day of those on the line goes on")

    await citizen.hangs_up()
    await figures_are(hotline, new, NOTHING_YET | {"waiting_now": 0}, within=TAKEN_OVER)
    [(_, values)] = await eventually(lambda: kept(stepped_hotline, old) or None, within=HEAR, what="not kept")
    assert values["1a"] == [2, None]
    hotline.tells(said := await recompute(stepped_hotline, old))
    assert said == f"{EQUAL}, as shown and from the journal\n{EQUAL}, as the hotline says and from the journal\n"
