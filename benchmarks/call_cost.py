"""What one call takes of the processor, process by process, at fixed rates.

Unlike the most calls a second, this says where the time goes. Without a flow the caller hears ringing until a seat
answers, and the talk lasts a second; with one he is greeted for five seconds and talks for two. Recording is on, seats
answer at once, SIPp runs on the same cores and is counted under "the whole machine" alone. What is used while nobody
calls is in it, a part that is the smaller the more call.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.calls_per_second import talk_of
from benchmarks.chapter import Chapter, Row, percentile
from benchmarks.machine import busy_seconds, children, cpu_seconds, parent
from benchmarks.sipp import dial, seats_of
from benchmarks.systems import System, ours, plain

SEATS = 200
SEAT_PORT = 17_730
RUNS = 2
RATES: Mapping[str, tuple[int, ...]] = {"ring": (20, 50, 80, 110), "answer": (10, 30, 45)}
SECONDS = 15
SETTLED_SECONDS = 3.0
SAID = {"ring": "no flow", "answer": "with a flow"}


@dataclass(slots=True)
class _Taken:
    """What a call took at one rate, run by run: milliseconds by process, and how soon 95 % had their answer."""

    by_process: dict[str, list[float]] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)


async def measure() -> Chapter:
    """Measure both in turns, without a flow and with one."""
    chapter = Chapter(
        name="call_cost",
        title="What a call costs at a fixed rate",
        how=str(__doc__).partition("\n\n")[2].strip(),
    )
    for arrival, rates in RATES.items():
        taken = {(name, rate): _Taken() for rate in rates for name in ("ours", "plain")}
        for run in range(RUNS):
            for name in ("ours", "plain") if run % 2 == 0 else ("plain", "ours"):
                system = ours(SEATS, arrival=arrival) if name == "ours" else plain(SEATS, arrival=arrival)
                await _measure(system, {rate: taken[name, rate] for rate in rates}, arrival)
        for (name, rate), found in taken.items():
            about = f"{SAID[arrival]}, {rate} a second, {name}"
            chapter.rows += [
                Row(figure=f"{about}: {process}", values=values, unit="ms")
                for process, values in found.by_process.items()
            ]
            chapter.rows.append(Row(figure=f"{about}: answered, p95", values=found.answered, unit="ms"))
            if any(found.failed):
                chapter.rows.append(Row(figure=f"{about}: failed", values=found.failed, unit="calls"))
    return chapter


async def _measure(running: AbstractAsyncContextManager[System], taken: Mapping[int, _Taken], arrival: str) -> None:
    talk = talk_of(arrival)
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with running as system, seats_of(system, folder, port=SEAT_PORT):
            for rate, found in taken.items():
                await asyncio.sleep(SETTLED_SECONDS)
                calls = rate * SECONDS
                before = _used(system)
                dialled, _ = await dial(system, folder, rate=rate, calls=calls, talk_seconds=talk, at_once=calls)
                for process, used in _used(system).items():
                    cost = (used - before[process]) * 1000 / calls
                    found.by_process.setdefault(process, []).append(cost)
                found.answered.append(percentile(dialled.answered_ms, 0.95))
                found.failed.append(float(dialled.failed))


def _used(system: System) -> dict[str, float]:
    """Give the processor seconds that each part of a system has used so far."""
    used = {"Asterisk": cpu_seconds([system.asterisk])}
    if system.controller is not None:
        rest = set(children(parent(system.controller))) - {system.asterisk, system.controller}
        used |= {"controller": cpu_seconds([system.controller]), "its helpers": cpu_seconds(rest)}
    return used | {"the whole machine": busy_seconds()}
