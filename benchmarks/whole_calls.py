"""What a whole call costs, talk and all: both speak for as long as a short talk lasts, in ours and in the plain system.

`calls_per_second` has talks of a second without a sound, so that setting up is nearly all of it; a citizen's talk
lasts minutes. Here callers come and go at a steady rate, and each call's talk is in what it costs.
"""

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from benchmarks.chapter import Chapter, Row, shares
from benchmarks.sipp import dial, seats_of
from benchmarks.systems import Cost, System, ours, plain

SEATS = 100
SEAT_PORT, ECHO_PORT = 17_820, 17_940
RATE, TALK_SECONDS = 3, 20.0
STEADY_SECONDS = TALK_SECONDS + 5.0  # from then on as many go as come
MEASURED_SECONDS = 30.0
RUNS = 3
_VOICE = bytes(range(256)) * 63  # two seconds of A-law that is no silence; what it says costs nothing more or less
_SYSTEMS: Mapping[str, Callable[[], AbstractAsyncContextManager[System]]] = {
    "ours": lambda: ours(SEATS, arrival="ring"),
    "plain": lambda: plain(SEATS, arrival="ring"),
}


async def measure() -> Chapter:
    """Measure both in turns."""
    found = {name: Cost() for name in _SYSTEMS}
    for run in range(RUNS):
        for name in sorted(_SYSTEMS, reverse=run % 2 == 1):
            await _measure(_SYSTEMS[name](), found[name])
    mine, theirs = found["ours"], found["plain"]
    return Chapter(
        name="whole_calls",
        title="What a whole call costs, with its talk",
        how=f"{RATE} calls a second without a flow, each a talk of {TALK_SECONDS:g} s in which both sides speak all "
        "the time (SIPp) and are recorded. Processor time of "
        f"{MEASURED_SECONDS:g} s in which as many come as go, for a call; what is used while nobody calls is in it.",
        rows=[
            Row(figure="Asterisk, ours", values=mine.asterisk, unit="ms"),
            Row(figure="controller, ours", values=mine.controller, unit="ms"),
            Row(figure="Asterisk, plain", values=theirs.asterisk, unit="ms"),
            Row(figure="plain of ours", values=shares(theirs.whole, mine.whole), unit="", least=0.9),
        ],
    )


async def _measure(running: AbstractAsyncContextManager[System], cost: Cost) -> None:
    calls = round(RATE * (STEADY_SECONDS + MEASURED_SECONDS))
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with running as system, seats_of(system, folder, port=SEAT_PORT, echo=ECHO_PORT) as seats:
            async with asyncio.TaskGroup() as tasks:
                talks = dial(
                    system, folder, rate=RATE, calls=calls, talk_seconds=TALK_SECONDS, at_once=calls, voice=_VOICE
                )
                talking = tasks.create_task(talks, name="talks")
                await asyncio.sleep(STEADY_SECONDS)
                before = system.cpu()
                await asyncio.sleep(MEASURED_SECONDS)
                after = system.cpu()
            dialled, _ = talking.result()
            await asyncio.sleep(3)  # until the seats have counted the last
            if dialled.failed or seats.answered() < calls:
                raise RuntimeError(f"only {seats.answered()} of {calls} calls came about: {dialled.failed} failed")
            for each, began, ended in zip((cost.asterisk, cost.controller), before, after, strict=True):
                each.append((ended - began) * 1000 / (MEASURED_SECONDS * RATE))
