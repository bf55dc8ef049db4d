"""Asterisk's record of our absence is read only after the picture was rebuilt: no call is lost by it, or told twice."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from callcenter.domain.calls import CallState, Outcome, Recording, RecordingState
from callcenter.domain.exchange.commands import NoteRecording
from callcenter.domain.facts import CallEnded, SeatChanged
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    Arrived,
    CallerInFallback,
    CallerLeft,
    CallerUp,
    CallFound,
    Ending,
    LegAnswered,
    LegDialled,
    LegEnded,
    LegFound,
    LinkLost,
    LinkRestored,
    PartyJoined,
    Place,
    RecordRead,
    TelephonyEvent,
)
from callcenter.domain.wishes import OfferSeat
from tests.support.exchange_story import Story

A, B = CallId("A"), CallId("B")


def restored(story: Story, *calls: CallFound) -> list[object]:
    """The lists are read, the record is not."""
    event = LinkRestored(at=story.at, calls=calls, seats_registered=frozenset({"8001", "8002"}), unread=True)
    return [*story.hear(event), *story.pass_time(0)]


def read(story: Story, meanwhile: Sequence[TelephonyEvent] = ()) -> None:
    """The record is told: what it holds of one call, and that this was all."""
    if meanwhile:
        story.hear(RecordRead(at=story.at, call_id=A, meanwhile=tuple(meanwhile)))
    story.hear(RecordRead(at=story.at, last_written=story.at))


def ended_as(story: Story, call: CallId) -> list[Outcome]:
    return [fact.outcome for fact in story.facts if isinstance(fact, CallEnded) and fact.call_id == call]


def test_a_call_that_is_gone_is_not_closed_before_the_record_tells_how() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.starts_anew()
    gone_at = story.at + timedelta(seconds=2)
    story.seconds += 5
    restored(story)
    story.pass_time(10)

    assert story.call("A").is_live
    assert story.seat("8001").state is SeatState.WRAP_UP, "the lists told that it is in no call"
    assert story.exchange.corrected == 0, "nothing is put right of what is known to be unknown"

    read(story, [CallerLeft(at=gone_at, call_id=A, by_itself=True)])

    assert ended_as(story, A) == [Outcome.ANSWERED]
    assert story.call("A").t5 == gone_at
    assert story.call("A").recovered
    assert not story.exchange.unaccounted


def test_the_end_of_one_that_was_thought_gone_may_still_come_by_itself() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.starts_anew()
    restored(story)

    story.hear(CallerLeft(at=story.at, call_id=A, by_itself=True))

    assert ended_as(story, A) == [Outcome.ANSWERED]
    assert not story.exchange.unaccounted
    read(story)
    assert ended_as(story, A) == [Outcome.ANSWERED], "once"


def test_one_whose_end_nobody_wrote_down_died_with_asterisk() -> None:
    story = Story()
    story.arrives("A")
    story.waits("A")
    story.starts_anew()
    restored(story)
    read(story)

    assert ended_as(story, A) == [Outcome.LOST]


def test_one_who_came_and_went_meanwhile_is_told_and_moves_no_seat_of_now() -> None:
    story = Story(ready=["8001"])
    story.starts_anew()
    began = story.at
    story.seconds += 20
    restored(story)
    story.talking("B")  # the seat that served him then talks with somebody else now
    seats_before = [fact for fact in story.facts if isinstance(fact, SeatChanged)]

    def at(seconds: float) -> timedelta:
        return timedelta(seconds=seconds)

    leg, talk = LegId("by-asterisk"), "bridge-1"
    read(
        story,
        [
            Arrived(at=began + at(1), call_id=A, caller="13800000001", recording="A.raw"),
            CallerUp(at=began + at(1), call_id=A),
            CallerInFallback(at=began + at(2), call_id=A, since=int(began.timestamp()) + 2),
            LegDialled(at=began + at(3), call_id=A, leg_id=leg, seat="8001"),
            LegAnswered(at=began + at(4), call_id=A, leg_id=leg),
            PartyJoined(at=began + at(4), call_id=A, leg_id=leg, talk=talk),
            PartyJoined(at=began + at(4), call_id=A, leg_id=LegId(A), talk=talk),
            LegEnded(at=began + at(9), call_id=A, leg_id=leg, ending=Ending.NORMAL, by_itself=True),
            CallerLeft(at=began + at(9.5), call_id=A, by_itself=False),
        ],
    )

    call = story.call("A")
    assert (call.outcome, call.seat, call.t4, call.t5) == (
        Outcome.ANSWERED,
        "8001",
        began + at(4),
        began + at(9.5),
    )
    assert call.recovered
    assert (story.seat("8001").state, story.seat("8001").call_id) == (SeatState.TALKING, B)
    assert [fact for fact in story.facts if isinstance(fact, SeatChanged)] == seats_before
    assert story.call("B").state is CallState.TALKING


@pytest.mark.parametrize("away", ["link", "controller"])
def test_nobody_is_offered_to_a_seat_who_may_be_gone(away: str) -> None:
    story = Story()
    story.arrives("A")
    story.waits("A")
    if away == "link":
        story.hear(LinkLost(at=story.at))
    else:
        story.starts_anew()
    story.phone("8001", registered=True)
    wishes = [*restored(story), *story.pass_time(5)]

    assert not [wish for wish in wishes if isinstance(wish, OfferSeat)]


def test_what_we_noted_ourselves_meanwhile_hides_nothing_that_the_record_tells() -> None:
    story = Story(ready=["8001"])
    story.arrives("A")
    story.waits("A")
    offer = story.rings("A")
    story.starts_anew()
    joined_at, left_at = story.at + timedelta(seconds=1), story.at + timedelta(seconds=4)
    story.seconds += 10
    restored(story)
    failed = Recording(state=RecordingState.FAILED, started=story.at)
    story.ask(NoteRecording(call_id=A, recording=failed))
    read(
        story,
        [
            PartyJoined(at=joined_at, call_id=A, leg_id=offer.leg_id, talk="talk"),
            PartyJoined(at=joined_at, call_id=A, leg_id=LegId(A), talk="talk"),
            CallerLeft(at=left_at, call_id=A, by_itself=True),
        ],
    )

    call = story.call("A")
    assert (call.outcome, call.t4, call.t5) == (Outcome.ANSWERED, joined_at, left_at)


def test_one_of_earlier_is_told_though_his_seat_was_thought_to_be_in_another_call_since() -> None:
    story = Story(ready=["8001"])
    began = story.at
    story.seconds += 20
    story.talking("B")
    story.starts_anew()
    story.seconds += 5
    restored(story)  # B is gone, too
    leg = LegId("by-asterisk")
    told = [
        Arrived(at=began, call_id=A, caller=None, recording="A.raw"),
        CallerInFallback(at=began, call_id=A, since=int(began.timestamp())),
        LegDialled(at=began, call_id=A, leg_id=leg, seat="8001"),
        PartyJoined(at=began, call_id=A, leg_id=leg, talk="talk"),
        PartyJoined(at=began, call_id=A, leg_id=LegId(A), talk="talk"),
        CallerLeft(at=began, call_id=A, by_itself=True),
    ]
    story.hear(RecordRead(at=story.at, call_id=A, meanwhile=tuple(told)))

    assert (story.call("A").outcome, story.call("A").seat) == (Outcome.ANSWERED, "8001")
    assert story.seat("8001").state is SeatState.WRAP_UP, "it has been in no call since B was found to be gone"


def test_a_seat_of_a_call_that_is_gone_is_found_in_the_talk_that_it_has_now() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.starts_anew()
    story.seconds += 10
    leg = LegFound(leg_id=LegId("by-asterisk"), seat="8001", answered=True, talk="talk of B")
    served = CallFound(
        call_id=B,
        caller=None,
        arrived=story.at,
        answered=True,
        since=int(story.at.timestamp()),
        place=Place.TALK,
        talk="talk of B",
        legs=(leg,),
        recording="B.raw",
    )
    restored(story, served)

    assert (story.call("B").state, story.call("B").seat) == (CallState.TALKING, "8001")
    assert (story.seat("8001").state, story.seat("8001").call_id) == (SeatState.TALKING, B)
    read(story, [CallerLeft(at=story.at, call_id=A, by_itself=True)])
    assert story.seat("8001").call_id == B
    assert ended_as(story, A) == [Outcome.ANSWERED]


def test_what_is_told_twice_is_noted_once() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.starts_anew()
    gone = CallerLeft(at=story.at, call_id=A, by_itself=True)
    restored(story)
    read(story, [gone])
    read(story, [gone])

    assert ended_as(story, A) == [Outcome.ANSWERED]
