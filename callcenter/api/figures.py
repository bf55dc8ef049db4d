"""The figures of a period."""

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api.contract import Answer, Ask, Nothing, Operation, shown
from callcenter.api.problems import HttpError, QueryFault
from callcenter.api.words import Moment, Name
from callcenter.domain.figures.catalogue import DEFINITIONS, figure_view
from callcenter.domain.figures.figure import ratio
from callcenter.domain.figures.records import Constants, Period
from callcenter.domain.views import Json, moment

LONGEST_DAYS = 32


class Figure(BaseModel):
    """One figure; a time is in seconds."""

    number: str
    name: str
    chinese: str
    value: float | None = Field(description="Null where there is nothing to divide by; never 0 instead.")
    numerator: float | None
    denominator: float | None = Field(description="Null for a plain count or a single time.")
    definition: str = Field(description="What is divided by what, and the limits that were reckoned with.")


class FigureList(BaseModel):
    """The figures of a period."""

    model_config = ConfigDict(populate_by_name=True)

    items: list[Figure]
    next: str | None
    begins: datetime = Field(alias="from")
    ends: datetime = Field(alias="to")
    provisional: bool = Field(description="A call of the period goes on: figures may still change.")


EXAMPLE: Json = {
    "items": [figure_view(DEFINITIONS["4a"], ratio("4a", 7, 11), Constants())],
    "next": None,
    "from": "2026-03-01T16:00:00.000Z",
    "to": "2026-03-02T16:00:00.000Z",
    "provisional": False,
}


class FigureQuery(BaseModel):
    """Which figures; without a period the hotline's local day so far."""

    model_config = ConfigDict(extra="forbid")

    begins: Moment | None = Field(default=None, alias="from", description="Calls from this moment on.")
    ends: Moment | None = Field(default=None, alias="to", description="Calls before this moment.")
    queue: Name | None = Field(default=None, description="Only calls of this queue.", examples=["hotline"])
    seat: Name | None = Field(default=None, description="Only this seat's calls, offers and time.", examples=["8001"])


async def list_figures(ask: Ask[FigureQuery, Nothing]) -> web.Response:
    """Reckon the figures of a period from the journal."""
    query, today = ask.query, ask.desk.today()
    period = Period(query.begins or today.begins, query.ends or today.ends)
    if period.ends < period.begins:
        raise HttpError(422, "the query is not valid", faults=[_fault("must not be before from")])
    if (period.ends - period.begins).days >= LONGEST_DAYS:
        raise HttpError(422, "the query is not valid", faults=[_fault(f"{LONGEST_DAYS} days at most can be asked for")])
    found = await ask.desk.figures(period, queue=query.queue, seat=query.seat)
    return shown(
        {
            "items": [figure_view(definition, figure, found.constants) for definition, figure in found.figures],
            "next": None,
            "from": moment(period.begins),
            "to": moment(period.ends),
            "provisional": found.provisional,
        }
    )


def _fault(says: str) -> QueryFault:
    return QueryFault("/to", says, parameter="to")


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
    ),
)
