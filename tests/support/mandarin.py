"""Mandarin on a telephone line to try recognisers with: whole calls, who said what when, and how wrong a text is.

The sound lies in `../shared/audio` beside the checkout, as CI has it; without it the tests that need it are skipped.
"""

import csv
import os
import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

AUDIO = Path(__file__).resolve().parents[3] / "shared" / "audio"
CALLS = ("call1", "call2", "call3")
RATE = 8000
_FRAME = RATE // 50
_PAUSE = 15  # frames of 20 ms: what is quiet for longer parts two stretches
_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One turn of a call: who said what, from when to when, in seconds."""

    call: str
    side: str
    """`caller` or `operator`."""
    start: float
    end: float
    text: str


def lacking(what: str) -> None:
    """Skip the test for want of something; in CI nothing may be lacking."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have it: {what}")
    pytest.skip(what)


def needs_audio() -> None:
    """Skip the test where the sound is not beside the checkout."""
    if not AUDIO.is_dir():
        lacking("the test audio is not beside this checkout, in ../shared/audio")


def turns_of(call: str, side: str) -> list[Said]:
    """Give what one side of a call said, in order."""
    with (AUDIO / "calls" / "turns.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Said(call=call, side=side, start=float(row["start_s"]), end=float(row["end_s"]), text=row["text"])
        for row in rows
        if row["call"] == call and row["side"] == side
    ]


def voice_of(call: str, side: str) -> list[Said]:
    """Give the same turns by their voice alone: a read sentence has up to 0.6 s of silence before and behind it."""
    sound = sound_of(call, side)
    return [_trimmed(turn, sound) for turn in turns_of(call, side)]


def _trimmed(turn: Said, sound: Sequence[int]) -> Said:
    stretches = stretches_in(sound, turn.start, turn.end)
    return replace(turn, start=stretches[0][0], end=stretches[-1][1])


def stretches_in(sound: Sequence[int], start: float, end: float) -> list[tuple[float, float]]:
    """Give where a voice begins and ends between two seconds of a sound, by how loud it is there at most.

    What is quiet for 0.3 s parts two stretches, whether the speaker paused or the machine that sent his words.
    """
    first = int(start * RATE)
    powers = [
        sum(value * value for value in sound[at : at + _FRAME])
        for at in range(first, int(end * RATE) - _FRAME + 1, _FRAME)
    ]
    loud = [at for at, power in enumerate(powers) if power > max(powers) / 1000]  # 30 dB below its loudest
    begins = [at for before, at in zip([-_PAUSE, *loud], loud, strict=False) if at - before >= _PAUSE]
    ends = [at for at, after in zip(loud, [*loud[1:], loud[-1] + _PAUSE], strict=True) if after - at >= _PAUSE]
    return [
        ((first + begin * _FRAME) / RATE, (first + (end + 1) * _FRAME) / RATE)
        for begin, end in zip(begins, ends, strict=True)
    ]


def sound_of(call: str, side: str) -> "array[int]":
    """Give one side of a call as 16-bit samples at 8 kHz."""
    return read_telephone_wav(AUDIO / "calls" / f"{call}-{side}.wav")


def read_telephone_wav(path: Path) -> "array[int]":
    """Read an 8 kHz mono WAV of 16-bit or A-law samples, which Python's own reader does not know."""
    data = path.read_bytes()
    form, at = 0, 12
    while at < len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            form, rate = int.from_bytes(body[:2], "little"), int.from_bytes(body[4:8], "little")
            assert rate == RATE
        if name == b"data":
            return array("h", (_ALAW[byte] for byte in body)) if form == 6 else array("h", body)
        at += 8 + size + size % 2
    raise AssertionError(f"{path.name} holds no sound")


def _from_alaw(byte: int) -> int:
    value = byte ^ 0x55
    exponent, mantissa = (value >> 4) & 7, value & 15
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if value & 0x80 else -size


_ALAW = [_from_alaw(byte) for byte in range(256)]


def error_rate(heard: str, said: str) -> float:
    """Give the share of characters that are wrong; numbers count alike however they are written."""
    left, right = _plain(heard), _plain(said)
    row = list(range(len(right) + 1))
    for i, sign in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (sign != other))
    return row[-1] / len(right)


def _plain(text: str) -> str:
    text = re.sub(r"[0-9]+", lambda match: _spoken(match.group()), unicodedata.normalize("NFKC", text))
    text = text.translate(str.maketrans("幺两〇", "一二零"))
    return "".join(sign for sign in text.lower() if sign.isalpha())


def _spoken(digits: str) -> str:
    if len(digits) >= 5 or digits[0] == "0":
        return "".join(_DIGITS[int(digit)] for digit in digits)
    said = ""
    for place, digit in enumerate(digits):
        if digit != "0":
            said += _DIGITS[int(digit)] + _PLACES[len(digits) - place - 1]
        elif not said.endswith("零") and digits[place:].strip("0"):
            said += "零"
    return said.removeprefix("一") if said.startswith("一十") else said
