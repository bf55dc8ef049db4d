"""Seats that are lost in the talk: the caller is the first in the line again, with his wait kept."""

from callcenter.domain.calls import CallState, Outcome
from callcenter.domain.exchange.commands import (
    NoteFlowCompleted,
    SetSeatState,
)
from callcenter.domain.facts import CallEnded
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    CallerInFallback,
    Ending,
    PartyLeft,
)
from callcenter.domain.wishes import (
    AfterTalk,
    EndLeg,
    ListenForLife,
    OfferSeat,
    Then,
)
from tests.support.exchange_story import Story

A, B = CallId("A"), CallId("B")


def lost_while_another_waits() -> Story:
    """A talks at the only seat, whose phone goes; B waits."""
    story = Story(ready=["8001"])
    story.talking("A")
    story.seconds = 10
    story.arrives("B")
    story.waits("B")
    story.phone("8001", registered=False)
    story.leg_ends("A", Ending.FAILED)
    return story


def test_a_phone_lost_in_the_talk_brings_the_caller_back_to_the_head_with_his_wait_kept() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.seconds = 10
    story.arrives("B")
    story.waits("B")
    story.seconds = 20
    lost = story.offer_of("A")

    assert story.phone("8001", registered=False) == [ListenForLife(call_id=A, leg_id=lost.leg_id)]
    wishes = story.leg_ends("A", Ending.FAILED)
    assert AfterTalk(call_id=A, then=Then.REQUEUE) in wishes
    assert story.call("A").state is CallState.QUEUED
    story.waits("A")
    assert [call_id for call_id, _ in story.exchange.queues()[0].waiting] == ["A", "B"]

    story.phone("8002", registered=True)
    wishes = story.ask(SetSeatState(extension="8002", state=SeatState.READY))
    assert [(w.call_id, w.seat) for w in wishes if isinstance(w, OfferSeat)] == [("A", "8002")]
    story.answers("A")
    call = story.call("A")
    assert call.t2 == call.t4 == call.t0  # the first wait and the first talk; what followed does not move them
    assert story.kinds("A").count("call.requeued") == 1


def test_a_seat_that_is_freed_before_he_stands_in_the_line_again_is_kept_for_the_head() -> None:
    story = lost_while_another_waits()

    story.phone("8002", registered=True)
    wishes = story.ask(SetSeatState(extension="8002", state=SeatState.READY))
    assert not [w for w in wishes if isinstance(w, OfferSeat)]
    story.waits("A")

    assert story.offer_of("A").seat == "8002"


def test_a_caller_who_does_not_come_back_keeps_no_seat_from_the_others() -> None:
    story = lost_while_another_waits()
    story.phone("8002", registered=True)
    story.ask(SetSeatState(extension="8002", state=SeatState.READY))

    wishes = story.pass_time(1.6)

    assert [(w.call_id, w.seat) for w in wishes if isinstance(w, OfferSeat)] == [("B", "8002")]


def test_a_late_word_of_waiting_does_not_break_a_talk() -> None:
    story = Story(ready=["8001", "8002"])
    story.arrives("A")
    story.waits("A")
    before = story.at
    story.seconds = 5
    story.rings("A")
    story.answers("A")
    wishes = story.hear(CallerInFallback(at=before, call_id=A, since=int(before.timestamp())))

    assert wishes == []
    assert story.call("A").state is CallState.TALKING


def test_a_caller_back_in_line_while_his_old_seat_is_still_up_takes_no_seat_with_him() -> None:
    story = Story(ready=["8001", "8002"])
    old = story.talking("A")
    story.seconds = 30
    story.waits("A")

    assert EndLeg(leg_id=old.leg_id) in story.wishes
    assert story.seat("8001").state is SeatState.WRAP_UP
    assert story.offer_of("A").seat == "8002"
    story.answers("A")
    assert story.call("A").seat == "8002"


def test_a_good_bye_that_could_not_be_carried_out_is_no_end_by_the_hotline() -> None:
    story = Story(seats=["8001"])
    story.arrives("A")
    story.ask(NoteFlowCompleted(call_id=A))
    story.waits("A")  # the link was away at that moment, and his guard brought him here

    story.leaves("A")

    end = next(fact for fact in story.facts if isinstance(fact, CallEnded))
    assert (end.outcome, end.ended_by) == (Outcome.ABANDONED_QUEUE, "caller")


def test_a_seats_leg_that_ends_because_the_caller_hung_up_is_no_seat_lost() -> None:
    """Asterisk may tell the end of the seat's leg a few milliseconds before the end of the caller's."""
    story = Story(ready=["8001"])
    leg = story.talking("A").leg_id
    for party in (LegId("A"), leg):
        story.hear(PartyLeft(at=story.at, call_id=A, leg_id=party, talk="talk of A"))
    wishes = story.leg_ends("A", Ending.NORMAL)
    story.leaves("A")

    assert AfterTalk(call_id=A, then=Then.REQUEUE) not in wishes
    assert story.kinds("A")[-2:] == ["call.talking", "call.ended"]
    assert (story.call("A").seat, story.end_of("A").where, story.end_of("A").ended_by) == ("8001", "talking", "caller")


def test_a_seat_that_leaves_the_talk_before_the_caller_is_lost() -> None:
    story = Story(ready=["8001"])
    leg = story.talking("A").leg_id
    for party in (leg, LegId("A")):
        story.hear(PartyLeft(at=story.at, call_id=A, leg_id=party, talk="talk of A"))

    assert AfterTalk(call_id=A, then=Then.REQUEUE) in story.leg_ends("A", Ending.FAILED)
    assert story.call("A").state is CallState.QUEUED
