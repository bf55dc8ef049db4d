"""The hotline's figures of a period, reckoned from the journal alone."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

import structlog

from callcenter.domain.facts import Fact
from callcenter.domain.figures.catalogue import DEFINITIONS, Definition
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import Constants, Period, Records, Talk
from callcenter.domain.figures.report import half_hours, is_provisional, reports
from callcenter.domain.figures.running import Running
from callcenter.domain.records import Numbered
from callcenter.office.ports import Clock, Told

log = structlog.get_logger(__name__)

AROUND = timedelta(hours=26)  # the rolling connect rate looks 24 hours back; a call may also ask long after it arrived
SEATS_BEFORE = timedelta(hours=1)  # a wrap-up is known by the change before it, which may be dated a little sooner
AFTER = timedelta(days=2)  # seats write up, and calls end, after the period
REPEATS = timedelta(days=8)  # a repeat comes within 7 days of the end of a call, which may have been long


@dataclass(frozen=True, slots=True)
class Figures:
    """What was reckoned, and of which period."""

    period: Period
    constants: Constants
    provisional: bool
    """A call of the period goes on, so that figures may still change."""
    unclear: int
    """Facts that do not add up; what they tell is not counted."""
    figures: Sequence[tuple[Definition, Figure]]
    seq: int
    """Number of the journal's last entry that was looked at."""
    at: datetime
    """As of when: what goes on is counted up to here."""


class Reckons(Protocol):
    """Reckons figures on request. Every method may raise UnavailableError."""

    def today(self) -> Period:
        """The hotline's local day, so far."""
        ...

    async def of(self, period: Period, *, queue: str | None = None, seat: str | None = None) -> Figures:
        """Reckon every figure of a period."""
        ...

    async def halves(
        self, period: Period, *, queue: str | None = None, seat: str | None = None
    ) -> tuple[Figures, Sequence[Figures]]:
        """Reckon a period, and each half-hour of it."""
        ...


class FigureOffice:
    """Reckons figures on request. It reads and reckons for seconds: not in the process that serves callers."""

    def __init__(self, told: Told, *, clock: Clock, zone: tzinfo) -> None:
        self._told = told
        self._clock = clock
        self._zone = zone
        self._constants = Constants(zone=str(zone))

    def today(self) -> Period:
        """The hotline's local day, so far."""
        return so_far(self._clock.now(), self._zone)

    async def of(
        self,
        period: Period,
        *,
        queue: str | None = None,
        seat: str | None = None,
        until: int | None = None,
        at: datetime | None = None,
    ) -> Figures:
        """Reckon every figure of a period; `until`: from the journal as it was at this entry; `at`: as of then."""
        ((found,),) = await self._reckon(period, [period], queue=queue, seat=seat, until=until, at=at)
        return found

    async def halves(
        self, period: Period, *, queue: str | None = None, seat: str | None = None
    ) -> tuple[Figures, Sequence[Figures]]:
        """Reckon a period, and each half-hour of it, from one look at the journal."""
        (whole,), halves = await self._reckon(period, [period], half_hours(period), queue=queue, seat=seat)
        return whole, halves

    async def running(self, day: Period) -> tuple[Running, int]:
        """Begin the figures of a day that goes on with what the journal tells up to now; and the entry read last."""
        seq = await self._told.latest()
        facts = await self._facts(day, until=seq)
        talks, of_tickets = await self._told.talks(
            begins=day.begins - REPEATS, ends=day.begins - AROUND, like=None, until=seq
        )
        return await asyncio.to_thread(_running, day, self._constants, [*facts, *of_tickets], talks), seq

    async def _reckon(
        self,
        whole: Period,
        *cuts: Sequence[Period],
        queue: str | None,
        seat: str | None,
        until: int | None = None,
        at: datetime | None = None,
    ) -> Sequence[Sequence[Figures]]:
        """Reckon the parts of each cut of a period; to read what happened in it takes longest, so it is read once."""
        at = at or self._clock.now()
        seq = await self._told.latest() if until is None else until
        facts = await self._facts(whole, until=seq)
        read_already = (whole.begins - AROUND, whole.ends)
        before, tickets_before = await self._told.talks(
            begins=whole.begins - REPEATS, ends=whole.begins - AROUND, like=read_already, until=seq
        )
        after, tickets_after = await self._told.talks(
            begins=whole.ends, ends=whole.ends + REPEATS, like=read_already, until=seq
        )

        def reckoned() -> Sequence[Sequence[Figures]]:
            reader, unclear = _read([*facts, *tickets_before, *tickets_after], [*before, *after])
            records = reader.records(at)
            found = [
                zip(cut, reports(records, cut, at, constants=self._constants, queue=queue, seat=seat), strict=True)
                for cut in cuts
            ]
            return [
                [
                    _figures(period, figures, records, constants=self._constants, at=at, unclear=unclear, seq=seq)
                    for period, figures in parts
                ]
                for parts in found
            ]

        return await asyncio.to_thread(reckoned)

    async def _facts(self, period: Period, *, until: int) -> Sequence[Numbered]:
        told = self._told
        return [
            *await told.of_calls(begins=period.begins - AROUND, ends=period.ends, until=until),
            *await told.of_seats(begins=period.begins - SEATS_BEFORE, ends=period.ends + AFTER, until=until),
            *await told.of_recalls(begins=period.begins, until=until),
            *await told.of_tickets_due(until=until),
        ]


def local_day(day: date, zone: tzinfo) -> Period:
    """Give a day of the hotline's zone, from midnight to midnight, in UTC."""
    midnight = datetime.combine(day, time(), zone)
    return Period(midnight.astimezone(UTC), datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC))


def so_far(now: datetime, zone: tzinfo) -> Period:
    """Give the local day of this moment, cut at the moment."""
    return Period(local_day(now.astimezone(zone).date(), zone).begins, now)


def shown(found: Iterable[Figure]) -> Sequence[tuple[Definition, Figure]]:
    """Put figures in the order in which they are shown, each with what it is."""
    by_number = {figure.number: figure for figure in found}
    return [(definition, by_number[number]) for number, definition in DEFINITIONS.items()]


def _in_order(facts: Iterable[Numbered]) -> Iterable[Fact]:
    """Give each entry once, in the journal's order."""
    by_number = {each.seq: each.fact for each in facts}
    return [by_number[seq] for seq in sorted(by_number)]


def _read(facts: Iterable[Numbered], talks: Iterable[Talk]) -> tuple[Reader, int]:
    reader, unclear = Reader(), 0
    reader.know(talks)
    for fact in _in_order(facts):
        try:
            reader.take(fact)
        except ValueError:
            unclear += 1
    if unclear:
        log.error("facts of the journal do not add up to figures", facts=unclear)
    return reader, unclear


def _running(day: Period, constants: Constants, facts: Iterable[Numbered], talks: Iterable[Talk]) -> Running:
    running = Running(day, constants=constants, talks=talks)
    for fact in _in_order(facts):
        running.take(fact)
    return running


def _figures(
    period: Period,
    found: Iterable[Figure],
    records: Records,
    *,
    constants: Constants,
    at: datetime,
    unclear: int,
    seq: int,
) -> Figures:
    return Figures(
        period=period,
        constants=constants,
        provisional=is_provisional(records.calls, period, at),
        unclear=unclear,
        figures=shown(found),
        seq=seq,
        at=at,
    )
