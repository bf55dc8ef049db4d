"""The link breaks, or the controller dies: afterwards the picture equals what exists, and nothing is invented."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from callcenter.domain.calls import CallState, LegKind, LegState, Outcome
from callcenter.domain.facts import CallEnded
from callcenter.domain.ids import LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import Ending, LegAnswered, LegDialled, LegFound, LinkRestored, PartyJoined, Place
from callcenter.domain.wishes import EndLeg, OfferSeat, StartFlow, TakeBack
from tests.support.absence_story import A, absence, controller_dies, found, in_ivr, in_queue, on_hold, ringing, talking
from tests.support.exchange_story import SEATS, Story


@absence
@pytest.mark.parametrize("before", [in_ivr, in_queue, ringing, talking, on_hold])
def test_a_call_that_is_gone_afterwards_is_closed_as_recovered(
    away: Callable[[Story], None], before: Callable[[Story], None]
) -> None:
    story = Story(ready=SEATS)
    before(story)
    talked = story.call("A").t4 is not None
    away(story)
    story.seconds += 20
    story.link_restored()

    call = story.call("A")
    assert call.outcome is (Outcome.ANSWERED if talked else Outcome.LOST)
    assert call.recovered
    end = next(fact for fact in story.facts if isinstance(fact, CallEnded))
    assert end.recovered
    assert end.ended_by == ("hotline" if talked else "unknown")
    assert all(leg.ended is not None for leg in call.legs)
    assert all(seat.call_id is None for seat in story.exchange.seats)
    assert {seat.state for seat in story.exchange.seats} <= {SeatState.READY, SeatState.WRAP_UP}


@absence
def test_a_caller_in_the_flow_is_driven_again(away: Callable[[Story], None]) -> None:
    story = Story(ready=["8001"])
    in_ivr(story)
    away(story)

    assert StartFlow(call_id=A, caller="13800000001") in story.link_restored(found(story, Place.FLOW))
    assert story.call("A").state is CallState.IVR


@absence
def test_a_waiting_caller_is_offered_again_with_his_wait_kept(away: Callable[[Story], None]) -> None:
    story = Story()
    in_queue(story)
    asked = story.call("A").t2
    away(story)
    story.seconds += 10
    story.link_restored(found(story, Place.WAITING), registered=["8002"])
    story.seconds += 1
    story.phone("8002", registered=True)

    assert story.call("A").t2 == asked
    assert story.kinds("A").count("call.queued") == 1


@absence
def test_a_seat_that_still_rings_goes_on_ringing_and_no_other_is_rung_beside_it(away: Callable[[Story], None]) -> None:
    story = Story(ready=SEATS)
    ringing(story)
    offer = story.offer_of("A")
    away(story)
    leg = LegFound(leg_id=offer.leg_id, seat=offer.seat, answered=False, talk=None)
    wishes = story.link_restored(found(story, Place.WAITING, leg))

    assert not any(isinstance(wish, OfferSeat) for wish in wishes)
    assert story.call("A").state is CallState.RINGING
    story.answers("A")
    assert story.call("A").state is CallState.TALKING
    assert story.seat(offer.seat).state is SeatState.TALKING


@absence
def test_a_ring_that_ended_meanwhile_is_offered_anew_and_no_miss_is_counted(away: Callable[[Story], None]) -> None:
    story = Story(ready=["8001"])
    ringing(story)
    away(story)
    wishes = story.link_restored(found(story, Place.WAITING), registered=["8001"])

    assert [w.seat for w in wishes if isinstance(w, OfferSeat)] == ["8001"]
    assert story.seat("8001").missed == 0


@absence
def test_a_talk_goes_on_and_ends_as_ever(away: Callable[[Story], None]) -> None:
    story = Story(ready=["8001"])
    offer = story.talking("A")
    began = story.call("A").t4
    away(story)
    story.seconds += 30
    leg = LegFound(leg_id=offer.leg_id, seat="8001", answered=True, talk="bridge")
    story.link_restored(found(story, Place.TALK, leg, talk="bridge"), registered=["8001"])

    assert story.call("A").state is CallState.TALKING
    assert story.seat("8001").call_id == "A"
    assert story.call("A").t4 == began
    story.leg_ends("A", by_itself=True)
    story.leaves("A", by_itself=False)
    assert story.call("A").outcome is Outcome.ANSWERED
    assert story.seat("8001").state is SeatState.WRAP_UP


@absence
def test_a_talk_that_began_meanwhile_is_found(away: Callable[[Story], None]) -> None:
    story = Story(ready=["8001"])
    ringing(story)
    offer = story.offer_of("A")
    away(story)
    story.seconds += 5
    leg = LegFound(leg_id=offer.leg_id, seat="8001", answered=True, talk="bridge")
    story.link_restored(found(story, Place.TALK, leg, talk="bridge"), registered=["8001"])

    call = story.call("A")
    assert (call.state, call.seat, call.t4) == (CallState.TALKING, "8001", story.at)
    assert story.seat("8001").state is SeatState.TALKING


@absence
def test_a_caller_found_in_asterisks_own_queue_is_asked_back(away: Callable[[Story], None]) -> None:
    story = Story()
    in_queue(story)
    away(story)

    assert TakeBack(call_id=A) in story.link_restored(found(story, Place.FALLBACK))


def test_a_hold_whose_music_died_with_the_controller_is_over() -> None:
    story = Story(ready=["8001"])
    on_hold(story)
    offer = story.offer_of("A")
    controller_dies(story)
    leg = LegFound(leg_id=offer.leg_id, seat="8001", answered=True, talk="bridge")
    story.link_restored(found(story, Place.TALK, leg, talk="bridge"), registered=["8001"])

    assert not story.call("A").held
    assert story.call("A").state is CallState.TALKING


def test_a_new_controller_ends_a_wrap_up_that_the_old_one_began() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.leg_ends("A", Ending.NORMAL, by_itself=True)
    story.leaves("A", by_itself=False)
    controller_dies(story)
    story.link_restored(registered=["8001"])
    story.pass_time(29)
    assert story.seat("8001").state is SeatState.WRAP_UP

    story.pass_time(2)
    assert story.seat("8001").state is SeatState.READY


def test_a_talk_that_asterisks_own_queue_made_while_an_offer_of_ours_still_rings_is_seen() -> None:
    story = Story(seats=["8001", "8002"], ready=["8001", "8002"])
    story.arrives("A")
    story.waits("A")
    ours = story.rings("A")
    other = "8002" if ours.seat == "8001" else "8001"
    story.starts_anew()

    wishes = story.link_restored(
        found(
            story,
            Place.TALK,
            LegFound(leg_id=ours.leg_id, seat=ours.seat, answered=False, talk=None),
            LegFound(leg_id=LegId("net"), seat=other, answered=True, talk="bridge"),
            talk="bridge",
        )
    )

    assert story.call("A").state is CallState.TALKING
    assert story.call("A").seat == other
    assert story.seat(other).state is SeatState.TALKING
    assert EndLeg(leg_id=ours.leg_id) in wishes


def test_a_unit_of_which_the_journal_never_heard_is_dated_by_asterisks_record() -> None:
    """It was dialled in the last moment before the end, so that no fact of it reached the disk."""
    story = Story(ready=["8001"])
    seat = story.talking("A").leg_id
    dialled, joined = story.at - timedelta(seconds=1), story.at + timedelta(seconds=3)
    story.starts_anew()
    story.seconds += 20
    unit = LegId("unit-1")
    story.hear(
        LinkRestored(
            at=story.at,
            calls=(
                found(
                    story,
                    Place.TALK,
                    LegFound(leg_id=seat, seat="8001", answered=True, talk="bridge"),
                    LegFound(
                        leg_id=unit, seat=None, answered=True, talk="bridge", kind=LegKind.UNIT, party="w", number="1"
                    ),
                    talk="bridge",
                ),
            ),
            seats_registered=frozenset({"8001"}),
            meanwhile=(
                LegDialled(at=dialled, call_id=A, leg_id=unit, seat=None, kind=LegKind.UNIT),
                LegAnswered(at=joined, call_id=A, leg_id=unit),
                PartyJoined(at=joined, call_id=A, leg_id=unit, talk="bridge"),
            ),
        )
    )

    leg = story.call("A").leg(unit)
    assert leg is not None
    assert (leg.state, leg.answered, leg.joined) == (LegState.JOINED, joined, joined)
    assert (leg.party, leg.number) == ("w", "1")
    assert leg.started < joined, "never the restart's clock"
