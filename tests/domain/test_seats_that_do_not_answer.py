"""Seats that let it ring, refuse or give no sign: the caller goes to the next, and the seat is set aside in time."""

from callcenter.domain.calls import CallState
from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import (
    SetSeatState,
)
from callcenter.domain.ids import CallId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    Ending,
)
from callcenter.domain.wishes import (
    EndLeg,
    OfferSeat,
    PauseInFallback,
)
from tests.support.exchange_story import Story

A, B = CallId("A"), CallId("B")


def test_a_seat_that_lets_it_ring_loses_the_offer_to_the_next_seat() -> None:
    story = Story(ready=["8001", "8002"])
    story.arrives("A")
    story.waits("A")
    first = story.rings("A")
    story.seconds = 15
    wishes = story.leg_ends("A", Ending.NO_ANSWER)

    assert first.seat == "8001"
    assert [(w.call_id, w.seat) for w in wishes if isinstance(w, OfferSeat)] == [("A", "8002")]
    assert story.seat("8001").missed == 1
    assert story.seat("8001").state is SeatState.READY


def test_three_misses_in_a_row_set_a_seat_aside_and_an_event_says_so() -> None:
    story = Story(ready=["8001"])
    story.arrives("A")
    story.waits("A")
    for _ in range(3):
        story.rings("A")
        story.seconds += 15
        story.leg_ends("A", Ending.NO_ANSWER)

    seat = story.seat("8001")
    assert (seat.state, seat.reason, seat.missed) == (SeatState.BREAK, "missed", 3)
    assert PauseInFallback(seat="8001", paused=True, reason="missed") in story.wishes
    assert story.kinds("A").count("call.missed") == 3
    assert story.exchange.queues()[0].ready == 0


def test_an_answer_between_wipes_the_misses_out() -> None:
    story = Story(ready=["8001"])
    story.arrives("A")
    story.waits("A")
    for _ in range(2):
        story.rings("A")
        story.leg_ends("A", Ending.NO_ANSWER)
    story.rings("A")
    story.answers("A")

    assert story.seat("8001").missed == 0


def test_a_phone_that_refuses_is_asked_again_after_1_2_4_8_16_32_and_then_60_seconds() -> None:
    story = Story(ready=["8001"], policy=Policy(refusal_limit=99))
    story.arrives("A")
    story.waits("A")
    waited = []
    for _ in range(8):
        story.leg_ends("A", Ending.BUSY)
        offers = len([w for w in story.wishes if isinstance(w, OfferSeat)])
        begin = story.seconds
        while len([w for w in story.wishes if isinstance(w, OfferSeat)]) == offers:
            story.pass_time(0.5)
        waited.append(story.seconds - begin)

    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]
    assert story.kinds("A").count("call.refused") == 8


def test_a_person_who_declines_too_often_is_set_aside() -> None:
    story = Story(ready=["8001"], policy=Policy(refusal_limit=2))
    story.arrives("A")
    story.waits("A")
    story.leg_ends("A", Ending.REFUSED)
    story.pass_time(2)
    story.leg_ends("A", Ending.REFUSED)

    assert (story.seat("8001").state, story.seat("8001").reason) == (SeatState.BREAK, "refused")


def test_a_phone_that_gives_no_sign_within_six_seconds_counts_as_failed() -> None:
    story = Story(ready=["8001", "8002"])
    story.arrives("A")
    story.waits("A")
    silent = story.offer_of("A")

    assert not story.pass_time(6)
    assert EndLeg(leg_id=silent.leg_id) in story.pass_time(0.1)

    wishes = story.leg_ends("A", Ending.CANCELLED)
    assert "call.failed" in story.kinds("A")
    assert [w.seat for w in wishes if isinstance(w, OfferSeat)] == ["8002"]
    assert story.seat("8001").missed == 0


def test_a_phone_that_goes_while_it_rings_loses_the_offer_at_once() -> None:
    story = Story(ready=["8001", "8002"])
    story.arrives("A")
    story.waits("A")
    gone = story.rings("A")

    assert EndLeg(leg_id=gone.leg_id) in story.phone("8001", registered=False)
    wishes = story.leg_ends("A", Ending.CANCELLED)

    assert [w.seat for w in wishes if isinstance(w, OfferSeat)] == ["8002"]
    assert story.call("A").state is CallState.QUEUED
    assert "call.failed" in story.kinds("A")


def test_a_withdrawn_ring_costs_the_seat_nothing() -> None:
    story = Story(ready=["8001"])
    story.arrives("A")
    story.waits("A")
    story.rings("A")
    story.leaves("A")
    story.leg_ends("A", Ending.CANCELLED)
    seat = story.seat("8001")

    assert (seat.state, seat.missed, seat.call_id) == (SeatState.READY, 0, None)
    story.arrives("B")
    story.waits("B")
    assert story.offer_of("B").seat == "8001"


def test_a_break_while_it_rings_gives_the_caller_to_the_next_seat() -> None:
    story = Story(ready=["8001", "8002"])
    story.arrives("A")
    story.waits("A")
    ring = story.rings("A")

    assert EndLeg(leg_id=ring.leg_id) in story.ask(SetSeatState(extension="8001", state=SeatState.BREAK))
    wishes = story.leg_ends("A", Ending.CANCELLED)
    assert [w.seat for w in wishes if isinstance(w, OfferSeat)] == ["8002"]


def test_an_offer_that_asterisk_calls_off_again_and_again_is_no_storm() -> None:
    story = Story(seats=["8001"], ready=["8001"])
    story.arrives("A")
    story.waits("A")

    offers = 0
    for _ in range(100):  # ten seconds
        if any(isinstance(wish, OfferSeat) for wish in story.pass_time(0.1)):
            offers += 1
        story.leg_ends("A", Ending.CANCELLED)

    assert 1 <= offers <= 4
    assert story.seat("8001").state is SeatState.READY
