"""What people may see and ask for, in one place; the edges turn it into HTTP, pages and commands."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Protocol

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call, Leg, LegKind, RecordingState
from callcenter.domain.errors import Fault, InvalidInputError, NotFoundError, RefusedError
from callcenter.domain.exchange.commands import (
    CallUnit,
    ChangeSeat,
    ChangeUnit,
    HangUpCall,
    HoldCall,
    ResumeCall,
    SeatAction,
    SetSeatState,
    SetSecret,
    UnitAction,
)
from callcenter.domain.figures.records import Period
from callcenter.domain.ids import CallId, LegId, NewId
from callcenter.domain.numbers import normalise
from callcenter.domain.records import Entry, Page
from callcenter.domain.seats import Seat, SeatState
from callcenter.domain.tickets import Ticket
from callcenter.domain.trunk import Trunk
from callcenter.domain.units import RING_SECONDS, Unit
from callcenter.domain.views import Json, QueueView, alarm_view, call_view, queue_view, seat_view, trunk_view
from callcenter.office.figures import Figures, Reckons
from callcenter.office.ports import Calls, Clock, ComponentHealth, Flows, Recordings, Webhooks
from callcenter.office.recalls import RecallOffice
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard
from callcenter.office.tickets import TicketOffice


class Health(Protocol):
    """How every part of the hotline is."""

    async def __call__(self) -> Mapping[str, ComponentHealth]:
        """By the contract's names of components."""
        ...


class Desk:
    """The hotline as its operators and supervisors deal with it."""

    def __init__(
        self,
        switchboard: Switchboard,
        *,
        stream: Stream,
        calls: Calls,
        recordings: Recordings,
        tickets: TicketOffice,
        flows: Flows,
        webhooks: Webhooks,
        figures: Reckons,
        recalls: RecallOffice,
        units: Sequence[Unit],
        dial_out: str,
        hotline: str,
        zone: tzinfo,
        clock: Clock,
        new_id: NewId,
        health: Health,
    ) -> None:
        """Join the parts.

        `dial_out`: pattern of the numbers that may be dialled beside those of `units`; `hotline`: our own number, which
        never may; `zone`: of the units' duty hours; `new_id`: makes ids of legs.
        """
        self.stream = stream
        self.webhooks = webhooks
        self.recalls = recalls
        self._switchboard = switchboard
        self._calls = calls
        self._recordings = recordings
        self._tickets = tickets
        self._flows = flows
        self._figures = figures
        self._units = {unit.id: unit for unit in units}
        self._units_by_number = {unit.number: unit for unit in units}
        self._dial_out = re.compile(dial_out)
        self._hotline = hotline
        self._zone = zone
        self._clock = clock
        self._new_id = new_id
        self._health = health

    def snapshot(self) -> Json:
        """Everything that is live, as of the stream's newest event."""
        return {
            "calls": [call_view(call) for call in self.live_calls()],
            "seats": [seat_view(seat) for seat in self.seats()],
            "queues": [queue_view(queue) for queue in self.queues()],
            "trunks": [trunk_view(trunk) for trunk in self.trunks()],
            "alarms": [alarm_view(alarm) for alarm in self.alarms()],
        }

    def settle(self) -> None:
        """Decide on what was told, and tell all of it: a snapshot taken in the same breath is that of the newest event.

        Nothing may wait between the two.
        """
        self._switchboard.settle()
        self._switchboard.publish_changes()

    # Calls

    def live_calls(self) -> Sequence[Call]:
        """Calls of which no end was told, oldest first: as whoever watches was told of them."""
        return self._switchboard.exchange.without_end

    async def call(self, call_id: str) -> Call:
        """One call, live or ended. Raises NotFoundError."""
        call = self._switchboard.exchange.call(call_id) or await self._calls.get(call_id)
        if call is None:
            raise NotFoundError("there is no such call")
        return call

    async def calls(
        self,
        *,
        live: bool | None,
        caller: str | None,
        seat: str | None,
        begun_from: datetime | None,
        begun_to: datetime | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Call]:
        """Calls, newest first; live ones as they are at this moment."""
        page = await self._calls.find(
            live=live,
            caller=caller,
            seat=seat,
            begun_from=begun_from,
            begun_to=begun_to,
            limit=limit,
            cursor=cursor,
        )
        exchange = self._switchboard.exchange
        return Page([exchange.call(call.id) or call for call in page.items], page.next)

    async def journal(self, call_id: str) -> Sequence[Entry]:
        """What happened to one call, oldest first. Raises NotFoundError."""
        await self.call(call_id)
        return await self._calls.journal(call_id)

    async def recording(self, call_id: str) -> Path:
        """The sound file of a call.

        Raises:
            NotFoundError: there is none.
            RefusedError: it is still being recorded.

        """
        call = await self.call(call_id)
        if call.recording is not None and call.recording.state is RecordingState.RECORDING:
            raise RefusedError("the call is still being recorded; the recording can be had when it has ended")
        path = None
        if call.recording is not None and call.recording.state is RecordingState.KEPT:
            path = await self._recordings.path(call.id)
        if path is None:
            raise NotFoundError("there is no recording of this call")
        return path

    def hang_up(self, call_id: str) -> None:
        """End a call. Raises NotFoundError, RefusedError."""
        self._switchboard.ask(HangUpCall(call_id=CallId(call_id)))

    def hold(self, call_id: str) -> Call:
        """Let the caller hear music. Raises NotFoundError, RefusedError."""
        self._switchboard.ask(HoldCall(call_id=CallId(call_id)))
        return self._live(call_id)

    def resume(self, call_id: str) -> Call:
        """Take the caller back. Raises NotFoundError, RefusedError."""
        self._switchboard.ask(ResumeCall(call_id=CallId(call_id)))
        return self._live(call_id)

    def call_unit(self, call_id: str, unit: str, *, private: bool) -> Leg:
        """Bring a third party into a call: a unit by its id or number, or a number that may be dialled.

        Raises:
            NotFoundError: no such call on the line.
            InvalidInputError: neither a unit nor a number that may be dialled.
            RefusedError: the unit is off duty, or it is not possible in this state.

        """
        call = self._live(call_id)
        if not call.is_live:
            raise RefusedError("the call has ended")
        leg_id = LegId(self._new_id())
        found = self._units.get(unit) or self._units_by_number.get(normalise(unit) or unit)
        if found is None:
            party, number, ring_seconds = None, self._number_to_dial(unit), RING_SECONDS
        else:
            self._must_be_on_duty(found)
            party, number, ring_seconds = found.id, found.number, found.ring_seconds
        self._switchboard.ask(
            CallUnit(
                call_id=call.id,
                leg_id=leg_id,
                party=party,
                number=number,
                ring_seconds=ring_seconds,
                private=private,
            )
        )
        return self._leg(call_id, leg_id)

    def change_unit(self, call_id: str, leg_id: str, action: UnitAction) -> Leg:
        """Consult with the unit, join all three, or let it go. Raises NotFoundError, RefusedError."""
        leg = self._leg(call_id, leg_id)
        if leg.kind is not LegKind.UNIT:
            raise NotFoundError(f"this leg is the {leg.kind}'s; only a unit's can be changed so")
        self._switchboard.ask(ChangeUnit(call_id=CallId(call_id), leg_id=leg.id, action=action))
        return self._leg(call_id, leg_id)

    def change_seat(self, call_id: str, action: SeatAction) -> Call:
        """Let the operator leave caller and unit alone, or come back. Raises NotFoundError, RefusedError."""
        self._switchboard.ask(ChangeSeat(call_id=CallId(call_id), action=action))
        return self._live(call_id)

    def set_secret(self, call_id: str, *, on: bool) -> Call:
        """Pause recording and notes, or go on with them; what is so already stays so. Raises as `hold`."""
        call = self._live(call_id)
        if not call.is_live or call.is_secret != on:
            self._switchboard.ask(SetSecret(call_id=call.id, on=on))
        return self._live(call_id)

    def _number_to_dial(self, raw: str) -> str:
        number = normalise(raw)
        if number is None:
            wrong = "is neither the id of a unit nor a telephone number; GET /units lists the units"
        elif number == self._hotline:
            wrong = "is the hotline's own number"
        elif self._dial_out.fullmatch(number) is None:
            wrong = "is a number that may not be dialled from here; the setting dial_out says which may"
        else:
            return number
        raise InvalidInputError("nobody can be called so", [Fault("/unit", wrong)])

    def _must_be_on_duty(self, unit: Unit) -> None:
        local = self.local_time()
        if unit.is_on_duty(local):
            return
        again = unit.next_on_duty(local)
        assert again is not None  # a unit without duty hours is always on duty
        until = again.isoformat(sep=" ", timespec="minutes")[: len("2026-11-24 09:00")]
        raise RefusedError(f"the unit is off duty until {until}; another unit or a number can be called meanwhile")

    def _leg(self, call_id: str, leg_id: str) -> Leg:
        if (leg := self._live(call_id).leg(LegId(leg_id))) is None:
            raise NotFoundError("there is no such leg in this call")
        return leg

    def _live(self, call_id: str) -> Call:
        call = self._switchboard.exchange.call(call_id)
        if call is None:
            raise NotFoundError("there is no such call on the line")
        return call

    # Seats, queues, units, alarms

    def seats(self) -> Sequence[Seat]:
        """All seats, by extension."""
        return self._switchboard.exchange.seats

    def seat(self, extension: str) -> Seat:
        """One seat. Raises NotFoundError."""
        for seat in self.seats():
            if seat.extension == extension:
                return seat
        raise NotFoundError("there is no such seat")

    def set_seat_state(self, extension: str, state: SeatState, reason: str | None) -> Seat:
        """Sign in or out, be ready, take a break, write up. Raises NotFoundError, RefusedError."""
        self._switchboard.ask(SetSeatState(extension=extension, state=state, reason=reason))
        return self.seat(extension)

    def queues(self) -> Sequence[QueueView]:
        """The queues and who waits in them."""
        return self._switchboard.exchange.queues()

    def trunks(self) -> Sequence[Trunk]:
        """The trunk and its lines in use."""
        return [self._switchboard.exchange.trunk()]

    def local_time(self) -> datetime:
        """The moment by the hotline's own clock on the wall, which duty hours go by."""
        return self._clock.now().astimezone(self._zone)

    def units(self) -> Sequence[Unit]:
        """All units, as the roster names them."""
        return list(self._units.values())

    def unit(self, unit_id: str) -> Unit:
        """One unit. Raises NotFoundError."""
        if (unit := self._units.get(unit_id)) is None:
            raise NotFoundError("there is no such unit")
        return unit

    def alarms(self) -> Sequence[Alarm]:
        """Alarms that stand."""
        return self._switchboard.exchange.alarms

    # Figures

    def today(self) -> Period:
        """The hotline's local day, so far."""
        return self._figures.today()

    async def figures(self, period: Period, *, queue: str | None, seat: str | None) -> Figures:
        """The figures of a period, from the journal. Raises UnavailableError."""
        return await self._figures.of(period, queue=queue, seat=seat)

    async def figures_by_half_hours(
        self, period: Period, *, queue: str | None, seat: str | None
    ) -> tuple[Figures, Sequence[Figures]]:
        """The figures of a period and of each half-hour of it. Raises UnavailableError."""
        return await self._figures.halves(period, queue=queue, seat=seat)

    # Tickets

    async def tickets(
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
        return await self._tickets.find(
            state=state, kind=kind, unit=unit, caller=caller, text=text, limit=limit, cursor=cursor
        )

    async def ticket(self, ticket_id: str) -> Ticket:
        """One ticket. Raises NotFoundError."""
        return await self._tickets.get(ticket_id)

    async def create_ticket(self, fields: Mapping[str, Any], *, actor: str) -> Ticket:
        """Draft a ticket without a call. Raises InvalidInputError."""
        return await self._tickets.create(fields, actor=actor)

    async def edit_ticket(self, ticket_id: str, changes: Mapping[str, Any], *, version: int, actor: str) -> Ticket:
        """Change a draft. Raises NotFoundError, RefusedError, InvalidInputError, ConflictError."""
        return await self._tickets.edit(ticket_id, changes, version=version, actor=actor)

    async def file_ticket(self, ticket_id: str, *, actor: str) -> Ticket:
        """File a completed draft. Raises NotFoundError, RefusedError, InvalidInputError."""
        return await self._tickets.file(ticket_id, actor=actor)

    # The hotline itself

    async def health(self) -> Mapping[str, ComponentHealth]:
        """How every part is."""
        return await self._health()

    async def reload_flows(self) -> Sequence[str]:
        """Read the flow files again; each mistake in one line, none when all was taken."""
        return await self._flows.reload()
