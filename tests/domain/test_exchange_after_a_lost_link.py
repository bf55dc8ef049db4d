"""The link breaks while the controller lives: what it knew holds, and what it could not hear is made up for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange.commands import HangUpCall, HoldCall, SetSeatState
from callcenter.domain.ids import CallId
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.telephony import CallFound, LegFound, LineFreed, LineTaken, LinkLost, LinkRestored, Place
from callcenter.domain.wishes import AfterTalk, EndCall, OfferSeat, StopMusic, Then
from tests.support.absence_story import A, found, in_ivr, in_queue, link_breaks, on_hold
from tests.support.exchange_story import SEATS, Story


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
