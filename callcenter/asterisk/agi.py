"""One caller in the menu, driven by AsyncAGI: what he is told, and the keys he presses.

Commands are made of fixed words, file names of our own and numbers, never of anybody's text: whoever could write
into one could run a program as Asterisk's user.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar
from urllib.parse import unquote
from uuid import uuid4

import structlog

from callcenter.asterisk.ami import Answer, Headers
from callcenter.asterisk.channels import Channel
from callcenter.asterisk.link import AmiLink
from callcenter.domain.errors import CallerGone, UnavailableError

log = structlog.get_logger(__name__)

GUARD_SECONDS = 6  # Asterisk sends the caller on to the waiting loop when nobody renews this
IDLE_SECONDS = 5.0  # a flow that has given no command for so long hangs: its caller is let go to the waiting loop
COMMAND_SECONDS = 180.0  # the longest words and the slowest keys; beyond it the command is lost
LEAVE_SECONDS = 3.0
PLAYED_OUT_SECONDS = 0.2  # what a phone keeps back to even out a line's jitter
FILES_LENGTH = 800  # bytes of file names in one command: Asterisk takes lines of about 1000
BETWEEN_FILES_SECONDS = 0.05
MOST_DIGITS = 40
_SAFE_FILE = re.compile(r"[^\x00-\x1f\x7f\"\\&,$|;()]+")
_RESULT = re.compile(r"200 result=(-?\d+)")
_DIGITS = re.compile(r"[0-9*#A-D]*")
_UUID = re.compile(r"[0-9a-fA-F-]{36}")
_TERMINATORS = frozenset("0123456789*#")

PromptT = TypeVar("PromptT")


class AgiCaller(Generic[PromptT]):
    """The caller's side of one call, while his channel is in AsyncAGI.

    `file_of` gives a prompt's sound file without its ending, or several joined by `&`.
    """

    def __init__(
        self,
        link: AmiLink,
        channel: Channel,
        *,
        number: str | None,
        file_of: Callable[[PromptT], str],
        monotonic: Callable[[], float],
    ) -> None:
        self.number = number
        self._link = link
        self._channel = channel
        self._file_of = file_of
        self._monotonic = monotonic
        self._results: dict[str, asyncio.Future[str]] = {}
        self._gone = False
        self._left = False
        self._spoke = False
        self._acted = monotonic()

    async def say(self, prompts: Sequence[PromptT]) -> None:
        """Let the caller hear these to their end; keys meanwhile are dropped. Raises CallerGone."""
        commands = [*self._voice(), *(_playback(files) for files in self._chunks(prompts))]
        if commands:
            await self._run(commands)
            self._greeted()
            played = await self._look("PLAYBACKSTATUS")
            if played.headers.get("Value") == "FAILED":
                log.warning("a prompt did not play: its sound file is missing", call_id=self._channel.call_id)

    async def ask(
        self,
        prompts: Sequence[PromptT],
        *,
        max_digits: int,
        terminator: str | None,
        barge_in: bool,
        first_digit_seconds: float,
        next_digit_seconds: float,
    ) -> str:
        """Let the caller hear these and give the keys he presses, without the terminator. Raises CallerGone."""
        if not 1 <= max_digits <= MOST_DIGITS or (terminator is not None and terminator not in _TERMINATORS):
            raise ValueError("max_digits is 1 to 40, terminator one key")
        chunks = list(self._chunks(prompts))
        before: list[str] = []
        if not barge_in:
            before, chunks = [_playback(files) for files in chunks], []
        commands = [*self._voice(), *before]
        digits = ""
        self._set("TIMEOUT(digit)", f"{next_digit_seconds:.3f}")
        for files in chunks[:-1]:
            self._set("TIMEOUT(response)", f"{BETWEEN_FILES_SECONDS:.3f}")
            digits = await self._read(commands, files, max_digits, terminator)
            commands = []
            if digits:
                break
        else:
            self._set("TIMEOUT(response)", f"{first_digit_seconds:.3f}")
            digits = await self._read(commands, chunks[-1] if chunks else "", max_digits, terminator)
        if prompts:
            self._greeted()
        return digits

    async def leave(self) -> None:
        """Send the caller on to the waiting loop. No harm when he is there or gone already."""
        if self._gone:
            return
        self._left = True
        try:
            await self._run(["ASYNCAGI BREAK"], limit=LEAVE_SECONDS)
        except CallerGone:
            return
        except UnavailableError:
            log.warning("the caller will leave the menu by its guard", call_id=self._channel.call_id)

    async def hang_up(self) -> None:
        """End the call, when the caller's phone has played the end of what it was sent."""
        self._left = True
        await asyncio.sleep(PLAYED_OUT_SECONDS)
        if self._gone or self._channel.name is None:
            return
        try:
            await self._link.act("Hangup", Channel=self._channel.name, Cause=16)
        except UnavailableError:
            log.warning("the caller could not be hung up", call_id=self._channel.call_id)

    @property
    def needs_guard(self) -> bool:
        """The flow is at work, so the caller's stay in it may be prolonged."""
        at_work = bool(self._results) or self._monotonic() - self._acted < IDLE_SECONDS
        return at_work and not (self._gone or self._left)

    def heard(self, headers: Headers) -> None:
        """Take in the end of a command (AsyncAGIExec)."""
        result = self._results.pop(headers.get("CommandId", ""), None)
        if result is not None and not result.done():
            self._acted = self._monotonic()
            result.set_result(unquote(headers.get("Result", "")).strip())

    def ended(self) -> None:
        """Know that the caller has hung up, was taken elsewhere, or cannot be heard any more."""
        self._gone = True
        waiting, self._results = list(self._results.values()), {}
        for result in waiting:
            if not result.done():
                result.set_exception(CallerGone())
                result.exception()  # looked at here: perhaps nobody waits for this one

    def _chunks(self, prompts: Sequence[PromptT]) -> Iterator[str]:
        """Join file names with `&`, as many as fit into one command."""
        joined = ""
        for name in (name for prompt in prompts for name in self._file_of(prompt).split("&")):
            if not _SAFE_FILE.fullmatch(name):
                raise UnavailableError("a prompt's file name holds a sign that Asterisk would take for its own")
            if joined and len(f"{joined}&{name}".encode()) > FILES_LENGTH:
                yield joined
                joined = ""
            joined = f"{joined}&{name}" if joined else name
        if joined:
            yield joined

    def _voice(self) -> list[str]:
        """Have Asterisk tell the moment of the first words: its clock counts (t1)."""
        call_id = self._channel.call_id or ""
        if self._spoke or not _UUID.fullmatch(call_id):
            return []
        self._spoke = True
        return [f'EXEC UserEvent "Voice,CaseId: {call_id}"']

    def _greeted(self) -> None:
        """Keep the waiting loop from greeting a second time."""
        self._set("GREETED", "1")

    def _set(self, variable: str, value: str) -> None:
        if self._gone or self._channel.name is None:
            raise CallerGone
        try:
            self._link.send("Setvar", Channel=self._channel.name, Variable=variable, Value=value)
        except UnavailableError:
            raise CallerGone from None

    async def _read(self, commands: list[str], files: str, max_digits: int, terminator: str | None) -> str:
        self._set("ASKED", "")
        await self._run([*commands, f'EXEC Read "ASKED,{files},{max_digits},t({terminator or ""}),1"'])
        answer = await self._look("ASKED")
        if not answer.success:
            raise CallerGone
        digits = answer.headers.get("Value", "")
        if not _DIGITS.fullmatch(digits):
            raise UnavailableError("Asterisk gave keys that no phone has")
        return digits[:max_digits]

    async def _look(self, variable: str) -> Answer:
        if self._gone or self._channel.name is None:
            raise CallerGone
        try:
            return await self._link.act("Getvar", Channel=self._channel.name, Variable=variable)
        except UnavailableError:
            raise CallerGone from None

    async def _run(self, commands: Sequence[str], *, limit: float = COMMAND_SECONDS) -> None:
        """Give commands together, so that Asterisk has to look for them only once, and await the last."""
        given = {command_id: self._give(command_id, command) for command_id, command in _numbered(commands)}
        try:
            self._wake()
            async with asyncio.timeout(limit):
                for result in given.values():
                    _check(await result)
        except TimeoutError:
            raise UnavailableError("Asterisk did not end a command of the menu in time") from None
        finally:
            self._acted = self._monotonic()
            for command_id in given:
                self._results.pop(command_id, None)

    def _wake(self) -> None:
        """Have Asterisk look for commands at once.

        By itself it looks when the caller's phone has sent a packet, each 20 ms, and ten times a second where it sends
        none. A flash from the phone, which we feign, makes it look too, and nothing else takes notice of one.
        """
        if self._gone or self._channel.name is None:
            raise CallerGone
        try:
            self._link.send("SendFlash", Channel=self._channel.name, Receive="true")
        except UnavailableError:
            raise CallerGone from None

    def _give(self, command_id: str, command: str) -> "asyncio.Future[str]":
        if self._gone or self._channel.name is None:
            raise CallerGone
        result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._results[command_id] = result
        try:
            taken = self._link.send("AGI", Channel=self._channel.name, Command=command, CommandID=command_id)
        except UnavailableError:
            self.ended()
            raise CallerGone from None

        def acknowledged(answer: "asyncio.Future[Answer]") -> None:
            if answer.cancelled() or answer.exception() is not None or not answer.result().success:
                self._results.pop(command_id, None)
                if not result.done():
                    result.set_exception(CallerGone())
                    result.exception()

        taken.add_done_callback(acknowledged)
        return result


def _numbered(commands: Sequence[str]) -> list[tuple[str, str]]:
    return [(str(uuid4()), command) for command in commands]


def _playback(files: str) -> str:
    return f'EXEC Playback "{files},noanswer"'


def _check(result: str) -> None:
    if result.startswith(("510", "520")) or result == "200 result=-2":
        raise UnavailableError("Asterisk does not know a command of the menu; app_read and app_playback must be loaded")
    found = _RESULT.match(result)
    if found is None or found[1] == "-1":  # 511: the channel is dead
        raise CallerGone
