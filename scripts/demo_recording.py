"""What the recording must hold: every sentence of the demonstration on its side, and none of what was private."""

import asyncio
import io
import sys
import wave
from array import array
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from scripts.demo_words import ALONE, NotSoError, Spoken, Story
from scripts.hotline_client import Events, HotlineClient
from scripts.phones.tones import SAMPLE_RATE

_AFTERWARDS = 10.0  # seconds for the file to be there
_AROUND = 0.5  # seconds, by which the clocks of phone and recording may differ
THE_SAME, ANOTHER = 0.3, 0.15
"""Likeness of a sentence to itself behind a telephone line is 1.0, and less where a busy machine sent it in pieces; to
other words and to music it is under 0.06 (both measured)."""


async def recording_is_true(
    hotline: HotlineClient, events: Events, call_id: str, spoken: Sequence[Spoken], story: Story
) -> None:
    """Look every sentence up in the recording; raises NotSoError."""
    kept = await events.until(
        "recording.changed", within=_AFTERWARDS, call_id=call_id, where=lambda data: data["state"] != "recording"
    )
    if kept.data["state"] != "kept":
        raise NotSoError(f"录音状态为 {kept.data['state']}", f"the recording is {kept.data['state']}")
    left, right = _sides(await hotline.recording(call_id))
    started = datetime.fromisoformat(kept.data["started"]).timestamp()
    private = [each for each in spoken if each.words in ALONE]
    for each in spoken:
        own, other = (left, right) if each.words.speaker == "citizen" else (right, left)
        window = slice(
            max(0, round((each.began - started - _AROUND) * SAMPLE_RATE)),
            max(0, round((each.ended - started + _AROUND) * SAMPLE_RATE)),
        )
        alike, mistaken = await asyncio.gather(
            *(asyncio.to_thread(likeness, each.sound, side[window]) for side in (own, other))
        )
        if each in private and max(alike, mistaken) > ANOTHER:
            raise NotSoError("录音中有私下商谈的内容", "the recording holds what was said in private")
        if each not in private and (alike < THE_SAME or mistaken > ANOTHER):
            raise NotSoError("录音左右声道与通话不符", "the recording does not hold who spoke when")
    found = len(spoken) - len(private)
    story.tell(
        f"录音已保存 {kept.data['seconds']:.1f} 秒：左声道市民，右声道热线，{found} 句逐句核对无误"
        + (f"；私下商谈的 {len(private)} 句未录入。" if private else "。"),
        f"Recording kept, {kept.data['seconds']:.1f} s: citizen left, hotline right; each of {found} sentences found"
        + (f", and none of the {len(private)} said in private." if private else "."),
    )


def likeness(sentence: Sequence[int], heard: Sequence[int]) -> float:
    """Tell how much of `heard`, at the place where it fits best, is this sentence: 0 to 1 (normalised correlation)."""
    said, line = np.array(sentence, np.float64), np.array(heard, np.float64)
    if not len(said) or len(line) < len(said) or not said.any():
        return 0.0
    size = 1 << (len(said) + len(line)).bit_length()
    products = np.fft.irfft(np.fft.rfft(line, size) * np.conj(np.fft.rfft(said, size)), size)
    energy = np.concatenate([[0.0], np.cumsum(line**2)])
    places = len(line) - len(said) + 1
    around = energy[len(said) : len(said) + places] - energy[:places]
    weight = np.sqrt(np.maximum(around, 1.0) * np.sum(said**2))
    return float(np.max(np.abs(products[:places]) / weight))


def _sides(data: bytes) -> tuple["array[int]", "array[int]"]:
    """Give the two sides of a recording; raises NotSoError."""
    with wave.open(io.BytesIO(data)) as file:
        if (file.getnchannels(), file.getframerate(), file.getsampwidth()) != (2, SAMPLE_RATE, 2):
            raise NotSoError("录音不是双声道 8 kHz", "the recording is not stereo at 8 kHz")
        samples = array("h")
        samples.frombytes(file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples[0::2], samples[1::2]
