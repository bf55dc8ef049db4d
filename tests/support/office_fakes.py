"""The world around the office, small enough to look through: what it was told is kept to be looked at."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from callcenter.domain.alarms import ALARMS
from callcenter.domain.calls import Call
from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange import Exchange, Moment, Policy
from callcenter.domain.fact_data import to_data
from callcenter.domain.facts import Fact
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import NotesState
from callcenter.domain.records import Entry, SoundSeen, Stretches
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.telephony import (
    Arrived,
    CallerLeft,
    CallerUp,
    CallerWaits,
    LegAnswered,
    LegDialled,
    LegRang,
    LinkRestored,
    PartyJoined,
    TelephonyEvent,
)
from callcenter.domain.tickets import Ticket, TicketState, traced
from callcenter.domain.wishes import OfferSeat, StartFlow, Wish
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
CALL = CallId("7c1b0d64-0000-4000-8000-000000000001")
ALARM_HELD = max(kind.clear_after for kind in ALARMS.values())


@dataclass
class FakeClock:
    """Time that moves only when a test moves it."""

    wall: datetime = NOON
    mono: float = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.mono

    def epoch(self) -> int:
        return int(self.wall.timestamp())

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += seconds


@dataclass
class FakeTelephone:
    """Keeps the wishes it is given, and the beats."""

    wishes: list[Wish] = field(default_factory=list)
    beats: list[int] = field(default_factory=list)
    looks: int = 0

    def carry_out(self, wish: Wish) -> None:
        self.wishes.append(wish)

    def beat(self, epoch: int) -> None:
        self.beats.append(epoch)

    def look_again(self) -> None:
        self.looks += 1


@dataclass
class FakeJournal:
    """Keeps the facts."""

    facts: list[Fact] = field(default_factory=list)

    def append(self, fact: Fact, call: Call | None) -> Entry:  # noqa: ARG002
        self.facts.append(fact)
        return Entry(
            seq=len(self.facts),
            time=fact.at,
            call_id=fact.call_id,
            kind=fact.kind,
            data=to_data(fact),
            recovered=fact.recovered,
        )

    def kinds(self) -> list[str]:
        return [fact.kind for fact in self.facts]


@dataclass
class FakeCalls:
    """What the store would say of calls of an earlier controller."""

    unfinished_facts: Sequence[Sequence[Fact]] = ()
    undrafted: Sequence[Call] = ()
    unsettled: Sequence[Call] = ()
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    stored: dict[str, Call] = field(default_factory=dict)

    async def unfinished(self) -> Sequence[Sequence[Fact]]:
        return self.unfinished_facts

    async def without_ticket(self) -> Sequence[Call]:
        return self.undrafted

    async def several(self, call_ids: Collection[str]) -> Mapping[str, Call]:
        return {call_id: self.stored[call_id] for call_id in call_ids if call_id in self.stored}

    async def notes_wanted(self) -> Sequence[Call]:
        return [
            call for call in self.stored.values() if call.notes is not None and call.notes.state is NotesState.LATER
        ]

    async def unsettled_recordings(self) -> Sequence[Call]:
        return self.unsettled

    async def journal(self, call_id: str) -> Sequence[Entry]:
        return self.entries.get(call_id, [])


@dataclass
class FakeTickets:
    """A store of tickets that can be away."""

    away: bool = False
    takes_one: bool = False
    """It refuses several at once: one of them does not fit."""
    refused: int = 0
    drafted: dict[str, Ticket] = field(default_factory=dict)

    async def draft_from_calls(self, calls: Sequence[Call], *, at: datetime) -> Sequence[Ticket]:
        if self.away or (len(calls) > 1 and self.takes_one):
            raise UnavailableError("the store is away")
        return [self._draft(call, at) for call in calls]

    def _draft(self, call: Call, at: datetime) -> Ticket:
        if call.id not in self.drafted:
            number = f"20261124{len(self.drafted) + 1:06d}"
            ticket = Ticket(
                id=TicketId(f"ticket-{len(self.drafted) + 1}"),
                number=number,
                version=1,
                state=TicketState.DRAFTED,
                caller_phone=call.caller,
                call_ids=(call.id,),
                created=at,
            )
            self.drafted[call.id] = traced(ticket, at=at, actor="hotline", action="drafted", note=None)
        return self.drafted[call.id]

    async def get(self, ticket_id: str) -> Ticket | None:
        if self.away:
            self.refused += 1
            raise UnavailableError("the store is away")
        return next((ticket for ticket in self.drafted.values() if ticket.id == ticket_id), None)


@dataclass
class FakeRecordings:
    """A disk with recordings on it."""

    sizes: dict[CallId, int | None] = field(default_factory=dict)
    grows: int = 0
    free: int = 10**12
    full: bool = False
    looks: int = 0
    kept: list[CallId] = field(default_factory=list)
    secrets: dict[CallId, Sequence[tuple[float, float]]] = field(default_factory=dict)

    async def look(self, call_ids: Collection[CallId]) -> Mapping[CallId, SoundSeen]:
        return {call_id: self._look(call_id) for call_id in call_ids}

    def _look(self, call_id: CallId) -> SoundSeen:
        size = self.sizes.get(call_id)
        if size is not None and self.grows:
            self.sizes[call_id] = size + self.grows
        return SoundSeen(exists=size is not None, size_bytes=size or 0)

    async def incoming(self) -> Sequence[CallId]:
        return [call_id for call_id, size in self.sizes.items() if size is not None]

    async def keep(self, ended: Mapping[CallId, Stretches]) -> Mapping[CallId, float | OSError | None]:
        return {call_id: self._keep(call_id, secrets) for call_id, secrets in ended.items()}

    def _keep(self, call_id: CallId, secrets: Stretches) -> float | OSError | None:
        self.secrets[call_id] = secrets
        if self.full:
            return OSError(28, "No space left on device")
        size = self.sizes.get(call_id)
        if not size:
            return None
        self.kept.append(call_id)
        return size / 32_000

    async def free_bytes(self) -> int:
        self.looks += 1
        return self.free

    async def expire(self, older_than_days: int) -> int:
        return older_than_days * 0


@dataclass
class Office:
    """A switchboard with a fake world around it."""

    switchboard: Switchboard
    clock: FakeClock
    telephone: FakeTelephone
    journal: FakeJournal
    stream: Stream
    flows_started: list[StartFlow]

    def tell(self, *events: TelephonyEvent) -> None:
        for event in events:
            self.switchboard.tell(event)
        self.switchboard.settle()

    def a_caller_waits(self, call_id: CallId = CALL) -> None:
        at = self.clock.now()
        self.tell(
            Arrived(at=at, call_id=call_id, caller="13800000000", recording=f"/x/{call_id}.raw"),
            CallerUp(at=at, call_id=call_id),
            CallerWaits(at=at, call_id=call_id, since=int(at.timestamp())),
        )

    def the_seat_answers(self) -> LegId:
        offer = next(wish for wish in reversed(self.telephone.wishes) if isinstance(wish, OfferSeat))
        at, call_id, leg_id = self.clock.now(), offer.call_id, offer.leg_id
        self.tell(
            LegDialled(at=at, call_id=call_id, leg_id=leg_id, seat=offer.seat),
            LegRang(at=at, call_id=call_id, leg_id=leg_id),
            LegAnswered(at=at, call_id=call_id, leg_id=leg_id),
            PartyJoined(at=at, call_id=call_id, leg_id=LegId(call_id), talk="t"),
            PartyJoined(at=at, call_id=call_id, leg_id=leg_id, talk="t"),
        )
        return leg_id

    def the_caller_hangs_up(self, call_id: CallId = CALL) -> None:
        self.tell(CallerLeft(at=self.clock.now(), call_id=call_id, by_itself=True))

    def alarms(self) -> list[str]:
        return [alarm.name for alarm in self.switchboard.exchange.alarms]

    def alarms_in_a_while(self) -> list[str]:
        """Let pass what an alarm is held for: whatever was bad or well at the last look is raised or cleared."""
        self.clock.advance(ALARM_HELD)
        self.switchboard._tick()
        return self.alarms()


def an_office(*, ready: Sequence[str] = ("8001",), offline: Sequence[str] = (), policy: Policy | None = None) -> Office:
    """Give an office that hears Asterisk, with these seats ready, and these signed off; all have a phone."""
    clock, telephone, journal, stream = FakeClock(), FakeTelephone(), FakeJournal(), Stream("s1")
    roster = {
        extension: Seat(
            extension=extension,
            operator="张三",
            since=NOON,
            idle_since=NOON,
            state=SeatState.READY if extension in ready else SeatState.OFFLINE,
            phone=Phone.REGISTERED,
        )
        for extension in (*ready, *offline)
    }
    numbers = iter(range(1, 10_000))
    exchange = Exchange(
        policy or Policy(), roster, new_id=lambda: f"leg-{next(numbers)}", now=Moment(wall=NOON, mono=clock.mono)
    )
    switchboard = Switchboard(exchange, journal=journal, stream=stream, clock=clock)
    started: list[StartFlow] = []
    switchboard.telephone, switchboard.start_flow = telephone, started.append
    office = Office(switchboard, clock, telephone, journal, stream, started)
    office.tell(LinkRestored(at=NOON, calls=(), seats_registered=frozenset((*ready, *offline))))
    telephone.wishes.clear()
    return office


@asynccontextmanager
async def running(*parts: Callable[[], Awaitable[None]]) -> "AsyncIterator[None]":
    """Run these parts for as long as the block takes."""

    async def one(part: Callable[[], Awaitable[None]]) -> None:
        await part()

    async with asyncio.TaskGroup() as tasks:
        mine = [tasks.create_task(one(part)) for part in parts]
        try:
            yield
        finally:
            for task in mine:
                task.cancel()


async def eventually(claim: Callable[[], bool], *, within: float = 2.0) -> None:
    """Wait until this is so; the one place of the office's tests that polls."""
    async with asyncio.timeout(within):
        while not claim():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def with_ticket(call: Call, ticket_id: str) -> Call:
    """The same call with a ticket."""
    return replace(call, ticket_id=TicketId(ticket_id))
