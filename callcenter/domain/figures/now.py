"""Figure 7: who waits at this instant, and for how long."""

from collections.abc import Sequence
from datetime import datetime

from callcenter.domain.figures.figure import Figure, count, duration
from callcenter.domain.figures.records import CallRecord


def waiting(calls: Sequence[CallRecord], now: datetime) -> list[Figure]:
    """7a The longest wait, None where nobody waits; 7b how many wait, those included for whom a seat rings."""
    waits = [now - call.t2 for call in calls if call.t2 is not None and _waits_at(call, now)]
    return [duration("7a", max(waits, default=None)), count("7b", len(waits))]


def _waits_at(call: CallRecord, now: datetime) -> bool:
    assert call.t2 is not None
    return call.t2 <= now and (call.t4 is None or call.t4 > now) and (call.t5 is None or call.t5 > now)
