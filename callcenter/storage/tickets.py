"""Tickets: their rows, their numbers, and the trace that tells every step."""

import dataclasses
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from callcenter.domain import tickets as domain
from callcenter.domain.calls import Call
from callcenter.domain.cursors import cursor_after, place_of
from callcenter.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError, UnavailableError
from callcenter.domain.ids import CallId, NewId, TicketId
from callcenter.domain.numbers import normalise
from callcenter.domain.records import Page
from callcenter.domain.tickets import Ticket, TicketKind, TicketState, TraceEntry, Urgency
from callcenter.storage.rows import add, dialect_of, insert_into, table_of
from callcenter.storage.store import Store, UnfitError
from callcenter.storage.tables import TicketCallRow, TicketDayRow, TicketRow, TicketTraceRow

_LINKS = table_of(TicketCallRow).c
_DRAFTED_FROM = select(_LINKS.call_id, _LINKS.ticket_id).where(
    _LINKS.call_id.in_(bindparam("from_calls", expanding=True)), _LINKS.drafted.is_(True)
)

_Made = TypeVar("_Made")

AUTOMATIC = "hotline"
"""Actor of what the hotline does by itself."""

_MOST_OF_A_DAY = 999_999
_TRIES = 3  # two writers in one moment; more than that is a fault
_COLUMNS = [field.name for field in dataclasses.fields(Ticket) if field.name not in ("call_ids", "heard", "trace")]


class Tickets:
    """Fills the office's port of that name: `Tickets(store, zone=ZoneInfo("Asia/Shanghai"), new_id=…)`.

    `zone` decides the date in a ticket's number; `new_id` makes UUIDv7s. Every method may raise UnavailableError.
    """

    def __init__(self, store: Store, *, zone: tzinfo, new_id: NewId, area_code: str = "") -> None:
        self._store = store
        self._zone = zone
        self._new_id = new_id
        self._area_code = area_code

    async def draft_from_calls(self, calls: Sequence[Call], *, at: datetime) -> Sequence[Ticket]:
        """Draft a ticket from each of these answered calls; the same call always gives the same ticket.

        `calls`: each once, at most 100.
        """

        async def draft(session: AsyncSession) -> Sequence[Ticket]:
            there = await _drafted_from(session, [call.id for call in calls])
            new = [({"caller_phone": call.caller}, (call.id,)) for call in calls if call.id not in there]
            made = {ticket.call_ids[0]: ticket for ticket in await self._draft(session, new, at=at, actor=AUTOMATIC)}
            return [there.get(call.id) or made[call.id] for call in calls]

        return await self._write(draft)

    async def create(self, fields: Mapping[str, Any], *, at: datetime, actor: str) -> Ticket:
        """Draft a ticket without a call. Raises InvalidInputError, naming every field that is wrong."""
        checked = _checked(fields)
        checked["notes_edited"] = checked.get("notes") is not None

        async def draft(session: AsyncSession) -> Ticket:
            return (await self._draft(session, [(checked, ())], at=at, actor=actor))[0]

        return await self._write(draft)

    async def get(self, ticket_id: str) -> Ticket | None:
        """One ticket."""
        return await self._one(TicketRow.id == ticket_id)

    async def by_number(self, number: str) -> Ticket | None:
        """One ticket by the number people use."""
        return await self._one(TicketRow.number == number)

    async def find(
        self,
        *,
        state: str | None,
        kind: str | None,
        unit: str | None,
        caller: str | None,
        text: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Ticket]:
        """Tickets newest first; `text` stands in number, matter, address or caller's name.

        Raises:
            InvalidInputError: the cursor is of another list.

        """
        wanted: list[ColumnElement[bool]] = []
        if state is not None:
            wanted.append(TicketRow.state == state)
        if kind is not None:
            wanted.append(TicketRow.kind == kind)
        if unit is not None:
            wanted.append(TicketRow.unit == unit)
        if caller is not None:
            numbers = {caller, normalise(caller, area_code=self._area_code) or caller}
            wanted.append(TicketRow.caller_phone.in_(sorted(numbers)))
        if text:
            searched = (TicketRow.number, TicketRow.matter, TicketRow.address, TicketRow.caller_name)
            wanted.append(or_(*(column.icontains(text, autoescape=True) for column in searched)))
        if cursor is not None:
            time, last_id = place_of(cursor)
            wanted.append(or_(TicketRow.created < time, and_(TicketRow.created == time, TicketRow.id < last_id)))
        query = select(TicketRow).where(*wanted).order_by(TicketRow.created.desc(), TicketRow.id.desc())
        async with self._store.reading() as session:
            rows = (await session.scalars(query.limit(limit + 1))).all()
            items = await _with_steps(session, rows[:limit])
        more = len(rows) > limit and bool(items)
        return Page(items, cursor_after(items[-1].created, items[-1].id) if more else None)

    async def edit(
        self, ticket_id: TicketId, changes: Mapping[str, Any], *, version: int, at: datetime, actor: str
    ) -> Ticket:
        """Change fields of a draft.

        Raises:
            NotFoundError: there is no such ticket.
            ConflictError: `version` is not the newest.
            RefusedError: it is no draft any more.
            InvalidInputError: fields that are wrong; names each.

        """
        checked = _checked(changes)

        async def change(session: AsyncSession) -> Ticket:
            ticket = await _required(session, ticket_id)
            if ticket.version != version:
                raise ConflictError("the ticket was changed meanwhile; read it again")
            edited = domain.edit(ticket, checked, at=at.astimezone(UTC), actor=actor)
            return await _replace(session, ticket, edited)

        return await self._write(change)

    async def file(self, ticket_id: TicketId, *, at: datetime, actor: str, heard: str | None = None) -> Ticket:
        """File a completed draft; `heard` are its notes from now on where nobody has written any.

        Raises NotFoundError, RefusedError, InvalidInputError.
        """

        async def change(session: AsyncSession) -> Ticket:
            ticket = await _required(session, ticket_id)
            return await _replace(session, ticket, domain.file(ticket, at=at.astimezone(UTC), actor=actor, heard=heard))

        for _ in range(_TRIES - 1):
            try:
                return await self._write(change)
            except ConflictError:
                continue  # somebody edited it in this very moment: look at it again
        return await self._write(change)

    async def _write(self, act: Callable[[AsyncSession], Awaitable[_Made]]) -> _Made:
        """Do one act in one transaction; again where another writer was there first."""
        for _ in range(_TRIES - 1):
            try:
                async with self._store.writing() as session:
                    return await act(session)
            except UnfitError:
                continue
        try:
            async with self._store.writing() as session:
                return await act(session)
        except UnfitError as error:
            raise UnavailableError(f"the database does not take the ticket: {error}") from error

    async def _one(self, which: ColumnElement[bool]) -> Ticket | None:
        async with self._store.reading() as session:
            rows = (await session.scalars(select(TicketRow).where(which))).all()
            return next(iter(await _with_steps(session, rows)), None)

    async def _draft(
        self,
        session: AsyncSession,
        drafts: Sequence[tuple[Mapping[str, Any], tuple[CallId, ...]]],
        *,
        at: datetime,
        actor: str,
    ) -> Sequence[Ticket]:
        """Draft tickets; each is told by its fields and its calls."""
        if not drafts:
            return ()
        at = at.astimezone(UTC)
        tickets = []
        for number, (fields, call_ids) in zip(await self._next_numbers(session, at, len(drafts)), drafts, strict=True):
            blank = Ticket(
                id=TicketId(self._new_id()),
                number=number,
                version=1,
                state=TicketState.DRAFTED,
                created=at,
                call_ids=call_ids,
            )
            filled = dataclasses.replace(blank, **fields)
            tickets.append(domain.traced(filled, at=at, actor=actor, action="drafted", note=None))
        await add(session, TicketRow, [_values(ticket) for ticket in tickets])
        await add(
            session, TicketTraceRow, [_step_values(ticket.id, step) for ticket in tickets for step in ticket.trace]
        )
        links = [
            {"ticket_id": ticket.id, "position": position, "call_id": call_id, "drafted": True}
            for ticket in tickets
            for position, call_id in enumerate(ticket.call_ids)
        ]
        await add(session, TicketCallRow, links)
        return tickets

    async def _next_numbers(self, session: AsyncSession, at: datetime, count: int) -> Sequence[str]:
        """Take the day's next numbers; given back by themselves when the transaction fails."""
        day = at.astimezone(self._zone).strftime("%Y%m%d")
        given = await session.scalar(_next_of_day(dialect_of(session)), {"day": day, "given": count})
        assert given is not None
        if given > _MOST_OF_A_DAY:
            raise UnavailableError("the day's ticket numbers are used up")
        return [f"{day}{number:06d}" for number in range(given - count + 1, given + 1)]


@cache
def _next_of_day(dialect: str) -> ReturningInsert[int]:
    table = table_of(TicketDayRow)
    statement = insert_into(table, dialect)
    more = {"given": table.c.given + statement.excluded["given"]}
    return statement.on_conflict_do_update(index_elements=["day"], set_=more).returning(table.c.given)


async def _drafted_from(session: AsyncSession, call_ids: Sequence[CallId]) -> Mapping[CallId, Ticket]:
    """Give the tickets that were drafted from these calls before."""
    links = {
        link.ticket_id: CallId(link.call_id) for link in await session.execute(_DRAFTED_FROM, {"from_calls": call_ids})
    }
    if not links:
        return {}
    rows = (await session.scalars(select(TicketRow).where(TicketRow.id.in_(links)))).all()
    return {links[ticket.id]: ticket for ticket in await _with_steps(session, rows)}


async def _required(session: AsyncSession, ticket_id: str) -> Ticket:
    row = await session.get(TicketRow, ticket_id, populate_existing=True)
    if row is None:
        raise NotFoundError("there is no such ticket")
    return (await _with_steps(session, [row]))[0]


async def _replace(session: AsyncSession, old: Ticket, new: Ticket) -> Ticket:
    changed = await session.execute(
        update(TicketRow)
        .where(TicketRow.id == old.id, TicketRow.version == old.version)
        .values(_values(new))
        .returning(TicketRow.id)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        raise ConflictError("the ticket was changed meanwhile; read it again")
    steps = [_step_values(new.id, step) for step in new.trace[len(old.trace) :]]
    await add(session, TicketTraceRow, steps)
    return new


async def _with_steps(session: AsyncSession, rows: Sequence[TicketRow]) -> list[Ticket]:
    ids = [row.id for row in rows]
    trace: dict[str, list[TraceEntry]] = {}
    for step in await session.scalars(
        select(TicketTraceRow).where(TicketTraceRow.ticket_id.in_(ids)).order_by(TicketTraceRow.seq)
    ):
        trace.setdefault(step.ticket_id, []).append(
            TraceEntry(
                seq=step.seq, time=step.time, actor=step.actor, action=step.action, note=step.note, hash=step.hash
            )
        )
    calls: dict[str, list[CallId]] = {}
    for link in await session.scalars(
        select(TicketCallRow).where(TicketCallRow.ticket_id.in_(ids)).order_by(TicketCallRow.position)
    ):
        calls.setdefault(link.ticket_id, []).append(CallId(link.call_id))
    return [_ticket(row, calls.get(row.id, ()), trace.get(row.id, ())) for row in rows]


def _ticket(row: TicketRow, call_ids: Sequence[CallId], trace: Sequence[TraceEntry]) -> Ticket:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values |= {
        "state": TicketState(row.state),
        "kind": None if row.kind is None else TicketKind(row.kind),
        "urgency": Urgency(row.urgency),
    }
    return Ticket(**values, call_ids=tuple(call_ids), trace=tuple(trace))


def _values(ticket: Ticket) -> dict[str, Any]:
    return {name: _plain(getattr(ticket, name)) for name in _COLUMNS}


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value


def _step_values(ticket_id: TicketId, step: TraceEntry) -> dict[str, Any]:
    return {"ticket_id": ticket_id} | {field.name: getattr(step, field.name) for field in dataclasses.fields(step)}


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields in the types of a ticket. Raises InvalidInputError, naming each that does not fit."""
    faults: list[Fault] = []
    checked: dict[str, Any] = {}
    for name, value in fields.items():
        fault = _fault(name, value)
        if fault is None:
            checked[name] = _typed(name, value)
        else:
            faults.append(Fault(f"/{name}", fault))
    if faults:
        raise InvalidInputError("some fields are wrong", faults)
    return checked


def _typed(name: str, value: Any) -> Any:
    if name == "kind" and value is not None:
        return TicketKind(value)
    return Urgency(value) if name == "urgency" else value


def _fault(name: str, value: Any) -> str | None:
    """Say what is wrong with the value of a field; None where nothing is."""
    if name not in domain.EDITABLE:
        return "is not a field that can be changed"
    if name == "urgency":
        return None if value in list(Urgency) else f"must be one of {', '.join(Urgency)}"
    if name == "confidential":
        return None if isinstance(value, bool) else "must be true or false"
    if value is None:
        return None
    if name == "kind":
        return None if value in list(TicketKind) else f"must be one of {', '.join(TicketKind)}"
    if not isinstance(value, str):
        return "must be a text"
    if any(char == "\x00" or unicodedata.category(char) == "Cs" for char in value):
        return "holds a character that cannot be kept"
    return None
