"""The hotline's figures of a period, reckoned from the journal alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import structlog

from callcenter.domain.facts import Fact
from callcenter.domain.figures.catalogue import DEFINITIONS, Definition
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import Constants, Period
from callcenter.domain.figures.report import is_provisional, report
from callcenter.office.ports import Clock, Told

log = structlog.get_logger(__name__)

AROUND = timedelta(hours=24)  # the rolling connect rate looks so far back; a call may also ask a day after it arrived
AFTER = timedelta(days=2)  # seats write up, and calls end, after the period


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


class FigureOffice:
    """Reckons figures on request; reading and adding up are done beside the loop that serves callers."""

    def __init__(self, told: Told, *, clock: Clock, zone: tzinfo) -> None:
        self._told = told
        self._clock = clock
        self._zone = zone

    def today(self) -> Period:
        """The hotline's local day, so far."""
        now = self._clock.now()
        midnight = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return Period(midnight.astimezone(now.tzinfo), now)

    async def of(self, period: Period, *, queue: str | None = None, seat: str | None = None) -> Figures:
        """Reckon every figure of a period. Raises UnavailableError."""
        now = self._clock.now()
        calls = await self._told.of_calls(begins=period.begins - AROUND, ends=period.ends)
        seats = await self._told.of_seats(begins=period.begins - AROUND, ends=min(period.ends + AFTER, now))
        constants = Constants(zone=str(self._zone))
        return await asyncio.to_thread(_reckon, [*calls, *seats], period, now, constants, queue=queue, seat=seat)


def _reckon(
    facts: Sequence[Fact],
    period: Period,
    now: datetime,
    constants: Constants,
    *,
    queue: str | None,
    seat: str | None,
) -> Figures:
    reader, unclear = Reader(), 0
    for fact in sorted(facts, key=lambda each: each.at):  # stable: the journal's order within a moment
        try:
            reader.take(fact)
        except ValueError:
            unclear += 1
    if unclear:
        log.error("facts of the journal do not add up to figures", facts=unclear)
    records = reader.records(now)
    found = {
        figure.number: figure for figure in report(records, period, now, constants=constants, queue=queue, seat=seat)
    }
    return Figures(
        period=period,
        constants=constants,
        provisional=is_provisional(records, period),
        unclear=unclear,
        figures=[(DEFINITIONS[number], found[number]) for number in DEFINITIONS],
    )
