"""Days as they may happen: callers, seats, units, tickets and recalls, as facts in the journal's order."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeGuard

from callcenter.domain.calls import Leg, LegKind, LegOutcome, LegState, Outcome
from callcenter.domain.facts import (
    CallArrived,
    CallEnded,
    CallFailed,
    CallHeld,
    CallMissed,
    CallQueued,
    CallRefused,
    CallRequeued,
    CallResumed,
    CallRinging,
    CallTalking,
    CallVoice,
    Fact,
    LegChanged,
    RecallChanged,
    SeatChanged,
    SeatLeft,
    SeatReturned,
    TicketStands,
)
from callcenter.domain.ids import CallId, LegId, RecallId, TicketId
from callcenter.domain.recalls import AttemptOutcome as RecallOutcome
from callcenter.domain.recalls import ClosedBy, Recall, RecallAttempt
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.tickets import Standing, TicketKind, TicketState
from tests.domain.figures.example_day import DAY

MATTERS = ("供水", "供热", "社保", "")


class Day:
    """Makes facts up; the same seed makes the same day."""

    def __init__(
        self, seed: int, *, calls: int, seats: int = 4, hours: float = 24.5, callers: int | None = None, named: str = ""
    ) -> None:
        self._random = Random(seed)
        self._seats = [f"80{number:02d}" for number in range(seats)]
        self._free = dict.fromkeys(self._seats, DAY.begins)
        self._callers = callers or max(2, calls // 3)
        self._numbered: list[tuple[datetime, int, Fact]] = []
        for seat in self._seats:
            self._seat(seat, SeatState.READY, DAY.begins + self._some(0, 600))
        for number in range(calls):
            self._call(CallId(f"{named}c{number}"), DAY.begins + self._some(-3600, hours * 3600))
        for seat in self._seats:
            self._seat(seat, SeatState.OFFLINE, max(self._free[seat], DAY.ends))
        for seat in self._seats:
            self._phone(seat)
        self.facts: Sequence[Fact] = [fact for _, _, fact in sorted(self._numbered, key=lambda each: each[:2])]
        """In the journal's order."""

    def _some(self, least: float, most: float) -> timedelta:
        """Whole milliseconds of a stretch, and now and then a part of one."""
        return timedelta(microseconds=self._random.randrange(int(least * 1e6), int(most * 1e6) + 1))

    def _tell(self, fact: Fact) -> None:
        self._numbered.append((fact.at, len(self._numbered), fact))

    def _seat(self, seat: str, state: SeatState, at: datetime) -> None:
        self._tell(
            SeatChanged(at=at, seat=Seat(extension=seat, operator="o", state=state, since=at, idle_since=DAY.begins))
        )
        self._free[seat] = at

    def _phone(self, seat: str) -> None:
        """Let the seat's phone go and come back now and then, whatever the seat does."""
        phones, at = [(DAY.begins - timedelta(days=1), Phone.REGISTERED)], DAY.begins + self._some(-600, 600)
        while at < DAY.ends:
            phones.append((at, Phone.MISSING))
            at += self._some(1, self._random.choice([40, 900]))
            phones.append((at, Phone.REGISTERED))
            at += self._some(1, self._random.choice([60, 20_000]))
        told = [(at, number, fact.seat) for at, number, fact in self._numbered if _is_of(fact, seat)]
        self._numbered = [each for each in self._numbered if not _is_of(each[2], seat)]
        changes = [(at, number, each) for number, (at, each) in enumerate(phones)]
        both: list[tuple[datetime, int, Seat | Phone]] = [*told, *changes]
        last: Seat | None = None
        phone = Phone.REGISTERED
        for at, number, change in sorted(both, key=lambda each: each[:2]):
            if isinstance(change, Phone):
                phone = change
            else:
                last = change
            if last is not None:
                last = replace(last, phone=phone)
                self._numbered.append((at, number, SeatChanged(at=at, seat=last)))

    def _call(self, call_id: CallId, at: datetime) -> None:
        chance, recovered = self._random.random(), self._random.random() < 0.05
        number = None if self._random.random() < 0.1 else f"138{self._random.randrange(self._callers):08d}"
        self._tell(CallArrived(at=at, call_id=call_id, caller=number, recovered=recovered))
        if self._random.random() < 0.95:
            at += self._some(0, 20)
            self._tell(CallVoice(at=at, call_id=call_id))
        if chance < 0.1:
            self._end(call_id, at + self._some(0, 30), Outcome.ABANDONED_IVR, "ivr")
        elif chance < 0.2:
            self._end(call_id, at + self._some(0, 60), Outcome.COMPLETED_IN_IVR, "ivr")
        else:
            at += self._some(0, 10)
            self._tell(CallQueued(at=at, call_id=call_id, queue=self._random.choice(["hotline", "hotline", "english"])))
            self._waits(call_id, at, chance, number)

    def _waits(self, call_id: CallId, at: datetime, chance: float, number: str | None) -> None:
        asked = at
        if chance < 0.35:
            outcome = self._random.choice(
                [
                    Outcome.ABANDONED_QUEUE,
                    Outcome.ABANDONED_QUEUE,
                    Outcome.LOST,
                    Outcome.CALLBACK_BOOKED,
                    Outcome.FLOWED_OUT,
                ]
            )
            at += self._some(0, 90)
            self._end(call_id, at, outcome, "queued")
            if outcome in (Outcome.ABANDONED_QUEUE, Outcome.LOST):
                self._recall(call_id, number, at, asked)
            return
        seat = min(self._seats, key=lambda each: self._free[each])
        at = max(at, self._free[seat]) + self._some(0, 3)
        leg = LegId(f"{call_id}-1")
        self._tell(CallRinging(at=at, call_id=call_id, seat=seat, leg_id=leg))
        self._seat(seat, SeatState.RINGING, at)
        if self._random.random() < 0.2:
            at = self._in_vain(call_id, seat, leg, at)
            self._seat(seat, SeatState.BREAK, at)
            self._seat(seat, SeatState.READY, at + self._some(1, 60))
            at = self._free[seat]
            leg = LegId(f"{call_id}-2")
            self._tell(CallRinging(at=at, call_id=call_id, seat=seat, leg_id=leg))
            self._seat(seat, SeatState.RINGING, at)
        at += self._some(0, 17)
        if self._random.random() < 0.05:
            self._end(call_id, at, Outcome.ABANDONED_RINGING, "ringing")
            self._tell(_offer_over(call_id, seat, leg, LegOutcome.CANCELLED, at))
            self._seat(seat, SeatState.READY, at)
            return
        self._tell(CallTalking(at=at, call_id=call_id, seat=seat, leg_id=leg))
        self._seat(seat, SeatState.TALKING, at)
        self._talks(call_id, seat, leg, at)

    def _in_vain(self, call_id: CallId, seat: str, leg: LegId, at: datetime) -> datetime:
        """Let the seat not take the caller; the leg's end is told first, as the exchange does."""
        outcome = self._random.choice([LegOutcome.NO_ANSWER, LegOutcome.REFUSED, LegOutcome.BUSY, LegOutcome.CANCELLED])
        at += self._some(14, 20) if outcome is LegOutcome.NO_ANSWER else self._some(0, 14)
        self._tell(_offer_over(call_id, seat, leg, outcome, at))
        if outcome is LegOutcome.NO_ANSWER:
            self._tell(CallMissed(at=at, call_id=call_id, seat=seat, leg_id=leg))
        elif outcome is LegOutcome.CANCELLED:
            self._tell(CallFailed(at=at, call_id=call_id, seat=seat, leg_id=leg, cause=outcome.value))
        else:
            self._tell(CallRefused(at=at, call_id=call_id, seat=seat, leg_id=leg, cause=outcome.value))
        return at

    def _talks(self, call_id: CallId, seat: str, leg: LegId, at: datetime) -> None:
        for _ in range(self._random.randrange(3)):
            at += self._some(0, 60)
            match self._random.randrange(4):
                case 0:
                    self._tell(CallHeld(at=at, call_id=call_id))
                    at += self._some(0, 60)
                    self._tell(CallResumed(at=at, call_id=call_id))
                case 1:
                    at = self._unit(call_id, at)
                case 2:
                    self._tell(SeatLeft(at=at, call_id=call_id, seat=seat, leg_id=leg))
                    at += self._some(1, 60)
                    self._tell(SeatReturned(at=at, call_id=call_id, seat=seat, leg_id=leg))
                case _:
                    self._tell(CallRequeued(at=at, call_id=call_id, reason="seat_lost"))
                    at += self._some(1, 5)
                    self._tell(CallTalking(at=at, call_id=call_id, seat=seat, leg_id=LegId(f"{leg}+")))
        at += self._some(1, 300)
        if self._random.random() < 0.02:  # goes on beyond what is looked at
            self._free[seat] = at
            return
        self._end(call_id, at, Outcome.ANSWERED, "talking")
        self._seat(seat, SeatState.WRAP_UP, at)
        self._ticket(call_id, at)
        self._seat(seat, SeatState.READY, at + self._some(0, 40))

    def _unit(self, call_id: CallId, at: datetime) -> datetime:
        leg = Leg(
            id=LegId(f"{call_id}-u{len(self._numbered)}"),
            kind=LegKind.UNIT,
            party="water",
            number=None,
            state=LegState.DIALING,
            started=at,
        )
        self._tell(LegChanged(at=at, call_id=call_id, leg=leg))
        at += self._some(1, 30)
        if self._random.random() < 0.6:
            joined = _moved(leg, LegState.JOINED, joined=at)
            self._tell(LegChanged(at=at, call_id=call_id, leg=joined))
            at += self._some(1, 90)
            self._tell(
                LegChanged(
                    at=at, call_id=call_id, leg=_moved(joined, LegState.ENDED, ended=at, outcome=LegOutcome.ANSWERED)
                )
            )
        else:
            outcome = self._random.choice([LegOutcome.BUSY, LegOutcome.NO_ANSWER, LegOutcome.FAILED])
            self._tell(LegChanged(at=at, call_id=call_id, leg=_moved(leg, LegState.ENDED, ended=at, outcome=outcome)))
        return at

    def _ticket(self, call_id: CallId, at: datetime) -> None:
        due = at + self._some(60, 40_000) if self._random.random() < 0.3 else None
        filed = self._random.random() < 0.8
        drafted = Standing(version=1, state=TicketState.DRAFTED, call_ids=(call_id,))
        self._tell(TicketStands(at=at, ticket_id=TicketId(call_id), standing=drafted, call_id=call_id))
        at += self._some(1, 30)
        standing = Standing(
            version=2,
            state=TicketState.FILED if filed else TicketState.DRAFTED,
            kind=TicketKind.HELP,
            category=self._random.choice(MATTERS),
            unit=self._random.choice([None, None, "water"]),
            due=due,
            filed=at if filed else None,
            call_ids=(call_id,),
        )
        self._tell(TicketStands(at=at, ticket_id=TicketId(call_id), standing=standing, call_id=call_id))

    def _recall(self, call_id: CallId, number: str | None, at: datetime, asked: datetime) -> None:
        if (at - asked).total_seconds() < 5 or self._random.random() < 0.3:
            return
        undiallable = number is None
        recall = Recall(
            id=RecallId(f"r-{call_id}"),
            caller=number,
            queue="hotline",
            opened=at,
            due=at + timedelta(minutes=30),
            closed=at if undiallable else None,
            closed_by=ClosedBy.UNDIALLABLE if undiallable else None,
        )
        self._tell(RecallChanged(at=at, recall=recall))
        if undiallable:
            return
        dialled = at + self._some(1, 4000)
        answered = dialled + self._some(1, 20)
        attempt = RecallAttempt(
            call_id=CallId(f"a-{call_id}"),
            seat=self._seats[0],
            asked=dialled,
            dialled=dialled,
            answered=answered,
            ended=answered,
            outcome=RecallOutcome.REACHED,
        )
        closed = _closed(recall, attempt, answered)
        self._tell(RecallChanged(at=answered, recall=closed))

    def _end(self, call_id: CallId, at: datetime, outcome: Outcome, where: str) -> None:
        self._tell(CallEnded(at=at, call_id=call_id, outcome=outcome, ended_by="caller", where=where, waited_ms=None))


def _is_of(fact: Fact, seat: str) -> TypeGuard[SeatChanged]:
    return isinstance(fact, SeatChanged) and fact.seat.extension == seat


def _offer_over(call_id: CallId, seat: str, leg_id: LegId, outcome: LegOutcome, at: datetime) -> LegChanged:
    leg = Leg(
        id=leg_id,
        kind=LegKind.SEAT,
        party=seat,
        number=seat,
        state=LegState.ENDED,
        outcome=outcome,
        started=at,
        ended=at,
    )
    return LegChanged(at=at, call_id=call_id, leg=leg)


def _moved(
    leg: Leg,
    state: LegState,
    *,
    joined: datetime | None = None,
    ended: datetime | None = None,
    outcome: LegOutcome | None = None,
) -> Leg:
    return replace(leg, state=state, joined=joined or leg.joined, ended=ended, outcome=outcome)


def _closed(recall: Recall, attempt: RecallAttempt, at: datetime) -> Recall:
    return replace(recall, attempts=(attempt,), closed=at, closed_by=ClosedBy.REACHED)


def moved_by(facts: Sequence[Fact], step: timedelta) -> list[Fact]:
    """Let the same things happen at another time."""
    return [_shift(fact, step) for fact in facts]


def _shift(value: Any, step: timedelta) -> Any:
    if isinstance(value, datetime):
        return value + step
    if isinstance(value, tuple):
        return tuple(_shift(item, step) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _shift(getattr(value, each.name), step) for each in fields(value)})
    return value
