"""What a unit IS: a department or street that handles what citizens ask for."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

RING_SECONDS = 30.0  # longer than a desk needs; what the roster may change for each unit
_DAYS_AHEAD = 8  # today, and each weekday after it once


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyHours:
    """A stretch of some weekdays in which a unit answers its number; the hotline's local time."""

    days: frozenset[int]
    """0 = Monday … 6 = Sunday."""
    begins: time
    ends: time
    """Exclusive; 00:00 is midnight at the end of the day."""

    def covers(self, local: datetime) -> bool:
        """Tell whether this local moment is within."""
        moment = local.time().replace(tzinfo=None)
        return local.weekday() in self.days and self.begins <= moment and (moment < self.ends or self.ends == time())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit as the site's roster names it."""

    id: str
    name: str
    number: str
    parent: str | None = None
    ring_seconds: float = RING_SECONDS
    """How long it may ring, 5 to 120."""
    duty: tuple[DutyHours, ...] = ()
    """When it answers; empty: always."""

    def is_on_duty(self, local: datetime) -> bool:
        """Tell whether somebody answers at this local moment."""
        return not self.duty or any(hours.covers(local) for hours in self.duty)

    def next_on_duty(self, local: datetime) -> datetime | None:
        """The first moment after this one at which a stretch of duty begins; None where it has no duty hours."""
        days = [local.date() + timedelta(days=ahead) for ahead in range(_DAYS_AHEAD)]
        begins = [
            datetime.combine(day, hours.begins, local.tzinfo)
            for day in days
            for hours in self.duty
            if day.weekday() in hours.days
        ]
        return min((moment for moment in begins if moment > local), default=None)
