"""How many voices are heard as they speak, on each core, before their words come late."""

import os

from benchmarks.chapter import Chapter, Row, percentile
from benchmarks.live_notes import measure as talk
from callcenter.settings_sources import cache_folder
from callcenter.speech.models import models_folder
from callcenter.speech.worker import Engine

CALLS = (1, 2, 3, 4, 6)
SECONDS = 30.0
RUNS = 2
LATE_SECONDS = 1.5
ROOM = 100  # voices that a worker takes: the machine is to be the limit


async def measure() -> Chapter:
    """Let ever more calls of two voices talk at once."""
    cores = os.cpu_count() or 1
    workers = max(1, cores // 2)
    models = str(models_folder(cache_folder(os.environ)))
    engine = Engine(
        factory="callcenter.speech.chosen:load",
        options={"engine": "whisper", "model": None, "models": models, "threads": max(1, cores // workers)},
    )
    chapter = Chapter(
        name="voices",
        title="Live voices for each core",
        how=f"Whisper base, {workers} worker of {cores // workers} threads; calls of two voices, {SECONDS:g} s each. "
        f"In time: of twenty texts nineteen are there within {LATE_SECONDS:g} s of the end of what was said.",
    )
    finals: dict[int, list[list[float]]] = {}
    in_time = []
    for _ in range(RUNS):
        most = 0
        for calls in CALLS:
            found = await talk(engine, calls=calls, seconds=SECONDS, workers=workers, streams=ROOM)
            finals.setdefault(calls, []).append(found.finals)
            if percentile(found.finals, 0.95) <= LATE_SECONDS:
                most = max(most, 2 * calls)
        in_time.append(most / cores)
    chapter.rows.append(Row(figure="voices for each core, in time", values=in_time, unit=""))
    for calls, runs in finals.items():
        for share, name in ((0.5, "p50"), (0.95, "p95")):
            values = [percentile(run, share) for run in runs]
            chapter.rows.append(Row(figure=f"{2 * calls} voices, {name}", values=values, unit="s"))
    return chapter
