"""Calls per second, and what one call costs, talk and all: both speak, in ours and in the plain system.

`calls_per_second` has talks of a second without a sound, so that setting up is all there is to a call; a citizen's talk
lasts minutes. Here each call has its talk, a short one, and is recorded.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.chapter import Chapter, Row, shares
from benchmarks.most_calls import SETTLED_SECONDS, Calls, Manned, most_calls, with_seats
from benchmarks.sipp import dial
from benchmarks.systems import Cost, ours, plain

SEATS = 200
SEAT_PORT, ECHO_PORT = 17_820, 17_940
RATES = tuple(at / 4 for at in range(8, 37))  # more than nine a second would want more seats
RATE, TALK_SECONDS = 3, 20.0
STEADY_SECONDS = TALK_SECONDS + 5.0  # from then on as many go as come
MEASURED_SECONDS = 30.0
RUNS = 2
_VOICE = bytes(range(256)) * 63  # two seconds of A-law that is no silence; what it says costs nothing more or less


@dataclass(slots=True)
class _Found(Cost):
    """Of one system: what a call costs, and the most calls a second."""

    most: list[float] = field(default_factory=list)


async def measure() -> Chapter:
    """Measure both side by side."""
    mine, theirs = _Found(), _Found()
    for run in range(RUNS):
        await _measure([mine, theirs], turned=run % 2 == 1)
    return Chapter(
        name="whole_calls",
        title="Calls per second with their talks",
        how=f"Two systems of {SEATS} seats side by side, no flow, a round of one after a round of the other; each call "
        f"has a talk of {TALK_SECONDS:g} s in which both sides speak all the time (SIPp, on the same two cores) and "
        "are recorded. The most calls a second are found as in `calls_per_second`. What a call costs: processor time "
        f"at {RATE} calls a second, of {MEASURED_SECONDS:g} s in which as many come as go; what is used while nobody "
        "calls is in it.",
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


async def _measure(found: Sequence[_Found], *, turned: bool) -> None:
    """Measure ours and the plain one; `turned`: the plain one first."""
    async with (
        with_seats(ours(SEATS, arrival="ring"), port=SEAT_PORT, echo=ECHO_PORT) as mine,
        with_seats(plain(SEATS, arrival="ring"), port=SEAT_PORT + 1, echo=ECHO_PORT + 10) as theirs,
    ):
        both = list(zip([mine, theirs], found, strict=True))[:: -1 if turned else 1]
        for system, cost in both:
            await _add_cost(system, cost)
        calls = Calls(talk_seconds=TALK_SECONDS, voice=_VOICE)
        most = await most_calls([system for system, _ in both], calls, rates=RATES)
        for (_, each), rate in zip(both, most, strict=True):
            each.most.append(rate)


async def _add_cost(manned: Manned, cost: Cost) -> None:
    before = manned.seats.answered()
    calls = round(RATE * (STEADY_SECONDS + MEASURED_SECONDS))
    async with asyncio.TaskGroup() as tasks:
        talks = dial(
            manned.system,
            manned.folder,
            rate=RATE,
            calls=calls,
            talk_seconds=TALK_SECONDS,
            at_once=calls,
            voice=_VOICE,
        )
        talking = tasks.create_task(talks, name="talks")
        await asyncio.sleep(STEADY_SECONDS)
        began = manned.system.cpu()
        await asyncio.sleep(MEASURED_SECONDS)
        ended = manned.system.cpu()
    dialled, _ = talking.result()
    await asyncio.sleep(SETTLED_SECONDS)
    if dialled.failed or manned.seats.answered() - before < calls:
        raise RuntimeError(f"not all of {calls} calls came about: {dialled.failed} failed")
    for each, first, last in zip((cost.asterisk, cost.controller), began, ended, strict=True):
        each.append((last - first) * 1000 / (MEASURED_SECONDS * RATE))
