"""Calls told step by step: what becomes of them, and what the hotline wants done."""

import pytest

from callcenter.domain.calls import CallState, Outcome, Recording, RecordingState
from callcenter.domain.errors import NotFoundError, RefusedError
from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import (
    ClearAlarm,
    HangUpCall,
    HoldCall,
    NoteFlowCompleted,
    NoteRecording,
    NoteTicket,
    RaiseAlarm,
    SetSeatState,
)
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    CallerInFallback,
    CodeDialled,
    FlowAsked,
    LegDialled,
    LegRang,
    LineFreed,
    LineTaken,
    PartyJoined,
    VoiceBegan,
)
from callcenter.domain.wishes import (
    AfterTalk,
    EndCall,
    OfferSeat,
    StartFlow,
    Then,
)
from tests.support.exchange_story import Story

A, B = CallId("A"), CallId("B")


@pytest.mark.article("JJ-4.3.4-3b", "TN-11a")
def test_an_answered_call_is_told_from_its_arrival_to_its_end() -> None:
    story = Story(ready=["8001"])
    story.arrives("A", "+86 138 0000 0001")
    story.hear(FlowAsked(at=story.at, call_id=A))
    story.seconds = 1
    story.hear(VoiceBegan(at=story.at, call_id=A))
    story.seconds = 5
    story.waits("A")
    story.seconds = 6
    story.rings("A")
    story.seconds = 9
    story.answers("A")

    assert story.seat("8001").state is SeatState.TALKING
    assert story.seat("8001").call_id == "A"

    story.seconds = 60
    story.leg_ends("A", by_itself=True)
    story.seconds = 60.5
    story.leaves("A", by_itself=False)

    call = story.call("A")
    assert call.caller == "13800000001"
    assert call.outcome is Outcome.ANSWERED
    assert story.end_of("A").ended_by == "hotline"
    assert [(t - call.t0).total_seconds() for t in (call.t1, call.t2, call.t3, call.t4, call.t5) if t] == [
        1, 5, 6, 9, 60.5,
    ]  # fmt: skip
    assert story.kinds("A") == [
        "call.arrived", "call.voice", "call.queued", "call.offered", "call.ringing", "call.talking", "call.ended",
    ]  # fmt: skip
    assert StartFlow(call_id=A, caller="13800000001") in story.wishes
    assert AfterTalk(call_id=A, then=Then.END) in story.wishes
    assert story.seat("8001").state is SeatState.WRAP_UP


def test_the_end_of_a_wrap_up_makes_the_seat_ready_and_gives_it_the_next_caller_at_once() -> None:
    story = Story(ready=["8001"], policy=Policy(wrap_up_seconds=30))
    story.talking("A")
    story.arrives("B")
    story.waits("B")
    story.leg_ends("A", by_itself=True)
    story.leaves("A", by_itself=False)

    assert not any(isinstance(wish, OfferSeat) for wish in story.pass_time(29.9))
    wishes = story.pass_time(0.2)

    assert [(w.call_id, w.seat) for w in wishes if isinstance(w, OfferSeat)] == [("B", "8001")]


def test_two_seats_that_answer_for_one_caller_give_one_talk_and_one_seat_let_go() -> None:
    story = Story(ready=["8001", "8002"])
    story.arrives("A")
    story.waits("A")
    ours = story.rings("A")
    story.hear(CallerInFallback(at=story.at, call_id=A, since=0))
    story.answers("A")
    story.hear(LegDialled(at=story.at, call_id=A, leg_id=LegId("net"), seat="8002"))
    story.hear(LegRang(at=story.at, call_id=A, leg_id=LegId("net")))
    story.hear(PartyJoined(at=story.at, call_id=A, leg_id=LegId("net"), talk="talk of A"))

    assert story.call("A").seat == ours.seat == "8001"
    assert story.call("A").state is CallState.TALKING


def test_a_flow_that_came_to_its_own_end_is_no_abandoned_call() -> None:
    story = Story()
    story.arrives("A")
    story.ask(NoteFlowCompleted(call_id=A))
    story.leaves("A", by_itself=False)

    assert story.call("A").outcome is Outcome.COMPLETED_IN_IVR
    assert story.end_of("A").waited_ms is None


def test_an_alarm_is_raised_once_and_cleared_once() -> None:
    story = Story()
    before = len(story.facts)
    for command in (
        RaiseAlarm(name="disk", detail="full"),
        RaiseAlarm(name="disk", detail="full"),
        ClearAlarm(name="disk"),
        ClearAlarm(name="disk"),
    ):
        story.ask(command)

    assert [fact.kind for fact in story.facts[before:]] == ["alarm.raised", "alarm.cleared"]
    assert list(story.exchange.alarms) == []


def test_a_code_dialled_at_the_phone_changes_the_seat_and_one_in_the_talk_changes_nothing() -> None:
    story = Story(ready=["8001"])
    states = []
    for code in ("*2", "*1", "*3", "*9", "*1"):
        story.hear(CodeDialled(at=story.at, seat="8001", code=code))
        states.append(story.seat("8001").state.value)
    assert states == ["break", "ready", "offline", "offline", "ready"]

    story.talking("A")
    assert story.hear(CodeDialled(at=story.at, seat="8001", code="*3")) == []
    assert story.seat("8001").state is SeatState.TALKING


def test_a_phone_in_use_for_something_else_is_not_offered_a_caller() -> None:
    story = Story(ready=["8001"])
    story.hear(LineTaken(at=story.at, seat="8001", channel="own"))
    story.arrives("A")
    story.waits("A")
    assert not any(isinstance(wish, OfferSeat) for wish in story.wishes)

    story.hear(LineFreed(at=story.at, seat="8001", channel="own"))
    assert story.offer_of("A").seat == "8001"


def test_what_is_not_possible_is_refused_with_what_is() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    for command, words in (
        (SetSeatState(extension="8001", state=SeatState.BREAK), "talking"),
        (SetSeatState(extension="8002", state=SeatState.RINGING), "ready, break, wrap_up or offline"),
        (SetSeatState(extension="8002", state=SeatState.WRAP_UP), "ready and break"),
    ):
        with pytest.raises(RefusedError, match=words):
            story.ask(command)
    with pytest.raises(NotFoundError):
        story.ask(SetSeatState(extension="9999", state=SeatState.READY))
    with pytest.raises(NotFoundError):
        story.ask(HangUpCall(call_id=CallId("nobody")))

    assert story.ask(HangUpCall(call_id=A)) == [EndCall(call_id=A)]
    story.leaves("A", by_itself=False)
    assert story.end_of("A").ended_by == "hotline"
    with pytest.raises(RefusedError, match="has ended"):
        story.ask(HoldCall(call_id=A))


def test_an_ended_call_waits_for_its_ticket_and_recording_however_long_store_and_disk_are_away() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.leg_ends("A", by_itself=True)
    story.leaves("A", by_itself=False)
    story.ask(NoteRecording(call_id=A, recording=Recording(state=RecordingState.FAILED)))
    story.pass_time(3600)

    story.ask(NoteTicket(call_id=A, ticket_id=TicketId("ticket")))
    story.ask(NoteRecording(call_id=A, recording=Recording(state=RecordingState.KEPT, seconds=3.0)))
    assert story.call("A").ticket_id == "ticket"
    assert story.call("A").recording == Recording(state=RecordingState.KEPT, seconds=3.0)
    story.pass_time(0.1)
    assert story.exchange.call("A") is None


def test_of_too_many_calls_that_wait_for_their_ticket_the_oldest_is_let_go() -> None:
    story = Story(ready=["8001"], policy=Policy(most_unsettled=2, wrap_up_seconds=0))
    for call in ("A", "B", "C"):
        story.talking(call)
        story.leg_ends(call, by_itself=True)
        story.leaves(call, by_itself=False)
        story.pass_time(1)

    assert [story.exchange.call(call) is None for call in ("A", "B", "C")] == [True, False, False]


def test_a_late_word_of_a_call_that_is_over_does_not_begin_it_anew() -> None:
    story = Story()
    story.arrives("A")
    story.leaves("A")
    story.pass_time(300)
    story.arrives("A")

    assert story.kinds("A") == ["call.arrived", "call.ended"]
