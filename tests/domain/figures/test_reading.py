"""From facts to what is counted: offers, stints, holds, wrap-ups and tries, as the exchange tells them."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from callcenter.domain.calls import Leg, LegKind, LegOutcome, LegState, Outcome
from callcenter.domain.facts import (
    CallArrived,
    CallEnded,
    CallFailed,
    CallHeld,
    CallMissed,
    CallQueued,
    CallRequeued,
    CallResumed,
    CallRinging,
    CallTalking,
    Fact,
    LegChanged,
    SeatChanged,
    SeatLeft,
    SeatReturned,
)
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import AttemptKind, AttemptOutcome, CallRecord, OfferResult, Period
from callcenter.domain.figures.seats import time_in
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import Phone, Seat, SeatState
from tests.support.exchange_story import BEGIN

CALL, FIRST, SECOND, UNIT = CallId("A"), LegId("1"), LegId("2"), LegId("u")


def at(second: float) -> datetime:
    return BEGIN + timedelta(seconds=second)


def begun() -> list[Fact]:
    """A caller who asked for a person after 2 s."""
    return [
        CallArrived(at=at(0), call_id=CALL, caller="13800000000"),
        CallQueued(at=at(2), call_id=CALL, queue="hotline"),
    ]


def talks(second: float, seat: str = "8001", leg: LegId = FIRST) -> list[Fact]:
    return [
        CallRinging(at=at(second - 1), call_id=CALL, seat=seat, leg_id=leg),
        CallTalking(at=at(second), call_id=CALL, seat=seat, leg_id=leg),
    ]


def ends(second: float) -> list[Fact]:
    return [
        CallEnded(
            at=at(second), call_id=CALL, outcome=Outcome.ANSWERED, ended_by="caller", where="talking", waited_ms=None
        )
    ]


def seat_is(state: SeatState, second: float, seat: str = "8001") -> SeatChanged:
    return SeatChanged(
        at=at(second),
        seat=Seat(
            extension=seat,
            operator="o",
            state=state,
            since=at(second),
            idle_since=BEGIN,
            phone=Phone.REGISTERED,
        ),
    )


def leg(state: LegState, second: float, *, kind: LegKind = LegKind.UNIT, outcome: LegOutcome | None = None, leg_id: LegId = UNIT, party: str = "water") -> LegChanged:  # fmt: skip  # noqa: E501
    value = Leg(
        id=leg_id,
        kind=kind,
        party=party,
        number=None,
        state=state,
        outcome=outcome,
        started=at(10),
        joined=at(second) if state is LegState.JOINED else None,
        ended=at(second) if state is LegState.ENDED else None,
    )
    return LegChanged(at=at(second), call_id=CALL, leg=value)


def offer_ends(second: float, outcome: LegOutcome) -> LegChanged:
    """What the exchange tells first of an offer that came to nothing, whatever it tells of it then."""
    return leg(LegState.ENDED, second, kind=LegKind.SEAT, leg_id=FIRST, party="8001", outcome=outcome)


def read(*facts: Fact, now: float = 1000) -> CallRecord:
    (record,) = Reader().take_all(facts).records(at(now)).calls
    return record


def test_a_talk_with_a_hold_and_its_writing_up() -> None:
    record = read(
        *begun(),
        *talks(5),
        seat_is(SeatState.TALKING, 5),
        CallHeld(at=at(20), call_id=CALL),
        CallResumed(at=at(32), call_id=CALL),
        *ends(65),
        seat_is(SeatState.WRAP_UP, 65),
        seat_is(SeatState.READY, 95),
    )
    (stint,) = record.stints
    assert (stint.talk, stint.hold, stint.wrap) == (timedelta(seconds=48), timedelta(seconds=12), timedelta(seconds=30))
    assert record.wait == timedelta(seconds=3)
    assert [(offer.result, offer.ended - offer.ringing) for offer in record.offers] == [
        (OfferResult.ANSWERED, timedelta(seconds=1))
    ]


def test_a_seat_that_let_it_ring_and_one_whose_caller_left() -> None:
    record = read(
        *begun(),
        CallRinging(at=at(3), call_id=CALL, seat="8001", leg_id=FIRST),
        offer_ends(18, LegOutcome.NO_ANSWER),
        CallMissed(at=at(18), call_id=CALL, seat="8001", leg_id=FIRST),
        CallRinging(at=at(19), call_id=CALL, seat="8002", leg_id=SECOND),
        CallEnded(
            at=at(23),
            call_id=CALL,
            outcome=Outcome.ABANDONED_RINGING,
            ended_by="caller",
            where="ringing",
            waited_ms=21000,
        ),
        leg(LegState.ENDED, 23.1, kind=LegKind.SEAT, leg_id=SECOND, party="8002", outcome=LegOutcome.CANCELLED),
    )
    assert [(offer.seat, offer.result) for offer in record.offers] == [
        ("8001", OfferResult.NO_ANSWER),
        ("8002", OfferResult.CALLER_LEFT),
    ]
    assert record.gave_up
    assert not record.stints


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (LegOutcome.NO_ANSWER, OfferResult.NO_ANSWER),
        (LegOutcome.BUSY, OfferResult.REFUSED),
        (LegOutcome.REFUSED, OfferResult.REFUSED),
        (LegOutcome.FAILED, OfferResult.FAILED),
        (LegOutcome.CANCELLED, OfferResult.CALLER_LEFT),
    ],
)
def test_an_offer_ends_as_its_leg_did(outcome: LegOutcome, told: OfferResult) -> None:
    record = read(
        *begun(), CallRinging(at=at(3), call_id=CALL, seat="8001", leg_id=FIRST), offer_ends(9, outcome), *ends(9.01)
    )
    assert [(offer.result, offer.ended) for offer in record.offers] == [(told, at(9))]


@pytest.mark.parametrize(("recovered", "told"), [(False, OfferResult.FAILED), (True, OfferResult.CALLER_LEFT)])
def test_an_offer_called_off_while_he_waits_on_was_ended_by_no_caller(*, recovered: bool, told: OfferResult) -> None:
    failed = CallFailed(
        at=at(9), call_id=CALL, seat="8001", leg_id=FIRST, cause="cancelled", recovered=recovered
    )  # found out after an absence of ours: nobody saw who called it off
    offer: list[Fact] = [
        CallRinging(at=at(3), call_id=CALL, seat="8001", leg_id=FIRST),
        offer_ends(9, LegOutcome.CANCELLED),
    ]

    record, again = read(*begun(), *offer, failed), read(*begun(), *offer, failed, *offer, failed)

    assert [offer.result for offer in record.offers] == [told]
    assert again == record


def test_the_operators_own_stretch_ends_when_he_leaves_caller_and_unit() -> None:
    record = read(
        *begun(),
        *talks(5),
        leg(LegState.DIALING, 10),
        leg(LegState.JOINED, 18),
        SeatLeft(at=at(30), call_id=CALL, seat="8001", leg_id=FIRST),
        SeatReturned(at=at(50), call_id=CALL, seat="8001", leg_id=FIRST),
        leg(LegState.ENDED, 60, outcome=LegOutcome.ANSWERED),
        *ends(65),
    )
    assert [(stint.begins, stint.ends) for stint in record.stints] == [(at(5), at(30)), (at(50), at(65))]
    (attempt,) = record.attempts
    assert (attempt.kind, attempt.outcome) == (AttemptKind.THREE_WAY, AttemptOutcome.CONNECTED)
    assert (attempt.asked, attempt.connected, attempt.ended) == (at(10), at(18), at(60))


def test_a_private_consult_is_hold_for_the_caller() -> None:
    seat_leg = {"kind": LegKind.SEAT, "leg_id": FIRST, "party": "8001"}
    record = read(
        *begun(),
        *talks(5),
        leg(LegState.DIALING, 10),
        leg(LegState.PRIVATE, 20, **seat_leg),  # type: ignore[arg-type]
        leg(LegState.PRIVATE, 20),
        leg(LegState.JOINED, 35, **seat_leg),  # type: ignore[arg-type]
        leg(LegState.JOINED, 35),
        *ends(45),
    )
    (stint,), (attempt,) = record.stints, record.attempts
    assert stint.hold == timedelta(seconds=15)
    assert (attempt.kind, attempt.connected, attempt.ended) == (AttemptKind.CONSULT, at(20), at(45))


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (LegOutcome.BUSY, AttemptOutcome.BUSY),
        (LegOutcome.NO_ANSWER, AttemptOutcome.NO_ANSWER),
        (LegOutcome.REFUSED, AttemptOutcome.REFUSED),
        (LegOutcome.CANCELLED, AttemptOutcome.CANCELLED),
        (LegOutcome.FAILED, AttemptOutcome.FAILED),
    ],
)
def test_a_unit_that_did_not_come(outcome: LegOutcome, told: AttemptOutcome) -> None:
    ended = leg(LegState.ENDED, 25, outcome=outcome)
    record = read(*begun(), *talks(5), leg(LegState.DIALING, 10), leg(LegState.RINGING, 11), ended, *ends(45))
    (attempt,) = record.attempts
    assert (attempt.outcome, attempt.connected) == (told, None)


def test_a_caller_who_hangs_up_while_the_unit_rings_left_by_himself() -> None:
    record = read(*begun(), *talks(5), leg(LegState.DIALING, 10), leg(LegState.RINGING, 11), *ends(20))
    assert [attempt.outcome for attempt in record.attempts] == [AttemptOutcome.CALLER_LEFT]


def test_who_loses_his_operator_and_has_another_was_served_by_two() -> None:
    record = read(
        *begun(),
        *talks(5),
        CallRequeued(at=at(15), call_id=CALL, reason="seat_lost"),
        *talks(20, "8002", SECOND),
        *ends(40),
    )
    assert [(stint.seat, stint.begins, stint.ends) for stint in record.stints] == [
        ("8001", at(5), at(15)),
        ("8002", at(20), at(40)),
    ]
    assert record.wait == timedelta(seconds=3)


def test_a_seats_time_adds_up_to_the_millisecond() -> None:
    reader = Reader()
    states = (SeatState.READY, SeatState.RINGING, SeatState.TALKING, SeatState.WRAP_UP, SeatState.BREAK)
    second = 0.0
    for order in permutations(states):
        for state in order:
            reader.take(seat_is(state, second))
            second += 1.001
    reader.take(seat_is(SeatState.OFFLINE, second))
    spans = reader.records(at(second + 100)).spans
    whole = Period(at(0), at(second + 100))
    parts = [time_in(spans, whole, state) for state in states]
    assert sum(parts, timedelta()) == time_in(spans, whole)
    assert time_in(spans, whole) == at(second) - at(0)


def test_a_call_that_goes_on_is_counted_as_far_as_it_has_come() -> None:
    record = read(*begun(), *talks(5), now=25)
    assert record.outcome is None
    assert record.stints[0].talk == timedelta(seconds=20)


def test_a_fact_without_its_call_is_an_error() -> None:
    with pytest.raises(ValueError, match="arrival"):
        Reader().take(CallQueued(at=at(2), call_id=CALL, queue="hotline"))
