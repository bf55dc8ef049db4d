"""The figures of a period."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api.contract import Answer, Ask, Nothing, Operation, shown
from callcenter.api.problems import HttpError, QueryFault
from callcenter.api.words import Moment, Name, Window
from callcenter.domain.figures.catalogue import DEFINITIONS, figure_view, value_view
from callcenter.domain.figures.figure import ratio
from callcenter.domain.figures.records import Constants, Period
from callcenter.domain.views import Json, moment
from callcenter.office.figures import Figures

LONGEST_DAYS = 32
REPLY_SECONDS = 65.0  # a month takes longer than anything else that is asked; after 60 the office gives up itself
LONGEST_BY_HALF_HOURS = 2  # days: 96 lists of figures


class Interval(StrEnum):
    """What a period may be cut into."""

    HALF_HOUR = "half_hour"


class Value(BaseModel):
    """What a figure comes to; a time is in seconds."""

    number: str
    name: str
    value: float | None = Field(description="Null where there is nothing to divide by; never 0 instead.")
    numerator: float | None
    denominator: float | None = Field(description="Null for a plain count or a single time.")
    recovered: int | None = Field(
        description="How many of its calls hold a stamp found out after an absence; null where it counts no calls."
    )


class Figure(Value):
    """One figure, and what it is."""

    chinese: str
    english: str
    definition: str = Field(description="What is divided by what, since when, and the limits reckoned with.")


class IntervalFigures(BaseModel):
    """The figures of a part of the period."""

    model_config = ConfigDict(populate_by_name=True)

    begins: datetime = Field(alias="from")
    ends: datetime = Field(alias="to")
    provisional: bool
    figures: list[Value] = Field(description="Their definitions are those of `items`.")


class FigureList(BaseModel):
    """The figures of a period."""

    model_config = ConfigDict(populate_by_name=True)

    items: list[Figure]
    next: str | None
    begins: datetime = Field(alias="from")
    ends: datetime = Field(alias="to")
    provisional: bool = Field(description="A call of the period goes on: figures may still change.")
    seq: int = Field(description="The journal's newest entry that was looked at.")
    at: datetime = Field(description="As of when: what goes on is counted up to here.")
    intervals: list[IntervalFigures] | None = Field(
        default=None,
        description=(
            "Only where `interval` was asked for: each half-hour of the clock, oldest first. A call belongs, with all "
            "that happens to it, to the half-hour in which it asked for a person; counts add up to the whole."
        ),
    )


EXAMPLE: Json = {
    "items": [figure_view(DEFINITIONS["4a"], replace(ratio("4a", 7, 11), recovered=0), Constants())],
    "next": None,
    "from": "2026-03-01T16:00:00.000Z",
    "to": "2026-03-02T16:00:00.000Z",
    "provisional": False,
    "seq": 1204,
    "at": "2026-03-02T16:10:00.000Z",
    "intervals": [
        {
            "from": "2026-03-02T01:00:00.000Z",
            "to": "2026-03-02T01:30:00.000Z",
            "provisional": False,
            "figures": [value_view(DEFINITIONS["4a"], replace(ratio("4a", 4, 7), recovered=0))],
        }
    ],
}


class FigureQuery(BaseModel):
    """Which figures; without a period the hotline's local day so far."""

    model_config = ConfigDict(extra="forbid")

    begins: Moment | None = Field(default=None, alias="from", description="Calls from this moment on.")
    ends: Moment | None = Field(default=None, alias="to", description="Calls before this moment.")
    window: Window | None = Field(
        default=None,
        description="Instead of `from`: so many hours up to `to`, or to now; `24h` is the rolling day.",
        examples=["24h"],
    )
    interval: Interval | None = Field(
        default=None, description="Also give each half-hour.", examples=[Interval.HALF_HOUR]
    )
    queue: Name | None = Field(default=None, description="Only calls of this queue.", examples=["hotline"])
    seat: Name | None = Field(default=None, description="Only this seat's calls, offers and time.", examples=["8001"])


async def list_figures(ask: Ask[FigureQuery, Nothing]) -> web.Response:
    """Reckon the figures of a period from the journal."""
    query = ask.query
    period = _period(query, ask.desk.today())
    if query.interval is None:
        return shown(_view(await ask.desk.figures(period, queue=query.queue, seat=query.seat)))
    if period.ends - period.begins > timedelta(days=LONGEST_BY_HALF_HOURS):
        raise _refused("to", f"{LONGEST_BY_HALF_HOURS} days at most can be asked for by half-hours")
    whole, halves = await ask.desk.figures_by_half_hours(period, queue=query.queue, seat=query.seat)
    return shown(_view(whole) | {"intervals": [_interval(half) for half in halves]})


def _period(query: FigureQuery, today: Period) -> Period:
    if query.window is not None and query.begins is not None:
        raise _refused("window", "must not stand beside from")
    ends = query.ends or today.ends
    begins = query.begins or today.begins if query.window is None else ends - query.window
    if ends < begins:
        raise _refused("to", "must not be before from")
    if ends - begins > timedelta(days=LONGEST_DAYS):
        raise _refused("to", f"{LONGEST_DAYS} days at most can be asked for")
    return Period(begins, ends)


def _view(found: Figures) -> Json:
    return {
        "items": [figure_view(definition, figure, found.constants) for definition, figure in found.figures],
        "next": None,
        "from": moment(found.period.begins),
        "to": moment(found.period.ends),
        "provisional": found.provisional,
        "seq": found.seq,
        "at": moment(found.at),
    }


def _interval(found: Figures) -> Json:
    return {
        "from": moment(found.period.begins),
        "to": moment(found.period.ends),
        "provisional": found.provisional,
        "figures": [value_view(definition, figure) for definition, figure in found.figures],
    }


def _refused(parameter: str, says: str) -> HttpError:
    return HttpError(422, "the query is not valid", faults=[QueryFault(f"/{parameter}", says, parameter=parameter)])


OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="listFigures",
        method="GET",
        path="/figures",
        tag="hotline",
        summary="The figures of a period, reckoned from the journal",
        chinese="运行指标",
        handle=list_figures,
        query=FigureQuery,
        body=Nothing,
        answers={200: Answer(says="All figures.", shape=FigureList, example=EXAMPLE)},
        seconds=REPLY_SECONDS,
    ),
)
