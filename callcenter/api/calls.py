"""Calls: what is on the line, what was, and what an operator can do about one."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api import examples, shapes
from callcenter.api.contract import Answer, Ask, Nothing, Operation, listed, shown
from callcenter.api.problems import HttpError, QueryFault
from callcenter.api.words import Cursor, Moment, Name, Telephone, Whole, YesOrNo
from callcenter.domain.calls import Call
from callcenter.domain.errors import NotFoundError, RefusedError
from callcenter.domain.exchange.commands import SeatAction, UnitAction
from callcenter.domain.records import Entry
from callcenter.domain.views import Json, call_view, leg_view, moment

TAG = "calls"


class CallQuery(BaseModel):
    """Which calls."""

    model_config = ConfigDict(extra="forbid")

    live: YesOrNo | None = Field(default=None, description="Only calls on the line, or only ended ones.")
    caller: Telephone | None = Field(default=None, description="Calls from this number.", examples=["13800000000"])
    seat: Name | None = Field(default=None, description="Calls that this seat rang or talked in.", examples=["8001"])
    begun_from: Moment | None = Field(default=None, alias="from", description="t0 at or after this moment.")
    begun_to: Moment | None = Field(default=None, alias="to", description="t0 before this moment.")
    limit: Whole = Field(default=50, ge=1, le=200, description="Calls per page.", examples=[50])
    cursor: Cursor | None = Field(default=None, description="`next` of the page before.", examples=[examples.CURSOR])


async def list_calls(ask: Ask[CallQuery, Nothing]) -> web.Response:
    """Calls, newest first."""
    query = ask.query
    if query.begun_from is not None and query.begun_to is not None and query.begun_to < query.begun_from:
        fault = QueryFault("/to", "must not be before from", parameter="to")
        raise HttpError(422, "the query is not valid", faults=[fault])
    page = await ask.desk.calls(
        live=query.live,
        caller=query.caller or None,
        seat=query.seat,
        begun_from=query.begun_from,
        begun_to=query.begun_to,
        limit=query.limit,
        cursor=query.cursor,
    )
    return listed([call_view(call) for call in page.items], next_cursor=page.next)


async def get_call(ask: Ask[Nothing, Nothing]) -> web.Response:
    """One call, live or ended."""
    return shown(call_view(await ask.desk.call(ask.path("call_id"))))


class JournalQuery(BaseModel):
    """Which part of a call's journal."""

    model_config = ConfigDict(extra="forbid")

    limit: Whole | None = Field(
        default=None, ge=1, le=200, description="Entries per page; without it the whole journal.", examples=[50]
    )
    cursor: Whole | None = Field(default=None, description="`next` of the page before.", examples=[41])


async def get_journal(ask: Ask[JournalQuery, Nothing]) -> web.Response:
    """What happened to one call, oldest first."""
    query = ask.query
    entries = await ask.desk.journal(ask.path("call_id"))
    if query.cursor is not None:
        entries = [entry for entry in entries if entry.seq > query.cursor]
    page = entries[: query.limit]
    more = len(page) < len(entries)
    return listed([entry_view(entry) for entry in page], next_cursor=str(page[-1].seq) if more else None)


def entry_view(entry: Entry) -> Json:
    """An entry as others see it: without where files lie, and with times as they are everywhere."""
    return {
        "seq": entry.seq,
        "time": moment(entry.time),
        "kind": entry.kind,
        "data": {name: _told(value) for name, value in entry.data.items() if name != "recording_path"},
        "recovered": entry.recovered,
    }


_KEPT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00", re.ASCII)


def _told(value: object) -> object:
    """Write the journal's times, which are kept to the microsecond, as the contract has them."""
    match value:
        case str() if _KEPT_TIME.fullmatch(value):
            return moment(datetime.fromisoformat(value))
        case Mapping():
            return {name: _told(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_told(inner) for inner in value]
        case _:
            return value


async def get_recording(ask: Ask[Nothing, Nothing]) -> web.StreamResponse:
    """The sound of one call; a part of it where a Range is asked for."""
    call_id = ask.path("call_id")
    path = await ask.desk.recording(call_id)
    try:
        size = (await asyncio.to_thread(path.stat)).st_size
    except FileNotFoundError:
        raise NotFoundError("there is no recording of this call") from None
    if "If-Range" not in ask.request.headers:
        _check_range(ask.request, size)
    return _sound(path, call_id)


def _check_range(request: web.Request, size: int) -> None:
    try:
        begin = request.http_range.start
    except ValueError:
        begin = size
    if begin is not None and begin >= size:
        headers = {"Content-Range": f"bytes */{size}"}
        raise HttpError(416, f"one range within {size} bytes can be asked for", headers=headers)


def _sound(path: Path, call_id: str) -> web.FileResponse:
    name = "".join(char for char in call_id if char.isascii() and (char.isalnum() or char in "-_.")) or "call"
    headers = {"Content-Type": "audio/wav", "Content-Disposition": f'attachment; filename="{name}.wav"'}
    return web.FileResponse(path, headers=headers)


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


_ONE = Answer(says="The call.", shape=shapes.Call, example=examples.CALL)

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="listCalls",
        method="GET",
        path="/calls",
        tag=TAG,
        summary="Calls, newest first",
        chinese="通话列表",
        handle=list_calls,
        query=CallQuery,
        body=Nothing,
        answers={200: Answer(says="A page of calls.", shape=shapes.CallList, example=examples.CALLS)},
    ),
    Operation(
        id="getCall",
        method="GET",
        path="/calls/{call_id}",
        tag=TAG,
        summary="One call, live or ended",
        chinese="查看通话",
        handle=get_call,
        query=Nothing,
        body=Nothing,
        answers={200: _ONE},
    ),
    Operation(
        id="getCallRecording",
        method="GET",
        path="/calls/{call_id}/recording",
        tag=TAG,
        summary="The sound of a call: left the caller, right the hotline's side",
        chinese="通话录音",
        handle=get_recording,
        query=Nothing,
        body=Nothing,
        answers={
            200: Answer(
                says="The whole recording.",
                media_type="audio/wav",
                headers={"Content-Disposition": "A file name.", "Accept-Ranges": "bytes"},
            ),
            206: Answer(
                says="The part that Range named.",
                media_type="audio/wav",
                headers={"Content-Range": "Which bytes of how many."},
            ),
        },
        problems=(409, 416),
    ),
    Operation(
        id="getCallJournal",
        method="GET",
        path="/calls/{call_id}/journal",
        tag=TAG,
        summary="What happened to a call, oldest first",
        chinese="通话流水",
        handle=get_journal,
        query=JournalQuery,
        body=Nothing,
        answers={200: Answer(says="The journal, or a page of it.", shape=shapes.EntryList, example=examples.JOURNAL)},
    ),
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
        answers={200: _ONE},
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
        answers={200: _ONE},
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
