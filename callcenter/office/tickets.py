"""Tickets: one drafted from each answered call as soon as the talk begins, then completed and filed by people."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

from callcenter.domain.alarms import TICKET_NOT_DRAFTED
from callcenter.domain.calls import Call
from callcenter.domain.errors import CallcenterError, NotFoundError
from callcenter.domain.exchange.commands import ClearAlarm, NoteTicket, RaiseAlarm
from callcenter.domain.facts import CallTalking, Fact, SecretChanged, TicketStands, UtteranceHeard
from callcenter.domain.ids import TicketId
from callcenter.domain.records import Page
from callcenter.domain.ticket_notes import composed_notes, with_words
from callcenter.domain.tickets import Ticket, standing_of
from callcenter.domain.views import ticket_view
from callcenter.office.ports import Calls, Clock, Tickets
from callcenter.office.recovery import at_once
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

RETRY_SECONDS = 5.0  # the store is away: a draft can wait, the talk goes on
GATHER_SECONDS = 0.2  # a transaction costs as much for one ticket as for ten
TOGETHER = 100  # tickets in one transaction


class TicketOffice:
    """Drafts tickets, and lets people work on them; whoever watches sees every change, and every word as it comes."""

    def __init__(
        self,
        tickets: Tickets,
        calls: Calls,
        switchboard: Switchboard,
        *,
        stream: Stream,
        clock: Clock,
        known: Callable[[], Awaitable[None]] = at_once,
    ) -> None:
        """`known` waits until it is known what was before: a ticket that is drafted sooner would not be noted."""
        self._tickets = tickets
        self._calls = calls
        self._switchboard = switchboard
        self._stream = stream
        self._clock = clock
        self._known = known
        self._due: dict[str, Call] = {}
        self._all_known = False
        self._arrived = asyncio.Event()
        self._worded: dict[TicketId, None] = {}
        self._spoken = asyncio.Event()
        self._words_are_late = False
        switchboard.when_noted(self._noted)

    def _noted(self, fact: Fact, call: Call | None) -> None:
        if isinstance(fact, CallTalking) and call is not None and call.ticket_id is None:
            self._due[call.id] = call
            self._arrived.set()
        if isinstance(fact, UtteranceHeard | SecretChanged) and call is not None and call.ticket_id is not None:
            self._worded[call.ticket_id] = None
            self._spoken.set()

    async def run(self) -> None:
        """Draft what is due and tell new words until cancelled; begin with what an earlier controller left undone."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._draft_what_is_due(), name="tickets: drafts")
            tasks.create_task(self._take_up_earlier(), name="tickets: earlier ones")
            tasks.create_task(self._tell_words(), name="tickets: words")

    async def _take_up_earlier(self) -> None:
        """Have those drafted as well that an earlier controller left, as soon as they can be known."""
        await self._known()
        while True:
            try:
                for call in await self._calls.without_ticket():
                    self._due.setdefault(call.id, call)
            except CallcenterError as error:
                log.warning("answered calls without a ticket could not be listed", why=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._all_known = True
                self._arrived.set()
                return

    async def _draft_what_is_due(self) -> None:
        while True:
            self._arrived.clear()
            due = list(self._due.values())
            for start in range(0, len(due), TOGETHER):
                await self._draft_some(due[start : start + TOGETHER])
            if self._all_known and not self._due:
                self._switchboard.ask(ClearAlarm(name=TICKET_NOT_DRAFTED))
            if due:
                await asyncio.sleep(GATHER_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_SECONDS if self._due else None):
                    await self._arrived.wait()

    async def _draft_some(self, calls: Sequence[Call]) -> None:
        """Draft them in one go; one by one where that fails: one that the store does not take is no other's fault."""
        if await self._draft(calls) or len(calls) == 1:
            return
        for call in calls:
            if call.id in self._due:
                await self._draft([call])

    async def _draft(self, calls: Sequence[Call]) -> bool:
        try:
            drafted = await self._tickets.draft_from_calls(calls, at=self._clock.now())
            of_each = await self._calls_of(drafted)
            for call, ticket, of_it in zip(calls, drafted, of_each, strict=True):
                with bound_contextvars(call_id=call.id):
                    self._switchboard.ask(NoteTicket(call_id=call.id, ticket_id=ticket.id))
                    self._changed(with_words(ticket, of_it))  # in the same breath
                    self._due.pop(call.id, None)
        except CallcenterError as error:
            if not any(
                alarm.name == TICKET_NOT_DRAFTED for alarm in self._switchboard.exchange.alarms
            ):  # once for each absence
                log.warning("tickets could not be drafted yet", tickets=len(calls), why=str(error))
            self._switchboard.ask(
                RaiseAlarm(name=TICKET_NOT_DRAFTED, detail="tickets wait for the store; they are drafted later")
            )
            return False
        return True

    async def _tell_words(self) -> None:
        while True:
            self._spoken.clear()
            if await self._told_all():
                await self._spoken.wait()
            else:
                await asyncio.sleep(RETRY_SECONDS)

    async def _told_all(self) -> bool:
        """Publish each ticket in whose calls something was said, with all its words; False where the store is away."""
        while self._worded:
            ticket_id = next(iter(self._worded))
            del self._worded[ticket_id]
            try:
                self._show(await self.get(ticket_id))
            except NotFoundError:
                log.error("a call names a ticket that is not there", ticket_id=ticket_id)
            except CallcenterError as error:
                self._worded[ticket_id] = None
                if not self._words_are_late:  # once for each absence
                    log.warning("words could not be shown in their tickets yet", why=str(error))
                self._words_are_late = True
                return False
        self._words_are_late = False
        return True

    async def _worded_ticket(self, ticket: Ticket) -> Ticket:
        """Put in what was heard in its calls up to now."""
        return with_words(ticket, (await self._calls_of([ticket]))[0])

    async def _calls_of(self, tickets: Sequence[Ticket]) -> Sequence[Sequence[Call]]:
        """Give the calls of each ticket; live ones as they are at this moment."""
        wanted = {call_id for ticket in tickets for call_id in ticket.call_ids}
        exchange = self._switchboard.exchange
        calls = {call_id: call for call_id in wanted if (call := exchange.call(call_id)) is not None}
        if others := wanted - calls.keys():
            calls |= {call.id: call for call in (await self._calls.several(others)).values()}
        return [[calls[call_id] for call_id in ticket.call_ids if call_id in calls] for ticket in tickets]

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
        """Tickets, newest first."""
        page = await self._tickets.find(
            state=state, kind=kind, unit=unit, caller=caller, text=text, limit=limit, cursor=cursor
        )
        calls = await self._calls_of(page.items)
        return Page([with_words(ticket, of_it) for ticket, of_it in zip(page.items, calls, strict=True)], page.next)

    async def get(self, ticket_id: str) -> Ticket:
        """One ticket. Raises NotFoundError."""
        ticket = await self._tickets.get(ticket_id)
        if ticket is None:
            raise NotFoundError("there is no such ticket")
        return await self._worded_ticket(ticket)

    async def create(self, fields: Mapping[str, Any], *, actor: str) -> Ticket:
        """Draft a ticket without a call. Raises InvalidInputError."""
        return self._changed(await self._tickets.create(fields, at=self._clock.now(), actor=actor))

    async def edit(self, ticket_id: str, changes: Mapping[str, Any], *, version: int, actor: str) -> Ticket:
        """Change a draft. Raises NotFoundError, RefusedError, InvalidInputError, ConflictError."""
        ticket = await self._tickets.edit(
            TicketId(ticket_id), changes, version=version, at=self._clock.now(), actor=actor
        )
        return self._changed(await self._worded_ticket(ticket))

    async def file(self, ticket_id: str, *, actor: str) -> Ticket:
        """File a completed draft, with what was heard as its notes where nobody has written any.

        Raises NotFoundError, RefusedError, InvalidInputError.
        """
        (calls,) = await self._calls_of([await self.get(ticket_id)])
        ticket = await self._tickets.file(
            TicketId(ticket_id), at=self._clock.now(), actor=actor, heard=composed_notes(calls)
        )
        return self._changed(with_words(ticket, calls))

    def _changed(self, ticket: Ticket) -> Ticket:
        """Have the journal tell how a ticket stands now, and show it."""
        self._switchboard.note_ticket(
            TicketStands(
                at=self._clock.now(),
                ticket_id=ticket.id,
                standing=standing_of(ticket),
                call_id=next(iter(ticket.call_ids), None),
            )
        )
        return self._show(ticket)

    def _show(self, ticket: Ticket) -> Ticket:
        self._stream.publish("ticket.changed", self._clock.now(), ticket_view(ticket))
        return ticket
