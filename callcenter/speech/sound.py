"""Sounds as Asterisk plays them: WAV files of 8 kHz, 16 bit, one channel. Reads files, so it blocks."""

import math
import sys
import wave
from array import array
from collections.abc import Sequence
from pathlib import Path

from callcenter.speech.resample import TELEPHONE_RATE, resample

LEVEL_DB = -22.0
"""dB below full scale that speech is brought to, so that no prompt is louder than the next."""

_PEAK_DB = -1.5
_FRAME = TELEPHONE_RATE // 50  # 20 ms
_ACTIVE_DB = 25.0  # a frame so far below the loudest counts as a pause
_TRIM_DB = 40.0
_STEP = TELEPHONE_RATE // 200  # 5 ms, in which begin and end are looked for
_FADE = TELEPHONE_RATE // 200  # 5 ms, left before the first sound: the first packet that a caller is sent holds voice
_BEHIND = TELEPHONE_RATE * 3 // 100  # 30 ms, left behind the last
_FULL = 32768.0


class SoundError(Exception):
    """A file that holds no sound we can play; the message says why, without the file's name."""


def read_telephone(path: Path) -> "array[int]":
    """Read a WAV of 8 kHz, 16 bit, one channel. Raises SoundError for any other, and for one cut short."""
    rate, width, channels, raw = _read(path)
    if (rate, width, channels) != (TELEPHONE_RATE, 2, 1):
        raise SoundError(f"it has {rate} Hz, {8 * width} bit, {channels} channels instead of 8000 Hz, 16 bit, one")
    return _from_little_endian(raw)


def read_any(path: Path) -> "array[int]":
    """Read a WAV of any rate, 8 to 32 bit and any number of channels, as telephone sound. Raises SoundError."""
    rate, width, channels, raw = _read(path)
    wide = _to_16_bit(raw, width)
    if channels > 1:
        wide = array("h", (sum(wide[at : at + channels]) // channels for at in range(0, len(wide), channels)))
    return resample(wide, rate)


def write_telephone(path: Path, samples: Sequence[int]) -> None:
    """Write a WAV of 8 kHz, 16 bit, one channel. Raises OSError."""
    data = array("h", samples)
    if sys.byteorder == "big":
        data.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(TELEPHONE_RATE)
        file.writeframes(data.tobytes())


def level_db(samples: Sequence[int]) -> float:
    """Give the level of the speech in dB below full scale, its pauses left out; -inf for silence."""
    powers = _powers(samples)
    loudest = max(powers, default=0.0)
    active = [power for power in powers if power > loudest * 10 ** (-_ACTIVE_DB / 10)]
    return 10 * math.log10(sum(active) / len(active)) if active else -math.inf


def finished(samples: Sequence[int]) -> "array[int]":
    """Trim the silence at both ends and bring speech to LEVEL_DB, without clipping. Raises SoundError for silence."""
    least = max(_powers(samples), default=0.0) * 10 ** (-_TRIM_DB / 10)
    loud = [at for at, power in enumerate(_powers(samples, _STEP)) if power > least]
    if not loud:
        raise SoundError("it holds nothing but silence")
    trimmed = samples[max(0, loud[0] * _STEP - _FADE) : (loud[-1] + 1) * _STEP + _BEHIND]
    peak = max(map(abs, trimmed))
    gain = min(10 ** ((LEVEL_DB - level_db(trimmed)) / 20), 10 ** (_PEAK_DB / 20) * _FULL / peak)
    last = len(trimmed) - 1
    return array(
        "h", (round(value * gain * min(1.0, at / _FADE, (last - at) / _FADE)) for at, value in enumerate(trimmed))
    )


def _read(path: Path) -> tuple[int, int, int, bytes]:
    try:
        with wave.open(str(path), "rb") as file:
            frames = file.getnframes()
            raw = file.readframes(frames)
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
    except (wave.Error, EOFError) as error:
        raise SoundError(f"it is no PCM WAV ({error or 'it ends too soon'})") from error
    except OSError as error:
        raise SoundError(f"it cannot be read ({error.strerror})") from error
    if not frames or not rate:
        raise SoundError("it holds no sound")
    if len(raw) < frames * width * channels:
        raise SoundError("it is cut short")
    return rate, width, channels, raw


def _from_little_endian(raw: bytes) -> "array[int]":
    samples = array("h", raw)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _to_16_bit(raw: bytes, width: int) -> "array[int]":
    if width == 1:  # the one unsigned kind
        return array("h", ((value - 128) << 8 for value in raw))
    high = bytearray(len(raw) // width * 2)
    high[0::2], high[1::2] = raw[width - 2 :: width], raw[width - 1 :: width]
    return _from_little_endian(bytes(high))


def _powers(samples: Sequence[int], each: int = _FRAME) -> list[float]:
    """Mean power of each so many samples, 1.0 being a full-scale square wave."""
    frames = (samples[at : at + each] for at in range(0, len(samples), each))
    return [sum(value * value for value in frame) / len(frame) / _FULL**2 for frame in frames]
