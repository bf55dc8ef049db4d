"""Asterisk's AudioSocket, the listening side: one TCP connection for each tap, and nothing is ever believed.

A frame is its kind (1 byte), its length (2 bytes, big-endian) and that many bytes. The first one is the UUID of the
tap, then come 50 frames of sound a second: 8 kHz, signed 16 bit, little-endian, left and right in turn, of which the
left is the tapped leg's own voice. The end is the end of the connection. (Measured with Asterisk 22.10.1.)
"""

import asyncio
import struct
import time
import uuid
from array import array
from collections import Counter
from collections.abc import Callable
from typing import Protocol, cast

ENDS, NAMES, KEY, SOUND, FAILS = 0x00, 0x01, 0x03, 0x10, 0xFF
LONGEST_FRAME = 3200  # bytes; Asterisk sends 640
MOST_STRANGERS = 50  # connections that have not said yet which tap they are
NAME_SECONDS = 2.0  # Asterisk says it at once
SILENT_SECONDS = 5.0  # Asterisk sends a frame every 20 ms, in silence too
SWEEP_SECONDS = 0.5

_HEADER = struct.Struct(">BH")
_UUID_BYTES = 16
_PAIR_BYTES = 4


class Ear(Protocol):
    """Who hears one tap."""

    def sound(self, pcm: bytes, at: float) -> None:
        """Take the next sound of the left channel; `at` is when it came, in seconds since the epoch."""

    def over(self) -> None:
        """Know that no more comes. Called once."""


class AudioSocketServer:
    """Listens on a port of its own on loopback; `admit` gives the ear for a tap, or None for a strange one.

    It always reads: Asterisk would keep what is not read, and send it late.
    """

    def __init__(self, admit: Callable[[str], Ear | None], *, clock: Callable[[], float] = time.time) -> None:
        self._admit = admit
        self._clock = clock
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.refused: Counter[str] = Counter()
        """Why connections were closed by us, and how often."""

    async def open(self) -> int:
        """Begin to listen; gives the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def watch(self) -> None:
        """Close connections that keep silent, until cancelled; then close all."""
        try:
            while True:
                await asyncio.sleep(SWEEP_SECONDS)
                now = time.monotonic()
                for connection in list(self._connections):
                    connection.look(now)
        finally:
            if self._server is not None:
                self._server.close()
            for connection in list(self._connections):
                connection.close()

    @property
    def strangers(self) -> int:
        """Connections that have not said which tap they are."""
        return sum(connection.ear is None for connection in self._connections)

    def close(self, ear: Ear) -> None:
        """End the connection of this ear."""
        for connection in list(self._connections):
            if connection.ear is ear:
                connection.close()

    def came(self, connection: "_Connection") -> None:
        """Take in a connection."""
        self._connections.add(connection)

    def went(self, connection: "_Connection") -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def ear_for(self, name: bytes) -> Ear | None:
        """Give who hears the tap of this name."""
        return self._admit(str(uuid.UUID(bytes=name)))

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()


class _Connection(asyncio.Protocol):
    """One peer, who may be anybody on this machine."""

    def __init__(self, server: AudioSocketServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._came = self._heard = time.monotonic()
        self._closed = False
        self.ear: Ear | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a loop other than asyncio's own has classes of its own
        if self._server.strangers >= MOST_STRANGERS:
            self._refuse("too many at once")
            return
        self._server.came(self)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while not self._closed and (frame := self._next_frame()) is not None:
            self._take(*frame)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._end()

    def look(self, now: float) -> None:
        """Close it where it has been silent for too long."""
        if self.ear is None and now - self._came > NAME_SECONDS:
            self._refuse("never said which tap it is")
        elif self.ear is not None and now - self._heard > SILENT_SECONDS:
            self._refuse("fell silent")

    def close(self) -> None:
        """End it; what was heard is kept."""
        if self._transport is not None:
            self._transport.abort()
        self._end()

    def _next_frame(self) -> tuple[int, bytes] | None:
        if len(self._waiting) < _HEADER.size:
            return None
        kind, length = _HEADER.unpack_from(self._waiting)
        if length > LONGEST_FRAME or kind not in (ENDS, NAMES, KEY, SOUND, FAILS):
            self._refuse("no AudioSocket frame")
            return None
        if len(self._waiting) < _HEADER.size + length:
            return None
        payload = bytes(self._waiting[_HEADER.size : _HEADER.size + length])
        del self._waiting[: _HEADER.size + length]
        return kind, payload

    def _take(self, kind: int, payload: bytes) -> None:
        if self.ear is None:
            self._take_name(kind, payload)
            return
        if kind == SOUND and len(payload) % _PAIR_BYTES == 0:
            self._heard = time.monotonic()
            self.ear.sound(left_of(payload), self._server.now())
        elif kind == ENDS:
            self.close()
        elif kind != KEY:  # keys are heard elsewhere, by the menu
            self._refuse("not what a tap sends")

    def _take_name(self, kind: int, payload: bytes) -> None:
        if kind != NAMES or len(payload) != _UUID_BYTES:
            self._refuse("never said which tap it is")
            return
        ear = self._server.ear_for(payload)
        if ear is None:
            self._refuse("an unknown tap")
            return
        self.ear, self._heard = ear, time.monotonic()

    def _refuse(self, why: str) -> None:
        if not self._closed:
            self._server.refused[why] += 1
            self.close()

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._waiting.clear()
        self._server.went(self)
        if self.ear is not None:
            self.ear.over()


def left_of(pairs: bytes) -> bytes:
    """Give the left channel of sound in which left and right take turns."""
    samples = array("h")
    samples.frombytes(pairs)
    return samples[::2].tobytes()


def frame(kind: int, payload: bytes) -> bytes:
    """Write one frame, as Asterisk does."""
    return _HEADER.pack(kind, len(payload)) + payload
