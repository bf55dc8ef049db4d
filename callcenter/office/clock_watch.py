"""A step of the machine's clock is written down, and its new time is taken over when nobody is on the line."""

import asyncio

import structlog

from callcenter.domain.facts import ClockStepped
from callcenter.office.ports import SteppedClock
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 30.0  # for recording and ticket of the last call; a full disk must not keep the old time for days
LOOK_SECONDS = 0.1  # the dialplan holds us for dead until it is told the new time


class ClockWatch:
    """Looks at the clock, and tells the switchboard what became of it."""

    def __init__(self, clock: SteppedClock, switchboard: Switchboard) -> None:
        self._clock = clock
        self._switchboard = switchboard
        self._free_looks = 0
        """Looks in a row at which nobody was on the line."""

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Note each step that was found; take the new time over when what began by the old one is settled."""
        for seconds in self._clock.take_steps():
            log.warning("the machine's clock was stepped; calls on the line keep the time they had", seconds=seconds)
            self._switchboard.note_clock(ClockStepped(at=self._clock.now(), seconds=seconds))
        exchange = self._switchboard.exchange
        self._free_looks = 0 if exchange.calls else self._free_looks + 1
        waited = self._free_looks * LOOK_SECONDS >= SETTLE_SECONDS
        if self._clock.is_held and (exchange.is_settled or (waited and not exchange.calls)):
            seconds = self._clock.take_over()
            log.info("the machine's new time is taken over", seconds=seconds)
            self._switchboard.note_clock(ClockStepped(at=self._clock.now(), seconds=seconds, taken_over=True))
        self._clock.keep()  # behind the journal: a step that nobody was told of is found once more by the next one
