"""Asterisk's side of a tap: connects to a worker, says the UUID, and sends a frame every 20 ms."""

import asyncio
import uuid
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callcenter.speech.audiosocket import NAMES, SOUND, frame
from scripts.phones.sound import FRAME_SAMPLES, FRAME_SECONDS, Sound


class TapSender:
    """One tap's connection."""

    def __init__(self, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        self._writer, self._reader = writer, reader

    def sends(self, data: bytes) -> None:
        """Send these bytes as they are."""
        self._writer.write(data)

    async def says(self, sound: Sound, *, pace: float = 1.0, other: Sound | None = None) -> None:
        """Say this on the left and something else on the right; `pace` 0 sends all at once."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for left, right in zip(_frames(sound), _frames(other, len(sound.samples)), strict=False):
            both = array("h", bytes(4 * FRAME_SAMPLES))
            both[::2], both[1::2] = left, right
            self._writer.write(frame(SOUND, both.tobytes()))
            await self._writer.drain()
            due += FRAME_SECONDS * pace
            if due > loop.time():
                await asyncio.sleep(due - loop.time())

    async def closed(self, *, within: float) -> None:
        """Wait until the other side has closed the connection."""
        async with asyncio.timeout(within):
            try:
                assert await self._reader.read() == b"", "a server has nothing to say"
            except ConnectionError:
                return


def _frames(sound: Sound | None, length: int = 0) -> "list[array[int]]":
    samples = array("h", bytes(2 * length)) if sound is None else sound.samples[:]
    samples += array("h", bytes(2 * (-len(samples) % FRAME_SAMPLES)))
    return [samples[at : at + FRAME_SAMPLES] for at in range(0, len(samples), FRAME_SAMPLES)]


@asynccontextmanager
async def tapping(port: int, tap_id: str | None) -> AsyncIterator[TapSender]:
    """Connect as this tap, or without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if tap_id is not None:
            writer.write(frame(NAMES, uuid.UUID(tap_id).bytes))
        yield TapSender(writer, reader)
    finally:
        writer.transport.abort()
