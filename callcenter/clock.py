"""The machine's clocks, as the controller reads them."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from callcenter.domain.steady_time import SteadyTime
from callcenter.domain.telephony import CallFound, LinkRestored, TelephonyEvent
from callcenter.storage.kept_time import KeptTime

ONE_MOMENT = 0.05  # seconds between the readings of two clocks that count as one moment; a stop between them is no step


def _machines() -> datetime:
    return datetime.now(UTC)


class SystemClock:
    """Wall time that does not step while calls go on (see `SteadyTime`), and a clock that never does."""

    def __init__(self, wall: Callable[[], datetime] = _machines, *, kept: KeptTime | None = None) -> None:
        """`wall` reads the machine's own clock: aware UTC. `kept` outlives this process: its time goes on by that."""
        self._wall = wall
        self._kept = kept or KeptTime()
        self._steady = SteadyTime(self._kept.read())

    def now(self) -> datetime:
        """Aware UTC wall time."""
        while True:
            before, wall, after = time.monotonic(), self._wall(), time.monotonic()
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

    @property
    def ahead(self) -> timedelta:
        """How far the machine's clock is ahead of the time that is told; negative where it was set back."""
        self.now()
        return self._steady.shift

    def be_behind(self, ahead: timedelta) -> None:
        """Tell from now on the time of another process, which the machine's clock is so far `ahead` of."""
        self.take_steps()  # what it has found is not to be found here once more
        self._steady.shift = ahead

    def take_steps(self) -> list[float]:
        """Give the seconds of each step that was found since this was last asked; positive is forward."""
        self.now()
        return self._steady.take_steps()

    def take_over(self) -> float:
        """Tell the machine's own time from now on; gives by how many seconds ours is set."""
        return self._steady.take_over()

    def keep(self) -> None:
        """Leave to the next process what it needs to tell the same time."""
        if (kept := self._steady.kept) is not None:
            self._kept.write(kept)

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
