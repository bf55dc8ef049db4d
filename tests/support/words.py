"""Which of the hotline's prompts a citizen heard: his line is compared with the shipped sound."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scripts.phones.hearing import Heard
from scripts.phones.waiting import NotInTimeError
from scripts.phones.wav import read_speech
from tests.support.hotline import Citizen

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMPTS = Path(__file__).resolve().parents[2] / "ivr_flows" / "prompts"
_RATE = 8000
_ALIKE = 0.8  # of 1; another prompt of the same voice stays under 0.4
_FIRST_SECONDS = 1.5  # so much of its beginning tells a prompt from every other
_LAST_FRAME = 160  # samples at the end of a file, of which Asterisk does not send all
_LOOK_EVERY = 0.2


async def hears_words(citizen: Citizen, name: str, *, within: float, since: float = 0.0) -> float:
    """Wait until the beginning of this prompt was heard; gives when it began, on the monotonic clock.

    `since` leaves out what was heard before that moment. Raises NotInTimeError.
    """
    whole = read_speech(PROMPTS / f"{name}.wav")
    prompt = whole[: min(int(_FIRST_SECONDS * _RATE), len(whole) - _LAST_FRAME)]
    end = time.monotonic() + within
    best = 0.0
    while time.monotonic() < end:
        likeness, at = await asyncio.to_thread(_find, citizen.call.heard, prompt, since)
        if likeness >= _ALIKE:
            return at
        best = max(best, likeness)
        await asyncio.sleep(_LOOK_EVERY)
    raise NotInTimeError(f"the prompt {name} was not heard within {within:g} s (likeness {best:.2f})")


def _find(heard: Heard, prompt: "Sequence[int]", since: float) -> tuple[float, float]:
    """Give how like the prompt the best place is, and when it began."""
    packets = [packet for packet in heard.packets if packet.arrived >= since]
    if not packets:
        return 0.0, 0.0
    timeline = Heard(packets=packets).arrived
    began = packets[0].arrived
    whole = np.asarray(timeline.samples((began, packets[-1].arrived + 0.02)), dtype=np.float64)
    wanted = np.asarray(prompt, dtype=np.float64)
    if len(whole) < len(wanted):
        return 0.0, 0.0
    likeness = _likeness(whole, wanted)
    best = int(np.argmax(likeness))
    return float(likeness[best]), began + best / _RATE


def _likeness(whole: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlate at every place, 1 for the same sound at any loudness."""
    size = 1 << int(np.ceil(np.log2(len(whole) + len(wanted))))
    product = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(wanted, size)), size)
    places = len(whole) - len(wanted) + 1
    energy = np.concatenate(([0.0], np.cumsum(whole**2)))
    loud = np.sqrt(np.maximum(energy[len(wanted) :] - energy[: -len(wanted)], 1.0)) * np.sqrt(np.sum(wanted**2))
    return np.asarray(product[:places] / np.maximum(loud, 1.0))
