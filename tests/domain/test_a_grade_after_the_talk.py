"""After the talk a caller is asked for a grade, where the hotline does so; nobody at it can keep him from it."""

from datetime import timedelta

import pytest

from callcenter.domain.calls import CallState, Outcome
from callcenter.domain.errors import RefusedError
from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import HangUpCall
from callcenter.domain.exchange.survey import MOST_SECONDS
from callcenter.domain.ids import CallId
from callcenter.domain.listening import legs_to_hear
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    CallerLeft,
    CallFound,
    Ending,
    GradeAsked,
    GradeGiven,
    LegEnded,
    LinkRestored,
    Place,
    TalkOver,
)
from callcenter.domain.wishes import AfterTalk, EndCall, EndLeg, Then
from tests.support.exchange_story import Story

A = CallId("A")


def asking() -> Story:
    """A hotline that asks, and a caller who talks with 8001."""
    story = Story(ready=["8001"], policy=Policy(survey=True))
    story.talking()
    return story


def is_asked(story: Story) -> None:
    """The operator has hung up, and the dialplan asks the caller."""
    story.leg_ends("A", by_itself=True)
    story.hear(TalkOver(at=story.at, call_id=A))
    story.pass_time(0.3)
    story.hear(GradeAsked(at=story.at, call_id=A))


def test_an_operator_hangs_up_and_the_caller_gives_a_grade() -> None:
    story = asking()
    assert AfterTalk(call_id=A, then=Then.SURVEY) in story.wishes

    is_asked(story)
    asked = story.at
    story.pass_time(4)

    assert story.call("A").grade_asked == asked
    assert story.call("A").state is CallState.TALKING, "he is on the line still"
    assert story.exchange.queues()[0].talking == 0, "and talks with nobody"
    assert legs_to_hear(story.call("A")) == {}, "what he says now is no note"
    assert story.seat("8001").state is SeatState.WRAP_UP, "the operator writes up meanwhile"
    story.hear(GradeGiven(at=story.at, call_id=A, grade=4))
    story.leaves("A", by_itself=False)

    assert story.call("A").grade == 4
    assert story.end_of("A").outcome is Outcome.ANSWERED
    assert story.end_of("A").ended_by == "hotline"
    assert story.kinds("A")[-4:] == ["call.talking", "call.grade_asked", "call.graded", "call.ended"]


def test_who_hangs_up_instead_gives_none() -> None:
    story = asking()
    is_asked(story)
    story.leaves("A")

    assert story.call("A").grade is None
    assert story.end_of("A").ended_by == "hotline", "the operator had ended the talk"


def test_who_hangs_up_first_is_not_asked() -> None:
    story = asking()
    story.leaves("A")
    assert story.call("A").grade_asked is None
    assert story.end_of("A").ended_by == "caller"


@pytest.mark.parametrize("grade", [0, 6, -1])
def test_a_number_that_is_no_grade_is_none(grade: int) -> None:
    story = asking()
    is_asked(story)
    story.hear(GradeGiven(at=story.at, call_id=A, grade=grade))
    assert story.call("A").grade is None


def test_a_grade_that_nobody_asked_for_is_none() -> None:
    story = asking()
    story.hear(GradeGiven(at=story.at, call_id=A, grade=5))
    assert story.call("A").grade is None


def test_ending_the_call_on_the_screen_begins_the_question_too_and_nobody_can_end_that() -> None:
    story = asking()
    seat_leg = story.offer_of("A").leg_id

    wishes = story.ask(HangUpCall(call_id=A))
    assert EndLeg(leg_id=seat_leg) in wishes
    assert not any(isinstance(wish, EndCall) for wish in wishes)
    assert story.ask(HangUpCall(call_id=A)) == [], "once is enough"

    story.leg_ends("A")
    story.hear(TalkOver(at=story.at, call_id=A))
    assert story.call("A").state is CallState.TALKING, "he does not wait for another seat"
    story.hear(GradeAsked(at=story.at, call_id=A))
    with pytest.raises(RefusedError, match="asked for a grade"):
        story.ask(HangUpCall(call_id=A))


def test_a_seat_that_is_lost_ends_no_talk_he_waits_for_another_and_is_not_asked() -> None:
    story = asking()
    wishes = story.leg_ends("A", by_itself=False)
    assert AfterTalk(call_id=A, then=Then.REQUEUE) in wishes
    assert story.call("A").state is CallState.QUEUED


def test_a_question_that_does_not_end_is_ended() -> None:
    story = asking()
    is_asked(story)
    wishes = [wish for _ in range(int(MOST_SECONDS)) for wish in story.pass_time(1)]
    assert not any(isinstance(wish, EndCall) for wish in wishes)
    wishes = [wish for _ in range(3) for wish in story.pass_time(1)]
    assert EndCall(call_id=A) in wishes


def test_a_hotline_that_asks_nobody_ends_the_call() -> None:
    story = Story(ready=["8001"])
    story.talking()
    assert AfterTalk(call_id=A, then=Then.END) in story.wishes
    assert EndCall(call_id=A) in story.ask(HangUpCall(call_id=A))


def test_the_controller_dies_while_he_is_asked_and_the_next_one_knows() -> None:
    story = asking()
    story.starts_anew()
    story.link_restored(
        CallFound(
            call_id=A,
            caller="13800000001",
            arrived=story.at,
            answered=True,
            since=int(story.at.timestamp()),
            place=Place.SURVEY,
            talk=None,
            legs=(),
            recording=None,
        )
    )

    assert story.call("A").grade_asked is not None
    assert story.call("A").recovered
    wishes = [wish for _ in range(10) for wish in story.pass_time(1)]
    assert not any(isinstance(wish, EndCall) for wish in wishes), "he is left to answer"
    story.hear(GradeGiven(at=story.at, call_id=A, grade=1))
    story.leaves("A", by_itself=False)
    assert story.call("A").grade == 1
    assert story.end_of("A").ended_by == "hotline"


def test_all_of_it_happens_while_no_controller_hears_it() -> None:
    story = asking()
    seat_leg = story.offer_of("A").leg_id
    story.starts_anew()
    moments = [story.at + timedelta(seconds=seconds) for seconds in range(5)]
    story.seconds += 10
    story.hear(
        LinkRestored(
            at=story.at,
            calls=(),
            seats_registered=frozenset({"8001"}),
            meanwhile=(
                LegEnded(at=moments[1], call_id=A, leg_id=seat_leg, ending=Ending.NORMAL, by_itself=True),
                GradeAsked(at=moments[2], call_id=A),
                GradeGiven(at=moments[3], call_id=A, grade=3),
                CallerLeft(at=moments[4], call_id=A, by_itself=False),
            ),
        )
    )

    call = story.call("A")
    assert (call.grade, call.outcome, call.recovered) == (3, Outcome.ANSWERED, True)
    assert (call.grade_asked, call.t5) == (moments[2], moments[4])
