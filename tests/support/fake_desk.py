"""A desk without a hotline behind it: holds what a test puts there, and refuses as the real one does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from callcenter.domain import tickets as ticket_rules
from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegState, Outcome, Recording, RecordingState
from callcenter.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError, RefusedError
from callcenter.domain.exchange.commands import SeatAction, UnitAction
from callcenter.domain.figures.catalogue import DEFINITIONS
from callcenter.domain.figures.figure import duration, ratio
from callcenter.domain.figures.records import Constants, Period
from callcenter.domain.figures.report import half_hours
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.letters import DeadLetter, WebhookState
from callcenter.domain.notes import Secret
from callcenter.domain.records import Entry, Page
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.tickets import Ticket, TicketState, traced
from callcenter.domain.trunk import Trunk, trunk_of
from callcenter.domain.units import Unit
from callcenter.domain.views import QueueView, alarm_view, call_view, seat_view, ticket_view, trunk_view
from callcenter.office.desk import Desk
from callcenter.office.figures import Figures
from callcenter.office.ports import ComponentHealth
from callcenter.office.stream import Stream
from tests.support.fake_recalls import FakeRecallOffice

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
HOUSING = Unit(id="housing", name="市住建委", number="02001")
PARTS = ("asterisk", "database", "speech", "recordings", "events")


def call_id(number: int) -> CallId:
    return CallId(f"0193a5b0-0000-4000-8000-{number:012d}")


@dataclass
class FakeWebhooks:
    """Fills the port of that name."""

    known: list[WebhookState] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    retried: list[tuple[str, str | None]] = field(default_factory=list)

    async def all(self) -> Sequence[WebhookState]:
        return self.known

    async def dead_letters(self, webhook_id: str, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        self._known(webhook_id)
        return _page(self.dead, limit, cursor)

    async def retry(self, webhook_id: str, letter_id: str | None) -> int:
        self._known(webhook_id)
        found = [dead for dead in self.dead if letter_id in (None, dead.letter.id)]
        if letter_id is not None and not found:
            raise NotFoundError("there is no such dead letter")
        self.retried.append((webhook_id, letter_id))
        return len(found)

    def _known(self, webhook_id: str) -> None:
        if webhook_id not in [webhook.id for webhook in self.known]:
            raise NotFoundError("there is no such webhook")


@dataclass
class FakeDesk(Desk):
    """Every signature is the real desk's, held to it by the type checker."""

    stream: Stream = field(default_factory=lambda: Stream("stream-1"))
    known_calls: dict[str, Call] = field(default_factory=dict)
    known_seats: dict[str, Seat] = field(default_factory=dict)
    known_tickets: dict[str, Ticket] = field(default_factory=dict)
    known_units: dict[str, Unit] = field(
        default_factory=lambda: {"housing": Unit(id="housing", name="市住建委", number="02001")}
    )
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    parts: dict[str, ComponentHealth] = field(
        default_factory=lambda: {name: ComponentHealth(status="ok", detail="well") for name in PARTS}
    )
    mistakes: list[str] = field(default_factory=list)
    standing: list[Alarm] = field(default_factory=list)
    webhooks: FakeWebhooks = field(default_factory=FakeWebhooks)
    fails_with: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recalls = FakeRecallOffice(now=NOON)
        for number in range(1, 5):
            extension = f"800{number}"
            self.known_seats[extension] = Seat(
                extension=extension, operator=f"话务员{number}", since=NOON, phone=Phone.REGISTERED, idle_since=NOON
            )

    # What a test puts there

    def has_call(self, number: int, state: CallState = CallState.TALKING, **values: Any) -> Call:
        at = NOON + timedelta(seconds=number)
        call = Call(
            **{
                "id": call_id(number),
                "caller": "13800000000",
                "state": state,
                "t0": at,
                "t1": at,
                "last_at": at,
                **values,
            }
        )
        if state is CallState.ENDED:
            call = replace(call, outcome=Outcome.ANSWERED, t5=at + timedelta(minutes=1))
        self.known_calls[call.id] = call
        return call

    def has_ticket(self, number: int = 1, **values: Any) -> Ticket:
        ticket = Ticket(
            **{
                "id": TicketId(f"0193a5b0-0000-7000-8000-{number:012d}"),
                "number": f"20261124{number:06d}",
                "version": 1,
                "state": TicketState.DRAFTED,
                "created": NOON + timedelta(seconds=number),
                **values,
            }
        )
        ticket = traced(ticket, at=ticket.created, actor="hotline", action="drafted", note=None)
        self.known_tickets[ticket.id] = ticket
        return ticket

    def changes(self, call: Call, kind: str = "call.talking") -> None:
        """Let something happen to a call."""
        self.known_calls[call.id] = call
        self.stream.publish(kind, call.last_at, call_view(call))

    # What the API asks

    def snapshot(self) -> dict[str, Any]:
        return {
            "calls": [call_view(call) for call in self.live_calls()],
            "seats": [seat_view(seat) for seat in self.seats()],
            "queues": [],
            "trunks": [trunk_view(trunk) for trunk in self.trunks()],
            "alarms": [alarm_view(alarm) for alarm in self.alarms()],
        }

    def settle(self) -> None:
        pass

    def _may_fail(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with

    def live_calls(self) -> Sequence[Call]:
        return [call for call in self.known_calls.values() if call.is_live]

    async def call(self, call_id: str) -> Call:
        self._may_fail()
        if (call := self.known_calls.get(call_id)) is None:
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
        self._may_fail()
        self.asked.append({"live": live, "caller": caller, "seat": seat, "from": begun_from, "to": begun_to})
        newest_first = sorted(self.known_calls.values(), key=lambda call: call.t0, reverse=True)
        found = [
            call
            for call in newest_first
            if (live is None or call.is_live == live)
            and (caller is None or call.caller == caller)
            and (seat is None or call.seat == seat)
            and (begun_from is None or call.t0 >= begun_from)
            and (begun_to is None or call.t0 < begun_to)
        ]
        return _page(found, limit, cursor)

    async def journal(self, call_id: str) -> Sequence[Entry]:
        await self.call(call_id)
        return self.entries.get(call_id, [])

    async def recording(self, call_id: str) -> Path:
        call = await self.call(call_id)
        if call.recording is not None and call.recording.state is RecordingState.RECORDING:
            raise RefusedError("the call is still being recorded; the recording can be had when it has ended")
        if call_id not in self.files:
            raise NotFoundError("there is no recording of this call")
        return self.files[call_id]

    def _on_the_line(self, call_id: str) -> Call:
        self._may_fail()
        call = self.known_calls.get(call_id)
        if call is None or not call.is_live:
            raise NotFoundError("there is no such call on the line")
        return call

    def hang_up(self, call_id: str) -> None:
        self._on_the_line(call_id)
        self.asked.append({"hang_up": call_id})

    def hold(self, call_id: str) -> Call:
        call = self._on_the_line(call_id)
        if call.held:
            raise RefusedError("the call is on hold already; resume is possible")
        if call.state is not CallState.TALKING:
            raise RefusedError(f"the call is {call.state}; hold is possible while caller and seat talk")
        self.known_calls[call.id] = replace(call, held=True)
        return self.known_calls[call.id]

    def resume(self, call_id: str) -> Call:
        call = self._on_the_line(call_id)
        if not call.held:
            raise RefusedError("the call is not on hold; hold is possible while caller and seat talk")
        self.known_calls[call.id] = replace(call, held=False)
        return self.known_calls[call.id]

    def call_unit(self, call_id: str, unit: str, *, private: bool) -> Leg:
        call = self._on_the_line(call_id)
        if any(leg.kind is LegKind.UNIT and leg.ended is None for leg in call.legs):
            raise RefusedError("a unit is in the call already; join, consult and drop are possible")
        if unit not in self.known_units and not unit.isdecimal():
            raise InvalidInputError("nobody can be called so", [Fault("/unit", "is no unit")])
        found = self.known_units.get(unit)
        leg = Leg(
            id=LegId(f"{call_id[:-2]}99"),
            kind=LegKind.UNIT,
            party=found.id if found else None,
            number=found.number if found else unit,
            state=LegState.DIALING,
            started=NOON,
        )
        self.asked.append({"unit": unit, "private": private})
        self.known_calls[call.id] = call.with_leg(leg)
        return leg

    def change_unit(self, call_id: str, leg_id: str, action: UnitAction) -> Leg:
        call = self._on_the_line(call_id)
        if (leg := call.leg(LegId(leg_id))) is None or leg.kind is not LegKind.UNIT:
            raise NotFoundError("there is no such leg in this call")
        states = {
            UnitAction.CONSULT: LegState.PRIVATE,
            UnitAction.JOIN: LegState.JOINED,
            UnitAction.DROP: LegState.ENDED,
        }
        leg = replace(leg, state=states[action])
        self.known_calls[call.id] = call.with_leg(leg)
        return leg

    def change_seat(self, call_id: str, action: SeatAction) -> Call:
        call = self._on_the_line(call_id)
        if not any(leg.kind is LegKind.UNIT and leg.state is LegState.JOINED for leg in call.legs):
            raise RefusedError("no unit is joined; leave is possible when one is")
        self.asked.append({"seat": action})
        return call

    def set_secret(self, call_id: str, *, on: bool) -> Call:
        call = self._on_the_line(call_id)
        secrets = (Secret(began=NOON, ended=None if on else NOON),)
        self.known_calls[call.id] = replace(call, secrets=secrets)
        return self.known_calls[call.id]

    def local_time(self) -> datetime:
        return NOON

    def seats(self) -> Sequence[Seat]:
        return list(self.known_seats.values())

    def seat(self, extension: str) -> Seat:
        self._may_fail()
        if (seat := self.known_seats.get(extension)) is None:
            raise NotFoundError("there is no such seat")
        return seat

    def set_seat_state(self, extension: str, state: SeatState, reason: str | None) -> Seat:
        seat = self.seat(extension)
        if seat.state is SeatState.TALKING:
            raise RefusedError("the seat is talking; its state can be changed when the talk is over")
        self.known_seats[extension] = replace(seat, state=state, reason=reason)
        return self.known_seats[extension]

    def queues(self) -> Sequence[QueueView]:
        waiting = tuple((call.id, call.t0) for call in self.live_calls() if call.state is CallState.QUEUED)
        return [QueueView(name="main", waiting=waiting, ready=0, talking=0, longest_wait=12.3456)]

    def trunks(self) -> Sequence[Trunk]:
        return [trunk_of(self.live_calls())]

    def units(self) -> Sequence[Unit]:
        return list(self.known_units.values())

    def unit(self, unit_id: str) -> Unit:
        if (unit := self.known_units.get(unit_id)) is None:
            raise NotFoundError("there is no such unit")
        return unit

    def alarms(self) -> Sequence[Alarm]:
        return self.standing

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
        self._may_fail()
        newest_first = sorted(self.known_tickets.values(), key=lambda ticket: ticket.created, reverse=True)
        found = [
            ticket
            for ticket in newest_first
            if (state is None or ticket.state == state)
            and (kind is None or ticket.kind == kind)
            and (unit is None or ticket.unit == unit)
            and (caller is None or ticket.caller_phone == caller)
            and (text is None or text in f"{ticket.number} {ticket.matter or ''}")
        ]
        return _page(found, limit, cursor)

    async def ticket(self, ticket_id: str) -> Ticket:
        self._may_fail()
        if (ticket := self.known_tickets.get(ticket_id)) is None:
            raise NotFoundError("there is no such ticket")
        return ticket

    async def create_ticket(self, fields: Mapping[str, Any], *, actor: str) -> Ticket:
        self._may_fail()
        self.asked.append({"created_by": actor})
        return self.has_ticket(len(self.known_tickets) + 1, **fields)

    async def edit_ticket(self, ticket_id: str, changes: Mapping[str, Any], *, version: int, actor: str) -> Ticket:
        ticket = await self.ticket(ticket_id)
        if ticket.version != version:
            raise ConflictError("the ticket was changed meanwhile; read it again")
        return self._kept(ticket_rules.edit(ticket, changes, at=NOON, actor=actor))

    async def file_ticket(self, ticket_id: str, *, actor: str) -> Ticket:
        return self._kept(ticket_rules.file(await self.ticket(ticket_id), at=NOON, actor=actor))

    def _kept(self, ticket: Ticket) -> Ticket:
        self.known_tickets[ticket.id] = ticket
        self.stream.publish("ticket.changed", NOON, ticket_view(ticket))
        return ticket

    async def health(self) -> Mapping[str, ComponentHealth]:
        self._may_fail()
        return self.parts

    def today(self) -> Period:
        return Period(NOON.replace(hour=0), NOON)

    async def figures(self, period: Period, *, queue: str | None, seat: str | None) -> Figures:
        self._may_fail()
        self.asked.append({"period": period, "queue": queue, "seat": seat})
        return Figures(
            period=period,
            constants=Constants(),
            provisional=True,
            unclear=0,
            seq=7,
            at=NOON,
            figures=[(DEFINITIONS["4a"], ratio("4a", 7, 11)), (DEFINITIONS["6_median"], duration("6_median", None))],
        )

    async def figures_by_half_hours(
        self, period: Period, *, queue: str | None, seat: str | None
    ) -> tuple[Figures, Sequence[Figures]]:
        whole = await self.figures(period, queue=queue, seat=seat)
        return whole, [replace(whole, period=half) for half in half_hours(period)]

    async def reload_flows(self) -> Sequence[str]:
        return self.mistakes


def _page(found: list[Any], limit: int, cursor: str | None) -> Page[Any]:
    if cursor is not None and not cursor.isdecimal():
        raise InvalidInputError("the cursor is not one of ours", [Fault("/cursor", "is not one that a page gave")])
    begin = int(cursor or 0)
    return Page(found[begin : begin + limit], str(begin + limit) if len(found) > begin + limit else None)


def kept(seconds: float) -> Recording:
    return Recording(state=RecordingState.KEPT, started=NOON, seconds=seconds)
