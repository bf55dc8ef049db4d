"""What a talk costs while it lasts: both speak and are recorded, in our talks and in those of Asterisk's own queue."""

import asyncio
import tempfile
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chapter import Chapter, Row
from benchmarks.sipp import dial, seats_of
from benchmarks.systems import System, ours, plain

SEATS, TALKS = 60, 40
SEAT_PORT, ECHO_PORT = 17_760, 17_900
RATE = 10
TALK_SECONDS = 35.0
SETTLED_SECONDS = 8.0  # until all talk
MEASURED_SECONDS = 20.0
COUNTED_SECONDS = 3.0  # until the seats have counted the last
RUNS = 3
_VOICE = bytes(range(256)) * 63  # two seconds of A-law that is no silence; what it says costs nothing more or less


@dataclass(slots=True)
class _Cost:
    """Processor milliseconds that a second of one talk takes."""

    asterisk: list[float] = field(default_factory=list)
    controller: list[float] = field(default_factory=list)

    @property
    def whole(self) -> list[float]:
        return [one + other for one, other in zip(self.asterisk, self.controller, strict=True)]


async def measure() -> Chapter:
    """Measure both in turns."""
    found = {"ours": _Cost(), "plain": _Cost()}
    for run in range(RUNS):
        for name in ("ours", "plain") if run % 2 == 0 else ("plain", "ours"):
            system = ours(SEATS, arrival="ring") if name == "ours" else plain(SEATS, arrival="ring")
            await _measure(system, found[name])
    mine, theirs = found["ours"], found["plain"]
    share = [other / one for one, other in zip(mine.whole, theirs.whole, strict=True)]
    return Chapter(
        name="talk_seconds",
        title="What a talk costs while it lasts",
        how=f"{TALKS} talks at once, both sides speak all the time (SIPp), both are recorded. Processor time of "
        f"{MEASURED_SECONDS:g} s in which nobody comes or goes, for a second of one talk.",
        rows=[
            Row(figure="Asterisk, ours", values=mine.asterisk, unit="ms"),
            Row(figure="controller, ours", values=mine.controller, unit="ms"),
            Row(figure="Asterisk, plain", values=theirs.asterisk, unit="ms"),
            Row(figure="plain of ours", values=share, unit=""),
        ],
    )


async def _measure(running: AbstractAsyncContextManager[System], cost: _Cost) -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with running as system, seats_of(system, folder, port=SEAT_PORT, echo=ECHO_PORT) as seats:
            talks = dial(system, folder, rate=RATE, calls=TALKS, talk_seconds=TALK_SECONDS, at_once=TALKS, voice=_VOICE)
            talking = asyncio.create_task(talks, name="talks")
            await asyncio.sleep(SETTLED_SECONDS)
            before = system.cpu()
            await asyncio.sleep(MEASURED_SECONDS)
            after = system.cpu()
            dialled, _ = await talking
            await asyncio.sleep(COUNTED_SECONDS)
            if dialled.failed or seats.answered() < TALKS:
                raise RuntimeError(f"only {seats.answered()} of {TALKS} talks came about: {dialled.failed} failed")
            for each, began, ended in zip((cost.asterisk, cost.controller), before, after, strict=True):
                each.append((ended - began) * 1000 / MEASURED_SECONDS / TALKS)
