"""What the exchange knows, and the two ways in which it may speak: facts and wishes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from callcenter.domain.alarms import AlarmBook
from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegState
from callcenter.domain.exchange.outbound_line import Outbound
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
    recalls: RecallRules = field(default_factory=RecallRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, by the wall and by a clock that never steps (seconds)."""

    wall: datetime
    mono: float


@dataclass(slots=True, kw_only=True)
class Offer:
    """A seat's leg on its way to a caller: to one who waits, or back to one who talks with a unit."""

    leg_id: LegId
    seat: str
    dialled: float
    """Monotonic second of the offer."""
    rang: bool = False
    asked_to_end: float | None = None
    """Monotonic second at which we asked for its end."""
    unreachable: bool = False

    @property
    def ending(self) -> bool:
        """We have asked for its end already."""
        return self.asked_to_end is not None


@dataclass(slots=True, kw_only=True)
class Third:
    """A unit's leg, from its dialling on."""

    leg_id: LegId
    private: bool
    """On its answer seat and unit talk without the caller."""
    dialled: float
    """Monotonic second."""
    ring_seconds: float
    rang: bool = False
    asked_to_end: float | None = None
    """Monotonic second at which we asked for its end."""
    unreachable: bool = False


class Step(StrEnum):
    """How far caller and seat have come in being parted, or brought together again."""

    MEETING = "meeting"
    """A unit has answered and is on its way to the seat; the caller is mute."""
    PARKING = "parking"
    """The caller is on his way out to the music."""
    CONSULT = "consult"
    """Seat and unit talk, the caller hears music."""
    JOINING = "joining"
    """The caller is on his way from the music to seat and unit."""
    RETURNING = "returning"
    """The seat is on its way back to caller and unit."""
    COMING = "coming"
    """The unit is gone; caller and seat are brought together as soon as he is out of his talk."""
    GIVING = "giving"
    """The seat is on its way to the caller, who is in no talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step under way, or a consult."""

    step: Step
    since: float
    """Monotonic second."""
    then_join: bool = False
    """All three are to talk as soon as the caller has come to the music."""
    parks: bool = False
    """COMING: he is on his way to the music, not on his way out by himself."""


@dataclass(slots=True, kw_only=True)
class Track:
    """What must be remembered of a live call beside its facts."""

    order: int
    waits: bool = False
    """Stands in the loop, can be offered."""
    in_fallback: float | None = None
    """Monotonic second since which Asterisk's own queue has him."""
    offer: Offer | None = None
    talks: dict[LegId, str] = field(default_factory=dict)
    caller_parted: bool = False
    """The caller left the talk while the seat was still in it: he is hanging up."""
    ending: bool = False
    """We have asked for the caller's end."""
    flow_completed: bool = False
    operator_ended: bool = False
    music: LegId | None = None
    hold_mutes: bool = False
    """The seat on hold was muted by us; a phone's own hold button needs no mute."""
    unit: Third | None = None
    move: Move | None = None
    ring_back: Offer | None = None
    """The seat that is rung to come back to caller and unit."""
    away_since: datetime | None = None
    """When the operator left caller and unit alone."""
    away_seconds: float = 0.0
    alone_since: float | None = None
    """Monotonic second since which nobody we know of talks with him."""
    asked: dict[LegId, float] = field(default_factory=dict)
    """Legs whose end we asked for, with the monotonic second of it; see `watchdog`."""
    announce_at: float | None = None
    ended: float | None = None
    queue_named: str | None = None
    returning: float | None = None
    """Monotonic second since which he is on his way back from a talk that broke off; a seat is kept for him."""
    asked_twice: set[LegId] = field(default_factory=set)
    """Legs whose end did not come, and was asked for once more."""
    asked_back: float | None = None
    """Monotonic second at which he was last asked back from Asterisk's own queue."""
    beside_since: float | None = None
    """Monotonic second since which he waits beside a free seat."""
    not_before: datetime | None = None
    """The newest date of what stands in its journal beside its facts: how its ticket stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unaccounted:
    """What is known of a call that is gone."""

    heard: datetime | None
    """When Asterisk was last heard; None where we were away."""
    known_until: datetime
    """Its newest fact of when it was still there."""


@dataclass(slots=True, kw_only=True)
class Line:
    """What must be remembered of a seat's phone beside its facts."""

    call_id: CallId | None = None
    leg_id: LegId | None = None
    refusals: int = 0
    not_before: float = 0.0
    """Monotonic second before which it is not offered again."""
    channels: set[str] = field(default_factory=set)
    """Channels of this phone that are no leg of ours."""
    wrap_until: float | None = None
    before: tuple[SeatState, str | None] | None = None
    """State and reason before it rang for an operator who wants to come back."""


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
