"""The link breaks, or the controller dies: afterwards the picture equals what exists, and nothing is invented."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.domain.calls import CallState, LegKind, LegState, Outcome
from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange.commands import HangUpCall, HoldCall, SetSeatState
from callcenter.domain.facts import CallEnded
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.telephony import (
    CallFound,
    Ending,
    LegAnswered,
    LegDialled,
    LegFound,
    LineFreed,
    LineTaken,
    LinkLost,
    LinkRestored,
    PartyJoined,
    Place,
)
from callcenter.domain.wishes import AfterTalk, EndCall, EndLeg, OfferSeat, StartFlow, StopMusic, TakeBack, Then
from tests.support.exchange_story import SEATS, Story

A = CallId("A")


def found(story: Story, place: Place, *legs: LegFound, talk: str | None = None) -> CallFound:
    return CallFound(
        call_id=A,
        caller="13800000001",
        arrived=story.at,
        answered=True,
        since=int(story.at.timestamp()),
        place=place,
        talk=talk,
        legs=legs,
        recording="A.wav",
    )


def link_breaks(story: Story) -> None:
    story.hear(LinkLost(at=story.at))


def controller_dies(story: Story) -> None:
    story.starts_anew()


absence = pytest.mark.parametrize("away", [link_breaks, controller_dies])


def in_ivr(story: Story) -> None:
    story.arrives("A")


def in_queue(story: Story) -> None:
    for seat in SEATS:
        story.phone(seat, registered=False)
    story.arrives("A")
    story.waits("A")


def ringing(story: Story) -> None:
    story.arrives("A")
    story.waits("A")
    story.rings("A")


def talking(story: Story) -> None:
    story.talking("A")


def on_hold(story: Story) -> None:
    story.talking("A")
    story.ask(HoldCall(call_id=A))


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


def test_a_caller_nobody_had_seen_is_taken_in_with_the_time_of_his_arrival() -> None:
    story = Story(ready=["8001"])
    link_breaks(story)
    arrived = found(story, Place.WAITING)
    story.seconds += 8
    story.link_restored(arrived, registered=["8001"])

    call = story.call("A")
    assert call.recovered
    assert call.t0 == arrived.arrived
    assert story.offer_of("A").seat == "8001"


def test_nothing_is_offered_while_the_link_is_down() -> None:
    story = Story(ready=["8001"])
    link_breaks(story)
    in_ivr(story)
    story.waits("A")
    assert not any(isinstance(wish, OfferSeat) for wish in story.pass_time(5))


def test_a_hold_whose_music_died_with_the_controller_is_over() -> None:
    story = Story(ready=["8001"])
    on_hold(story)
    offer = story.offer_of("A")
    controller_dies(story)
    leg = LegFound(leg_id=offer.leg_id, seat="8001", answered=True, talk="bridge")
    story.link_restored(found(story, Place.TALK, leg, talk="bridge"), registered=["8001"])

    assert not story.call("A").held
    assert story.call("A").state is CallState.TALKING


def test_a_hold_goes_on_where_only_the_link_broke() -> None:
    story = Story(ready=["8001"])
    on_hold(story)
    offer = story.offer_of("A")
    link_breaks(story)
    leg = LegFound(leg_id=offer.leg_id, seat="8001", answered=True, talk="bridge")
    wishes = story.link_restored(found(story, Place.TALK, leg, talk="bridge"), registered=["8001"])

    assert story.call("A").held
    assert not any(isinstance(wish, StopMusic) for wish in wishes)


def test_phones_are_as_they_are_found() -> None:
    story = Story(ready=SEATS)
    link_breaks(story)
    story.link_restored(registered=["8002"])

    assert [seat.phone for seat in story.exchange.seats] == [Phone.MISSING, Phone.REGISTERED, Phone.MISSING]


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


def test_a_call_that_was_to_be_ended_as_the_link_broke_is_ended_afterwards() -> None:
    story = Story()
    in_queue(story)
    story.ask(HangUpCall(call_id=A))
    link_breaks(story)

    assert EndCall(call_id=A) in story.link_restored(found(story, Place.WAITING), registered=[])


def test_a_phone_that_is_in_use_for_something_else_is_told_after_the_calls_and_not_rung_before() -> None:
    story = Story(ready=["8001"])
    in_ivr(story)
    link_breaks(story)
    restored = LinkRestored(at=story.at, calls=(found(story, Place.WAITING),), seats_registered=frozenset({"8001"}))
    wishes = story.hear(restored, LineTaken(at=story.at, seat="8001", channel="own"))

    assert not any(isinstance(wish, OfferSeat) for wish in wishes + story.pass_time(1))
    story.hear(LineFreed(at=story.at, seat="8001", channel="own"))
    assert story.offer_of("A").seat == "8001"


def test_the_seat_of_a_caller_who_left_is_free_again_though_its_end_was_never_told() -> None:
    story = Story(seats=["8001"], ready=["8001"])
    story.arrives("A")
    story.waits("A")
    story.rings("A")
    story.leaves("A")  # its phone is asked to stop; then the link breaks

    story.hear(LinkLost(at=story.at))
    story.link_restored(registered=["8001"])

    assert story.seat("8001").state is SeatState.READY
    story.arrives("B")
    story.waits("B")
    assert story.offer_of("B").seat == "8001"


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


def test_who_came_while_we_were_away_waits_since_he_asked_and_in_that_order() -> None:
    story = Story(seats=["8001"])
    came = story.at
    story.hear(LinkLost(at=story.at))
    story.pass_time(30)

    def waiting(call: str, since: int) -> CallFound:
        asked = came + timedelta(seconds=since)
        return replace(found(story, Place.WAITING), call_id=CallId(call), arrived=came, since=int(asked.timestamp()))

    story.link_restored(waiting("third", 9), waiting("first", 2), waiting("second", 5), registered=["8001"])
    story.ask(SetSeatState(extension="8001", state=SeatState.READY))

    assert story.call("third").t2 == came + timedelta(seconds=9)
    assert [call_id for queue in story.exchange.queues() for call_id, _ in queue.waiting] == [
        "first",
        "second",
        "third",
    ]
    assert [wish.call_id for wish in story.wishes if isinstance(wish, OfferSeat)] == ["first"]


def test_after_a_lost_link_asterisk_is_told_anew_what_follows_a_talk() -> None:
    story = Story(seats=["8001"], ready=["8001"])
    offer = story.talking("A")
    story.hear(LinkLost(at=story.at))  # perhaps before Asterisk took the first word of it

    wishes = story.link_restored(
        found(
            story,
            Place.TALK,
            LegFound(leg_id=offer.leg_id, seat="8001", answered=True, talk="bridge"),
            talk="bridge",
        )
    )

    assert AfterTalk(call_id=A, then=Then.END) in wishes


def test_a_hold_is_not_promised_while_asterisk_is_not_heard() -> None:
    story = Story(seats=["8001"], ready=["8001"])
    story.talking("A")
    story.hear(LinkLost(at=story.at))

    with pytest.raises(UnavailableError):
        story.ask(HoldCall(call_id=A))

    assert not story.call("A").held


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
