"""Calls: what is on the line and what was, what happened to each, and its sound."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api import examples, shapes
from callcenter.api.contract import Answer, Ask, Nothing, Operation, listed, shown
from callcenter.api.problems import HttpError, QueryFault
from callcenter.api.words import Cursor, Moment, Name, Telephone, Whole, YesOrNo
from callcenter.domain.errors import NotFoundError
from callcenter.domain.records import Entry
from callcenter.domain.views import Json, call_view, moment

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


ONE_CALL = Answer(says="The call.", shape=shapes.Call, example=examples.CALL)
"""Of whoever gives a call and nothing else."""

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
        answers={200: ONE_CALL},
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
)
