"""What a controller keeps in memory with 200 seats and 100 calls, and what a day costs on which nobody calls."""

import asyncio
import tempfile
from pathlib import Path

from benchmarks.chapter import Chapter, Row
from benchmarks.machine import memory_mb
from benchmarks.sipp import dial, seats_of
from benchmarks.systems import System, ours

SEATS, CALLS = 200, 100
SEAT_PORT = 17_730
RUNS = 2
TALK_SECONDS = 20.0
RATE = 10
SETTLED_SECONDS = 15.0
IDLE_SECONDS = 60.0
DAY_SECONDS = 86_400.0
MB = 2**20


async def measure() -> Chapter:
    """Measure idle, then with 100 talks at once."""
    memory_idle, memory_busy, ours_cpu, asterisk_cpu, written = [], [], [], [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
            folder = Path(name)
            async with ours(SEATS, arrival="ring") as system, seats_of(system, folder, port=SEAT_PORT):
                assert system.controller is not None
                assert system.folder is not None
                await asyncio.sleep(SETTLED_SECONDS)  # what signing in has left is written
                memory_idle.append(memory_mb(system.controller))
                before = system.cpu()
                size = await asyncio.to_thread(_size, system.folder)
                await asyncio.sleep(IDLE_SECONDS)
                after = system.cpu()
                written.append((await asyncio.to_thread(_size, system.folder) - size) / MB * DAY_SECONDS / IDLE_SECONDS)
                asterisk_cpu.append((after[0] - before[0]) / IDLE_SECONDS * DAY_SECONDS / 60)
                ours_cpu.append((after[1] - before[1]) / IDLE_SECONDS * DAY_SECONDS / 60)
                memory_busy.append(await _busy(system, folder))
    return Chapter(
        name="footprint",
        title="Memory, and an idle day",
        how=f"{SEATS} seats signed in, {CALLS} talks at once; an idle day is {IDLE_SECONDS:g} s of nobody calling, "
        "reckoned up. Whether phones are there is asked every 5 s, as always.",
        rows=[
            Row(figure="controller, nobody calls", values=memory_idle, unit="MB"),
            Row(figure=f"controller, {CALLS} talks", values=memory_busy, unit="MB"),
            Row(figure="controller, an idle day", values=ours_cpu, unit="min of one core"),
            Row(figure="Asterisk, an idle day", values=asterisk_cpu, unit="min of one core"),
            Row(figure="written in an idle day", values=written, unit="MB"),
        ],
    )


async def _busy(system: System, folder: Path) -> float:
    """Give the most that the controller keeps while all talk."""
    assert system.controller is not None
    most = 0.0
    async with asyncio.TaskGroup() as tasks:
        calls = tasks.create_task(
            dial(system, folder, rate=RATE, calls=CALLS, talk_seconds=TALK_SECONDS, at_once=CALLS), name="calls"
        )
        while not calls.done():
            most = max(most, memory_mb(system.controller))
            await asyncio.sleep(0.5)
    assert calls.result()[0].failed == 0
    return most


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
