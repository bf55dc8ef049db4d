"""One call on its way to what the figures count: its offers, stints and tries, as its facts tell them.

A fact that is told again, alone or with everything after it, changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from callcenter.domain.calls import CallState, Direction, Leg, LegKind, LegOutcome, LegState, Outcome
from callcenter.domain.facts import (
    CallArrived,
    CallEnded,
    CallFailed,
    CallGradeAsked,
    CallGraded,
    CallHeld,
    CallMissed,
    CallRefused,
    CallRequeued,
    CallResumed,
    CallRinging,
    CallTalking,
    LegChanged,
    OfCall,
    SeatLeft,
    SeatReturned,
)
from callcenter.domain.figures.records import (
    Attempt,
    AttemptKind,
    AttemptOutcome,
    CallRecord,
    OfferRecord,
    OfferResult,
    Period,
    Stint,
    whole_ms,
)
from callcenter.domain.fold import moved
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.tickets import Standing, TicketState

OUTCOME_OF_UNIT: Mapping[LegOutcome, AttemptOutcome] = {
    LegOutcome.ANSWERED: AttemptOutcome.CONNECTED,
    LegOutcome.BUSY: AttemptOutcome.BUSY,
    LegOutcome.NO_ANSWER: AttemptOutcome.NO_ANSWER,
    LegOutcome.REFUSED: AttemptOutcome.REFUSED,
    LegOutcome.CANCELLED: AttemptOutcome.CANCELLED,
    LegOutcome.FAILED: AttemptOutcome.FAILED,
}

RESULT_OF_OFFER: Mapping[LegOutcome, OfferResult] = {
    LegOutcome.NO_ANSWER: OfferResult.NO_ANSWER,
    LegOutcome.BUSY: OfferResult.REFUSED,
    LegOutcome.REFUSED: OfferResult.REFUSED,
    LegOutcome.FAILED: OfferResult.FAILED,
}
"""Those that say by themselves how an offer ended; one that was cancelled was ended by others, or called off by us."""


@dataclass(slots=True)
class OpenStint:
    """An operator's own stretch of a call, as far as it has come."""

    seat: str
    begins: datetime
    ends: datetime | None = None
    held_since: datetime | None = None
    holds: list[Period] = field(default_factory=list)
    writing: Period | None = None
    """The wrap-up that followed."""

    def hold(self, at: datetime) -> None:
        """The caller hears music from now on."""
        told_before = any(held.begins == at for held in self.holds)
        if self.held_since is None and self.ends is None and at >= self.begins and not told_before:
            self.held_since = at

    def resume(self, at: datetime) -> None:
        """The caller is listened to again."""
        if self.held_since is not None and at >= self.held_since:
            self.holds.append(Period(self.held_since, at))
            self.held_since = None

    def end(self, at: datetime) -> bool:
        """The operator is gone; False where that was known, or is told of an earlier stint."""
        if self.ends is not None or at < self.begins:
            return False
        self.resume(max(at, self.held_since or at))
        self.ends = at
        return True

    def record(self, at: datetime) -> Stint:
        """Give it as it stands at this moment."""
        ends = self.ends or max(at, self.begins)
        holds = list(self.holds)
        if self.held_since is not None:
            holds.append(Period(self.held_since, max(ends, self.held_since)))
        return Stint(seat=self.seat, begins=self.begins, ends=ends, holds=tuple(holds), writing=self.writing)


@dataclass(slots=True)
class _Offer:
    seat: str
    ringing: datetime
    ended: datetime | None = None
    result: OfferResult | None = None

    def end(self, at: datetime, result: OfferResult) -> None:
        if self.ended is None:
            self.ended, self.result = max(at, self.ringing), result

    def caller_stayed(self) -> None:
        """He waits on: it was not he who ended it, but the operator by a break, or the hotline after the ring time."""
        if self.result is OfferResult.CALLER_LEFT:
            self.result = OfferResult.FAILED


@dataclass(slots=True)
class _Attempt:
    asked: datetime
    kind: AttemptKind = AttemptKind.THREE_WAY
    connected: datetime | None = None
    ended: datetime | None = None
    outcome: AttemptOutcome = AttemptOutcome.CANCELLED


@dataclass(slots=True)
class Story:
    """One call, added up, as far as something is counted of it. Begins with its arrival: `Story.of(arrival)`."""

    id: CallId
    caller: str | None
    direction: Direction
    recovered: bool
    t0: datetime
    t1: datetime | None = None
    t2: datetime | None = None
    t3: datetime | None = None
    t4: datetime | None = None
    t5: datetime | None = None
    state: CallState = CallState.IVR
    outcome: Outcome | None = None
    queue: str | None = None
    seat: str | None = None
    held: bool = False
    invited: bool = False
    grade: int | None = None
    offers: dict[LegId, _Offer] = field(default_factory=dict)
    stints: list[OpenStint] = field(default_factory=list)
    attempts: dict[LegId, _Attempt] = field(default_factory=dict)

    @classmethod
    def of(cls, fact: OfCall) -> "Story":
        """Begin one. Raises ValueError where the fact is not the arrival."""
        if not isinstance(fact, CallArrived):
            raise ValueError("a call begins with its arrival")  # noqa: TRY004 - a fact, but not the first
        return cls(fact.call_id, fact.caller, fact.direction, fact.recovered, whole_ms(fact.at))

    @property
    def is_inbound(self) -> bool:
        """A citizen called; calls that a seat made count in no figure of callers (kpis.md §1)."""
        return self.direction is Direction.INBOUND

    def take(self, fact: OfCall) -> Iterator[OpenStint]:
        """Take one fact in; gives each stint that it ends."""
        at = whole_ms(fact.at)
        if fact.recovered:
            self.recovered = True
        for name, value in moved(self, fact, at).items():
            setattr(self, name, value)
        match fact:
            case CallRinging():
                self.offers.setdefault(fact.leg_id, _Offer(fact.seat, at))
            case CallMissed():
                self._end_offer(fact.leg_id, at, OfferResult.NO_ANSWER)
            case CallRefused():
                self._end_offer(fact.leg_id, at, OfferResult.REFUSED)
            case CallFailed():
                self._end_offer(fact.leg_id, at, OfferResult.FAILED)
                if (offer := self.offers.get(fact.leg_id)) is not None and not fact.recovered:
                    offer.caller_stayed()
            case CallTalking():
                self._end_offer(fact.leg_id, at, OfferResult.ANSWERED)
                self._begin(fact.seat, at)
            case SeatReturned():
                self._begin(fact.seat, at)
            case SeatLeft():
                yield from self._end(fact.seat, at)
            case CallHeld():
                for stint in self.stints:
                    stint.hold(at)
            case CallResumed():
                for stint in self.stints:
                    stint.resume(at)
            case CallRequeued() | CallEnded():
                for stint in self.stints:
                    yield from self._end(stint.seat, at)
                if isinstance(fact, CallEnded):
                    self._close(at)
            case LegChanged():
                yield from self._leg(fact.leg, at)
            case CallGradeAsked():
                self.invited = True
            case CallGraded():
                self.grade = fact.grade
            case _:
                pass

    def record(self, at: datetime, ticket: Standing | None) -> CallRecord:
        """Give the call as it stands at this moment; what goes on is cut there."""
        at = whole_ms(at)
        return CallRecord(
            id=self.id,
            caller=self.caller,
            queue=self.queue,
            t0=self.t0,
            t1=self.t1,
            t2=self.t2,
            t3=self.t3,
            t4=self.t4,
            t5=self.t5,
            outcome=self.outcome,
            offers=tuple(
                OfferRecord(
                    seat=offer.seat,
                    ringing=offer.ringing,
                    ended=offer.ended,
                    result=offer.result or OfferResult.TAKEN_ELSEWHERE,
                )
                for offer in self.offers.values()
                if offer.ended is not None
            ),
            stints=tuple(stint.record(at) for stint in self.stints),
            attempts=tuple(
                Attempt(
                    kind=attempt.kind,
                    asked=attempt.asked,
                    connected=attempt.connected,
                    ended=attempt.ended,
                    outcome=attempt.outcome,
                )
                for attempt in self.attempts.values()
                if attempt.ended is not None
            ),
            invited=self.invited,
            grade=self.grade,
            direct=is_direct(ticket),
            matter=None if ticket is None else ticket.category or None,
            recovered=self.recovered,
        )

    def _of_seat(self, seat: str) -> OpenStint | None:
        return next((stint for stint in self.stints if stint.seat == seat and stint.ends is None), None)

    def _begin(self, seat: str, at: datetime) -> None:
        told_before = any(stint.seat == seat and stint.begins == at for stint in self.stints)
        if self._of_seat(seat) is None and not told_before:
            self.stints.append(OpenStint(seat, at))

    def _end(self, seat: str, at: datetime) -> Iterator[OpenStint]:
        stint = self._of_seat(seat)
        if stint is not None and stint.end(at):
            yield stint

    def _end_offer(self, leg_id: LegId, at: datetime, result: OfferResult) -> None:
        if (offer := self.offers.get(leg_id)) is not None:
            offer.end(at, result)

    def _close(self, at: datetime) -> None:
        for offer in self.offers.values():
            offer.end(at, OfferResult.CALLER_LEFT)
        for attempt in self.attempts.values():
            if attempt.ended is None:
                attempt.ended = at
                attempt.outcome = AttemptOutcome.CONNECTED if attempt.connected else AttemptOutcome.CALLER_LEFT

    def _leg(self, leg: Leg, at: datetime) -> Iterator[OpenStint]:
        if leg.kind is LegKind.UNIT:
            self._unit(leg, at)
        elif leg.kind is LegKind.SEAT and leg.party is not None:
            stint = self._of_seat(leg.party)
            if leg.state is LegState.ENDED:
                yield from self._end(leg.party, _whole(leg.ended) or at)
                self._end_offer(leg.id, _whole(leg.ended) or at, self._result(leg))
            elif stint is not None and leg.state is LegState.PRIVATE:
                stint.hold(at)
            elif stint is not None and leg.state is LegState.JOINED and not self.held:
                stint.resume(at)

    def _result(self, leg: Leg) -> OfferResult:
        """Tell how the offer of a leg that is over ended, as far as the leg knows; the rest is told after it."""
        others = OfferResult.TAKEN_ELSEWHERE if self.state is CallState.TALKING else OfferResult.CALLER_LEFT
        return others if leg.outcome is None else RESULT_OF_OFFER.get(leg.outcome, others)

    def _unit(self, leg: Leg, at: datetime) -> None:
        attempt = self.attempts.setdefault(leg.id, _Attempt(whole_ms(leg.started)))
        if attempt.ended is not None:
            return
        if leg.state is LegState.PRIVATE and attempt.connected is None:
            attempt.kind, attempt.connected = AttemptKind.CONSULT, at
        elif leg.state is LegState.JOINED and attempt.connected is None:
            attempt.connected = _whole(leg.joined) or at
        elif leg.state is LegState.ENDED:
            attempt.ended = _whole(leg.ended) or at
            attempt.outcome = OUTCOME_OF_UNIT[leg.outcome or LegOutcome.FAILED]
            if attempt.outcome is AttemptOutcome.CONNECTED and attempt.connected is None:
                attempt.outcome = AttemptOutcome.CANCELLED


def _whole(moment: datetime | None) -> datetime | None:
    return None if moment is None else whole_ms(moment)


def is_direct(ticket: Standing | None) -> bool | None:
    """Tell whether a call was settled on the line: its ticket was filed and given to no unit. None: not known yet."""
    if ticket is None or ticket.state is TicketState.DRAFTED:
        return None
    return ticket.unit is None
