"""How many rings a wait is, counted from event times to the millisecond, never from whole seconds."""

from datetime import datetime, timedelta

RING_CYCLE = timedelta(seconds=5)
"""China's ringing tone: 1 s on, 4 s off, so ring n begins 5·(n−1) s after the first."""
PROMISED_RINGS = 3
"""GB/T 33358 and TN-11a, JJ-4.3.4-3: an answer within three rings."""


def ring_at(began: datetime, heard: datetime) -> int:
    """Say which ring it was, 1 for the first: exactly 15.000 s is the fourth. A time before the first ring is in it."""
    return max(0, (heard - began) // RING_CYCLE) + 1


def kept_promise(began: datetime, heard: datetime) -> bool:
    """Tell whether the answer came before the fourth ring began."""
    return ring_at(began, heard) <= PROMISED_RINGS
