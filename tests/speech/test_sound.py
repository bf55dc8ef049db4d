"""Sounds brought to the telephone's rate and level, and files that hold none."""

import math
import wave
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.speech.resample import resample
from callcenter.speech.sound import (
    LEVEL_DB,
    SoundError,
    finished,
    level_db,
    read_any,
    read_telephone,
    write_telephone,
)


def tone(hertz: float, rate: int, *, seconds: float = 0.25, peak: int = 10000) -> list[int]:
    return [round(peak * math.sin(2 * math.pi * hertz * n / rate)) for n in range(round(seconds * rate))]


def loudness(samples: Sequence[int], hertz: float, rate: int) -> float:
    """Peak of this one tone in the sound, by correlation over its inner half."""
    inner = samples[len(samples) // 4 : 3 * len(samples) // 4]
    real = sum(value * math.cos(2 * math.pi * hertz * n / rate) for n, value in enumerate(inner))
    imaginary = sum(value * math.sin(2 * math.pi * hertz * n / rate) for n, value in enumerate(inner))
    return 2 * math.hypot(real, imaginary) / len(inner)


def write_wav(path: Path, data: bytes, *, rate: int, width: int, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)


@pytest.mark.parametrize("rate", [11025, 16000, 22050, 24000, 44100, 48000])
def test_what_the_telephone_carries_is_kept(rate: int) -> None:
    for hertz in (300, 1000, 3300):
        told = resample(tone(hertz, rate), rate)
        assert abs(len(told) - 2000) <= 1
        assert loudness(told, hertz, 8000) == pytest.approx(10000, rel=0.02)


@pytest.mark.parametrize("rate", [16000, 22050, 44100])
def test_what_it_cannot_carry_does_not_come_back_as_another_tone(rate: int) -> None:
    for hertz in (4100, 5000, 7000):
        told = resample(tone(hertz, rate), rate)
        inner = told[200:-200]
        assert max(map(abs, inner)) < 10000 * 10 ** (-50 / 20)


@given(st.integers(-32768, 32767), st.sampled_from([8000, 11025, 22050, 48000]))
@settings(max_examples=20, deadline=None)
def test_a_constant_stays_what_it_is(value: int, rate: int) -> None:
    told = resample([value] * (rate // 10), rate)
    inner = told[len(told) // 3 : 2 * len(told) // 3]
    assert all(abs(sample - value) <= 1 for sample in inner)


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        resample([1], 0)


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
@settings(max_examples=25)
def test_a_telephone_sound_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, samples: list[int]
) -> None:
    path = tmp_path_factory.mktemp("sound") / "one.wav"
    write_telephone(path, samples)
    assert list(read_telephone(path)) == samples


@pytest.mark.parametrize(("width", "full"), [(1, 127), (2, 32767), (3, 8388607), (4, 2147483647)])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_recording_of_any_kind_becomes_telephone_sound(tmp_path: Path, width: int, full: int, channels: int) -> None:
    values = [round(value / 32767 * full) for value in tone(1000, 16000, peak=20000)]
    if width == 1:
        data = bytes(value + 128 for value in values for _ in range(channels))
    else:
        data = b"".join(value.to_bytes(width, "little", signed=True) * channels for value in values)
    write_wav(tmp_path / "wide.wav", data, rate=16000, width=width, channels=channels)

    told = read_any(tmp_path / "wide.wav")

    assert loudness(told, 1000, 8000) == pytest.approx(20000, rel=0.03)


def test_only_the_telephone_kind_is_read_as_it_is(tmp_path: Path) -> None:
    write_wav(tmp_path / "wide.wav", bytes(400), rate=16000, width=2)
    with pytest.raises(SoundError, match="16000 Hz"):
        read_telephone(tmp_path / "wide.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all", bytes(1000)])
def test_a_file_that_holds_no_sound_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(SoundError):
        read_any(tmp_path / "bad.wav")


@pytest.mark.parametrize("left", [44, 45, 100, 3000])
def test_a_file_cut_short_is_told(tmp_path: Path, left: int) -> None:
    write_telephone(tmp_path / "bad.wav", tone(1000, 8000))
    content = (tmp_path / "bad.wav").read_bytes()
    (tmp_path / "bad.wav").write_bytes(content[:left])
    with pytest.raises(SoundError, match="cut short"):
        read_telephone(tmp_path / "bad.wav")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="cannot be read"):
        read_any(tmp_path / "none.wav")


@pytest.mark.parametrize("peak", [50, 2000, 32000])
def test_speech_comes_out_trimmed_and_of_one_level(peak: int) -> None:
    told = finished([0] * 8000 + tone(700, 8000, seconds=1.0, peak=peak) + [0] * 8000)

    assert level_db(told) == pytest.approx(LEVEL_DB, abs=0.5)
    assert 1.0 <= len(told) / 8000 < 1.2
    assert told[0] == told[-1] == 0
    assert max(map(abs, told[40:160])) > 0.9 * max(told), "voice in the first 20 ms that are sent"


def test_speech_with_one_loud_crack_does_not_clip() -> None:
    quiet = tone(700, 8000, seconds=1.0, peak=300)
    quiet[4000] = 30000

    told = finished(quiet)

    assert max(map(abs, told)) <= 32767 * 10 ** (-1.4 / 20)


def test_silence_is_no_speech() -> None:
    with pytest.raises(SoundError, match="silence"):
        finished([0] * 8000)
    assert level_db([0] * 100) == -math.inf
