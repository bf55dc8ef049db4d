"""Calls per second, and what one call costs, through us and through a plain dialplan with Asterisk's own queue.

Without a flow the caller hears ringing until a seat answers; with one he is greeted first (the flow `direct`; the plain
dialplan plays the same greeting). Recording is on in both. Seats answer at once. A talk lasts a second and nobody
speaks, so that setting up is all there is to a call; what becomes of it with a talk: `whole_calls.py`.
"""

import asyncio
import tempfile
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chapter import Chapter, Row, shares
from benchmarks.most_calls import most_calls
from benchmarks.sipp import dial, seats_of
from benchmarks.systems import Cost, System, ours, plain

SEATS = 200
SEAT_PORT = 17_700
RUNS = 2
COST_RATE, COST_CALLS = 8, 160
RATES = tuple(range(10, 161, 10))
GREETED_SECONDS, TALK_SECONDS = 7.0, 1.0
SETTLED_SECONDS = 3.0


@dataclass(slots=True)
class _Found(Cost):
    """Of one system: the most calls a second, and what a call costs."""

    most: list[float] = field(default_factory=list)


async def measure() -> Chapter:
    """Measure both in turns, without a flow and with one."""
    chapter = Chapter(
        name="calls_per_second",
        title="Calls per second against a plain dialplan",
        how=f"{SEATS} seats, SIPp on the same two cores. The cost of a call is the processor time of the process at "
        f"{COST_RATE} calls a second, less what it uses when nobody calls. The figures of the day are not followed "
        "meanwhile: their process is nice to all others, and would only come later.",
    )
    for arrival, said, target in (("ring", "no flow", 0.9), ("answer", "with a flow", 0.7)):
        found = {"ours": _Found(), "plain": _Found()}
        for run in range(RUNS):
            for name in ("ours", "plain") if run % 2 == 0 else ("plain", "ours"):
                system = ours(SEATS, arrival=arrival) if name == "ours" else plain(SEATS, arrival=arrival)
                await _measure(system, found[name], talk=talk_of(arrival))
        mine, theirs = found["ours"], found["plain"]
        chapter.rows += [
            Row(figure=f"{said}: calls a second, ours", values=mine.most, unit=""),
            Row(figure=f"{said}: calls a second, plain", values=theirs.most, unit=""),
            Row(figure=f"{said}: ours of plain", values=shares(mine.most, theirs.most), unit="", least=target),
            Row(figure=f"{said}: Asterisk for a call, ours", values=mine.asterisk, unit="ms"),
            Row(figure=f"{said}: controller for a call, ours", values=mine.controller, unit="ms"),
            Row(figure=f"{said}: Asterisk for a call, plain", values=theirs.asterisk, unit="ms"),
            Row(figure=f"{said}: cost of a call, plain of ours", values=shares(theirs.whole, mine.whole), unit=""),
        ]
    return chapter


async def most_of_ours(arrival: str) -> float:
    """Find the most calls a second that our hotline takes now, without a flow (`ring`) or with one (`answer`)."""
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with ours(SEATS, arrival=arrival) as system, seats_of(system, folder, port=SEAT_PORT) as seats:
            return await most_calls(system, seats, folder, rates=RATES, talk_seconds=talk_of(arrival))


def talk_of(arrival: str) -> float:
    """Give how long a citizen stays who arrives so, in seconds: greeted or not."""
    return TALK_SECONDS if arrival == "ring" else GREETED_SECONDS


async def _measure(running: AbstractAsyncContextManager[System], found: _Found, *, talk: float) -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with running as system, seats_of(system, folder, port=SEAT_PORT) as seats:
            idle = await _used(system, SETTLED_SECONDS + talk)
            before = system.cpu()
            await dial(system, folder, rate=COST_RATE, calls=COST_CALLS, talk_seconds=talk, at_once=COST_CALLS)
            await asyncio.sleep(SETTLED_SECONDS)
            lasted = COST_CALLS / COST_RATE + talk + SETTLED_SECONDS
            for costs, rest, began, ended in zip(
                (found.asterisk, found.controller), idle, before, system.cpu(), strict=True
            ):
                costs.append((ended - began - rest * lasted) * 1000 / COST_CALLS)
            found.most.append(await most_calls(system, seats, folder, rates=RATES, talk_seconds=talk))


async def _used(system: System, seconds: float) -> tuple[float, float]:
    """Give the processor seconds a second that Asterisk and controller use while nobody calls."""
    before = system.cpu()
    await asyncio.sleep(seconds)
    after = system.cpu()
    return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds
