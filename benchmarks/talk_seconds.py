"""What a talk costs while it lasts: both speak and are recorded, in our talks and in those of Asterisk's own queue."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from benchmarks.chapter import Chapter, Row, shares
from benchmarks.sipp import dial, seats_of
from benchmarks.systems import Cost, System, ours, plain

SEATS, TALKS = 60, 40
SEAT_PORT, ECHO_PORT = 17_760, 17_900
RATE = 10
TALK_SECONDS = 35.0
SETTLED_SECONDS = 8.0  # until all talk
MEASURED_SECONDS = 20.0
COUNTED_SECONDS = 3.0  # until the seats have counted the last
RUNS = 3
_VOICE = bytes(range(256)) * 63  # two seconds of A-law that is no silence; what it says costs nothing more or less
_SYSTEMS: Mapping[str, Callable[[], AbstractAsyncContextManager[System]]] = {
    "ours": lambda: ours(SEATS, arrival="ring"),
    "plain": lambda: plain(SEATS, arrival="ring"),
    "simple": lambda: plain(SEATS, arrival="ring", more=["bridge_simple.so"]),
}


async def measure() -> Chapter:
    """Measure all in turns."""
    found = {name: Cost() for name in _SYSTEMS}
    for run in range(RUNS):
        for name in sorted(_SYSTEMS, reverse=run % 2 == 1):
            await _measure(_SYSTEMS[name](), found[name])
    mine, theirs, simple = found.values()
    return Chapter(
        name="talk_seconds",
        title="What a talk costs while it lasts",
        how=f"{TALKS} talks at once, both sides speak all the time (SIPp), both are recorded. Processor time of "
        f"{MEASURED_SECONDS:g} s in which nobody comes or goes, for a second of one talk. Ours and the plain system "
        "mix by bridge_softmix; the third is the plain one with bridge_simple beside it, as Asterisk comes.",
        rows=[
            Row(figure="Asterisk, ours", values=mine.asterisk, unit="ms"),
            Row(figure="controller, ours", values=mine.controller, unit="ms"),
            Row(figure="Asterisk, plain", values=theirs.asterisk, unit="ms"),
            Row(figure="Asterisk, plain, not mixed", values=simple.asterisk, unit="ms"),
            Row(figure="plain of ours", values=shares(theirs.whole, mine.whole), unit=""),
            Row(figure="plain, not mixed, of ours", values=shares(simple.whole, mine.whole), unit=""),
        ],
    )


async def _measure(running: AbstractAsyncContextManager[System], cost: Cost) -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with running as system, seats_of(system, folder, port=SEAT_PORT, echo=ECHO_PORT) as seats:
            async with asyncio.TaskGroup() as tasks:
                talks = dial(
                    system, folder, rate=RATE, calls=TALKS, talk_seconds=TALK_SECONDS, at_once=TALKS, voice=_VOICE
                )
                talking = tasks.create_task(talks, name="talks")
                await asyncio.sleep(SETTLED_SECONDS)
                before = system.cpu()
                await asyncio.sleep(MEASURED_SECONDS)
                after = system.cpu()
            dialled, _ = talking.result()
            await asyncio.sleep(COUNTED_SECONDS)
            if dialled.failed or seats.answered() < TALKS:
                raise RuntimeError(f"only {seats.answered()} of {TALKS} talks came about: {dialled.failed} failed")
            for each, began, ended in zip((cost.asterisk, cost.controller), before, after, strict=True):
                each.append((ended - began) * 1000 / MEASURED_SECONDS / TALKS)
