"""How long figures take out of a million facts, and that the process which serves callers does not feel it.

A journal of a week in a temporary SQLite file; then a day, its half-hours, one seat's day and the rolling day are asked
for as the API asks, through the process that reckons. Meanwhile the loop of this process looks at the clock every
millisecond: its longest stop is what a caller could have waited for it.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from benchmarks.chapter import Chapter, Row
from benchmarks.machine import loop_stops, memory_mb
from callcenter.clock import SystemClock
from callcenter.domain.calls import Call
from callcenter.domain.fact_data import to_data
from callcenter.domain.facts import Fact, OfCall
from callcenter.domain.figures.records import Period
from callcenter.domain.fold import apply
from callcenter.office.stream import Stream
from callcenter.reckoning import Reckoner
from callcenter.storage.chain import START, canonical, chained
from callcenter.storage.migrate import migrate
from callcenter.storage.projections import write_calls
from callcenter.storage.store import Store
from callcenter.storage.tables import JournalRow
from tests.domain.figures.example_day import DAY
from tests.domain.figures.random_days import Day, moved_by

RUNS = 3
CALLS, SEATS = 95_000, 200
CALLS_OF_A_DAY = 10_000
AT_ONCE = 5_000
MOST_STOP_MS = 50.0
BEGUN_SECONDS = 600.0


async def fill(database: str, facts: Sequence[Fact]) -> int:
    """Write a journal and the tables that belong to it; how many entries."""
    await migrate(database)
    store, end, calls = Store(database, limit_seconds=600.0), START, dict[str, Call]()
    for first in range(0, len(facts), AT_ONCE):
        rows, changed = [], dict[str, Call]()
        for fact in facts[first : first + AT_ONCE]:
            entry = chained(
                end,
                time=fact.at,
                call_id=fact.call_id,
                kind=fact.kind,
                data=canonical(to_data(fact)),
                recovered=fact.recovered,
            )
            end = entry.link
            rows.append({name: getattr(entry, name) for name in _COLUMNS})
            if isinstance(fact, OfCall):
                calls[fact.call_id] = changed[fact.call_id] = apply(calls.get(fact.call_id), fact)
        async with store.writing() as session:
            await session.execute(insert(JournalRow), rows)
            await write_calls(session, list(changed.values()))
    await store.close()
    return end.seq


_COLUMNS = ("seq", "time", "call_id", "kind", "data", "recovered", "previous", "hash")


def days_of(calls: int, seats: int) -> list[Fact]:
    """Make up days that end with today, so that the process has a day to follow."""
    count = max(1, calls // CALLS_OF_A_DAY)
    today = datetime.now(UTC).replace(hour=16, minute=0, second=0, microsecond=0) - timedelta(days=1)
    facts: list[Fact] = []
    for number in range(count):
        step = today - timedelta(days=count - 1 - number) - DAY.begins
        day = Day(number, calls=min(calls, CALLS_OF_A_DAY), seats=seats, hours=23.0, named=f"d{number}-")
        facts += moved_by(day.facts, step)
    return sorted(facts, key=lambda fact: fact.at)


async def measure() -> Chapter:
    """Fill a journal, and ask."""
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as folder:
        database = f"sqlite:///{Path(folder) / 'journal.sqlite3'}"
        entries = await fill(database, days_of(CALLS, SEATS))
        rows, memory = await _asked(database, entries)
    return Chapter(
        name="figures",
        title="Figures out of a million facts",
        how=f"{entries:,} facts of {CALLS:,} calls and {SEATS} seats in seven days, on SQLite. "
        f"The process that reckons keeps {memory:.0f} MB afterwards.",
        rows=rows,
    )


async def _asked(database: str, entries: int) -> tuple[list[Row], float]:
    stream = Stream("benchmark")
    reckoner = Reckoner(
        database, zone=ZoneInfo("Asia/Shanghai"), clock=SystemClock(), stream=stream, latest_seq=lambda: entries
    )
    today = reckoner.today()
    yesterday = Period(today.begins - timedelta(days=1), today.begins)
    rolling = Period(today.ends - timedelta(hours=24), today.ends)
    rows = []

    async def begun() -> None:
        with stream.watch() as watcher:
            async with asyncio.timeout(BEGUN_SECONDS):
                await watcher.some(1)  # the first figures of the day are told

    running = asyncio.create_task(reckoner.run(), name="the process that reckons")
    try:
        for said, work, times in (
            ("the day that goes on, from the start", begun, 1),
            ("a day", lambda: reckoner.of(yesterday), RUNS),
            ("a day by half-hours", lambda: reckoner.halves(yesterday), RUNS),
            ("a day of one seat", lambda: reckoner.of(yesterday, seat="8000"), RUNS),
            ("the last 24 hours", lambda: reckoner.of(rolling), RUNS),
        ):
            took, stopped = [], []
            for _ in range(times):
                before = time.perf_counter()
                async with loop_stops() as stops:
                    await work()
                took.append(time.perf_counter() - before)
                stopped.append(stops.longest * 1000)
            rows.append(Row(figure=said, values=took, unit="s"))
            rows.append(Row(figure=f"{said}: longest stop of the loop", values=stopped, unit="ms", most=MOST_STOP_MS))
        assert reckoner.pid is not None
        return rows, memory_mb(reckoner.pid)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
