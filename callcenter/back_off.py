"""How long a process that has ended stays away: one that ran well is back at once, one that dies young ever later."""

from dataclasses import dataclass

WELL_SECONDS = 5.0
"""So long healthy, and its end is an accident: however often it comes, one start in so many seconds costs nothing."""
FIRST_SECONDS = 0.3
MOST_SECONDS = 5.0
"""Callers are served by the net meanwhile, but less well."""


@dataclass(slots=True)
class BackOff:
    """Of one process."""

    young: int = 0
    """Ends and failed starts in a row that were not preceded by a time in which it ran well."""

    def after(self, healthy_seconds: float) -> float:
        """Give the seconds until it is to be started again, by how long it had been healthy; 0 where it never was."""
        if healthy_seconds >= WELL_SECONDS:
            self.young = 0
            return 0.0
        self.young += 1
        return float(min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(self.young - 1, 16)))
