"""How much memory and how many descriptors the hotline's processes have, again and again while calls go on."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

from tests.support.running_hotline import RunningHotline

OF = ("controller", "asterisk")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_POOLED = (".sqlite3", ".sqlite3-wal", ".sqlite3-shm")  # the database keeps what it has opened, a few at most
_FEW = 8  # samples from which no line is drawn


@dataclass(frozen=True, slots=True)
class Sample:
    """One process at one moment."""

    of: str
    pid: int
    calls: int
    """Calls that were over by then."""
    memory: int
    """Resident, in bytes."""
    files: Counter[str]
    """Its descriptors by what they are."""

    @property
    def descriptors(self) -> int:
        """How many it has."""
        return self.files.total()


@dataclass(frozen=True, slots=True)
class Growth:
    """What became of one process: of the one that lived longest, once its stores and pools were filled."""

    of: str
    memory: tuple[int, int, int]
    """In bytes: the medians of the first, middle and last fifth of its samples, all under load."""
    per_call: float
    """Bytes for each call, as a straight line through all these samples has it."""
    calls: int
    """Calls between the first sample and the last."""
    descriptors: tuple[int, int, int]
    """At rest before the first call, under load, at rest after the last."""
    more: Counter[str]
    """What it has more of at rest after the last call than before the first."""

    def __str__(self) -> str:
        """Say it in one line."""
        memory = " / ".join(f"{each / 2**20:.1f}" for each in self.memory)
        before, load, after = self.descriptors
        more = ", ".join(f"{number} {what}" for what, number in self.more.most_common())
        return (
            f"{self.of}: memory {memory} MB at begin, middle and end of {self.calls} calls, "
            f"{self.per_call / 1024:+.2f} kB a call; descriptors {before} before, {load} under load, {after} after"
            + (f" (more: {more})" if more else "")
        )


def look(running: RunningHotline, of: str, calls: int) -> Sample | None:
    """Look at one process; None where it is not there at this moment. Blocks for a moment."""
    try:
        pid = running.pid(of)
        resident = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE
        names = [name for name in running.open_files(of).values() if not name.endswith(_POOLED)]
        if running.pid(of) != pid:
            return None
    except (OSError, ValueError, IndexError):
        return None
    return Sample(of, pid, calls, resident, Counter(re.sub(r"\d+", "#", name.rpartition("/")[2]) for name in names))


def growth(samples: Sequence[Sample], of: str, *, before: Sample, after: Sample) -> Growth | None:
    """Say how a process has grown; None where it was seen too seldom. `before`, `after`: with no call going on."""
    of_these = [sample for sample in samples if sample.of == of]
    pids = [sample.pid for sample in of_these]
    longest = max(set(pids), key=pids.count, default=None)
    lived = [sample for sample in of_these if sample.pid == longest]
    seen = lived[len(lived) // 4 :]
    if len(seen) < _FEW or seen[0].calls == seen[-1].calls:
        return None
    fifth = max(1, len(seen) // 5)
    at = len(seen) // 2 - fifth // 2
    begin, middle, end = (
        round(median(each.memory for each in part)) for part in (seen[:fifth], seen[at : at + fifth], seen[-fifth:])
    )
    calls, memory = [float(each.calls) for each in seen], [float(each.memory) for each in seen]
    return Growth(
        of=of,
        memory=(begin, middle, end),
        per_call=linear_regression(calls, memory).slope,
        calls=seen[-1].calls - seen[0].calls,
        descriptors=(before.descriptors, round(median(each.descriptors for each in seen)), after.descriptors),
        more=after.files - before.files,
    )
