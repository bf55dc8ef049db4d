"""How many facts per second become lasting, on SQLite and PostgreSQL, and how long the loop stands still for it.

At full speed the journal is given facts as fast as it takes them (some hundred calls at once, each with its whole
story); "at 250 facts a second" is what some 12 calls a second make. The controller's loop must go on meanwhile: the
longest time it stood still is what a caller would wait for our decision. The loop and how its garbage is collected are
the controller's.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import uvloop

from benchmarks.chapter import Chapter, Row, percentile
from benchmarks.machine import loop_stops
from callcenter.controller import freeze_what_stays
from callcenter.domain.facts import Fact
from callcenter.storage.journal import Journal
from tests.support.stores import NOON, POSTGRES, Teller, database, made, new_call_id, whole_call, writing

LOOP = uvloop.new_event_loop
FACTS = 10_000
AT_ONCE = 200  # calls that go on at one time
WAITING = 1_000  # facts that may wait for the writer at full speed
PACED_RATE, PACED_SECONDS = 250, 10
TICK_SECONDS = 0.02
LOOK_SECONDS = 0.002
RUNS = 3
MOST_STOP_MS = 50.0


@dataclass(slots=True)
class _Found:
    rates: list[float] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    paced_stops: list[float] = field(default_factory=list)
    lasting: list[float] = field(default_factory=list)


async def measure() -> Chapter:
    """Write on each database, in turns."""
    kinds = {"SQLite": "sqlite"} | ({} if POSTGRES is None else {"PostgreSQL": "postgresql"})
    found = {name: _Found() for name in kinds}
    freeze_what_stays()
    for _ in range(RUNS):
        for name, kind in kinds.items():
            await _run(kind, found[name])
    rows = []
    for name, each in found.items():
        rows += [
            Row(figure=f"{name}: at full speed", values=each.rates, unit="facts/s"),
            Row(figure=f"{name}: longest stop of the loop at full speed", values=each.stops, unit="ms"),
            Row(
                figure=f"{name}: longest stop of the loop at {PACED_RATE} facts a second",
                values=each.paced_stops,
                unit="ms",
                most=MOST_STOP_MS,
            ),
            Row(figure=f"{name}: from fact to lasting at this rate, p99", values=each.lasting, unit="ms"),
        ]
    return Chapter(
        name="journal",
        title="The journal",
        how=f"{FACTS:,} facts of whole calls a run, {AT_ONCE} calls at once; with their projections, in one process.",
        rows=rows,
        remarks=[] if POSTGRES is not None else ["PostgreSQL was not there: start by `scripts/benchmark`."],
    )


async def _run(kind: str, found: _Found) -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as folder:
        db = await made(database(kind, Path(folder)))
        try:
            async with writing(Journal(db.url, db.folder)) as journal:
                await _full_speed(Teller(journal), journal, found)
                await _paced(Teller(journal), journal, found)
        finally:
            await db.remove()


async def _full_speed(teller: Teller, journal: Journal, found: _Found) -> None:
    facts = _facts()
    async with loop_stops() as stops:
        first, began = journal.latest_seq, time.perf_counter()
        while journal.latest_seq - first < FACTS:
            while journal.waiting < WAITING:
                teller.tell(next(facts))
            await asyncio.sleep(TICK_SECONDS / 10)
        assert await journal.flush(within=60)
        found.rates.append((journal.latest_seq - first) / (time.perf_counter() - began))
    found.stops.append(stops.longest * 1000)


async def _paced(teller: Teller, journal: Journal, found: _Found) -> None:
    facts, took = _facts(), []

    async def lasting(seq: int, began: float) -> None:
        while journal.latest_seq - journal.waiting < seq:  # noqa: ASYNC110  # only that all is lasting is told
            await asyncio.sleep(LOOK_SECONDS)
        took.append((time.perf_counter() - began) * 1000)

    async with loop_stops() as stops, asyncio.TaskGroup() as tasks:
        for _ in range(int(PACED_SECONDS / TICK_SECONDS)):
            for _ in range(int(PACED_RATE * TICK_SECONDS)):
                teller.tell(next(facts))
            tasks.create_task(lasting(journal.latest_seq, time.perf_counter()), name="until it is lasting")
            await asyncio.sleep(TICK_SECONDS)
    found.paced_stops.append(stops.longest * 1000)
    found.lasting.append(percentile(took, 0.99))


def _facts() -> Iterator[Fact]:
    """Tell of many calls at once, one fact of each in turn, for ever."""
    at = NOON
    while True:
        stories = [list(whole_call(new_call_id(), at=at)) for _ in range(AT_ONCE)]
        for moment in zip(*stories, strict=True):
            yield from moment
        at += timedelta(minutes=1)
