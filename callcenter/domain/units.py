"""What a unit IS: a department or street that handles what citizens ask for."""

from dataclasses import dataclass
from datetime import datetime, time


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
    ring_seconds: float = 30.0
    """How long it may ring, 5 to 120."""
    duty: tuple[DutyHours, ...] = ()
    """When it answers; empty: always."""

    def is_on_duty(self, local: datetime) -> bool:
        """Tell whether somebody answers at this local moment."""
        return not self.duty or any(hours.covers(local) for hours in self.duty)
