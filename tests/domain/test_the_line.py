"""Those who wait: who is next, what they are told, who gives up, and whom Asterisk's own queue has."""

import pytest

from callcenter.domain.calls import CallState, Outcome
from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import (
    SetSeatState,
)
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    CallerInFallback,
    LegDialled,
    LegRang,
)
from callcenter.domain.wishes import (
    Announce,
    EndLeg,
    OfferSeat,
    TakeBack,
)
from tests.support.exchange_story import Story

A, B = CallId("A"), CallId("B")


def test_a_seat_that_asterisks_own_queue_rings_before_it_is_heard_that_he_waits() -> None:
    story = Story()
    story.arrives("A")
    story.hear(LegDialled(at=story.at, call_id=A, leg_id=LegId("net"), seat="8002"))
    story.hear(LegRang(at=story.at, call_id=A, leg_id=LegId("net")))
    story.pass_time(1)
    story.waits("A")

    call = story.call("A")
    assert (call.state, call.queue) == (CallState.RINGING, "hotline")
    assert call.t2 is not None
    assert call.t3 is not None
    assert call.t2 <= call.t3, "whoever is rung for has asked for a person before"


@pytest.mark.parametrize(
    ("steps", "ready", "outcome", "where"),
    [
        ((), ["8001"], Outcome.ABANDONED_IVR, "ivr"),
        (("waits",), [], Outcome.ABANDONED_QUEUE, "queued"),
        (("waits",), ["8001"], Outcome.ABANDONED_QUEUE, "queued"),
        (("waits", "rings"), ["8001"], Outcome.ABANDONED_RINGING, "ringing"),
    ],
)
def test_who_gives_up_is_told_with_where_and_after_how_many_milliseconds(
    steps: tuple[str, ...], ready: list[str], outcome: Outcome, where: str
) -> None:
    story = Story(ready=ready)
    story.arrives("A")
    story.seconds = 2
    for step in steps:
        getattr(story, step)("A")
    story.seconds = 7.25
    wishes = story.leaves("A")

    end = story.end_of("A")
    assert (end.outcome, end.where, end.ended_by) == (outcome, where, "caller")
    assert end.waited_ms == (5250 if steps else 7250)
    assert any(isinstance(wish, EndLeg) for wish in wishes) == bool(steps and ready)


def test_the_longest_waiting_caller_gets_the_seat_that_was_idle_longest() -> None:
    story = Story()
    for call in ("A", "B"):
        story.arrives(call)
        story.waits(call)
        story.seconds += 1
    for seat in ("8003", "8001"):
        story.phone(seat, registered=True)
        story.seconds += 1
        story.ask(SetSeatState(extension=seat, state=SeatState.READY))

    assert story.offer_of("A").seat == "8003"
    assert story.offer_of("B").seat == "8001"


def test_a_caller_in_asterisks_own_queue_is_asked_back_and_nobody_is_offered_meanwhile() -> None:
    story = Story(ready=["8001"], policy=Policy(hand_back_seconds=20))
    story.arrives("A")
    wishes = story.hear(CallerInFallback(at=story.at, call_id=A, since=int(story.at.timestamp())))
    assert wishes == [TakeBack(call_id=A)]
    story.arrives("B")
    story.waits("B")
    assert not any(isinstance(wish, OfferSeat) for wish in story.pass_time(5))

    story.waits("A")
    assert story.offer_of("A").seat == "8001"  # he came first, though B was in our own line before him


def test_one_who_never_comes_back_holds_the_others_up_for_a_limited_time() -> None:
    story = Story(ready=["8001"], policy=Policy(hand_back_seconds=20))
    story.arrives("A")
    story.hear(CallerInFallback(at=story.at, call_id=A, since=0))
    story.arrives("B")
    story.waits("B")

    assert not any(isinstance(wish, OfferSeat) for wish in story.pass_time(19.9))
    assert any(isinstance(wish, OfferSeat) and wish.call_id == "B" for wish in story.pass_time(0.2))


def test_a_talk_that_asterisks_own_queue_brought_about_is_a_talk_like_any_other() -> None:
    story = Story(ready=["8001"])
    story.arrives("A")
    story.hear(CallerInFallback(at=story.at, call_id=A, since=0))
    story.hear(LegDialled(at=story.at, call_id=A, leg_id=LegId("net"), seat="8001"))
    story.hear(LegRang(at=story.at, call_id=A, leg_id=LegId("net")))
    story.joined("A", "net")

    assert (story.call("A").state, story.call("A").seat) == (CallState.TALKING, "8001")
    assert story.pass_time(1) == []  # nobody is asked back any more


def test_a_waiting_caller_is_told_his_place_first_after_20_and_then_every_45_seconds() -> None:
    story = Story(policy=Policy(announce_first_seconds=20, announce_every_seconds=45))
    for call in ("A", "B"):
        story.arrives(call)
        story.waits(call)
    told = {
        second: [(w.call_id, w.ahead) for w in story.pass_time(1) if isinstance(w, Announce)]
        for second in range(1, 121)
    }

    assert {second: places for second, places in told.items() if places} == {
        20: [("A", 0), ("B", 1)],
        65: [("A", 0), ("B", 1)],
        110: [("A", 0), ("B", 1)],
    }


def test_the_expected_wait_is_reckoned_from_the_last_talks_and_unknown_before_the_first() -> None:
    story = Story(ready=["8001"], policy=Policy(wrap_up_seconds=30))
    story.talking("A")
    story.arrives("B")
    story.waits("B")
    first = [w for w in story.pass_time(30) if isinstance(w, Announce)]
    story.seconds = 150
    story.leg_ends("A", by_itself=True)
    second = [w for w in story.pass_time(1) if isinstance(w, Announce)]

    assert [w.wait_minutes for w in first] == [None]
    assert [w.wait_minutes for w in second] == [3]  # 150 s of talk and 30 s of writing up
