"""A speech worker: the process that hears several calls at once and tells their words, line by line.

It is told what to do by lines of JSON at its standard input and answers by lines at its standard output:

    {"do": "expect", "tap": UUID}         a tap of this id will connect             -> {"is": "expecting", "tap": UUID}
    {"do": "forget", "tap": UUID}         it is not wanted any more                 -> {"is": "over", ...}
    {"do": "abandon", "tap": UUID}        nor is what it has heard
    {"do": "transcribe", "job": ID, "file": WAV, "channel": 0|1, "from": s, "to": s}
                                          words of a recording, when there is time  -> {"is": "done", "job": ID}
    {"do": "drop", "job": ID}             they are not wanted any more

By itself it says `ready` (with its port), `begun` and `heard` of a tap, `beat` once a second with how far each stream
has come. Moments are seconds since the epoch. It ends when its standard input ends, so that it never outlives the
controller; and whoever kills it takes no call with it.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import threading
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callcenter.domain.errors import CallcenterError
from callcenter.speech.audiosocket import AudioSocketServer
from callcenter.speech.moments import Moments
from callcenter.speech.recogniser import Heard, Recogniser, Stream

BEAT_SECONDS = 1.0
RATE_HZ = 8000
BYTES_A_SECOND = 2 * RATE_HZ
FEED_SECONDS = 10.0  # of a recording at one time
MOST_BEHIND = 30.0  # seconds of a recording that wait for the engine
MOST_UNREAD_BYTES = 4 << 20  # of our words that the controller has not read: it is gone, or might as well be
PARTIALS_UNREAD_BYTES = 64 << 10  # beyond this partials are left out
LOOK_SECONDS = 0.05
NICE = 5  # Asterisk and the controller come first

Json = dict[str, Any]


@dataclass(slots=True, eq=False)
class Tap:
    """One leg that is listened to."""

    id: str
    worker: "Worker"
    stream: Stream | None = None
    moments: Moments = field(default_factory=Moments)
    position: float = 0.0
    """Seconds heard."""
    told: bool = False
    abandoned: bool = False

    @property
    def decoded(self) -> float:
        """Seconds that the engine has come to. In a long sentence it comes further though nothing is settled."""
        assert self.stream is not None
        return self.position - self.stream.behind

    def sound(self, pcm: bytes, at: float) -> None:
        """Take the next sound."""
        self.position += len(pcm) / BYTES_A_SECOND
        self.moments.note(self.position, at)
        if not self.told:
            self.told = True
            self.worker.say({"is": "begun", "tap": self.id, "at": self.moments.of(0.0)})
        assert self.stream is not None
        self.stream.feed(pcm)

    def over(self) -> None:
        """Close what is open; `finished` follows."""
        if self.stream is not None and not self.abandoned:
            self.stream.finish()

    def heard(self, heard: Heard) -> None:
        """Tell words, on the loop's thread."""
        self.worker.tell_words({"is": "heard", "tap": self.id}, heard, self.moments.of)

    def finished(self) -> None:
        """Tell that there is nothing more to tell."""
        self.worker.taps.pop(self.id, None)
        until = self.moments.of(self.position) if self.position else None
        self.worker.say({"is": "over", "tap": self.id, "until": until})


class Worker:
    """The loop's side of the process: sockets, lines, beats. The engine decodes in a thread of its own."""

    def __init__(self, recogniser: Recogniser, out: asyncio.WriteTransport, loop: asyncio.AbstractEventLoop) -> None:
        self._recogniser = recogniser
        self._out = out
        self._loop = loop
        self._expected: dict[str, Tap] = {}
        self.taps: dict[str, Tap] = {}
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._server = AudioSocketServer(self._admit)

    async def run(self, lines: asyncio.StreamReader) -> None:
        """Work until the input ends."""
        port = await self._server.open()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._server.watch()), tasks.create_task(self._beat())]
            self.say({"is": "ready", "port": port, "engine": self._recogniser.name})
            while line := await lines.readline():
                self._obey(json.loads(line), tasks)
            for task in (*running, *self._jobs.values()):
                task.cancel()

    def say(self, message: Json) -> None:
        """Write a line; never waits."""
        self._out.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
        if self._out.get_write_buffer_size() > MOST_UNREAD_BYTES:
            os._exit(1)

    def tell_words(self, message: Json, heard: Heard, moment: Callable[[float], float]) -> None:
        """Tell what was heard. Words that may still change are left out while the controller does not read."""
        if not heard.final and self._out.get_write_buffer_size() > PARTIALS_UNREAD_BYTES:
            return
        self.say(
            message
            | {
                "number": heard.number,
                "begins": moment(heard.start),
                "ends": moment(heard.end),
                "text": heard.text,
                "confidence": heard.confidence,
                "final": heard.final,
            }
        )

    def _obey(self, order: Json, tasks: asyncio.TaskGroup) -> None:
        match order["do"]:
            case "expect":
                self._expected[order["tap"]] = Tap(order["tap"], self)
                self.say({"is": "expecting", "tap": order["tap"]})
            case "forget":
                self._forget(order["tap"])
            case "abandon":
                self._abandon(order["tap"])
            case "transcribe":
                self._jobs[order["job"]] = tasks.create_task(self._transcribe(order), name=f"job {order['job']}")
            case "drop":
                if (job := self._jobs.pop(order["job"], None)) is not None:
                    job.cancel()

    def _admit(self, tap_id: str) -> Tap | None:
        """Let in a tap that the controller has announced, once."""
        tap = self._expected.pop(tap_id, None)
        if tap is None:
            return None
        tap.stream = self._recogniser.stream(
            lambda heard: self._on_loop(tap.heard, heard), on_finished=lambda: self._on_loop(tap.finished)
        )
        self.taps[tap_id] = tap
        return tap

    def _on_loop(self, act: Callable[..., None], *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends
            self._loop.call_soon_threadsafe(act, *values)

    def _forget(self, tap_id: str) -> None:
        if self._expected.pop(tap_id, None) is not None:
            self.say({"is": "over", "tap": tap_id, "until": None})
        elif (tap := self.taps.get(tap_id)) is not None:
            self._server.close(tap)

    def _abandon(self, tap_id: str) -> None:
        """Let a tap go, with all that waits to be decoded of it."""
        if (tap := self.taps.pop(tap_id, None)) is not None and tap.stream is not None:
            tap.stream.abandon()
            tap.abandoned = True
            self._server.close(tap)

    async def _beat(self) -> None:
        while True:
            taps = {
                tap.id: [tap.moments.of(tap.stream.settled), tap.stream.behind, tap.decoded]
                for tap in self.taps.values()
                if tap.stream is not None and tap.position
            }
            beat = {"is": "beat", "taps": taps, "refused": dict(self._server.refused)}
            self._loop.call_soon(self.say, beat)  # behind the words that were told before these seconds were settled
            await asyncio.sleep(BEAT_SECONDS)

    async def _transcribe(self, order: Json) -> None:
        """Hear a stretch of a recording again, piece by piece, so that live calls keep the engine."""
        job, zero = order["job"], float(order["from"])
        done = asyncio.Event()
        stream = self._recogniser.stream(
            lambda heard: self._on_loop(self._tell_job, job, heard, zero),
            on_finished=lambda: self._on_loop(done.set),
            live=False,
        )
        try:
            at = zero
            while at < float(order["to"]):
                to = min(at + FEED_SECONDS, float(order["to"]))
                pcm = await asyncio.to_thread(read_stretch, Path(order["file"]), int(order["channel"]), at, to)
                if not pcm:
                    break
                stream.feed(pcm)
                at = to
                while stream.behind > MOST_BEHIND:  # noqa: ASYNC110 - the engine has no event for it
                    await asyncio.sleep(LOOK_SECONDS)
            stream.finish()
            await done.wait()
        except (OSError, EOFError, wave.Error) as error:
            stream.abandon()
            self.say({"is": "undone", "job": job, "why": type(error).__name__})
        except asyncio.CancelledError:
            stream.abandon()
            raise
        else:
            self.say({"is": "done", "job": job})
        finally:
            self._jobs.pop(job, None)

    def _tell_job(self, job: str, heard: Heard, zero: float) -> None:
        if heard.final and heard.text:
            self.tell_words({"is": "heard", "job": job}, heard, lambda seconds: zero + seconds)


def read_stretch(path: Path, channel: int, begins: float, ends: float) -> bytes:
    """Read some seconds of one channel of a recording. Blocks. Raises OSError, EOFError, wave.Error."""
    with wave.open(str(path), "rb") as file:
        if (file.getframerate(), file.getsampwidth()) != (RATE_HZ, 2) or channel >= file.getnchannels():
            raise wave.Error("not a recording of ours")
        first = min(max(0, round(begins * RATE_HZ)), file.getnframes())
        last = min(max(first, round(ends * RATE_HZ)), file.getnframes())
        file.setpos(first)
        samples = memoryview(file.readframes(last - first)).cast("h")
        return samples[channel :: file.getnchannels()].tobytes()


async def serve(load: Callable[[], Recogniser], incoming: int, outgoing: int) -> None:
    """Load the model and work; ends with the input, also while the model is being loaded."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(incoming, "rb", 0))
    out, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(outgoing, "wb", 0))
    loading = loop.create_future()

    def in_thread() -> None:
        try:
            loaded: object = load()
        except BaseException as error:  # noqa: BLE001 - handed to the loop, which tells it
            loaded = error
        loop.call_soon_threadsafe(loading.set_result, loaded)

    threading.Thread(target=in_thread, name="load", daemon=True).start()
    while not loading.done() and not lines.at_eof():
        await asyncio.wait([loading], timeout=BEAT_SECONDS)
        out.write(b'{"is": "loading"}\n')
    loaded = loading.result() if loading.done() else None
    if isinstance(loaded, BaseException):
        out.write(json.dumps({"is": "failed", "why": _why(loaded)}, ensure_ascii=False).encode() + b"\n")
        await asyncio.sleep(0)
    elif loaded is not None:
        await Worker(loaded, out, loop).run(lines)


def _why(error: BaseException) -> str:
    """Say why there is no recogniser: our own errors in their words, others by their kind alone."""
    if isinstance(error, CallcenterError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return f"the Python package {error.name} is not installed"
    return f"the recogniser could not be loaded ({type(error).__name__})"


def main() -> None:
    """Run one worker."""
    options = argparse.ArgumentParser()
    options.add_argument("--recogniser", required=True, help="MODULE:FUNCTION that gives the recogniser")
    options.add_argument("--options", default="{}", help="JSON object: keyword arguments of that function")
    chosen = options.parse_args()
    os.nice(NICE)
    with contextlib.suppress(OSError):  # where Linux shares the processors among sessions, nice counts only within one
        Path("/proc/self/autogroup").write_text(str(NICE), encoding="ascii")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when the engine's libraries are loaded
    incoming, outgoing = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # what a library prints is no line of ours
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    module, _, function = chosen.recogniser.partition(":")

    def load() -> Recogniser:
        made: Recogniser = getattr(importlib.import_module(module), function)(**json.loads(chosen.options))
        return made

    async def work() -> None:
        await serve(load, incoming, outgoing)
        os._exit(0)  # the engine's threads may be in the middle of something long, and nobody waits for it

    asyncio.run(work())


if __name__ == "__main__":
    main()
