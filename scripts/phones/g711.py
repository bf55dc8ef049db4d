"""A-law and mu-law, the two codecs of an ordinary telephone line (ITU-T G.711).

The standard library's `audioop` is gone in Python 3.13, so the tables stand here: each byte's 16-bit value, and for
each 16-bit value the byte that comes nearest to it.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Codec:
    """One way to carry 8 kHz sound in one byte a sample; `name` and `payload_type` are those of RFC 3551."""

    name: str
    payload_type: int
    values: tuple[int, ...] = field(repr=False)
    """The 16-bit value of each byte."""
    nearest: bytes = field(repr=False)
    """The byte for each 16-bit value, negative ones from 0x8000 on."""

    def decode(self, payload: bytes) -> "array[int]":
        """Give the 16-bit samples of a payload."""
        return array("h", map(self.values.__getitem__, payload))

    def encode(self, samples: Iterable[int]) -> bytes:
        """Give the payload of 16-bit samples."""
        return bytes(self.nearest[sample & 0xFFFF] for sample in samples)


def _a_law_value(byte: int) -> int:
    byte ^= 0x55
    mantissa, segment = (byte & 0x0F) << 4, (byte >> 4) & 0x07
    value = mantissa + 8 if segment == 0 else (mantissa + 0x108) << (segment - 1)
    return value if byte & 0x80 else -value


def _mu_law_value(byte: int) -> int:
    byte = ~byte & 0xFF
    value = ((((byte & 0x0F) << 3) + 0x84) << ((byte >> 4) & 0x07)) - 0x84
    return -value if byte & 0x80 else value


def _nearest_bytes(values: tuple[int, ...]) -> bytes:
    # Of two bytes for one value (mu-law's two zeros) the later one stands: 0xFF, which is what lines send for silence.
    byte_of = {value: byte for byte, value in enumerate(values)}
    steps = sorted(byte_of)
    nearest = bytearray(0x10000)
    edges = [-0x8000, *((low + high + 1) // 2 for low, high in pairwise(steps)), 0x8000]
    for step, (start, end) in zip(steps, pairwise(edges), strict=True):
        for sample in range(start, end):
            nearest[sample & 0xFFFF] = byte_of[step]
    return bytes(nearest)


def _codec(name: str, payload_type: int, values: tuple[int, ...]) -> Codec:
    return Codec(name=name, payload_type=payload_type, values=values, nearest=_nearest_bytes(values))


PCMA = _codec("PCMA", 8, tuple(_a_law_value(byte) for byte in range(256)))
PCMU = _codec("PCMU", 0, tuple(_mu_law_value(byte) for byte in range(256)))
CODECS = {codec.payload_type: codec for codec in (PCMA, PCMU)}
