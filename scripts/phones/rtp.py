"""RTP packets (RFC 3550) and the key presses in them (RFC 4733)."""

import secrets
import struct
from dataclasses import dataclass, field

_HEADER = struct.Struct("!BBHII")
_VERSION = 2
_EVENT = struct.Struct("!BBH")
KEYS = "0123456789*#ABCD"
TELEPHONE_EVENT = 101
"""The payload type we offer for key presses."""

_VOLUME = 10  # -dBm0, what phones usually say
_END = 0x80


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet; `arrived` is on the monotonic clock, in seconds."""

    arrived: float
    ssrc: int
    sequence: int
    timestamp: int
    marker: bool
    payload_type: int
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StreamStart:
    """Where the numbers of a phone's stream begin.

    Random as a phone should; tests put the timestamps of several phones far apart (0x10000000, 0xE0000000), so that
    every change of the talker is a jump backwards for somebody.
    """

    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    sequence: int = field(default_factory=lambda: secrets.randbits(16))
    timestamp: int = field(default_factory=lambda: secrets.randbits(32))


def write_packet(*, ssrc: int, sequence: int, timestamp: int, marker: bool, payload_type: int, payload: bytes) -> bytes:
    """Give the bytes of one packet; numbers wrap round as they do on the line."""
    second = payload_type | (0x80 if marker else 0)
    return _HEADER.pack(_VERSION << 6, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def read_packet(data: bytes, *, arrived: float) -> Packet | None:
    """Read a packet; None when the bytes are none."""
    if len(data) < _HEADER.size or data[0] >> 6 != _VERSION:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:  # an extension: two bytes of kind, two of length in words
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if first & 0x20:  # padding: the last byte says how much
        end -= data[-1]
    if start > end:
        return None
    return Packet(
        arrived=arrived,
        ssrc=ssrc,
        sequence=sequence,
        timestamp=timestamp,
        marker=bool(second & 0x80),
        payload_type=second & 0x7F,
        payload=data[start:end],
    )


def write_key_press(key: str, *, duration: int, is_end: bool) -> bytes:
    """Give the payload of one packet of a key press; `duration` in samples since it began."""
    return _EVENT.pack(KEYS.index(key), _VOLUME | (_END if is_end else 0), min(duration, 0xFFFF))


def read_key_press(payload: bytes) -> str | None:
    """Give the key of a payload; None when it is no key of a telephone."""
    if len(payload) < _EVENT.size or payload[0] >= len(KEYS):
        return None
    return KEYS[payload[0]]
