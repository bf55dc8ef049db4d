"""Calls per second, and what one call costs, through us and through a plain dialplan with Asterisk's own queue.

Without a flow the caller hears ringing until a seat answers; with one he is greeted first (the flow `direct`; the plain
dialplan plays the same greeting). Recording is on in both. Seats answer at once. A talk lasts a second and nobody
speaks, so that setting up is all there is to a call; what becomes of it with a talk: `whole_calls.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.chapter import Chapter, Row, shares
from benchmarks.most_calls import Calls, Manned, most_calls, with_seats
from benchmarks.sipp import dial
from benchmarks.systems import Cost, System, ours, plain

SEATS = 200
SEAT_PORT = 17_700
RUNS = 2
COST_RATE, COST_CALLS = 8, 160
RATES = tuple(range(10, 161, 5))
GREETED_SECONDS, TALK_SECONDS = 7.0, 1.0
SETTLED_SECONDS = 3.0


@dataclass(slots=True)
class _Found(Cost):
    """Of one system: the most calls a second, and what a call costs."""

    most: list[float] = field(default_factory=list)


async def measure() -> Chapter:
    """Measure both side by side, without a flow and with one."""
    chapter = Chapter(
        name="calls_per_second",
        title="Calls per second against a plain dialplan",
        how=f"Two systems of {SEATS} seats side by side, a round of one after a round of the other, SIPp on the same "
        "two cores. Talks are a second of silence: setting up is all there is to a call. The cost of a call is the "
        f"processor time of the process at {COST_RATE} calls a second, less what it uses when nobody calls. The "
        "figures of the day are not followed meanwhile: their process is nice to all others, and would only come "
        "later.",
    )
    for arrival, said, target in (("ring", "no flow", 0.9), ("answer", "with a flow", 0.7)):
        mine, theirs = _Found(), _Found()
        for run in range(RUNS):
            await _measure(arrival, [mine, theirs], turned=run % 2 == 1)
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
    async with with_seats(ours(SEATS, arrival=arrival), port=SEAT_PORT) as system:
        (most,) = await most_calls([system], Calls(talk_seconds=talk_of(arrival)), rates=RATES)
    return most


def talk_of(arrival: str) -> float:
    """Give how long a citizen stays who arrives so, in seconds: greeted or not."""
    return TALK_SECONDS if arrival == "ring" else GREETED_SECONDS


async def _measure(arrival: str, found: Sequence[_Found], *, turned: bool) -> None:
    """Measure ours and the plain one; `turned`: the plain one first."""
    async with (
        with_seats(ours(SEATS, arrival=arrival), port=SEAT_PORT) as mine,
        with_seats(plain(SEATS, arrival=arrival), port=SEAT_PORT + 1) as theirs,
    ):
        both = list(zip([mine, theirs], found, strict=True))[:: -1 if turned else 1]
        for system, cost in both:
            await _add_cost(system, cost, talk_of(arrival))
        calls = Calls(talk_seconds=talk_of(arrival))
        most = await most_calls([system for system, _ in both], calls, rates=RATES)
        for (_, each), rate in zip(both, most, strict=True):
            each.most.append(rate)


async def _add_cost(manned: Manned, cost: Cost, talk: float) -> None:
    system = manned.system
    idle = await _used(system, SETTLED_SECONDS + talk)
    before = system.cpu()
    await dial(system, manned.folder, rate=COST_RATE, calls=COST_CALLS, talk_seconds=talk, at_once=COST_CALLS)
    await asyncio.sleep(SETTLED_SECONDS)
    lasted = COST_CALLS / COST_RATE + talk + SETTLED_SECONDS
    for costs, rest, began, ended in zip((cost.asterisk, cost.controller), idle, before, system.cpu(), strict=True):
        costs.append((ended - began - rest * lasted) * 1000 / COST_CALLS)


async def _used(system: System, seconds: float) -> tuple[float, float]:
    """Give the processor seconds a second that Asterisk and controller use while nobody calls."""
    before = system.cpu()
    await asyncio.sleep(seconds)
    after = system.cpu()
    return (after[0] - before[0]) / seconds, (after[1] - before[1]) / seconds
