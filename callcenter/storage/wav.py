"""A call's sound as a WAV: 16 bit, 8000 Hz, two channels. Stretches kept secret are marked in it, behind the sound."""

import os
import struct
from pathlib import Path
from typing import BinaryIO

from callcenter.domain.records import Stretches

UNRECORDED = "保密时段，未录音"
CHANNELS = 2
FRAME_BYTES = 2 * CHANNELS

_RATE_HZ = 8000
_RIFF = struct.Struct("<4sI4s")
_FORMAT = struct.Struct("<4sIHHIIHH")
_CHUNK = struct.Struct("<4sI")
HEADER_BYTES = _RIFF.size + _FORMAT.size + _CHUNK.size
"""Length of the shortest header."""
ROOM_BYTES = 4096
"""Length of a header that is put before sound which lies on the disk already: a block of the file system."""
MOST_BYTES = 0xFFFFFFFF - ROOM_BYTES - (1 << 20)
"""What a WAV's header can count, marks included: 37 hours."""

_COPY_BYTES = 1 << 20
_UTF8 = 65001  # Windows' number of it, in which the labels are written
_UNFINISHED = ".part"


def seconds_of(size_bytes: int) -> float:
    """Give how long so much sound lasts."""
    return size_bytes / FRAME_BYTES / _RATE_HZ


def sound_bytes(path: Path) -> int:
    """Give how much sound a WAV says it holds, and holds; 0 where it is none. Raises OSError."""
    with path.open("rb") as wav:
        head = wav.read(ROOM_BYTES)
    at = _RIFF.size
    while at + _CHUNK.size <= len(head):
        name, length = _CHUNK.unpack_from(head, at)
        at += _CHUNK.size
        if name == b"data":
            return min(int(length), max(0, path.stat().st_size - at))
        at += length + length % 2
    return 0


def header(size: int, behind: int, *, length: int = HEADER_BYTES) -> bytes:
    """Write what stands before `size` bytes of sound and `behind` bytes of marks; filled up to `length` bytes."""
    room = length - HEADER_BYTES
    filled = _chunk(b"JUNK", bytes(room - _CHUNK.size)) if room else b""  # readers pass over a chunk of this name
    return (
        _RIFF.pack(b"RIFF", length - _CHUNK.size + size + behind, b"WAVE")
        + _FORMAT.pack(b"fmt ", 16, 1, CHANNELS, _RATE_HZ, _RATE_HZ * FRAME_BYTES, FRAME_BYTES, 16)
        + filled
        + _CHUNK.pack(b"data", size)
    )


def marks(stretches: Stretches, seconds: float) -> bytes:
    """Write the chunks that mark stretches of a WAV as kept secret, so that any player shows them.

    Each is a cue point at its beginning, and a `ltxt` with its length and a `labl` with words for people.
    """
    within = [(max(0.0, begins), min(seconds, ends)) for begins, ends in stretches]
    frames = [(round(begins * _RATE_HZ), round(ends * _RATE_HZ)) for begins, ends in within if begins < ends]
    if not frames:
        return b""
    cues = struct.pack("<I", len(frames))
    labels = b"adtl"
    for number, (first, last) in enumerate(frames, start=1):
        cues += struct.pack("<II4sIII", number, first, b"data", 0, 0, first)
        labels += _chunk(b"labl", struct.pack("<I", number) + UNRECORDED.encode() + b"\0")
        labels += _chunk(b"ltxt", struct.pack("<II4sHHHH", number, last - first, b"mark", 0, 0, 0, _UTF8))
    return _chunk(b"cue ", cues) + _chunk(b"LIST", labels)


def _chunk(name: bytes, data: bytes) -> bytes:
    return _CHUNK.pack(name, len(data)) + data + b"\0" * (len(data) % 2)


def copy(raw: Path, target: Path, size: int, behind: bytes) -> None:
    """Write `size` bytes of a raw file, and marks, as a WAV; its folder is not yet synced. Raises OSError.

    Under a name of its own first, so that nobody ever finds half a recording.
    """
    unfinished = target.with_name(target.name + _UNFINISHED)
    try:
        # Asterisk's user owns the folder of running recordings and must not have us read another file for it.
        with open(raw, "rb", opener=_no_link) as sound, unfinished.open("wb") as wav:
            wav.write(header(size, len(behind)))
            _copy(sound, wav, size)
            wav.write(behind)
            wav.flush()
            os.fsync(wav.fileno())
        unfinished.replace(target)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _copy(sound: BinaryIO, wav: BinaryIO, size: int) -> None:
    left = size
    while left:
        part = sound.read(min(left, _COPY_BYTES))
        if not part:
            raise OSError(f"the sound of a call became shorter while it was kept: {left} bytes are missing")
        wav.write(part)
        left -= len(part)
