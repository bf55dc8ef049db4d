"""How soon words become notes while people talk, in real time, on the real speech workers.

    python -m benchmarks.live_notes --calls 1 2 4 8 --seconds 60

Both sides of the test calls in ../shared/audio are sent as Asterisk sends taps: AudioSocket, a frame every 20 ms.
A final's delay is from the end of what was said to the moment the controller has the text; the gap between partials
is that between two tellings of one utterance while it goes on. `--streams` is the setting speech_streams: a voice
beyond it is refused, and would be noted from the recording.
"""

import argparse
import asyncio
import os
import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from callcenter.domain.ids import CallId
from callcenter.domain.notes import TapId, Words
from callcenter.settings_sources import cache_folder
from callcenter.speech.models import models_folder
from callcenter.speech.pool import SpeechPool
from callcenter.speech.worker import Engine
from scripts.phones.sound import Sound
from tests.support.mandarin import CALLS, sound_of
from tests.support.tap_sender import tapping

STAGGER_SECONDS = 0.7  # real calls do not begin in the same moment
LAST_WORDS_SECONDS = 30.0
RATE = 8000


@dataclass(slots=True)
class Measured:
    """What came of one number of calls."""

    calls: int
    finals: list[float] = field(default_factory=list)
    partials: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0
    cpu_seconds: float = 0.0
    seconds: float = 0.0


class Listener:
    """Takes the times of what the workers tell."""

    def __init__(self, measured: Measured) -> None:
        self._measured = measured
        self._told: dict[tuple[TapId, int], float] = {}
        self.ports: asyncio.Queue[tuple[TapId, int]] = asyncio.Queue()
        self.open: set[TapId] = set()

    def tap_ready(self, tap_id: TapId, port: int) -> None:
        """Send this tap to that port."""
        self.open.add(tap_id)
        self.ports.put_nowait((tap_id, port))

    def tap_begun(self, tap_id: TapId, at: datetime) -> None:
        """Nothing to measure."""

    def tap_heard(self, tap_id: TapId, words: Words) -> None:
        """Take the time at which words are there."""
        now, key = time.time(), (tap_id, words.number)
        before = self._told.pop(key, None)
        if words.final and words.text:
            self._measured.finals.append(now - words.ends.timestamp())
        elif not words.final:
            self._measured.partials.append(now - (before or words.begins.timestamp()))
            self._told[key] = now

    def tap_settled(self, tap_id: TapId, until: datetime) -> None:
        """Nothing to measure."""

    def tap_over(self, tap_id: TapId, until: datetime | None) -> None:
        """Wait for this tap no longer."""
        del until
        self.open.discard(tap_id)

    def tap_lost(self, tap_id: TapId) -> None:
        """Count a tap that was let go or lost."""
        self._measured.lost += 1
        self.open.discard(tap_id)


async def measure(engine: Engine, *, calls: int, seconds: float, workers: int, streams: int) -> Measured:
    """Let so many calls talk for so long."""
    measured = Measured(calls=calls)
    listener = Listener(measured)
    pool = SpeechPool(engine, workers=workers, streams=streams)
    pool.audience = listener
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pool.run())
        async with asyncio.timeout(120):
            while pool.ready < workers:  # noqa: ASYNC110 - a benchmark may look
                await asyncio.sleep(0.1)
        before, began = cpu_of(pool.pids), time.monotonic()
        async with asyncio.TaskGroup() as talks:
            for number in range(calls):
                for side in ("caller", "operator"):
                    sound = _cut(CALLS[number % len(CALLS)], side, seconds, turn=number // len(CALLS))
                    tap_id = TapId(str(uuid.uuid4()))
                    if not pool.place(tap_id, CallId(f"call-{number}")):
                        measured.refused += 1
                        continue
                    tap_id, port = await listener.ports.get()
                    talks.create_task(_talk(port, tap_id, sound))
                await asyncio.sleep(STAGGER_SECONDS)
        measured.seconds = time.monotonic() - began
        measured.cpu_seconds = cpu_of(pool.pids) - before
        async with asyncio.timeout(LAST_WORDS_SECONDS):
            while listener.open:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        running.cancel()
    return measured


async def _talk(port: int, tap_id: TapId, sound: Sound) -> None:
    async with tapping(port, tap_id) as tap:
        await tap.says(sound)


def _cut(call: str, side: str, seconds: float, *, turn: int) -> Sound:
    """Give a stretch of a test call; who talks at the same time as another says something else."""
    samples = sound_of(call, side)
    first = int(turn * 20 * RATE) % len(samples)
    turned = samples[first:] + samples[:first]
    return Sound(samples=turned[: int(seconds * RATE)])


def cpu_of(pids: Sequence[int]) -> float:
    """Give the processor seconds that these processes have taken."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def row(measured: Measured) -> str:
    """Write one line of the table."""
    return (
        f"| {measured.calls} | {2 * measured.calls - measured.refused} | {measured.refused} | {len(measured.finals)} "
        f"| {_times(measured.finals)} | {len(measured.partials)} | {_times(measured.partials)} | {measured.lost} "
        f"| {measured.cpu_seconds / measured.seconds * 100:.0f} % |"
    )


def _times(values: Sequence[float]) -> str:
    if not values:
        return "- | - | -"
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    return f"{statistics.median(ordered):.2f} | {p95:.2f} | {ordered[-1]:.2f}"


async def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description="How soon words are notes while people talk.")
    options.add_argument("--calls", type=int, nargs="+", default=[1, 2, 4, 8])
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 1) // 2))
    options.add_argument("--streams", type=int, default=100, help="voices for each worker")
    options.add_argument("--threads", type=int, default=None, help="pieces that a worker decodes at a time")
    options.add_argument("--engine", default="whisper")
    options.add_argument("--model", default=None)
    chosen = options.parse_args()
    threads = chosen.threads or max(1, (os.cpu_count() or 1) // chosen.workers)
    models = str(models_folder(cache_folder(os.environ)))
    engine = Engine(
        factory="callcenter.speech.chosen:load",
        options={"engine": chosen.engine, "model": chosen.model, "models": models, "threads": threads},
    )
    print(f"{chosen.engine}, {chosen.workers} worker(s) of {threads} thread(s), at most {chosen.streams} voices each,")
    print(f"{os.cpu_count()} cores,", end=" ")
    print(f"{chosen.seconds:.0f} s each; load average before: {os.getloadavg()[0]:.1f}\n")
    print("| calls | voices heard | refused | finals | median s | p95 s | max s | partials | median s | p95 s | max s "
          "| let go | one core |")  # fmt: skip
    print("| ---" * 13 + " |")
    for calls in chosen.calls:
        measured = await measure(
            engine, calls=calls, seconds=chosen.seconds, workers=chosen.workers, streams=chosen.streams
        )
        print(row(measured), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
