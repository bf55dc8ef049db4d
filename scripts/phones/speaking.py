"""Saying something to the other side: sound, words to their end, and keys in the sound's stream."""

import asyncio
import contextlib
from pathlib import Path

from scripts.phones.line import Line
from scripts.phones.outcome import CallEndedError
from scripts.phones.sound import Sound


class Speaking:
    """The speaking half of a call."""

    __slots__ = ()

    line: Line
    _ended: asyncio.Event

    @property
    def name(self) -> str:
        """Whose mouth it is."""
        raise NotImplementedError

    def says(self, sound: Sound) -> None:
        """Say something from now on, instead of what was said."""
        self.line.say(sound, when_said=nobody_waits)

    async def speaks(self, speech: Sound | Path) -> None:
        """Say words to their end; silence follows."""
        sound = speech if isinstance(speech, Sound) else Sound.speech(speech)
        said, loop = asyncio.Event(), asyncio.get_running_loop()
        self.line.say(sound, when_said=lambda: _tell(loop, said))
        over = asyncio.ensure_future(said.wait())
        gone = asyncio.ensure_future(self._ended.wait())
        try:
            async with asyncio.timeout(sound.seconds + 2.0):
                await asyncio.wait([over, gone], return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            gone.cancel()
        if not said.is_set():
            raise CallEndedError(f"{self.name}: the call ended while speaking")

    def presses(self, keys: str) -> None:
        """Press keys in the sound's stream (RFC 4733), 120 ms each, 100 ms and a little between."""
        self.line.press(keys)


def nobody_waits() -> None:
    """Nobody waits for the end of these words."""


def _tell(loop: asyncio.AbstractEventLoop, said: asyncio.Event) -> None:
    # The media thread may say so after the test's loop has gone.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(said.set)
