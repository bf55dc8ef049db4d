"""What the exchange knows, and the two ways in which it may speak: facts and wishes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from callcenter.domain.alarms import AlarmBook
from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegState
from callcenter.domain.exchange.outbound_line import Outbound
from callcenter.domain.exchange.track import Line, Track, Unaccounted
from callcenter.domain.facts import Fact, OfCall, RecallChanged, SeatChanged
from callcenter.domain.fold import apply
from callcenter.domain.ids import CallId, LegId, NewId
from callcenter.domain.recalls import Recall, RecallRules
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.trunk import Trunk, TrunkLine, lines_of
from callcenter.domain.wishes import EndLeg, Wish

WITHOUT_SEAT = (CallState.QUEUED, CallState.RINGING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of this hotline. Durations in seconds."""

    queue: str = "hotline"
    area_code: str = ""
    ring_seconds: float = 15.0
    no_ring_seconds: float = 6.0
    """A phone that gives no 18x within this time cannot be reached (contract.md §3)."""
    miss_limit: int = 3
    refusal_limit: int = 6
    wrap_up_seconds: float = 30.0
    announce_first_seconds: float = 20.0
    announce_every_seconds: float = 45.0
    hand_back_seconds: float = 20.0
    """How long our own offers wait for callers to come back from Asterisk's queue."""
    most_unsettled: int = 1000
    """How many ended calls may wait for their recording and ticket: a store or a disk can be away for long."""
    survey: bool = False
    """Callers are asked for a grade after the talk."""
    recalls: RecallRules = field(default_factory=RecallRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, by the wall and by a clock that never steps (seconds)."""

    wall: datetime
    mono: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one event came to."""

    facts: tuple[tuple[Fact, Call | None], ...]
    """Each fact with the whole call after it."""
    wishes: tuple[Wish, ...]


@dataclass(slots=True, kw_only=True)
class State:
    """Calls, seats, and what has been decided since the last Decision was taken out."""

    policy: Policy
    new_id: NewId
    now: Moment
    calls: dict[CallId, Call] = field(default_factory=dict)
    on_line: dict[CallId, Call] = field(default_factory=dict)
    """Of these calls those with anybody on the line still: ended ones wait in `calls` for recording and ticket, which
    on a busy day are many, and no event of a call may cost more for them."""
    in_line: dict[CallId, Call] = field(default_factory=dict)
    """Of these calls those whose caller has no seat yet, in the queue or while one rings for him."""
    trunk_lines: dict[CallId, tuple[TrunkLine, ...]] = field(default_factory=dict)
    """The lines of the trunk that each call uses."""
    trunk: Trunk | None = None
    """Those lines put together; None where they have changed since."""
    seats: dict[str, Seat] = field(default_factory=dict)
    ready_seats: dict[str, Seat] = field(default_factory=dict)
    """Of these seats those that are ready and whose phone can be reached."""
    alarms: AlarmBook = field(default_factory=AlarmBook)
    tracks: dict[CallId, Track] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    """Seats whose operators have said what they do since we began."""
    outbound: Outbound = field(default_factory=Outbound)
    linked: bool = False
    restarts: int = 0
    """How often Asterisk was another one when it was heard again."""
    lost_at: datetime | None = None
    """When the link was lost that has not been restored yet."""
    unaccounted: dict[CallId, Unaccounted] = field(default_factory=dict)
    """Calls that are gone, and of which Asterisk's record has yet to tell how."""
    recovering: bool = False
    settling: bool = False
    """The link is back, and which phones are in use for something else is still being told."""
    wrapping: dict[str, None] = field(default_factory=dict)
    """Seats whose time to write up has begun and is not known to be over, oldest first."""
    order: int = 0
    watched_at: float | None = None
    """When the watchdog has looked at every call last."""
    corrected: int = 0
    """How often the picture had to be put right; see `watchdog`."""
    settled: dict[CallId, None] = field(default_factory=dict)
    """The last calls that were let go of, oldest first: a late word of one does not begin it anew."""
    handled_seconds: list[float] = field(default_factory=list)
    """How long the last talks took a seat, wrap-up included; newest last."""
    _facts: list[tuple[Fact, Call | None]] = field(default_factory=list)
    _wishes: list[Wish] = field(default_factory=list)

    def note(self, fact: OfCall) -> Call:
        """Add a fact of a call, never dated before what it follows in the journal."""
        before = self.calls.get(fact.call_id)
        at = fact.at if before is None else self.date(before, fact.at)
        recovered = fact.recovered or self.recovering
        if at != fact.at or recovered != fact.recovered:
            fact = replace(fact, at=at, recovered=recovered)
        call = apply(before, fact)
        self.put(call)
        self._facts.append((fact, call))
        return call

    def date(self, call: Call, at: datetime) -> datetime:
        """Give when what happened at this time is dated in the call's journal."""
        track = self.tracks.get(call.id)
        return max(at, call.last_at, (track and track.not_before) or at)

    def put(self, call: Call) -> None:
        """Have this call as it is now."""
        self.calls[call.id] = call
        for calls, is_among in ((self.on_line, call.is_on_line), (self.in_line, call.state in WITHOUT_SEAT)):
            if is_among:
                calls[call.id] = call
            else:
                calls.pop(call.id, None)
        lines = tuple(lines_of(call))
        if lines != self.trunk_lines.get(call.id, ()):
            self.trunk_lines[call.id], self.trunk = lines, None

    def let_go(self, call_id: CallId) -> None:
        """Forget this call."""
        del self.tracks[call_id], self.calls[call_id]
        self.on_line.pop(call_id, None)
        self.in_line.pop(call_id, None)
        if self.trunk_lines.pop(call_id, ()):
            self.trunk = None
        self.settled[call_id] = None

    def note_seat(self, seat: Seat, at: datetime) -> Seat:
        """Add a seat's new state, if it is new."""
        before = self.seats[seat.extension]
        if before == seat:
            return before
        if before.state is not seat.state:
            seat = replace(seat, since=max(at, before.since))
        self.put_seat(seat)
        self._facts.append((SeatChanged(at=max(at, seat.since), seat=seat, recovered=self.recovering), None))
        return seat

    def put_seat(self, seat: Seat) -> None:
        """Have this seat as it is now."""
        self.seats[seat.extension] = seat
        if seat.state is SeatState.READY and seat.phone is Phone.REGISTERED:
            self.ready_seats[seat.extension] = seat
        else:
            self.ready_seats.pop(seat.extension, None)

    def have_seats(self, seats: Mapping[str, Seat]) -> None:
        """Have these seats, and no others, as they are here."""
        self.seats, self.ready_seats = {}, {}
        for seat in seats.values():
            self.put_seat(seat)

    def begin_wrap_up(self, extension: str) -> None:
        """Give this seat its time to write up, from now on."""
        self.lines[extension].wrap_until = self.now.mono + self.policy.wrap_up_seconds
        self.wrapping[extension] = None

    def note_recall(self, recall: Recall, *, at: datetime) -> None:
        """Add a recall's new state; what changes nothing is no fact."""
        if self.outbound.book.get(recall.id) != recall:
            self.outbound.book.put(recall)
            self._facts.append((RecallChanged(at=at, recall=recall, recovered=self.recovering), None))

    def add(self, fact: Fact) -> None:
        """Add a fact of no call that is so whatever we know."""
        self._facts.append((fact, None))

    def note_alarms(self) -> None:
        """Raise and clear the alarms whose time has come."""
        self._facts += [(fact, None) for fact in self.alarms.due(wall=self.now.wall, mono=self.now.mono)]

    def want(self, wish: Wish) -> None:
        """Wish for something to be done."""
        self._wishes.append(wish)

    def take(self) -> Decision:
        """Take out what was decided since the last time."""
        decision = Decision(facts=tuple(self._facts), wishes=tuple(self._wishes))
        self._facts.clear()
        self._wishes.clear()
        return decision

    @property
    def fact_count(self) -> int:
        """How many facts were added since the last Decision was taken out."""
        return len(self._facts)

    def forget_facts(self, kind: type[Fact], *, since: int) -> None:
        """Take back the facts of this kind that were added after the first so many."""
        self._facts[since:] = [noted for noted in self._facts[since:] if not isinstance(noted[0], kind)]

    def forget_wishes(self) -> None:
        """Wish for nothing of what was wished since the last Decision was taken out: it was for a time long past."""
        self._wishes.clear()

    def live(self, call_id: CallId) -> tuple[Call, Track] | None:
        """A call whose caller is still on the line, with its track."""
        call = self.calls.get(call_id)
        if call is None or not call.is_live:
            return None
        return call, self.tracks[call_id]

    def end_leg(self, call_id: CallId, leg_id: LegId) -> None:
        """Ask for the end of a leg, once; see to it that it comes."""
        asked = self.tracks[call_id].asked
        if leg_id not in asked:
            asked[leg_id] = self.now.mono
            self.want(EndLeg(leg_id=leg_id))

    def seat_leg(self, call: Call) -> Leg | None:
        """Give the leg of the seat whose talk this is, in the talk, kept on the line or in a consult."""
        asked = self.tracks[call.id].asked
        return next(
            (
                leg
                for leg in reversed(call.legs)
                if leg.kind is LegKind.SEAT
                and leg.party == call.seat
                and leg.joined is not None
                and leg.state is not LegState.ENDED
                and leg.id not in asked
            ),
            None,
        )

    def seat_leg_joined(self, call: Call) -> LegId | None:
        """The seat's leg that hears the caller now."""
        track = self.tracks[call.id]
        talk = track.talks.get(LegId(call.id))
        if talk is None:
            return None
        for leg in call.legs:
            if leg.kind is LegKind.SEAT and leg.state is not LegState.ENDED and track.talks.get(leg.id) == talk:
                return leg.id
        return None


def unit_leg(call: Call) -> Leg | None:
    """Give the leg of the third party that is dialled, rings or talks."""
    return next((leg for leg in call.legs if leg.kind is LegKind.UNIT and leg.state is not LegState.ENDED), None)


def is_away(call: Call, seat_leg: Leg | None) -> bool:
    """Tell whether the operator has left caller and unit alone and is kept on the line."""
    return seat_leg is not None and seat_leg.state is LegState.HELD and not call.held


def fresh_state(policy: Policy, seats: Mapping[str, Seat], *, new_id: NewId, now: Moment) -> State:
    """Begin with the seats of the roster and no call."""
    state = State(policy=policy, new_id=new_id, now=now, lines={extension: Line() for extension in seats})
    state.have_seats(seats)
    return state
