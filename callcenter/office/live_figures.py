"""The figures of the day that goes on: restored from the journal, moved by each fact, told when they have changed.

First those of the hotline; beside them, one after the other, those of each queue and seat of which facts came. It runs
where the figures are reckoned, beside the process that serves callers, and is fed with what that one notes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

import structlog

from callcenter.domain.errors import CallcenterError
from callcenter.domain.facts import ClockStepped, Fact
from callcenter.domain.figures.catalogue import value_view
from callcenter.domain.figures.records import Period
from callcenter.domain.figures.running import Running
from callcenter.domain.figures.scope import TODAY, WHOLE, Scope
from callcenter.domain.figures.shown import Shown, values_of
from callcenter.domain.records import Numbered
from callcenter.domain.views import Json, moment
from callcenter.office.figures import FigureOffice, local_day, shown
from callcenter.office.ports import Clock, ShownFigures

log = structlog.get_logger(__name__)

EVERY_SECONDS = 3.0  # at most so often are the hotline's told, and those of one queue or seat
SCOPES_A_SECOND = 4.0  # queues and seats: each is 8 kB to everybody who watches, so 200 busy seats take 50 s
RETRY_SECONDS = 5.0  # the journal cannot be read: the day is begun later
RECENT = (
    20_000  # facts kept for a day that begins: what the database may not have yet, those of the day before among it
)


@dataclass(slots=True)
class _Day:
    """A day that is followed."""

    running: Running
    seq: int
    """The journal's entry that was taken in last."""
    ended: datetime | None = None
    """As of when the hotline's figures were told for the last time; None while it goes on."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Facts came: the hotline's figures are to be told."""
    scopes_moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Facts came, or the end: those of queues and seats are to be told."""


class LiveFigures:
    """Keeps the running day."""

    def __init__(
        self,
        office: FigureOffice,
        kept: ShownFigures,
        *,
        clock: Clock,
        zone: tzinfo,
        tell: Callable[[str, Json], None],
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        """`tell` takes the kind and the data of each event for those who watch; it must not wait."""
        self._office = office
        self._kept = kept
        self._clock = clock
        self._zone = zone
        self._tell = tell
        self._every = every_seconds
        self._day: _Day | None = None
        self._days: asyncio.Queue[_Day] = asyncio.Queue()
        self._recent: deque[Numbered] = deque(maxlen=RECENT)
        self._latest: datetime | None = None

    def take(self, told: Numbered) -> None:
        """Take in what was just noted, in the journal's order; what is known already changes nothing."""
        self._recent.append(told)
        if self._day is not None:
            self._move(self._day, told)

    async def run(self) -> None:
        """Follow one day after the other until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_days(), name="figures: the hotline")
            tasks.create_task(self._tell_scopes(), name="figures: queues and seats")

    async def _follow_days(self) -> None:
        while True:
            today = self._clock.now().astimezone(self._zone).date()
            period = local_day(today, self._zone)
            try:
                day = _Day(*await self._office.running(period))
            except CallcenterError as error:
                log.warning("the day's figures cannot be begun yet", why=str(error))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for told in self._recent:
                self._move(day, told)
            self._day = day
            self._days.put_nowait(day)
            await self._follow(day, period)
            self._day = None
            # Also what happened since it was told before: what is kept was shown.
            last = self._say(day, max(self._now(), period.begins))
            day.ended = last.at
            day.scopes_moved.set()
            try:
                await self._kept.keep(last)
            except CallcenterError as error:
                log.error("the day's figures as they were shown could not be kept", day=str(today), why=str(error))

    async def _follow(self, day: _Day, period: Period) -> None:
        """Tell this day's figures until it is over, or the clock is set back to the day before, which goes on then."""
        while (now := self._clock.now()) in period:
            day.moved.clear()
            self._say(day, self._now())
            await asyncio.sleep(min(self._every, (period.ends - now).total_seconds()))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, (period.ends - self._clock.now()).total_seconds())):
                    await day.moved.wait()

    async def _tell_scopes(self) -> None:
        """Tell those of each day in rounds: whatever facts came of since the last one, and all once more at its end.

        A round begins with what was known of the day before, which begins anew.
        """
        known: set[Scope] = set()
        while True:
            day = await self._days.get()
            due = set(known)
            while day.ended is None:
                day.scopes_moved.clear()
                due |= day.running.changed(self._now())
                known |= due
                await asyncio.gather(asyncio.sleep(self._every), self._round(day, due))
                due = set()
                await day.scopes_moved.wait()
            known |= day.running.changed(day.ended)
            for scope in _in_order(known):
                self._say(day, day.ended, scope)
                await asyncio.sleep(1 / SCOPES_A_SECOND)

    async def _round(self, day: _Day, due: Iterable[Scope]) -> None:
        for scope in _in_order(due):
            if day.ended is not None:
                return  # all are told once more
            self._say(day, self._now(), scope)
            await asyncio.sleep(1 / SCOPES_A_SECOND)

    def _move(self, day: _Day, told: Numbered) -> None:
        if told.seq > day.seq:
            day.running.take(told.fact)
            day.seq, self._latest = told.seq, _later(self._latest, told.fact)
            day.moved.set()
            day.scopes_moved.set()

    def _now(self) -> datetime:
        """Never before what has happened, whatever the clocks say."""
        now = self._clock.now()
        return now if self._latest is None else max(now, self._latest)

    def _say(self, day: _Day, at: datetime, scope: Scope = WHOLE) -> Shown:
        """Tell the day's figures as they are at this moment; gives what was shown."""
        running = day.running
        figures, provisional = running.figures(at, scope), running.is_provisional(at)
        kind, whose = _told_as(scope)
        self._tell(
            kind,
            {
                "name": TODAY,
                **whose,
                "from": moment(running.day.begins),
                "to": moment(min(at, running.day.ends)),
                "seq": day.seq,
                "provisional": provisional,
                "figures": [value_view(definition, figure) for definition, figure in shown(figures)],
            },
        )
        return Shown(
            day=running.day.begins.astimezone(self._zone).date(),
            queue=scope.queue,
            seat=scope.seat,
            at=at,
            seq=day.seq,
            provisional=provisional,
            values=values_of(figures),
        )


def _told_as(scope: Scope) -> tuple[str, Json]:
    """Give the kind of event, and what names the queue or seat in it."""
    if scope.seat is not None:
        return "seat_figures.changed", {"seat": scope.seat}
    if scope.queue is not None:
        return "queue_figures.changed", {"queue": scope.queue}
    return "figures.changed", {}


def _in_order(scopes: Iterable[Scope]) -> Sequence[Scope]:
    """Queues first, for there are few, and what they say is of most people."""
    return sorted(scopes, key=lambda scope: (scope.queue is None, scope.queue or scope.seat or ""))


def _later(one: datetime | None, fact: Fact) -> datetime:
    """Give the newest time that a fact has; a new time that is taken over counts from there, earlier or not."""
    is_anew = one is None or (isinstance(fact, ClockStepped) and fact.taken_over)
    return fact.at if one is None or is_anew else max(one, fact.at)
