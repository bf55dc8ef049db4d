"""Calls per second, and what one call costs, talk and all: both speak, in ours and in the plain system.

`calls_per_second` has talks of a second without a sound, so that setting up is all there is to a call; a citizen's talk
lasts minutes. Here each call has its talk, a short one, and is recorded.
"""

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chapter import Chapter, Row, shares
from benchmarks.most_calls import SETTLED_SECONDS, most_calls
from benchmarks.sipp import Seats, dial, seats_of
from benchmarks.systems import Cost, System, ours, plain

SEATS = 200
SEAT_PORT, ECHO_PORT = 17_820, 17_940
RATES = tuple(at / 4 for at in range(8, 37))  # more than nine a second would want more seats
RATE, TALK_SECONDS = 3, 20.0
STEADY_SECONDS = TALK_SECONDS + 5.0  # from then on as many go as come
MEASURED_SECONDS = 30.0
RUNS = 2
_VOICE = bytes(range(256)) * 63  # two seconds of A-law that is no silence; what it says costs nothing more or less
_SYSTEMS: Mapping[str, Callable[[], AbstractAsyncContextManager[System]]] = {
    "ours": lambda: ours(SEATS, arrival="ring"),
    "plain": lambda: plain(SEATS, arrival="ring"),
}


@dataclass(slots=True)
class _Found(Cost):
    """Of one system: what a call costs, and the most calls a second."""

    most: list[float] = field(default_factory=list)


async def measure() -> Chapter:
    """Measure both in turns."""
    found = {name: _Found() for name in _SYSTEMS}
    for run in range(RUNS):
        for name in sorted(_SYSTEMS, reverse=run % 2 == 1):
            await _measure(_SYSTEMS[name](), found[name])
    mine, theirs = found["ours"], found["plain"]
    return Chapter(
        name="whole_calls",
        title="Calls per second with their talks",
        how=f"No flow, {SEATS} seats; each call has a talk of {TALK_SECONDS:g} s in which both sides speak all the "
        "time (SIPp, on the same two cores) and are recorded. The most calls a second are found as in "
        f"`calls_per_second`. What a call costs: processor time at {RATE} calls a second, of {MEASURED_SECONDS:g} s in "
        "which as many come as go; what is used while nobody calls is in it.",
        rows=[
            Row(figure="calls a second, ours", values=mine.most, unit=""),
            Row(figure="calls a second, plain", values=theirs.most, unit=""),
            Row(figure="ours of plain", values=shares(mine.most, theirs.most), unit="", least=0.9),
            Row(figure="Asterisk for a call, ours", values=mine.asterisk, unit="ms"),
            Row(figure="controller for a call, ours", values=mine.controller, unit="ms"),
            Row(figure="Asterisk for a call, plain", values=theirs.asterisk, unit="ms"),
            Row(figure="cost of a call, plain of ours", values=shares(theirs.whole, mine.whole), unit=""),
        ],
    )


async def _measure(running: AbstractAsyncContextManager[System], found: _Found) -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with running as system, seats_of(system, folder, port=SEAT_PORT, echo=ECHO_PORT) as seats:
            await _add_cost(system, seats, folder, found)
            most = await most_calls(system, seats, folder, rates=RATES, talk_seconds=TALK_SECONDS, voice=_VOICE)
            found.most.append(most)


async def _add_cost(system: System, seats: Seats, folder: Path, cost: Cost) -> None:
    calls = round(RATE * (STEADY_SECONDS + MEASURED_SECONDS))
    async with asyncio.TaskGroup() as tasks:
        talks = dial(system, folder, rate=RATE, calls=calls, talk_seconds=TALK_SECONDS, at_once=calls, voice=_VOICE)
        talking = tasks.create_task(talks, name="talks")
        await asyncio.sleep(STEADY_SECONDS)
        before = system.cpu()
        await asyncio.sleep(MEASURED_SECONDS)
        after = system.cpu()
    dialled, _ = talking.result()
    await asyncio.sleep(SETTLED_SECONDS)
    if dialled.failed or seats.answered() < calls:
        raise RuntimeError(f"only {seats.answered()} of {calls} calls came about: {dialled.failed} failed")
    for each, began, ended in zip((cost.asterisk, cost.controller), before, after, strict=True):
        each.append((ended - began) * 1000 / (MEASURED_SECONDS * RATE))
