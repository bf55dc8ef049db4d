"""An event that should come and never does: nobody waits for it for ever."""

from callcenter.domain.calls import LegState
from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import SetSeatState
from callcenter.domain.exchange.watchdog import LOOK_SECONDS
from callcenter.domain.ids import CallId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import CallerInFallback, LinkLost, PartyLeft
from callcenter.domain.wishes import EndLeg, OfferSeat, TakeBack
from tests.support.exchange_story import Story

A = CallId("A")


def test_an_offer_whose_end_is_never_told_is_asked_to_end_once_more_and_then_held_for_ended() -> None:
    story = Story(seats=["8001", "8002"], ready=["8001"])
    story.arrives("A")
    story.waits("A")
    lost = story.rings("A")
    story.ask(SetSeatState(extension="8001", state=SeatState.BREAK))

    assert EndLeg(leg_id=lost.leg_id) in story.pass_time(5.1)
    assert story.exchange.corrected == 0
    story.pass_time(5.1)

    leg = story.call("A").leg(lost.leg_id)
    assert leg is not None
    assert leg.state is LegState.ENDED
    assert story.exchange.corrected == 1
    story.phone("8002", registered=True)
    story.ask(SetSeatState(extension="8002", state=SeatState.READY))
    assert story.offer_of("A").seat == "8002"
    assert next(f for f in reversed(story.facts) if f.kind == "call.failed").recovered


def test_a_seat_whose_talk_is_over_is_free_again_though_nobody_told_its_end() -> None:
    story = Story(seats=["8001"], ready=["8001"])
    offer = story.talking("A")
    story.leaves("A")

    assert EndLeg(leg_id=offer.leg_id) in story.pass_time(5.1)
    assert story.seat("8001").state is SeatState.TALKING
    story.pass_time(5.1)
    assert story.seat("8001").state is SeatState.WRAP_UP
    story.pass_time(story.policy.wrap_up_seconds + 1)
    assert story.seat("8001").state is SeatState.READY


def test_a_caller_of_whom_we_only_did_not_hear_that_he_waits_again_is_offered_after_two_seconds() -> None:
    story = Story(seats=["8001", "8002"], ready=["8001"])
    offer = story.talking("A")
    story.phone("8002", registered=True)
    story.ask(SetSeatState(extension="8002", state=SeatState.READY))
    story.hear(PartyLeft(at=story.at, call_id=A, leg_id=offer.leg_id, talk="talk of A"))
    story.leg_ends("A")  # its phone is lost; that he came back to the line is never told
    story.pass_time(LOOK_SECONDS)

    assert not [wish for wish in story.pass_time(1.8) if isinstance(wish, OfferSeat)]
    assert [wish.seat for wish in story.pass_time(0.3 + LOOK_SECONDS) if isinstance(wish, OfferSeat)] == ["8002"]
    assert story.exchange.corrected == 1


def test_who_is_in_asterisks_own_queue_is_asked_back_once_a_second_and_not_while_the_link_is_lost() -> None:
    story = Story(seats=["8001"], policy=Policy(hand_back_seconds=20))
    story.arrives("A")
    assert TakeBack(call_id=A) in story.hear(CallerInFallback(at=story.at, call_id=A, since=int(story.at.timestamp())))

    asked = [wish for _ in range(30) for wish in story.pass_time(0.1) if isinstance(wish, TakeBack)]
    assert 2 <= len(asked) <= 3

    story.hear(LinkLost(at=story.at))
    assert not [wish for _ in range(30) for wish in story.pass_time(0.1) if isinstance(wish, TakeBack)]
