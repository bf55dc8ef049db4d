"""From the journal's facts to what the figures count. Facts go in one by one, in the journal's order; twice is once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegOutcome, LegState
from callcenter.domain.facts import (
    CallEnded,
    CallFailed,
    CallHeld,
    CallMissed,
    CallRefused,
    CallRequeued,
    CallResumed,
    CallRinging,
    CallTalking,
    Fact,
    LegChanged,
    OfCall,
    SeatChanged,
    SeatLeft,
    SeatReturned,
    apply,
)
from callcenter.domain.figures.records import (
    Attempt,
    AttemptKind,
    AttemptOutcome,
    CallRecord,
    OfferRecord,
    OfferResult,
    Period,
    Records,
    SeatSpan,
    Stint,
)
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState

OUTCOME_OF_UNIT: Mapping[LegOutcome, AttemptOutcome] = {
    LegOutcome.ANSWERED: AttemptOutcome.CONNECTED,
    LegOutcome.BUSY: AttemptOutcome.BUSY,
    LegOutcome.NO_ANSWER: AttemptOutcome.NO_ANSWER,
    LegOutcome.REFUSED: AttemptOutcome.REFUSED,
    LegOutcome.CANCELLED: AttemptOutcome.CANCELLED,
    LegOutcome.FAILED: AttemptOutcome.FAILED,
}


@dataclass(slots=True)
class _Stint:
    seat: str
    begins: datetime
    ends: datetime | None = None
    held_since: datetime | None = None
    holds: list[Period] = field(default_factory=list)
    written_up: datetime | None = None

    def hold(self, at: datetime) -> None:
        if self.held_since is None and self.ends is None:
            self.held_since = at

    def resume(self, at: datetime) -> None:
        if self.held_since is not None:
            self.holds.append(Period(self.held_since, max(at, self.held_since)))
            self.held_since = None

    def end(self, at: datetime) -> None:
        self.resume(at)
        if self.ends is None:
            self.ends = max(at, self.begins)


@dataclass(slots=True)
class _Offer:
    seat: str
    ringing: datetime
    ended: datetime | None = None
    result: OfferResult | None = None

    def end(self, at: datetime, result: OfferResult) -> None:
        if self.ended is None:
            self.ended, self.result = max(at, self.ringing), result


@dataclass(slots=True)
class _Attempt:
    asked: datetime
    kind: AttemptKind = AttemptKind.THREE_WAY
    connected: datetime | None = None
    ended: datetime | None = None
    outcome: AttemptOutcome = AttemptOutcome.CANCELLED


@dataclass(slots=True)
class _Story:
    """One call on its way to a record."""

    call: Call
    offers: dict[LegId, _Offer] = field(default_factory=dict)
    stints: list[_Stint] = field(default_factory=list)
    attempts: dict[LegId, _Attempt] = field(default_factory=dict)

    def of_seat(self, seat: str) -> _Stint | None:
        return next((stint for stint in self.stints if stint.seat == seat and stint.ends is None), None)


class Reader:
    """Adds facts up. `records` can be had at any moment, and goes on to change."""

    def __init__(self) -> None:
        self._stories: dict[CallId, _Story] = {}
        self._spans: list[SeatSpan] = []
        self._seats: dict[str, tuple[SeatState, datetime]] = {}
        self._to_write_up: dict[str, _Stint] = {}

    def take(self, fact: Fact) -> None:
        """Take in one fact. Raises ValueError for a fact of a call that has not arrived."""
        if isinstance(fact, SeatChanged):
            self._seat(fact)
        elif isinstance(fact, OfCall):
            self._of_call(fact)

    def take_all(self, facts: Iterable[Fact]) -> "Reader":
        """Take in many."""
        for fact in facts:
            self.take(fact)
        return self

    def forget_before(self, moment: datetime) -> None:
        """Let go of calls that ended, and of seats' states that were over, before this moment."""
        self._spans = [span for span in self._spans if span.ends >= moment]
        self._stories = {
            call_id: story
            for call_id, story in self._stories.items()
            if story.call.t5 is None or story.call.t5 >= moment
        }

    def records(self, at: datetime) -> Records:
        """Give everything as it stands at this moment; what goes on is cut there."""
        open_spans = [
            SeatSpan(seat=seat, state=state, begins=since, ends=max(at, since))
            for seat, (state, since) in self._seats.items()
        ]
        return Records(
            calls=[_record(story, at) for story in self._stories.values()], spans=[*self._spans, *open_spans]
        )

    def _seat(self, fact: SeatChanged) -> None:
        seat, state, at = fact.seat.extension, fact.seat.state, fact.seat.since
        before = self._seats.get(seat)
        if before is not None and before[0] is not state:
            at = max(at, before[1])
            self._spans.append(SeatSpan(seat=seat, state=before[0], begins=before[1], ends=at))
            if before[0] is SeatState.WRAP_UP and (stint := self._to_write_up.pop(seat, None)) is not None:
                stint.written_up = max(at, stint.ends or at)
        if before is None or before[0] is not state:
            self._seats[seat] = (state, at)

    def _of_call(self, fact: OfCall) -> None:
        story = self._stories.get(fact.call_id)
        if story is None:
            self._stories[fact.call_id] = _Story(apply(None, fact))
            return
        call = apply(story.call, fact) if fact.kind != "call.arrived" else story.call
        match fact:
            case CallRinging():
                story.offers.setdefault(fact.leg_id, _Offer(fact.seat, fact.at))
            case CallMissed():
                _end_offer(story, fact.leg_id, fact.at, OfferResult.NO_ANSWER)
            case CallRefused():
                _end_offer(story, fact.leg_id, fact.at, OfferResult.REFUSED)
            case CallFailed():
                _end_offer(story, fact.leg_id, fact.at, OfferResult.FAILED)
            case CallTalking():
                _end_offer(story, fact.leg_id, fact.at, OfferResult.ANSWERED)
                if story.of_seat(fact.seat) is None:
                    story.stints.append(_Stint(fact.seat, fact.at))
            case SeatReturned():
                if story.of_seat(fact.seat) is None:
                    story.stints.append(_Stint(fact.seat, fact.at))
            case SeatLeft():
                self._end_stint(story, fact.seat, fact.at)
            case CallHeld():
                for stint in story.stints:
                    stint.hold(fact.at)
            case CallResumed():
                for stint in story.stints:
                    stint.resume(fact.at)
            case CallRequeued() | CallEnded():
                for stint in story.stints:
                    self._end_stint(story, stint.seat, fact.at)
                if isinstance(fact, CallEnded):
                    _close(story, fact.at)
            case LegChanged():
                self._leg(story, fact.leg, fact.at)
            case _:
                pass
        story.call = call

    def _leg(self, story: _Story, leg: Leg, at: datetime) -> None:
        if leg.kind is LegKind.UNIT:
            _attempt(story, leg, at)
        elif leg.kind is LegKind.SEAT and leg.party is not None:
            stint = story.of_seat(leg.party)
            if leg.state is LegState.ENDED:
                self._end_stint(story, leg.party, leg.ended or at)
                taken = story.call.state is CallState.TALKING
                result = OfferResult.TAKEN_ELSEWHERE if taken else OfferResult.CALLER_LEFT
                _end_offer(story, leg.id, leg.ended or at, result)
            elif stint is not None and leg.state is LegState.PRIVATE:
                stint.hold(at)
            elif stint is not None and leg.state is LegState.JOINED and not story.call.held:
                stint.resume(at)

    def _end_stint(self, story: _Story, seat: str, at: datetime) -> None:
        if (stint := story.of_seat(seat)) is not None:
            stint.end(at)
            self._to_write_up[seat] = stint


def _end_offer(story: _Story, leg_id: LegId, at: datetime, result: OfferResult) -> None:
    if (offer := story.offers.get(leg_id)) is not None:
        offer.end(at, result)


def _close(story: _Story, at: datetime) -> None:
    for offer in story.offers.values():
        offer.end(at, OfferResult.CALLER_LEFT)
    for attempt in story.attempts.values():
        if attempt.ended is None:
            attempt.ended = at
            attempt.outcome = AttemptOutcome.CONNECTED if attempt.connected else AttemptOutcome.CALLER_LEFT


def _attempt(story: _Story, leg: Leg, at: datetime) -> None:
    attempt = story.attempts.setdefault(leg.id, _Attempt(leg.started))
    if leg.state is LegState.PRIVATE and attempt.connected is None:
        attempt.kind, attempt.connected = AttemptKind.CONSULT, at
    elif leg.state is LegState.JOINED and attempt.connected is None:
        attempt.connected = leg.joined or at
    elif leg.state is LegState.ENDED and attempt.ended is None:
        attempt.ended = leg.ended or at
        attempt.outcome = OUTCOME_OF_UNIT[leg.outcome or LegOutcome.FAILED]
        if attempt.outcome is AttemptOutcome.CONNECTED and attempt.connected is None:
            attempt.outcome = AttemptOutcome.CANCELLED


def _record(story: _Story, at: datetime) -> CallRecord:
    call = story.call
    return CallRecord(
        id=call.id,
        caller=call.caller,
        queue=call.queue,
        t0=call.t0,
        t1=call.t1,
        t2=call.t2,
        t3=call.t3,
        t4=call.t4,
        t5=call.t5,
        outcome=call.outcome,
        offers=tuple(
            OfferRecord(
                seat=offer.seat,
                ringing=offer.ringing,
                ended=offer.ended or max(at, offer.ringing),
                result=offer.result or OfferResult.TAKEN_ELSEWHERE,
            )
            for offer in story.offers.values()
            if offer.ended is not None
        ),
        stints=tuple(_stint(stint, at) for stint in story.stints),
        attempts=tuple(
            Attempt(
                kind=attempt.kind,
                asked=attempt.asked,
                connected=attempt.connected,
                ended=attempt.ended,
                outcome=attempt.outcome,
            )
            for attempt in story.attempts.values()
            if attempt.ended is not None
        ),
        recovered=call.recovered,
    )


def _stint(stint: _Stint, at: datetime) -> Stint:
    ends = stint.ends or max(at, stint.begins)
    holds = list(stint.holds)
    if stint.held_since is not None:
        holds.append(Period(stint.held_since, max(ends, stint.held_since)))
    return Stint(seat=stint.seat, begins=stint.begins, ends=ends, holds=tuple(holds), written_up=stint.written_up)
