"""The machine a benchmark runs on, and what processes cost on it."""

import asyncio
import os
import platform
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def described() -> str:
    """Say what machine this is, without its name."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        "processor",
    )
    whose = "the system's Python" if sys.base_prefix == "/usr" else "a Python of its own,"
    return f"{os.cpu_count()} cores of {model}, {whose} {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


def cpu_seconds(pids: Iterable[int]) -> float:
    """Give the processor time that these processes have used so far."""
    total = 0
    for pid in pids:
        fields = _fields(pid)
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def busy_seconds() -> float:
    """Give the processor time that everything on this machine has used so far."""
    user, nice, system, _, _, irq, softirq = (int(ticks) for ticks in _lines("/proc/stat")[0].split()[1:8])
    return (user + nice + system + irq + softirq) / _TICKS


def parent(pid: int) -> int:
    """Give the process that started this one."""
    return int(_fields(pid)[1])


def memory_mb(pid: int) -> float:
    """Give what a process keeps in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE / 2**20


def children(pid: int) -> list[int]:
    """Give this process and all that it started, and those theirs."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += [int(child) for child in task.read_text("ascii").split()]
    return found


@dataclass(slots=True)
class Stops:
    """How long an event loop stood still."""

    longest: float = 0.0
    """In seconds."""
    all: list[float] = field(default_factory=list)


@asynccontextmanager
async def loop_stops(every: float = 0.001) -> AsyncIterator[Stops]:
    """Watch the loop that runs this: whatever keeps a short sleep from ending in time has stopped it."""
    stops = Stops()

    async def watch() -> None:
        before = time.perf_counter()
        while True:
            await asyncio.sleep(every)
            now = time.perf_counter()
            stopped = now - before - every
            stops.all.append(stopped)
            stops.longest = max(stops.longest, stopped)
            before = now

    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch(), name="watch the loop")
        try:
            yield stops
        finally:
            watching.cancel()


def _fields(pid: int) -> list[str]:
    """Give what the kernel says of a process, behind its name."""
    return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
