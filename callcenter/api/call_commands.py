"""What an operator can do about a call: end it, hold it, bring a unit in, leave it, keep what is said secret."""

from typing import Annotated, Any, Literal, NoReturn

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api import examples, shapes
from callcenter.api.calls import ONE_CALL, TAG
from callcenter.api.contract import Answer, Ask, Nothing, Operation, shown
from callcenter.api.words import Name
from callcenter.domain.calls import Call
from callcenter.domain.errors import NotFoundError, RefusedError
from callcenter.domain.exchange.commands import SeatAction, UnitAction
from callcenter.domain.views import call_view, leg_view


async def hang_up(ask: Ask[Nothing, Nothing]) -> web.Response:
    """End a call; its end follows as an event."""
    call_id = ask.path("call_id")
    try:
        ask.desk.hang_up(call_id)
    except NotFoundError as error:
        await _refuse_ended(ask, error)
    return shown(call_view(await ask.desk.call(call_id)), status=202)


async def hold(ask: Ask[Nothing, Nothing]) -> web.Response:
    """Let the caller hear music."""
    return shown(call_view(await _hold_or_resume(ask, held=True)))


async def resume(ask: Ask[Nothing, Nothing]) -> web.Response:
    """Take the caller back."""
    return shown(call_view(await _hold_or_resume(ask, held=False)))


async def _hold_or_resume(ask: Ask[Nothing, Nothing], *, held: bool) -> Call:
    call_id = ask.path("call_id")
    try:
        return ask.desk.hold(call_id) if held else ask.desk.resume(call_id)
    except NotFoundError as error:
        await _refuse_ended(ask, error)


class ThreeWay(BaseModel):
    """Whom to bring into the call."""

    model_config = ConfigDict(extra="forbid", strict=True)

    unit: Annotated[Name, Field(min_length=1)] = Field(description="Id of a unit, or a number that may be dialled.")
    private: bool = Field(
        default=False, description="On its answer seat and unit talk alone first; the caller hears music."
    )


async def call_unit(ask: Ask[Nothing, ThreeWay]) -> web.Response:
    """Call a third party beside the talk; each of its steps follows as an event."""
    try:
        leg = ask.desk.call_unit(ask.path("call_id"), ask.body.unit, private=ask.body.private)
    except NotFoundError as error:
        await _refuse_ended(ask, error)
    return shown(leg_view(leg), status=202)


class UnitWish(BaseModel):
    """What is to become of the unit."""

    model_config = ConfigDict(extra="forbid", strict=True)

    action: Literal["consult", "join", "drop"] = Field(
        description="consult: seat and unit talk, the caller hears music; join: all three; drop: the unit leaves."
    )


async def change_unit(ask: Ask[Nothing, UnitWish]) -> web.Response:
    """Consult with the unit, join all three, or let it go."""
    try:
        leg = ask.desk.change_unit(ask.path("call_id"), ask.path("leg_id"), UnitAction(ask.body.action))
    except NotFoundError as error:
        await _refuse_ended(ask, error)
    return shown(leg_view(leg))


class SeatWish(BaseModel):
    """Whether the operator is in the talk."""

    model_config = ConfigDict(extra="forbid", strict=True)

    action: Literal["leave", "return"] = Field(description="leave: caller and unit talk alone; return: all three.")


async def change_seat(ask: Ask[Nothing, SeatWish]) -> web.Response:
    """Leave caller and unit alone, or come back."""
    try:
        call = ask.desk.change_seat(ask.path("call_id"), SeatAction(ask.body.action))
    except NotFoundError as error:
        await _refuse_ended(ask, error)
    return shown(call_view(call))


class SecretWish(BaseModel):
    """Whether what is said now is kept."""

    model_config = ConfigDict(extra="forbid", strict=True)

    on: bool = Field(description="true: neither sound nor words are kept from now on.")


async def set_secret(ask: Ask[Nothing, SecretWish]) -> web.Response:
    """Pause recording and notes of a call, or go on with them."""
    try:
        call = ask.desk.set_secret(ask.path("call_id"), on=ask.body.on)
    except NotFoundError as error:
        await _refuse_ended(ask, error)
    return shown(call_view(call))


async def _refuse_ended(ask: Ask[Any, Any], error: NotFoundError) -> NoReturn:
    """Tell a call that has ended from one that never was. Raises RefusedError or NotFoundError."""
    call = await ask.desk.call(ask.path("call_id"))
    if call.is_live:
        raise error  # it is something else of this call that is not there
    raise RefusedError("the call has ended") from error


OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="hangUpCall",
        method="POST",
        path="/calls/{call_id}/hangup",
        tag=TAG,
        summary="End a call",
        chinese="挂断通话",
        handle=hang_up,
        query=Nothing,
        body=Nothing,
        body_needed=False,
        answers={202: Answer(says="The call as it is now; its end follows.", shape=shapes.Call, example=examples.CALL)},
        problems=(409,),
    ),
    Operation(
        id="holdCall",
        method="POST",
        path="/calls/{call_id}/hold",
        tag=TAG,
        summary="Put the caller on hold; he hears music",
        chinese="保持通话",
        handle=hold,
        query=Nothing,
        body=Nothing,
        body_needed=False,
        answers={200: Answer(says="The call.", shape=shapes.Call, example=examples.HELD_CALL)},
        problems=(409,),
    ),
    Operation(
        id="resumeCall",
        method="POST",
        path="/calls/{call_id}/resume",
        tag=TAG,
        summary="Take the caller back from hold",
        chinese="恢复通话",
        handle=resume,
        query=Nothing,
        body=Nothing,
        body_needed=False,
        answers={200: ONE_CALL},
        problems=(409,),
    ),
    Operation(
        id="callUnit",
        method="POST",
        path="/calls/{call_id}/three-way",
        tag=TAG,
        summary="Bring a third party into the call; the talk goes on while it is dialled",
        chinese="发起三方通话",
        handle=call_unit,
        query=Nothing,
        body=ThreeWay,
        body_example={"unit": "housing", "private": False},
        answers={
            202: Answer(
                says="Its leg; each further step is a leg.changed event, with the outcome at the end.",
                shape=shapes.Leg,
                example=examples.UNIT_LEG,
            )
        },
        problems=(409,),
    ),
    Operation(
        id="changeUnit",
        method="PUT",
        path="/calls/{call_id}/three-way/{leg_id}",
        tag=TAG,
        summary="Consult with the unit alone, join all three, or let the unit go",
        chinese="私下商谈、三方通话或请承办单位退出",
        handle=change_unit,
        query=Nothing,
        body=UnitWish,
        body_example={"action": "join"},
        answers={200: Answer(says="Its leg.", shape=shapes.Leg, example=examples.JOINED_LEG)},
        problems=(409,),
    ),
    Operation(
        id="changeSeat",
        method="PUT",
        path="/calls/{call_id}/seat",
        tag=TAG,
        summary="Leave caller and unit alone, or come back",
        chinese="话务员离开或返回通话",
        handle=change_seat,
        query=Nothing,
        body=SeatWish,
        body_example={"action": "leave"},
        answers={200: ONE_CALL},
        problems=(409,),
    ),
    Operation(
        id="setSecret",
        method="PUT",
        path="/calls/{call_id}/secret",
        tag=TAG,
        summary="Pause recording and notes while something secret is said, or go on with them",
        chinese="保密开关：暂停或恢复录音与记录",
        handle=set_secret,
        query=Nothing,
        body=SecretWish,
        body_example={"on": True},
        answers={200: Answer(says="The call.", shape=shapes.Call, example={**examples.CALL, "secret": True})},
        problems=(409,),
    ),
)
