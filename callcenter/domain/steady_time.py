"""A wall clock that does not step while calls go on: told by the machine's, held back by what that was stepped.

A wait that began before a step and ends behind it would be an hour too long or negative. So a step is found against
the monotonic clock, and the time that is told goes on as before, until somebody says that the new one may be taken
over. Pure: whoever asks brings both clocks' readings.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

STEP_SECONDS = 1.0
"""Less is no step: NTP sets a clock right by and by, at most half a millisecond in a second."""
NO_SHIFT = timedelta(0)


@dataclass(frozen=True, slots=True)
class Kept:
    """What one process leaves to the next, of the same machine since its start, so that both tell the same time."""

    apart: float
    """Seconds that the wall clock was ahead of the monotonic one when it was read last."""
    shift: timedelta
    """How far the machine's clock was ahead of the time that was told."""


class SteadyTime:
    """What of a machine's wall clock may be believed; `kept`: what the process before has left, where one did."""

    def __init__(self, kept: Kept | None = None) -> None:
        self.shift = NO_SHIFT if kept is None else kept.shift
        """How far the machine's clock is ahead of the time that is told."""
        self._apart = None if kept is None else kept.apart
        self._steps: list[float] = []

    @property
    def kept(self) -> Kept | None:
        """What is to be left to the next process; None before the clocks were read."""
        return None if self._apart is None else Kept(self._apart, self.shift)

    def told(self, wall: datetime, mono: float) -> datetime:
        """Give the time for these two readings of one moment: aware UTC, and seconds that never step."""
        apart = wall.timestamp() - mono
        if self._apart is not None and abs(moved := apart - self._apart) >= STEP_SECONDS:
            self.shift += timedelta(seconds=moved)
            self._steps.append(moved)
            if abs(self.shift) < timedelta(seconds=STEP_SECONDS):  # it was stepped and stepped back
                self.shift = NO_SHIFT
        self._apart = apart
        return wall - self.shift

    def corrected(self, at: datetime, now: datetime) -> datetime:
        """Give by our time what another program of this machine read from its clock not long before `now` (ours).

        In the moment of a step what was told before it is still on its way: what is nearer to now is meant.
        """
        return min((at - self.shift, at), key=lambda each: abs(each - now)) if self.shift else at

    def take_steps(self) -> list[float]:
        """Give the seconds of each step that was found since this was last asked; positive is forward."""
        steps, self._steps = self._steps, []
        return steps

    def take_over(self) -> float:
        """Tell the machine's own time from now on; gives by how many seconds ours is set, positive is forward."""
        seconds, self.shift = self.shift.total_seconds(), NO_SHIFT
        return seconds
