"""The voice detector: whether 20 ms of telephone sound are a voice. WebRTC's, which knows 8 kHz, less tones."""

from array import array
from collections.abc import Callable, Sequence
from operator import mul

import webrtcvad

from callcenter.speech.resample import TELEPHONE_RATE

_STRICTEST = 3  # of its four modes: the others take noise on the line for a voice
_TONE = 0.003
"""Share of a frame's power that two samples do not foretell of the third: of a tone less, of 99 % of speech more."""


def detector() -> Callable[[bytes], bool]:
    """Make one for a stream; it is given each frame of 320 bytes once, in order."""
    vad = webrtcvad.Vad(_STRICTEST)
    return lambda frame: bool(vad.is_speech(frame, TELEPHONE_RATE)) and not is_tone(array("h", frame))


def is_tone(samples: Sequence[int]) -> bool:
    """Whether it is a single tone, as the network rings and says busy: recognisers hear words in those."""
    now, before, earlier = samples[2:], samples[1:-1], samples[:-2]
    power = _product(now, now)
    one, two = _product(before, before), _product(earlier, earlier)
    shared, first, second = _product(before, earlier), _product(now, before), _product(now, earlier)
    spread = one * two - shared * shared
    if power == 0 or spread == 0:
        return True  # not even noise
    a, b = (first * two - second * shared) / spread, (second * one - first * shared) / spread
    return (power - a * first - b * second) / power < _TONE


def _product(left: Sequence[int], right: Sequence[int]) -> int:
    return sum(map(mul, left, right))
