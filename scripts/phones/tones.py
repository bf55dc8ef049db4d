"""Pure tones: making one, and finding how loud one is in a piece of sound (Goertzel's algorithm)."""

import math
from array import array
from collections.abc import Sequence
from itertools import starmap

SAMPLE_RATE = 8000
"""Samples a second of everything a telephone line carries here."""

PIECE_SAMPLES = 800
"""100 ms: tones 200 Hz apart stay apart, and a break in a tone's phase spoils one piece only."""


def tone(hz: int, *, amplitude: int, seconds: float = 1.0) -> "array[int]":
    """Make a tone; whole Hz and whole seconds join without a click when repeated."""
    step = 2 * math.pi * hz / SAMPLE_RATE
    return array("h", (round(amplitude * math.sin(step * n)) for n in range(round(seconds * SAMPLE_RATE))))


def amplitude_of(hz: int, samples: Sequence[int]) -> float:
    """Give the amplitude of one tone in samples, as the root mean square over pieces of 100 ms."""
    pieces = [samples[start : start + PIECE_SAMPLES] for start in range(0, len(samples), PIECE_SAMPLES)]
    if not pieces:
        return 0.0
    weighted = sum(_power(hz, piece) * len(piece) for piece in pieces)
    return math.sqrt(weighted / len(samples))


def _power(hz: int, samples: Sequence[int]) -> float:
    """Give the square of the tone's amplitude in one piece."""
    turn = 2 * math.cos(2 * math.pi * hz / SAMPLE_RATE)
    last = before = 0.0
    for sample in samples:
        last, before = sample + turn * last - before, last
    return (last * last + before * before - turn * last * before) * 4 / len(samples) ** 2


def loudness_of(samples: Sequence[int]) -> float:
    """Give the root mean square of samples, whatever they are."""
    if not samples:
        return 0.0
    return math.sqrt(sum(starmap(int.__mul__, zip(samples, samples, strict=True))) / len(samples))
