"""Seats: who sits where, and what state each is in."""

from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api import examples, shapes
from callcenter.api.contract import Answer, Ask, Nothing, Operation, listed, shown
from callcenter.api.words import Name
from callcenter.domain.seats import SeatState
from callcenter.domain.views import seat_view

TAG = "seats"


class SeatStateWish(BaseModel):
    """The state that a seat is to have."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state: Literal["ready", "break", "wrap_up", "offline"]
    reason: Name | None = Field(default=None, description="Why, for a break.")


async def list_seats(ask: Ask[Nothing, Nothing]) -> web.Response:
    """All seats, by extension."""
    return listed([seat_view(seat) for seat in ask.desk.seats()])


async def get_seat(ask: Ask[Nothing, Nothing]) -> web.Response:
    """One seat."""
    return shown(seat_view(ask.desk.seat(ask.path("extension"))))


async def set_state(ask: Ask[Nothing, SeatStateWish]) -> web.Response:
    """Sign in or out, be ready, take a break, write up."""
    state = SeatState(ask.body.state)
    return shown(seat_view(ask.desk.set_seat_state(ask.path("extension"), state, ask.body.reason or None)))


_ONE = Answer(says="The seat.", shape=shapes.Seat, example=examples.SEAT)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="listSeats",
        method="GET",
        path="/seats",
        tag=TAG,
        summary="All seats",
        chinese="坐席列表",
        handle=list_seats,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="All seats.", shape=shapes.SeatList, example=examples.SEATS)},
    ),
    Operation(
        id="getSeat",
        method="GET",
        path="/seats/{extension}",
        tag=TAG,
        summary="One seat",
        chinese="查看坐席",
        handle=get_seat,
        query=Nothing,
        body=Nothing,
        answers={200: _ONE},
    ),
    Operation(
        id="setSeatState",
        method="PUT",
        path="/seats/{extension}/state",
        tag=TAG,
        summary="Sign a seat in or out, set it ready, on break or writing up",
        chinese="设置坐席状态",
        handle=set_state,
        query=Nothing,
        body=SeatStateWish,
        body_example={"state": "break", "reason": "午休"},
        answers={
            200: Answer(
                says="The seat.",
                shape=shapes.Seat,
                example={**examples.SEAT, "state": "break", "reason": "午休", "call_id": None},
            )
        },
        problems=(409,),
    ),
)
