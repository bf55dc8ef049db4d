"""How long figures take on a large journal, and that the process which serves callers does not feel it.

    python -m benchmarks.figures --calls 70000 --seats 200

Makes a journal in a temporary SQLite file, then asks for a day, for its half-hours and for the rolling day as the API
does, through the process that reckons. Meanwhile the loop of this process looks at the clock every millisecond: its
longest stop is what a caller could have waited for it. Prints a table and the load of the machine.
"""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from callcenter.domain.calls import Call
from callcenter.domain.facts import Fact, OfCall, apply, to_data
from callcenter.domain.figures.records import Period
from callcenter.office.stream import Stream
from callcenter.reckoning import Reckoner
from callcenter.reckoning_child import MachineClock
from callcenter.storage.chain import START, canonical, chained
from callcenter.storage.migrate import migrate
from callcenter.storage.projections import write_calls
from callcenter.storage.store import Store
from callcenter.storage.tables import JournalRow
from tests.domain.figures.example_day import DAY
from tests.domain.figures.random_days import Day, moved_by

AT_ONCE = 5_000
LOOK_SECONDS = 0.001
CALLS_OF_A_DAY = 10_000


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


async def longest_stop(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Do it while the loop looks at the clock; its seconds, and the longest stop of the loop in milliseconds."""
    longest, looking = 0.0, True

    async def look() -> None:
        nonlocal longest
        while looking:
            before = time.perf_counter()
            await asyncio.sleep(LOOK_SECONDS)
            longest = max(longest, time.perf_counter() - before - LOOK_SECONDS)

    watch = asyncio.create_task(look())
    began = time.perf_counter()
    await work()
    took = time.perf_counter() - began
    looking = False
    await watch
    return took, longest * 1000


def memory_mb(pid: int) -> float:
    """Give the resident memory of a process at its highest."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


async def measure(calls: int, seats: int) -> None:
    """Fill a journal, ask, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder) / 'journal.sqlite3'}"
        facts = days_of(calls, seats)
        began = time.perf_counter()
        entries = await fill(database, facts)
        print(f"{entries} entries of {seats} seats written in {time.perf_counter() - began:.1f} s")
        stream = Stream("benchmark")
        reckoner = Reckoner(
            database, zone=ZoneInfo("Asia/Shanghai"), clock=MachineClock(), stream=stream, latest_seq=lambda: entries
        )
        running = asyncio.create_task(reckoner.run())
        today = reckoner.today()
        yesterday = Period(today.begins - timedelta(days=1), today.begins)

        async def begun() -> None:
            async with asyncio.timeout(600):
                while not stream.seq:  # noqa: ASYNC110 - a benchmark may look
                    await asyncio.sleep(0.01)

        print(f"{'asked for':32}{'seconds':>9}{'longest stop of the loop, ms':>32}")
        for name, work in (
            ("the day that goes on, from start", begun),
            ("a day", lambda: reckoner.of(yesterday)),
            ("a day by half-hours", lambda: reckoner.halves(yesterday)),
            ("the last 24 hours", lambda: reckoner.of(Period(today.ends - timedelta(hours=24), today.ends))),
            ("a day of one seat", lambda: reckoner.of(yesterday, seat="8000")),
        ):
            took, stop = await longest_stop(work)
            print(f"{name:32}{took:9.2f}{stop:32.1f}")
        assert reckoner.pid is not None
        print(f"memory of the process that reckons: {memory_mb(reckoner.pid):.0f} MB", end="; ")
        print(f"of this one: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        print("load average: {:.2f} {:.2f} {:.2f}, processors: {}".format(*os.getloadavg(), os.cpu_count() or 0))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def main() -> None:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=70_000, help="in all; 10,000 a day, some 14 entries each")
    options.add_argument("--seats", type=int, default=200)
    chosen = options.parse_args()
    asyncio.run(measure(chosen.calls, chosen.seats))


if __name__ == "__main__":
    main()
