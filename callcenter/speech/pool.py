"""All speech workers: kept alive, given the taps of calls, and the recordings for which there was no time."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from callcenter.domain.errors import UnavailableError
from callcenter.domain.ids import CallId
from callcenter.domain.notes import TapId, Words
from callcenter.speech.worker import Engine, Json, Patience, Worker

log = structlog.get_logger(__name__)

BACK_OFF_FIRST = 0.2
BACK_OFF_MOST = 30.0
RAN_WELL_SECONDS = 60.0
LATE_SECONDS = 5.0  # words so late are told on /health: the machine does not keep up


class Audience(Protocol):
    """Who is told what the workers hear. Every method is called on the loop and must not wait."""

    def tap_ready(self, tap_id: TapId, port: int) -> None:
        """A worker waits for this tap on this port of this machine."""

    def tap_begun(self, tap_id: TapId, at: datetime) -> None:
        """The first sound came; it was said at this moment."""

    def tap_heard(self, tap_id: TapId, words: Words) -> None:
        """Somebody said something."""

    def tap_settled(self, tap_id: TapId, until: datetime) -> None:
        """Everything said before this moment has been told."""

    def tap_over(self, tap_id: TapId, until: datetime | None) -> None:
        """All is told, and nothing more comes; `until` is the last moment heard, None where nothing was."""

    def tap_lost(self, tap_id: TapId) -> None:
        """The worker is gone: what was said and not told yet is not known."""


@dataclass(slots=True, kw_only=True)
class Post:
    """A place for one worker after the other."""

    number: int
    worker: Worker | None = None
    deaths: int = 0
    why: str | None = None
    """Why the last one ended; None while all is well."""
    shed_at: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Job:
    worker: Worker
    words: list[Words] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    failed: str | None = None


class SpeechPool:
    """Owns the workers. `audience` is set before `run`."""

    audience: Audience

    def __init__(
        self,
        engine: Engine,
        *,
        workers: int,
        streams: int,
        patience: Patience | None = None,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._engine = engine
        self._streams = streams
        self._patience = patience or Patience()
        self._new_id = new_id
        self._posts = [Post(number=number) for number in range(1, workers + 1)]
        self._jobs: dict[str, _Job] = {}
        self.restarts = 0
        """Workers that were started in the place of one that ended."""
        self.shed = 0
        """Streams that were let go because the engine did not keep up."""

    async def run(self) -> None:
        """Keep the workers until cancelled; they end with this."""
        async with asyncio.TaskGroup() as tasks:
            for post in self._posts:
                tasks.create_task(self._keep(post), name=f"speech worker {post.number}")

    @property
    def ready(self) -> int:
        """Workers that have their model."""
        return len(self._ready())

    @property
    def streams(self) -> int:
        """Taps that are being heard, or about to be."""
        return sum(len(worker.taps) for worker in self._ready())

    @property
    def room(self) -> int:
        """Taps that could be taken beside these."""
        return sum(max(0, self._streams - len(worker.taps)) for worker in self._ready())

    @property
    def pids(self) -> Sequence[int]:
        """Process ids of the workers that live."""
        return [post.worker.pid for post in self._posts if post.worker is not None and post.worker.pid is not None]

    @property
    def refused(self) -> int:
        """Connections to the workers that were none of Asterisk's, since they were started."""
        return sum(sum(worker.refused.values()) for worker in self._ready())

    def condition(self) -> tuple[str | None, str]:
        """Say what is wrong, or None, and how all is, in words for the person who reads /health."""
        ready = self._ready()
        name = ready[0].name if ready else ""
        detail = f"{name}: {len(ready)} of {len(self._posts)} workers, {self.streams} voices are heard"
        whys = (post.why or (post.worker and post.worker.ends) for post in self._posts)
        faults = list(dict.fromkeys(why for why in whys if why))
        if not ready and not faults:
            return "the recogniser is being loaded; what is said meanwhile is noted afterwards", detail
        if faults:
            away = len(self._posts) - len(ready)
            return f"{away} of {len(self._posts)} workers are away: {'; '.join(faults)}", detail
        if (behind := max((worker.behind for worker in ready), default=0.0)) > LATE_SECONDS:
            return f"words come {behind:.0f} s late: this machine does not keep up with so many voices", detail
        return None, detail

    # Taps

    def place(self, tap_id: TapId, call_id: CallId) -> bool:
        """Have a worker expect this tap; False where none has room. All of a call go to one worker if it can be."""
        free = [worker for worker in self._ready() if len(worker.taps) < self._streams]
        if not free:
            return False
        chosen = min(free, key=lambda worker: (call_id not in worker.taps.values(), len(worker.taps), worker.behind))
        chosen.taps[tap_id] = call_id
        chosen.order(do="expect", tap=tap_id)
        return True

    def forget(self, tap_id: TapId) -> None:
        """Hear no more of this tap; what it has heard is still told, then that it is over."""
        for worker in self._ready():
            if tap_id in worker.taps:
                worker.order(do="forget", tap=tap_id)

    # Recordings

    async def transcribe(self, recording: Path, *, channel: int, begins: float, ends: float) -> Sequence[Words]:
        """Hear a stretch of one channel of a kept recording, when live calls leave time for it.

        `begins` and `ends` are its seconds; the moments of the words are seconds of the recording after the epoch.

        Raises:
            UnavailableError: no worker has time, or it ended in the midst of it.

        """
        idle = [worker for worker in self._ready() if not worker.jobs]
        if not idle:
            raise UnavailableError("no speech worker has time")
        worker = min(idle, key=lambda each: len(each.taps))
        job_id, job = self._new_id(), _Job(worker=worker)
        self._jobs[job_id] = job
        worker.jobs.add(job_id)
        worker.order(do="transcribe", job=job_id, file=str(recording), channel=channel, **{"from": begins, "to": ends})
        try:
            await job.over.wait()
        finally:
            self._jobs.pop(job_id, None)
            if not job.over.is_set():
                worker.jobs.discard(job_id)
                worker.order(do="drop", job=job_id)
        if job.failed is not None:
            raise UnavailableError(job.failed)
        return job.words

    # Workers

    def _ready(self) -> list[Worker]:
        return [post.worker for post in self._posts if post.worker is not None and post.worker.is_ready]

    async def _keep(self, post: Post) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            post.worker = worker = Worker(self._engine, self._patience, tell=self._told)
            try:
                why = await worker.run()
            except OSError as error:
                why = f"it could not be started ({error.strerror})"
            finally:
                self._lose(worker)
            post.deaths = 1 if loop.time() - began > RAN_WELL_SECONDS else post.deaths + 1
            post.why = why
            delay = min(BACK_OFF_MOST, BACK_OFF_FIRST * 2 ** min(post.deaths - 1, 10))
            log.warning("a speech worker ended", worker=post.number, why=why, starts_again_in=delay)
            self.restarts += 1
            await asyncio.sleep(delay)

    def _lose(self, worker: Worker) -> None:
        """Tell of everything that went with a worker."""
        lost, worker.taps = list(worker.taps), {}
        for tap_id in lost:
            self.audience.tap_lost(tap_id)
        for job in self._jobs.values():
            if job.worker is worker and not job.over.is_set():
                job.failed = "the speech worker ended"
                job.over.set()

    def _told(self, worker: Worker, message: Json) -> None:
        """Hand on what a worker says."""
        if "job" in message:
            self._told_of_job(message)
            return
        match message["is"]:
            case "ready":
                for post in self._posts:
                    if post.worker is worker:
                        post.why = None
            case "expecting":
                if worker.port is not None:
                    self.audience.tap_ready(TapId(message["tap"]), worker.port)
            case "begun":
                self.audience.tap_begun(TapId(message["tap"]), _moment(message["at"]))
            case "heard":
                self.audience.tap_heard(TapId(message["tap"]), _words(message))
            case "over":
                until = message["until"]
                self.audience.tap_over(TapId(message["tap"]), None if until is None else _moment(until))
            case "beat":
                for tap_id, (settled, *_) in message["taps"].items():
                    self.audience.tap_settled(TapId(tap_id), _moment(settled))
                self._shed(worker, message["taps"])

    def _told_of_job(self, message: Json) -> None:
        job = self._jobs.get(message["job"])
        if job is None:
            return
        match message["is"]:
            case "heard":
                job.words.append(_words(message))
            case "undone":
                job.failed = f"the recording could not be read ({message['why']})"
                job.over.set()
            case "done":
                job.over.set()

    def _shed(self, worker: Worker, taps: dict[str, tuple[float, float, float]]) -> None:
        """Let the stream go that is furthest behind, where the engine cannot keep up with all of them."""
        now = asyncio.get_running_loop().time()
        post = next((post for post in self._posts if post.worker is worker), None)
        worst = max(taps, key=lambda tap_id: taps[tap_id][1], default=None)
        if post is None or worst is None or taps[worst][1] < self._patience.shed:
            return
        if now - post.shed_at < self._patience.flood:
            return
        post.shed_at = now
        self.shed += 1
        tap_id = TapId(worst)
        worker.taps.pop(tap_id, None)
        worker.order(do="abandon", tap=tap_id)
        self.audience.tap_lost(tap_id)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _words(message: Json) -> Words:
    return Words(
        number=message["number"],
        begins=_moment(message["begins"]),
        ends=_moment(message["ends"]),
        text=message["text"],
        confidence=message["confidence"],
        final=message["final"],
    )
