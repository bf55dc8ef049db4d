"""The machine's clocks, as the controller reads them."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from callcenter.domain.steady_time import SteadyTime
from callcenter.domain.telephony import CallFound, LinkRestored, TelephonyEvent

ONE_MOMENT = 0.05  # seconds between the readings of two clocks that count as one moment; a stop between them is no step


class SystemClock:
    """Wall time that does not step while calls go on (see `SteadyTime`), and a clock that never does."""

    def __init__(self) -> None:
        self._steady = SteadyTime()

    def now(self) -> datetime:
        """Aware UTC wall time."""
        while True:
            before, wall, after = time.monotonic(), datetime.now(UTC), time.monotonic()
            if after - before < ONE_MOMENT:
                return self._steady.told(wall, after)

    def monotonic(self) -> float:
        """Seconds that never step."""
        return time.monotonic()

    def epoch(self) -> int:
        """Whole seconds as every program of this machine reads them now, stepped or not."""
        return int(time.time())

    @property
    def is_held(self) -> bool:
        """The machine's clock was stepped, and the time that is told goes on as before."""
        return bool(self._steady.shift)

    def take_steps(self) -> list[float]:
        """Give the seconds of each step that was found since this was last asked; positive is forward."""
        self.now()
        return self._steady.take_steps()

    def take_over(self) -> float:
        """Tell the machine's own time from now on; gives by how many seconds ours is set."""
        return self._steady.take_over()

    def corrected(self, event: TelephonyEvent) -> TelephonyEvent:
        """Date an event of Asterisk's, which reads the machine's clock, by our own time."""
        now = self.now()
        if not self._steady.shift:
            return event
        at = self._steady.corrected(event.at, now)
        if isinstance(event, LinkRestored):
            return replace(event, at=at, calls=tuple(self._found(call, now) for call in event.calls))
        return replace(event, at=at)

    def _found(self, call: CallFound, now: datetime) -> CallFound:
        arrived = self._steady.corrected(call.arrived, now)
        if call.since is None:
            return replace(call, arrived=arrived)
        since = self._steady.corrected(datetime.fromtimestamp(call.since, UTC), now)
        return replace(call, arrived=arrived, since=int(since.timestamp()))
