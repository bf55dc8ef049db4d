"""The sound side of a phone: one thread that sends a packet every 20 ms for each call and keeps what arrives.

A thread of its own, because a test that analyses sound on the event loop would otherwise delay the sending and then
find gaps that only the test made.
"""

import contextlib
import math
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from scripts.phones.datagrams import Address, open_socket, receive
from scripts.phones.g711 import PCMA, Codec
from scripts.phones.rtp import TELEPHONE_EVENT, Packet, StreamStart, read_packet, write_key_press, write_packet
from scripts.phones.sound import FRAME_SAMPLES, FRAME_SECONDS, Sound

KEY_FRAMES = 6  # 120 ms: a key is held so long
_END_FRAMES = 3  # the end of a key press is said three times (RFC 4733, 2.5.1.4)
_KEY_PAUSE_FRAMES = 5  # 100 ms between two keys
_STOP_SECONDS = 2.0
_IDLE_SECONDS = 1.0


@dataclass(slots=True)
class _Saying:
    payloads: list[bytes]
    repeats: bool
    when_said: Callable[[], None]
    at: int = 0

    def next_payload(self) -> bytes | None:
        if self.at == len(self.payloads):
            if not self.repeats:
                return None
            self.at = 0
        self.at += 1
        return self.payloads[self.at - 1]


@dataclass(slots=True, eq=False)
class Line:
    """The RTP of one call: where it sends, what it says, and every packet that came.

    Signalling sets the fields; the media thread reads them. Each is replaced whole, never changed in part.
    """

    socket: socket.socket
    start: StreamStart
    remote: Address | None = None
    codec: Codec = PCMA
    key_payload_type: int | None = TELEPHONE_EVENT
    sends: bool = True
    """False while this side holds or the other side does not want to hear."""
    packets: list[Packet] = field(default_factory=list)
    latest_send: float = 0.0
    """By how many seconds the worst packet left too late: more than 0.02 means this machine was too busy to judge."""
    _saying: _Saying | None = None
    _keys: deque[str] = field(default_factory=deque)
    _key_frame: int = 0
    _sequence: int = 0
    _timestamp: int = 0
    _next_at: float = 0.0
    _was_sending: bool = False
    _key_began: int = 0
    _is_over: bool = False

    def __post_init__(self) -> None:
        self._sequence, self._timestamp = self.start.sequence, self.start.timestamp
        self._next_at = time.monotonic()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.socket.getsockname()[1])

    def say(self, sound: Sound, *, when_said: Callable[[], None]) -> None:
        """Say something from the next packet on; `when_said` is called in the media thread once it is over."""
        self._saying = _Saying(payloads=sound.payloads(self.codec), repeats=sound.repeats, when_said=when_said)

    def press(self, keys: str) -> None:
        """Press keys one after the other (RFC 4733), each for 120 ms."""
        self._keys.extend(keys)

    @property
    def due(self) -> float:
        """When the next packet has to leave, on the monotonic clock."""
        return math.inf if self._is_over else self._next_at

    def finish(self) -> None:
        """Send nothing any more; late packets are still kept."""
        self._is_over = True

    def send_due(self, now: float) -> None:
        """Send what is due."""
        while self.due <= now:
            self.latest_send = max(self.latest_send, now - self._next_at)
            self._send_one()
            self._next_at += FRAME_SECONDS
            self._timestamp += FRAME_SAMPLES

    def take_in(self) -> None:
        """Keep what has arrived."""
        while (datagram := receive(self.socket)) is not None:
            packet = read_packet(datagram.data, arrived=datagram.arrived)
            if packet is not None:
                self.packets.append(packet)

    def _send_one(self) -> None:
        if self.remote is None or not self.sends:
            self._was_sending = False
            return
        payload = self._next_payload()
        if self._keys and self.key_payload_type is not None:
            self._send_key_frame(self.key_payload_type)
        else:
            self._send(payload, payload_type=self.codec.payload_type, marker=not self._was_sending)
        self._was_sending = True

    def _next_payload(self) -> bytes:
        saying = self._saying
        payload = saying.next_payload() if saying is not None else None
        if payload is None:
            if saying is not None:
                self._saying = None
                saying.when_said()
            return self.codec.encode([0]) * FRAME_SAMPLES
        return payload

    def _send_key_frame(self, payload_type: int) -> None:
        if self._key_frame == 0:
            self._key_began = self._timestamp
        self._key_frame += 1
        frame = self._key_frame
        if frame <= KEY_FRAMES + _END_FRAMES:
            payload = write_key_press(
                self._keys[0], duration=min(frame, KEY_FRAMES) * FRAME_SAMPLES, is_end=frame > KEY_FRAMES
            )
            self._send(payload, payload_type=payload_type, marker=frame == 1, timestamp=self._key_began)
        else:
            self._send(self.codec.encode([0]) * FRAME_SAMPLES, payload_type=self.codec.payload_type, marker=False)
        if frame == KEY_FRAMES + _END_FRAMES + _KEY_PAUSE_FRAMES:
            self._keys.popleft()
            self._key_frame = 0

    def _send(self, payload: bytes, *, payload_type: int, marker: bool, timestamp: int | None = None) -> None:
        data = write_packet(
            ssrc=self.start.ssrc,
            sequence=self._sequence,
            timestamp=self._timestamp if timestamp is None else timestamp,
            marker=marker,
            payload_type=payload_type,
            payload=payload,
        )
        self._sequence += 1
        assert self.remote is not None
        # A full buffer or a port that is closed is a lost packet, as on any line.
        with contextlib.suppress(OSError):
            self.socket.sendto(data, self.remote)


class Media(Protocol):
    """What sends and takes the sound of a phone's calls."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, for this phone."""

    def open_line(self, start: StreamStart) -> Line:
        """Open a line on a free port."""


class MediaThread:
    """All lines of one phone; begins with `start`, ends with `stop`."""

    def __init__(self, *, host: str, name: str) -> None:
        self._host = host
        self._lines: tuple[Line, ...] = ()
        self._change = threading.Lock()
        self._stopping = False
        self._failure: BaseException | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.settimeout(0)
        self._wake_out.settimeout(0)
        self._selector.register(self._wake_out, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name=f"media of {name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, close every line, and raise what went wrong in the thread."""
        self._stopping = True
        self._wake()
        self._thread.join(_STOP_SECONDS)
        for line in self._lines:
            line.socket.close()
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()
        if self._failure is not None:
            raise self._failure

    def open_line(self, start: StreamStart) -> Line:
        """Open a line on a free port; it lives until the phone ends, so that late packets are seen."""
        line = Line(socket=open_socket(self._host), start=start)
        with self._change:
            self._lines = (*self._lines, line)
        self._selector.register(line.socket, selectors.EVENT_READ, line)
        self._wake()
        return line

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_in.send(b".")

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        except BaseException as failure:  # noqa: BLE001 - kept, and raised by stop() in the thread of the test
            self._failure = failure

    def _turn(self) -> None:
        lines = self._lines
        next_due = min((line.due for line in lines), default=math.inf)
        for key, _ in self._selector.select(min(max(0.0, next_due - time.monotonic()), _IDLE_SECONDS)):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._wake_out.recv(64)
            else:
                key.data.take_in()
        for line in lines:
            line.send_due(time.monotonic())
