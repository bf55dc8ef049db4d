"""Tickets: found, drafted, completed and filed. A change names the version it was made on."""

import re
from typing import Any, ClassVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api import examples, shapes
from callcenter.api.contract import Answer, Ask, Nothing, Operation, listed, shown
from callcenter.api.problems import HttpError
from callcenter.api.words import Cursor, Line, Name, Notes, Telephone, Text, Whole
from callcenter.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError
from callcenter.domain.tickets import EDITABLE, Ticket, TicketKind, TicketState, Urgency
from callcenter.domain.views import Json, ticket_view
from callcenter.office.desk import Desk

TAG = "tickets"
ACTOR = "api"  # until people sign in by name
_TAG = re.compile(r'\s*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*"|[0-9]+)\s*')
_VERSION = re.compile(r'"?([1-9][0-9]{0,8})"?')


class TicketQuery(BaseModel):
    """Which tickets."""

    model_config = ConfigDict(extra="forbid")

    state: TicketState | None = Field(default=None, description="Tickets that have come this far.")
    kind: TicketKind | None = Field(default=None, description="Tickets of this kind.")
    unit: Name | None = Field(default=None, description="Tickets for this unit.", examples=["housing"])
    caller: Telephone | None = Field(default=None, description="Tickets of this number.", examples=["13800000000"])
    q: Name | None = Field(default=None, description="Words to look for.", examples=["噪声"])
    limit: Whole = Field(default=50, ge=1, le=200, description="Tickets per page.", examples=[50])
    cursor: Cursor | None = Field(default=None, description="`next` of the page before.", examples=[examples.CURSOR])


class TicketFields(BaseModel):
    """What people may write into a ticket. Blank text is none."""

    model_config = ConfigDict(extra="forbid", strict=True)
    SET_BY_THE_HOTLINE: ClassVar = frozenset(shapes.Ticket.model_fields) - EDITABLE

    kind: TicketKind | None = None
    category: Name | None = None
    urgency: Urgency = Urgency.NORMAL
    caller_name: Name | None = None
    caller_phone: Telephone | None = None
    address: Line | None = None
    matter: Text | None = None
    wanted: Text | None = None
    confidential: bool = False
    notes: Notes | None = None
    unit: Name | None = Field(default=None, description="Id of the unit that is to handle it.")

    def given(self) -> Json:
        """The fields that were sent."""
        return {name: None if value == "" else value for name, value in self.model_dump(exclude_unset=True).items()}


async def list_tickets(ask: Ask[TicketQuery, Nothing]) -> web.Response:
    """Tickets, newest first."""
    query = ask.query
    page = await ask.desk.tickets(
        state=query.state,
        kind=query.kind,
        unit=query.unit or None,
        caller=query.caller or None,
        text=query.q or None,
        limit=query.limit,
        cursor=query.cursor,
    )
    return listed([ticket_view(ticket) for ticket in page.items], next_cursor=page.next)


async def get_ticket(ask: Ask[Nothing, Nothing]) -> web.Response:
    """One ticket."""
    return _shown(await ask.desk.ticket(ask.path("ticket_id")))


async def create_ticket(ask: Ask[Nothing, TicketFields]) -> web.Response:
    """Draft a ticket without a call."""
    fields = _fields(ask.desk, ask.body)
    ticket = await ask.desk.create_ticket(fields, actor=ACTOR)
    return _shown(ticket, status=201, location=f"/api/v1/tickets/{ticket.id}")


async def edit_ticket(ask: Ask[Nothing, TicketFields]) -> web.Response:
    """Change fields of a draft."""
    changes = _fields(ask.desk, ask.body)
    if not changes:
        raise InvalidInputError("name at least one field to change", [Fault("", "is empty")])
    ticket_id = ask.path("ticket_id")
    version = await _version(ask.desk, ticket_id, ask.request.headers.getall("If-Match"))
    return _shown(await ask.desk.edit_ticket(ticket_id, changes, version=version, actor=ACTOR))


async def file_ticket(ask: Ask[Nothing, Nothing]) -> web.Response:
    """File a completed draft."""
    return _shown(await ask.desk.file_ticket(ask.path("ticket_id"), actor=ACTOR))


def _shown(ticket: Ticket, *, status: int = 200, location: str | None = None) -> web.Response:
    headers = {"ETag": f'"{ticket.version}"'}
    if location is not None:
        headers["Location"] = location
    return shown(ticket_view(ticket), status=status, headers=headers)


def _fields(desk: Desk, body: TicketFields) -> Json:
    fields = body.given()
    if (unit := fields.get("unit")) is not None:
        try:
            desk.unit(unit)
        except NotFoundError:
            raise InvalidInputError("the body is not valid", [Fault("/unit", "is not the id of a unit")]) from None
    return fields


async def _version(desk: Desk, ticket_id: str, header: list[str]) -> int:
    """Find the version that If-Match means (RFC 9110 §13.1.1).

    One tag is that version. `*` and a list need a look at the ticket. Weak tags never match; a bare number is taken
    as the tag it was meant to be.

    Raises:
        HttpError: the header cannot be read.
        NotFoundError: there is no such ticket.
        ConflictError: no tag fits.

    """
    text = ", ".join(header).strip()
    tags = [found.group(1) for found in map(_TAG.fullmatch, text.split(",")) if found]
    if text != "*" and len(tags) != len(text.split(",")):
        raise HttpError(400, 'If-Match must be a version in quotes, for example "3"')
    versions = [int(found.group(1)) for found in map(_VERSION.fullmatch, tags) if found]
    if len(tags) == len(versions) == 1:
        return versions[0]
    current = (await desk.ticket(ticket_id)).version
    if text == "*" or current in versions:
        return current
    raise ConflictError("the ticket was changed meanwhile; read it again")


_ETAG = {"ETag": "The version, in quotes."}

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="listTickets",
        method="GET",
        path="/tickets",
        tag=TAG,
        summary="Tickets, newest first",
        chinese="工单列表",
        handle=list_tickets,
        query=TicketQuery,
        body=Nothing,
        answers={200: Answer(says="A page of tickets.", shape=shapes.TicketList, example=examples.TICKETS)},
    ),
    Operation(
        id="createTicket",
        method="POST",
        path="/tickets",
        tag=TAG,
        summary="Draft a ticket without a call",
        chinese="新建工单",
        handle=create_ticket,
        query=Nothing,
        body=TicketFields,
        body_example={"kind": "report", "category": "道路交通", "matter": "路口信号灯不亮。", "urgency": "urgent"},
        answers={
            201: Answer(
                says="The ticket.",
                shape=shapes.Ticket,
                example=examples.TICKET,
                headers={**_ETAG, "Location": "Where it can be read."},
            )
        },
    ),
    Operation(
        id="getTicket",
        method="GET",
        path="/tickets/{ticket_id}",
        tag=TAG,
        summary="One ticket",
        chinese="查看工单",
        handle=get_ticket,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="The ticket.", shape=shapes.Ticket, example=examples.TICKET, headers=_ETAG)},
    ),
    Operation(
        id="editTicket",
        method="PATCH",
        path="/tickets/{ticket_id}",
        tag=TAG,
        summary="Change fields of a draft; null empties one",
        chinese="修改工单",
        handle=edit_ticket,
        query=Nothing,
        body=TicketFields,
        body_example={"category": "噪声扰民", "unit": "housing", "notes": None},
        if_match=True,
        answers={200: Answer(says="The ticket.", shape=shapes.Ticket, example=examples.TICKET, headers=_ETAG)},
        problems=(409, 412, 428),
    ),
    Operation(
        id="fileTicket",
        method="POST",
        path="/tickets/{ticket_id}/file",
        tag=TAG,
        summary="File a completed draft",
        chinese="提交工单",
        handle=file_ticket,
        query=Nothing,
        body=Nothing,
        body_needed=False,
        answers={200: Answer(says="The ticket.", shape=shapes.Ticket, example=examples.FILED_TICKET, headers=_ETAG)},
        problems=(409, 412),
    ),
)
