"""Figures are reckoned in a process of their own, so that no caller ever waits for a sum.

The controller hands it what is noted, asks it for figures, and tells those who watch what it says of the day. When it
dies it is started again, and begins with what the journal tells; meanwhile whoever asks is told to come again.
"""

import asyncio
import itertools
import pickle
import struct
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Any

import structlog

import callcenter
from callcenter.domain.calls import Call
from callcenter.domain.errors import UnavailableError
from callcenter.domain.facts import ClockStepped, Fact
from callcenter.domain.figures.reading import OF_NO_FIGURE
from callcenter.domain.figures.records import Period
from callcenter.domain.records import Numbered
from callcenter.domain.views import Json
from callcenter.office.figures import Figures, so_far
from callcenter.office.ports import SteppedClock
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

_MODULE = "callcenter.reckoning_child"
_ROOT = Path(callcenter.__file__).parent.parent
ANSWER_SECONDS = 60.0  # a day of 200 seats takes some seconds; whoever asks for a month waits longer
RETRY_FIRST_SECONDS, RETRY_MOST_SECONDS = 0.5, 15.0
GATHER_SECONDS = 0.1  # the figures are told every three seconds
FED_AGAIN = 20_000  # facts kept for a process that begins anew: what the database may not have yet
GOODBYE_SECONDS = 2.0
LONGEST_FRAME = 1 << 28
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Ahead:
    """How far the machine's clock is ahead of the hotline's time: what is reckoned goes by that, not by the machine's.

    It is the first that the process is told, and told anew when the clock was stepped or its new time is taken over.
    """

    by: timedelta


@dataclass(frozen=True, slots=True)
class Question:
    """What the process is asked."""

    number: int
    period: Period
    queue: str | None
    seat: str | None
    by_half_hours: bool


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Nobody waits for the answer to this question any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What it answers; `fault`: why it cannot."""

    number: int
    found: tuple[Figures, Sequence[Figures]] | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Figures of the day that goes on, as an event for those who watch."""

    kind: str
    data: Json


def frame(thing: object) -> bytes:
    """Write something for the other process."""
    raw = pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(raw)) + raw


async def read_frame(reader: asyncio.StreamReader) -> Any:
    """Read what the other process wrote. Raises EOFError at its end."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > LONGEST_FRAME:
            raise EOFError("what was read is no frame")
        return pickle.loads(await reader.readexactly(length))  # noqa: S301 - from our own process, over our own pipe
    except asyncio.IncompleteReadError as error:
        raise EOFError("the other side is gone") from error


class Reckoner:
    """Owns the process. Fills the office's `Reckons`."""

    def __init__(
        self,
        database: str,
        *,
        zone: tzinfo,
        clock: SteppedClock,
        stream: Stream,
        latest_seq: Callable[[], int],
        live: bool = True,
    ) -> None:
        """Join the parts.

        `latest_seq`: number of the journal's newest entry; `live` False: the process is started for the first question.
        """
        self._database = database
        self._zone = zone
        self._clock = clock
        self._stream = stream
        self._latest_seq = latest_seq
        self._fed: deque[Numbered] = deque(maxlen=FED_AGAIN)
        self._noted: list[Numbered] = []  # since the last time that something was handed on
        self._writer: asyncio.StreamWriter | None = None
        self._there = asyncio.Event()
        self._wanted = asyncio.Event()
        if live:
            self._wanted.set()
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[tuple[Figures, Sequence[Figures]]]] = {}
        self._told: dict[tuple[str, str | None, str | None], list[Json]] = {}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    def noted(self, fact: Fact, call: Call | None) -> None:
        """Hand on what was just noted; never waits."""
        del call
        if isinstance(fact, OF_NO_FIGURE):
            return
        told = Numbered(self._latest_seq(), fact)
        self._fed.append(told)
        if self._writer is None:
            return
        if isinstance(fact, ClockStepped):
            self._hand_over()
            self._write(Ahead(self._clock.ahead))
        self._noted.append(told)
        if len(self._noted) == 1:
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._hand_over)

    def _hand_over(self) -> None:
        """Hand on what was noted and is still here; together, for one by one they cost more to write than to reckon."""
        noted, self._noted = self._noted, []
        if noted:
            self._write(noted)

    def _write(self, thing: object) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame(thing))

    def today(self) -> Period:
        """The hotline's local day, so far."""
        return so_far(self._clock.now(), self._zone)

    async def of(self, period: Period, *, queue: str | None = None, seat: str | None = None) -> Figures:
        """Reckon every figure of a period. Raises UnavailableError."""
        whole, _ = await self._ask(period, queue=queue, seat=seat, by_half_hours=False)
        return whole

    async def halves(
        self, period: Period, *, queue: str | None = None, seat: str | None = None
    ) -> tuple[Figures, Sequence[Figures]]:
        """Reckon a period, and each half-hour of it. Raises UnavailableError."""
        return await self._ask(period, queue=queue, seat=seat, by_half_hours=True)

    async def run(self) -> None:
        """Keep the process running until cancelled."""
        await self._wanted.wait()
        wait = RETRY_FIRST_SECONDS
        while True:
            began = self._clock.monotonic()
            why = await self._run_once()
            steady = self._clock.monotonic() - began > RETRY_MOST_SECONDS
            wait = RETRY_FIRST_SECONDS if steady else min(2 * wait, RETRY_MOST_SECONDS)
            log.error("the process that reckons figures has ended; it is started again", why=why, seconds=wait)
            await asyncio.sleep(wait)

    async def _run_once(self) -> str:
        """Run one process to its end; why it ended."""
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                _MODULE,
                self._database,
                str(self._zone),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=_ROOT,
                start_new_session=True,  # Ctrl-C is for the hotline, which ends its children itself
                limit=1 << 20,
            )
        except OSError as error:
            return f"it could not be started: {error.strerror}"
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(frame(Ahead(self._clock.ahead)))
            process.stdin.write(frame([*self._fed]))
            self._noted, self._writer = [], process.stdin
            self._there.set()
            while True:
                self._hear(await read_frame(process.stdout))
        except (EOFError, ConnectionError) as error:
            return str(error)
        finally:
            self._there.clear()
            self._writer = None
            self._give_up("the process that reckons them has ended; ask again")
            await _end(process)

    def _hear(self, said: Any) -> None:
        if isinstance(said, Answer):
            asked = self._asked.pop(said.number, None)
            if asked is None or asked.done():
                return
            if said.found is None:
                asked.set_exception(UnavailableError(said.fault or "the figures cannot be reckoned now"))
            else:
                asked.set_result(said.found)
        elif isinstance(said, Change):
            self._stream.publish(said.kind, self._clock.now(), self._held_once(said))

    def _held_once(self, change: Change) -> Json:
        """Share what did not change since it was told last: the stream holds thousands of events, 30 kB in each."""
        whose = (change.kind, change.data.get("queue"), change.data.get("seat"))
        figures: list[Json] = change.data["figures"]
        before = self._told.get(whose, figures)
        self._told[whose] = [was if was == now else now for was, now in zip(before, figures, strict=True)]
        return change.data | {"figures": self._told[whose]}

    def _give_up(self, why: str) -> None:
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(UnavailableError(f"the figures cannot be reckoned now: {why}"))
        self._asked.clear()

    async def _ask(
        self, period: Period, *, queue: str | None, seat: str | None, by_half_hours: bool
    ) -> tuple[Figures, Sequence[Figures]]:
        number = next(self._numbers)
        self._wanted.set()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._there.wait()
                assert self._writer is not None
                answer: asyncio.Future[tuple[Figures, Sequence[Figures]]] = asyncio.get_running_loop().create_future()
                self._asked[number] = answer
                self._hand_over()  # what is asked for is as of now
                self._write(Question(number, period, queue, seat, by_half_hours))
                return await answer
        except TimeoutError as error:
            raise UnavailableError(f"the figures took longer than {ANSWER_SECONDS:.0f} s") from error
        finally:
            if self._asked.pop(number, None) is not None:  # it goes only with its answer
                self._write(GivenUp(number))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it see that nobody asks any more; end it by force where it does not go."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def reckoner_of(
    switchboard: Switchboard,
    stream: Stream,
    *,
    database: str,
    zone: tzinfo,
    clock: SteppedClock,
    latest_seq: Callable[[], int],
    live: bool,
) -> Reckoner:
    """Make what reckons figures, and have it told of every fact from now on."""
    reckoner = Reckoner(database, zone=zone, clock=clock, stream=stream, latest_seq=latest_seq, live=live)
    switchboard.when_noted(reckoner.noted)
    return reckoner
