"""The figures of the day that goes on: restored from the journal, moved by each fact, told when they have changed.

It runs where the figures are reckoned, beside the process that serves callers, and is fed with what that one notes.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, tzinfo

import structlog

from callcenter.domain.errors import CallcenterError
from callcenter.domain.facts import Fact
from callcenter.domain.figures.catalogue import value_view
from callcenter.domain.figures.records import Period
from callcenter.domain.figures.running import Running
from callcenter.domain.figures.shown import Shown, values_of
from callcenter.domain.records import Numbered
from callcenter.domain.views import Json, moment
from callcenter.office.figures import FigureOffice, local_day, shown
from callcenter.office.ports import Clock, ShownFigures

log = structlog.get_logger(__name__)

EVERY_SECONDS = 3.0  # at most so often are they told
RETRY_SECONDS = 5.0  # the journal cannot be read: the day is begun later


class LiveFigures:
    """Keeps the running day."""

    def __init__(
        self,
        office: FigureOffice,
        kept: ShownFigures,
        *,
        clock: Clock,
        zone: tzinfo,
        tell: Callable[[Json], None],
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        """`tell` takes the day's figures as those who watch are told them; it must not wait."""
        self._office = office
        self._kept = kept
        self._clock = clock
        self._zone = zone
        self._tell = tell
        self._every = every_seconds
        self._running: Running | None = None
        self._seq = 0
        self._early: list[Numbered] = []
        self._latest: datetime | None = None
        self._changed = asyncio.Event()

    def take(self, told: Numbered) -> None:
        """Take in what was just noted, in the journal's order; what is known already changes nothing."""
        self._early.append(told)
        if self._running is not None:
            self._catch_up(self._running)

    async def run(self) -> None:
        """Follow one day after the other until cancelled."""
        while True:
            today = self._clock.now().astimezone(self._zone).date()
            day = local_day(today, self._zone)
            try:
                running, self._seq = await self._office.running(day)
            except CallcenterError as error:
                log.warning("the day's figures cannot be begun yet", why=str(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self._catch_up(running)
            self._running = running
            await self._follow(running, day)
            self._running = None
            try:
                await self._kept.keep(self.shown(running))
            except CallcenterError as error:
                log.error("the day's figures as they were shown could not be kept", day=str(today), why=str(error))

    def shown(self, running: Running) -> Shown:
        """Give what is shown of a day at this moment."""
        at = self._now()
        figures = running.figures(at)
        return Shown(
            day=running.day.begins.astimezone(self._zone).date(),
            at=at,
            seq=self._seq,
            provisional=running.is_provisional(at),
            values=values_of(figures),
        )

    async def _follow(self, running: Running, day: Period) -> None:
        while (left := (day.ends - self._clock.now()).total_seconds()) > 0:
            self._changed.clear()
            self._publish(running)
            await asyncio.sleep(min(self._every, left))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, (day.ends - self._clock.now()).total_seconds())):
                    await self._changed.wait()

    def _catch_up(self, running: Running) -> None:
        early, self._early = self._early, []
        for told in early:
            if told.seq > self._seq:
                running.take(told.fact)
                self._seq, self._latest = told.seq, _later(self._latest, told.fact)
                self._changed.set()

    def _now(self) -> datetime:
        """Never before what has happened, whatever the clocks say."""
        now = self._clock.now()
        return now if self._latest is None else max(now, self._latest)

    def _publish(self, running: Running) -> None:
        at = self._now()
        figures = shown(running.figures(at))
        self._tell(
            {
                "name": "today",
                "from": moment(running.day.begins),
                "to": moment(min(at, running.day.ends)),
                "seq": self._seq,
                "provisional": running.is_provisional(at),
                "figures": [value_view(definition, figure) for definition, figure in figures],
            }
        )


def _later(one: datetime | None, fact: Fact) -> datetime:
    return fact.at if one is None else max(one, fact.at)
