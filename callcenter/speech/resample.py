"""Sound of any rate made fit for the telephone, by a filter that keeps out what the telephone cannot carry."""

import math
from array import array
from collections.abc import Sequence
from operator import mul

TELEPHONE_RATE = 8000
"""Samples per second of everything a caller hears."""

_STOP_DB = 60.0
_PASS_SHARE = 0.85  # of half the lower rate: 3.4 kHz at 8 kHz, the telephone's own upper edge
_MOST = 32767


def resample(samples: Sequence[int], rate: int, to_rate: int = TELEPHONE_RATE) -> "array[int]":
    """Give the same 16-bit sound at another rate (both in Hz).

    A Kaiser-windowed sinc in polyphase form: what lies above half the lower rate is at least 60 dB down.
    Pure Python: some 50 ms for a second of sound, so it belongs into a child process.
    """
    if rate <= 0 or to_rate <= 0:
        raise ValueError("rate and to_rate must be above 0")
    if rate == to_rate:
        return array("h", samples)
    common = math.gcd(rate, to_rate)
    up, down = to_rate // common, rate // common
    half, phases = polyphase(rate, to_rate)
    padded = [0] * (half - 1) + list(samples) + [0] * (half + 1)
    result = array("h")
    for n in range(len(samples) * up // down):
        start, phase = divmod(n * down, up)
        value = round(sum(map(mul, phases[phase], padded[start : start + 2 * half])))
        result.append(max(-_MOST, min(_MOST, value)))
    return result


def polyphase(rate: int, to_rate: int) -> tuple[int, list[list[float]]]:
    """Give half the filter's length in input samples, and its taps for each place of an output sample between two.

    Output sample n lies behind input sample m = n * down // up, in place p = n * down % up; it is the sum of taps[p]
    times the input samples from m - half + 1 to m + half.
    """
    up = to_rate // math.gcd(rate, to_rate)
    edge = min(rate, to_rate) / 2
    width = edge * (1 - _PASS_SHARE)
    cutoff = (edge - width / 2) / rate  # cycles per input sample
    half = math.ceil((_STOP_DB - 8) / (2.285 * 2 * math.pi * width / rate) / 2)
    beta = 0.1102 * (_STOP_DB - 8.7)
    phases = []
    for phase in range(up):
        taps = [_tap(k - half + 1 - phase / up, cutoff, half, beta) for k in range(2 * half)]
        total = math.fsum(taps)
        phases.append([tap / total for tap in taps])  # a constant stays what it is, whatever the phase
    return half, phases


def _tap(distance: float, cutoff: float, half: int, beta: float) -> float:
    inside = 1 - (distance / half) ** 2
    if inside < 0:
        return 0.0
    x = 2 * cutoff * distance
    sinc = 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)
    return sinc * _bessel(beta * math.sqrt(inside))


def _bessel(x: float) -> float:
    """Modified Bessel function of the first kind, order 0."""
    total = term = 1.0
    k = 1
    while term > total * 1e-10:
        term *= (x / 2 / k) ** 2
        total += term
        k += 1
    return total
