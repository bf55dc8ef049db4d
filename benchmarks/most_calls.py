"""The most calls a second that systems take which run side by side, found by halving, a round of each in turn.

So many go through for eight seconds, and for twice as long as a call lasts: every one of them to a seat, none fails,
and 95 % of the citizens have their 200 OK within a second. What does not go well is tried once more: the machine may
not be ours alone. It may also be twice as fast a minute later, so no system is tried to its end before the next.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chapter import percentile
from benchmarks.sipp import Seats, dial, seats_of
from benchmarks.systems import System

LEAST_ROUND_SECONDS = 8.0
SOON_MS = 1000.0
SETTLED_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manned:
    """A system whose seats wait for calls."""

    system: System
    seats: Seats
    folder: Path
    """Where SIPp of its citizens works."""


@asynccontextmanager
async def with_seats(
    running: AbstractAsyncContextManager[System], *, port: int, echo: int | None = None
) -> AsyncIterator[Manned]:
    """Run a system, and its seats from this port; `echo` as `seats_of` takes it."""
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with running as system, seats_of(system, folder, port=port, echo=echo) as seats:
            yield Manned(system=system, seats=seats, folder=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What calls are like."""

    talk_seconds: float
    voice: bytes | None = None
    """What each citizen says as long as he talks, as `dial` takes it."""


async def most_calls(manned: Sequence[Manned], calls: Calls, *, rates: Sequence[float]) -> list[float]:
    """Find for each system the highest of the rates, which ascend, at which all goes well; 0 where it does at none."""
    low, high = [-1] * len(manned), [len(rates)] * len(manned)
    while any(above - below > 1 for below, above in zip(low, high, strict=True)):
        for at, each in enumerate(manned):
            if high[at] - low[at] > 1:
                middle = (low[at] + high[at]) // 2
                if await _goes_well(each, calls, rates[middle]) or await _goes_well(each, calls, rates[middle]):
                    low[at] = middle
                else:
                    high[at] = middle
    return [float(rates[found]) if found >= 0 else 0.0 for found in low]


async def _goes_well(manned: Manned, calls: Calls, rate: float) -> bool:
    before = manned.seats.answered()
    # for as long as this, or else it were over before as many talk as will
    count = round(rate * max(LEAST_ROUND_SECONDS, 2 * calls.talk_seconds + 1))
    try:
        dialled, _ = await dial(
            manned.system,
            manned.folder,
            rate=rate,
            calls=count,
            talk_seconds=calls.talk_seconds,
            at_once=count,
            voice=calls.voice,
        )
    except TimeoutError:
        return False  # not all of them came to their end
    await asyncio.sleep(SETTLED_SECONDS)
    answered = manned.seats.answered() - before
    soon = percentile(dialled.answered_ms, 0.95) if dialled.answered_ms else SOON_MS + 1
    return dialled.failed == 0 and answered == count and soon <= SOON_MS
