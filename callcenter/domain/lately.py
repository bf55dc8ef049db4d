"""How many of those who asked for a person in the last half-hour were lost: figure 3a, rolling (kpis.md §3).

The cohort is that of figure 3a: calls whose t2 lies in the last thirty minutes, those included that still wait; lost
are those who hung up while they waited or while a seat rang, and those whom we lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from callcenter.domain.calls import Call, Outcome

WINDOW = timedelta(minutes=30)
_LOST = frozenset({Outcome.ABANDONED_QUEUE, Outcome.ABANDONED_RINGING, Outcome.LOST})


@dataclass(frozen=True, slots=True)
class LostShare:
    """Numerator and denominator."""

    lost: int
    asked: int

    def percent(self, *, least: int) -> float | None:
        """Give the share in percent; None where fewer than `least` asked, and one caller would weigh too much."""
        return None if self.asked < max(1, least) else 100 * self.lost / self.asked


class LatelyAsked:
    """Those who asked for a person lately, and what became of them."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[datetime, bool]] = {}

    def take(self, call: Call) -> None:
        """Take a call as it is now; one that has not asked for a person counts nowhere."""
        if call.t2 is not None:
            self._calls[call.id] = (call.t2, call.outcome in _LOST)

    def share(self, now: datetime) -> LostShare:
        """Count those of the last half-hour; what is older is forgotten."""
        self._calls = {call_id: of for call_id, of in self._calls.items() if of[0] > now - WINDOW}
        return LostShare(lost=sum(lost for _, lost in self._calls.values()), asked=len(self._calls))
