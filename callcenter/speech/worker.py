"""One speech worker as the controller sees it: a process, its lines, and whether it still gets on with its work."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import callcenter
from callcenter.domain.notes import TapId

if TYPE_CHECKING:
    from callcenter.domain.ids import CallId

_ROOT = Path(callcenter.__file__).parent.parent
_MODULE = "callcenter.speech.worker_child"
_LONGEST_LINE = 1 << 20
_KILL_SECONDS = 5.0
STEP_SECONDS = 0.05  # less is no step forward, only how sound is cut into pieces

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a worker hears with."""

    factory: str
    """`MODULE:FUNCTION` that gives the recogniser; fixed words of the program, never of a request."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Its keyword arguments, as JSON values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a worker may take, in seconds."""

    load: float = 180.0
    """The largest models take half a minute of a slow disk."""
    beat: float = 8.0
    """Without a sign of life; it gives one each second, and comes last on a busy machine."""
    behind: float = 10.0
    """So much sound may wait for the engine while nothing is decoded."""
    shed: float = 15.0
    """A stream so far behind is no live notes; it is let go, so that the others get on."""
    flood: float = 10.0
    """Between two sheddings of one worker: the engine needs time to catch up."""
    look: float = 1.0


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far the engine has come with one stream."""

    settled: float
    behind: float
    decoded: float
    since: float
    """Monotonic second at which it last came further."""


class Worker:
    """One process, from its start to its end; a new one is made for the next."""

    def __init__(self, engine: Engine, patience: Patience, *, tell: Callable[["Worker", Json], None]) -> None:
        self._engine = engine
        self._patience = patience
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._heard_of = 0.0
        self._progress: dict[TapId, Progress] = {}
        self.port: int | None = None
        """Where taps connect to; None until the model is loaded."""
        self.name = ""
        """The model's."""
        self.fault: str | None = None
        """Why it cannot work, in words for people."""
        self.ends: str | None = None
        """Why it is at its end, while its process is still being ended."""
        self.taps: dict[TapId, CallId] = {}
        self.jobs: set[str] = set()
        self.refused: dict[str, int] = {}
        """Connections that were none of ours, by what was wrong with them."""

    @property
    def is_ready(self) -> bool:
        """It can be given taps."""
        return self.port is not None

    @property
    def behind(self) -> float:
        """Seconds of sound that wait, of the stream that is worst off."""
        return max((progress.behind for progress in self._progress.values()), default=0.0)

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return None if self._process is None else self._process.pid

    async def run(self) -> str:
        """Start it and listen to it until it ends; says why it ended. Raises OSError where it cannot be started."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _MODULE,
            "--recogniser",
            self._engine.factory,
            "--options",
            json.dumps(dict(self._engine.options)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # a library's complaint may hold what somebody said
            cwd=_ROOT,
            start_new_session=True,  # Ctrl-C is for the hotline, which ends its children itself
            limit=_LONGEST_LINE,
        )
        try:
            self.ends = await self._listen(self._process)
            return self.ends
        finally:
            self.port = None
            await self._end(self._process)

    def order(self, **order: object) -> None:
        """Tell it to do something; never waits, and a worker that is gone is no error."""
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _listen(self, process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        loop = asyncio.get_running_loop()
        began = self._heard_of = loop.time()
        while True:
            try:
                async with asyncio.timeout(self._patience.look):
                    line = await process.stdout.readline()
            except TimeoutError:
                line = None
            except ValueError:
                return "it said more in one line than it ever has to"
            now = loop.time()
            if line == b"":
                return self.fault or "it ended by itself"
            if line:
                self._heard_of = now
                self._take(json.loads(line), now)
            if (stalled := self._stalled(now, began)) is not None:
                return stalled

    def _take(self, message: Json, now: float) -> None:
        match message["is"]:
            case "loading":
                return
            case "ready":
                self.port, self.name = int(message["port"]), str(message["engine"])
            case "failed":
                self.fault = str(message["why"])
                return
            case "beat":
                self._note_progress(message["taps"], now)
                self.refused = message["refused"]
            case "over":
                self.taps.pop(message["tap"], None)
            case "done" | "undone":
                self.jobs.discard(message["job"])
        self._tell(self, message)

    def _note_progress(self, taps: Mapping[str, tuple[float, float, float]], now: float) -> None:
        before = self._progress
        self._progress = {}
        for name, (settled, behind, decoded) in taps.items():
            tap_id = TapId(name)
            known = before.get(tap_id)
            if known is None or settled > known.settled or decoded > known.decoded + STEP_SECONDS:
                known = Progress(settled=settled, behind=behind, decoded=decoded, since=now)
            known.behind = behind
            self._progress[tap_id] = known

    def _stalled(self, now: float, began: float) -> str | None:
        """Say what shows that it does not get on any more; None where it does."""
        if self.port is None and now - began > self._patience.load:
            return f"the model was not loaded within {self._patience.load:.0f} s"
        if now - self._heard_of > self._patience.beat:
            return f"it gave no sign of life for {self._patience.beat:.0f} s"
        for progress in self._progress.values():
            if progress.behind > self._patience.behind and now - progress.since > self._patience.behind:
                return f"it decoded nothing for {self._patience.behind:.0f} s"
        return None

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # it holds nothing that would have to be written
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_KILL_SECONDS):
                await process.wait()
        except asyncio.CancelledError:  # whoever ends the pool at this moment finds no process behind it either
            async with asyncio.timeout(_KILL_SECONDS):
                await process.wait()
            raise
