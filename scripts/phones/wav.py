"""WAV files: 16-bit PCM in any number of channels, and A-law and mu-law, which the standard library cannot open."""

import struct
import sys
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path

from scripts.phones.g711 import PCMA, PCMU
from scripts.phones.tones import SAMPLE_RATE

_PCM, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_SAMPLE_BITS = {_PCM: 16, _A_LAW: 8, _MU_LAW: 8}


class UnreadableWavError(ValueError):
    """The file is no WAV file of the kinds a telephone line can play."""


@dataclass(frozen=True, slots=True)
class Wav:
    """The sound of one file; `channels` are equally long."""

    rate: int
    channels: tuple["array[int]", ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.channels[0]) / self.rate


def read_wav(path: Path) -> Wav:
    """Read a file; raises UnreadableWavError with what is wrong with it."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise UnreadableWavError(f"{path.name}: not a WAV file")
    parts = _parts(data)
    if "fmt " not in parts or "data" not in parts:
        raise UnreadableWavError(f"{path.name}: its format or its sound is missing")
    kind, count, rate, _, _, bits = struct.unpack_from("<HHIIHH", parts["fmt "].ljust(16, b"\0"))
    if kind == _EXTENSIBLE:
        kind = int.from_bytes(parts["fmt "][24:26], "little")
    if _SAMPLE_BITS.get(kind) != bits or count < 1:
        raise UnreadableWavError(f"{path.name}: format {kind} with {bits} bits; write 16-bit PCM, A-law or mu-law")
    samples = _samples(kind, parts["data"])
    whole = len(samples) - len(samples) % count
    return Wav(rate=rate, channels=tuple(samples[channel:whole:count] for channel in range(count)))


def read_speech(path: Path) -> "array[int]":
    """Read what can be played to a telephone line: 8 kHz, one channel."""
    sound = read_wav(path)
    if sound.rate != SAMPLE_RATE or len(sound.channels) != 1:
        raise UnreadableWavError(
            f"{path.name}: {sound.rate} Hz in {len(sound.channels)} channels; write 8000 Hz in one"
        )
    return sound.channels[0]


def write_wav(path: Path, samples: "array[int]") -> None:
    """Write 8 kHz sound of one channel as 16-bit PCM."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(_little_endian(samples).tobytes())


def _parts(data: bytes) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        parts.setdefault(name.decode("latin-1"), data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return parts


def _samples(kind: int, data: bytes) -> "array[int]":
    match kind:
        case 6:
            return PCMA.decode(data)
        case 7:
            return PCMU.decode(data)
    samples = array("h")
    samples.frombytes(data[: len(data) // 2 * 2])
    return _little_endian(samples)


def _little_endian(samples: "array[int]") -> "array[int]":
    if sys.byteorder == "little":
        return samples
    turned = array("h", samples)
    turned.byteswap()
    return turned
