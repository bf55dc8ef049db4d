"""The most calls a second that a system takes, found by halving.

So many go through for eight seconds, and for twice as long as a call lasts: every one of them to a seat, none fails,
and 95 % of the citizens have their 200 OK within a second. What does not go well is tried once more: the machine may
not be ours alone.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chapter import percentile
from benchmarks.sipp import Seats, dial
from benchmarks.systems import System

LEAST_ROUND_SECONDS = 8.0
SOON_MS = 1000.0
SETTLED_SECONDS = 3.0


async def most_calls(
    system: System,
    seats: Seats,
    folder: Path,
    *,
    rates: Sequence[float],
    talk_seconds: float,
    voice: bytes | None = None,
) -> float:
    """Find the highest of the rates, which ascend, at which all goes well; 0 where it does at none.

    `voice`: what each citizen says as long as he talks, as `dial` takes it.
    """

    async def goes_well(rate: float) -> bool:
        before = seats.answered()
        # for as long as this, or else it were over before as many talk as will
        calls = round(rate * max(LEAST_ROUND_SECONDS, 2 * talk_seconds + 1))
        dialled, _ = await dial(
            system, folder, rate=rate, calls=calls, talk_seconds=talk_seconds, at_once=calls, voice=voice
        )
        await asyncio.sleep(SETTLED_SECONDS)
        answered = seats.answered() - before
        soon = percentile(dialled.answered_ms, 0.95) if dialled.answered_ms else SOON_MS + 1
        return dialled.failed == 0 and answered == calls and soon <= SOON_MS

    low, high = -1, len(rates)
    while high - low > 1:
        middle = (low + high) // 2
        if await goes_well(rates[middle]) or await goes_well(rates[middle]):
            low = middle
        else:
            high = middle
    return float(rates[low]) if low >= 0 else 0.0
