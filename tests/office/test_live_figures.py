"""The figures of the day as they are told: the hotline's in time, those of queues and seats one after the other.

The clock is the machine's own, set so that midnight is near where a test wants it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from callcenter.domain.facts import Fact, SeatChanged
from callcenter.domain.figures.records import Talk
from callcenter.domain.figures.shown import Shown
from callcenter.domain.ids import CallId
from callcenter.domain.records import Numbered
from callcenter.domain.seats import SeatState
from callcenter.domain.views import Json, moment
from callcenter.office.figures import FigureOffice, local_day
from callcenter.office.live_figures import SCOPES_A_SECOND, LiveFigures
from tests.support.stores import eventually, seat, whole_call

pytestmark = pytest.mark.timeout(60)

ZONE = ZoneInfo("Asia/Shanghai")
DAY = local_day(date(2026, 3, 2), ZONE)
NOON = DAY.begins + timedelta(hours=12)
EVERY = 0.3  # seconds, for the hotline's figures
PATIENCE = 20.0


@dataclass
class Clock:
    """The machine's, by so much ahead or behind."""

    ahead: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return time.monotonic()

    def epoch(self) -> int:
        return int(self.now().timestamp())


@dataclass
class Told:
    """A journal in memory, and what is told of it."""

    facts: list[Numbered] = field(default_factory=list)
    kept: list[Shown] = field(default_factory=list)
    events: list[tuple[float, str, Json]] = field(default_factory=list)
    """When, by a clock that never steps; the kind; the data."""
    live: LiveFigures | None = None
    behind: int = 0
    """Entries that were told and that the database does not have yet."""

    def happens(self, *facts: Fact) -> None:
        for fact in facts:
            self.facts.append(Numbered(len(self.facts) + 1, fact))
            if self.live is not None:
                self.live.take(self.facts[-1])

    def hears(self, kind: str, data: Json) -> None:
        self.events.append((time.monotonic(), kind, data))

    def of(self, whose: str, *, day: datetime = DAY.begins) -> list[Json]:
        """What was told of the hotline, of a queue or a seat, on one day."""
        begins = moment(day)
        return [data for _, _, data in self.events if whose_are(data) == whose and data["from"] == begins]

    async def keep(self, shown: Shown) -> None:
        self.kept.append(shown)

    async def latest(self) -> int:
        return len(self.facts) - self.behind

    async def of_calls(self, *, until: int | None = None, **_: object) -> Sequence[Numbered]:
        return self.facts[:until]

    async def of_seats(self, **_: object) -> Sequence[Numbered]:
        return ()

    async def of_recalls(self, **_: object) -> Sequence[Numbered]:
        return ()

    async def of_tickets_due(self, **_: object) -> Sequence[Numbered]:
        return ()

    async def talks(self, **_: object) -> tuple[Sequence[Talk], Sequence[Numbered]]:
        return (), ()


def whose_are(told: Json) -> str:
    return next((f"{of} {told[of]}" for of in ("queue", "seat") if of in told), "the hotline")


def value(data: Json, name: str) -> float | None:
    found: float | None = next(each["value"] for each in data["figures"] if each["name"] == name)
    return found


@asynccontextmanager
async def at(moment_: datetime, *before: Fact) -> AsyncIterator[Told]:
    """Follow the day from this moment on, of which so much is known already."""
    told, clock = Told(), Clock(moment_ - datetime.now(UTC))
    told.happens(*before)
    office = FigureOffice(told, clock=clock, zone=ZONE)
    told.live = LiveFigures(office, told, clock=clock, zone=ZONE, tell=told.hears, every_seconds=EVERY)
    running = asyncio.create_task(told.live.run())
    try:
        yield told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def signs_in(extension: str, when: datetime) -> SeatChanged:
    return SeatChanged(at=when, seat=seat(extension, at=when, state=SeatState.READY))


def answered(told: Told, whose: str) -> float | None:
    """How many were answered, as it was told last; None where nothing was told."""
    return value(found[-1], "answered") if (found := told.of(whose)) else None


async def test_whoever_was_there_before_is_told_at_the_start_and_the_hotline_first() -> None:
    call = whole_call(CallId("a"), at=NOON - timedelta(minutes=5), on="8002")
    async with at(NOON, signs_in("8001", NOON - timedelta(hours=1)), *call) as told:
        await eventually(lambda: len(told.events) == 4, PATIENCE)

    assert [(kind, whose_are(data)) for _, kind, data in told.events] == [
        ("figures.changed", "the hotline"),
        ("queue_figures.changed", "queue hotline"),
        ("seat_figures.changed", "seat 8001"),
        ("seat_figures.changed", "seat 8002"),
    ]
    assert [value(data, "answered") for _, _, data in told.events] == [1, 1, 0, 1]
    assert {data["name"] for _, _, data in told.events} == {"today"}


async def test_only_those_are_told_again_of_which_facts_came() -> None:
    before = [signs_in(extension, NOON - timedelta(hours=1)) for extension in ("8001", "8002", "8003")]
    async with at(NOON, *before) as told:
        await eventually(lambda: len(told.events) == 4, PATIENCE)

        told.happens(*whole_call(CallId("a"), at=NOON, on="8002"))
        whose = ("the hotline", "queue hotline", "seat 8002")
        await eventually(lambda: all(answered(told, each) == 1 for each in whose), PATIENCE)

    assert {whose_are(data) for _, _, data in told.events[4:]} == set(whose)
    assert all(told.of(each)[-1]["seq"] == len(told.facts) for each in whose)


async def test_many_at_once_are_told_one_after_the_other_and_the_hotline_does_not_wait_for_them() -> None:
    extensions = [f"80{number:02d}" for number in range(12)]
    async with at(NOON, *(signs_in(extension, NOON - timedelta(hours=1)) for extension in extensions)) as told:
        for extension in extensions:
            await eventually(lambda whose=f"seat {extension}": bool(told.of(whose)), PATIENCE)  # type: ignore[misc]
            told.happens(signs_in("8000", NOON))

    times = [when for when, kind, _ in told.events if kind == "seat_figures.changed"]
    assert all(b - a > 0.9 / SCOPES_A_SECOND for a, b in pairwise(times)), "so many a second at most"
    meanwhile = [when for when, kind, _ in told.events if kind == "figures.changed" and times[0] < when < times[11]]
    assert len(meanwhile) >= 3


async def test_at_the_days_end_all_are_told_once_more_and_then_begin_anew() -> None:
    before = DAY.ends - timedelta(minutes=5)
    call = whole_call(CallId("a"), at=before, on="8002")
    everybody = {"the hotline": 1, "queue hotline": 1, "seat 8001": 0, "seat 8002": 1}
    async with at(DAY.ends - timedelta(seconds=3), signs_in("8001", before), *call) as told:
        await eventually(lambda: all(told.of(each, day=DAY.ends) for each in everybody), PATIENCE)

    for each, count in everybody.items():
        last, first = told.of(each)[-1], told.of(each, day=DAY.ends)[0]
        assert (last["to"], value(last, "answered")) == (moment(DAY.ends), count), f"the whole day of {each}"
        assert (first["from"], value(first, "answered")) == (moment(DAY.ends), 0)
        days = [data["from"] for _, _, data in told.events if whose_are(data) == each]
        assert days == sorted(days), "nobody is told of the day before when the new one has begun"
    [kept] = told.kept
    assert (kept.queue, kept.seat, kept.seq) == (None, None, len(told.facts))


async def test_what_the_database_lacks_yet_at_midnight_is_not_lost_to_the_new_day() -> None:
    async with at(DAY.ends - timedelta(seconds=2)) as told:
        await eventually(lambda: bool(told.of("the hotline")), PATIENCE)
        told.happens(signs_in("8001", DAY.ends - timedelta(seconds=1)))
        told.behind = len(told.facts)
        await eventually(lambda: bool(told.of("seat 8001", day=DAY.ends)), PATIENCE)

    staffed = next(each for each in told.of("seat 8001", day=DAY.ends)[-1]["figures"] if each["name"] == "utilisation")
    assert staffed["denominator"] > 0, "he has been there since before midnight"
