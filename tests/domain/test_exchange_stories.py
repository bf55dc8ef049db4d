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
    ResumeCall,
    SetSeatState,
)
from callcenter.domain.facts import CallEnded
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    CallerInFallback,
    CodeDialled,
    Ending,
    FlowAsked,
    LegDialled,
    LegRang,
    LineFreed,
    LineTaken,
    PartyHeld,
    PartyJoined,
    PartyLeft,
    PartyResumed,
    VoiceBegan,
)
from callcenter.domain.wishes import (
    AfterTalk,
    Announce,
    EndCall,
    EndLeg,
    ListenForLife,
    OfferSeat,
    PauseInFallback,
    PlayMusic,
    StartFlow,
    StopMusic,
    TakeBack,
)
from tests.support.exchange_story import Story

A, B = CallId("A"), CallId("B")


def ended(story: Story, call: str) -> CallEnded:
    return next(fact for fact in story.facts if isinstance(fact, CallEnded) and fact.call_id == call)


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
    assert ended(story, "A").ended_by == "hotline"
    assert [(t - call.t0).total_seconds() for t in (call.t1, call.t2, call.t3, call.t4, call.t5) if t] == [
        1, 5, 6, 9, 60.5,
    ]  # fmt: skip
    assert story.kinds("A") == [
        "call.arrived", "call.voice", "call.queued", "call.offered", "call.ringing", "call.talking", "call.ended",
    ]  # fmt: skip
    assert StartFlow(call_id=A, caller="13800000001") in story.wishes
    assert AfterTalk(call_id=A, requeue=False) in story.wishes
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
    assert AfterTalk(call_id=A, requeue=True) in wishes
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
    story = Story(ready=["8001"])
    story.talking("A")
    story.seconds = 10
    story.arrives("B")
    story.waits("B")
    story.phone("8001", registered=False)
    story.leg_ends("A", Ending.FAILED)

    story.phone("8002", registered=True)
    wishes = story.ask(SetSeatState(extension="8002", state=SeatState.READY))
    assert not [w for w in wishes if isinstance(w, OfferSeat)]
    story.waits("A")

    assert story.offer_of("A").seat == "8002"


def test_a_caller_who_does_not_come_back_keeps_no_seat_from_the_others() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.seconds = 10
    story.arrives("B")
    story.waits("B")
    story.phone("8001", registered=False)
    story.leg_ends("A", Ending.FAILED)
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


def test_hold_gives_music_and_resume_takes_it_away() -> None:
    story = Story(ready=["8001"])
    offer = story.talking("A")
    (music,) = story.ask(HoldCall(call_id=A))

    assert isinstance(music, PlayMusic)
    assert music.mute_seat
    assert story.call("A").held
    with pytest.raises(RefusedError, match="on hold already"):
        story.ask(HoldCall(call_id=A))

    wishes = story.ask(ResumeCall(call_id=A))
    assert wishes == [StopMusic(call_id=A, music_id=music.music_id, seat_leg=offer.leg_id, unmute_seat=True)]
    assert not story.call("A").held
    with pytest.raises(RefusedError, match="not on hold"):
        story.ask(ResumeCall(call_id=A))


def test_the_phones_own_hold_button_gives_music_without_a_mute() -> None:
    story = Story(ready=["8001"])
    leg = story.talking("A").leg_id
    (music,) = story.hear(PartyHeld(at=story.at, call_id=A, leg_id=leg))
    assert isinstance(music, PlayMusic)
    assert not music.mute_seat
    assert story.hear(PartyHeld(at=story.at, call_id=A, leg_id=leg)) == []

    wishes = story.hear(PartyResumed(at=story.at, call_id=A, leg_id=leg))
    assert wishes == [StopMusic(call_id=A, music_id=music.music_id, seat_leg=leg, unmute_seat=False)]
    assert story.kinds("A")[-2:] == ["call.held", "call.resumed"]


def test_the_phones_button_does_not_undo_a_hold_that_was_asked_of_us() -> None:
    story = Story(ready=["8001"])
    leg = story.talking("A").leg_id
    story.ask(HoldCall(call_id=A))
    story.hear(PartyResumed(at=story.at, call_id=A, leg_id=leg))

    assert story.call("A").held


def test_a_caller_who_hangs_up_on_hold_stops_the_music() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.ask(HoldCall(call_id=A))

    assert any(isinstance(wish, StopMusic) for wish in story.leaves("A"))
    assert not story.call("A").held


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

    end = ended(story, "A")
    assert (end.outcome, end.where, end.ended_by) == (outcome, where, "caller")
    assert end.waited_ms == (5250 if steps else 7250)
    assert any(isinstance(wish, EndLeg) for wish in wishes) == bool(steps and ready)


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


def test_a_flow_that_came_to_its_own_end_is_no_abandoned_call() -> None:
    story = Story()
    story.arrives("A")
    story.ask(NoteFlowCompleted(call_id=A))
    story.leaves("A", by_itself=False)

    assert story.call("A").outcome is Outcome.COMPLETED_IN_IVR
    assert ended(story, "A").waited_ms is None


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


def test_a_break_while_it_rings_gives_the_caller_to_the_next_seat() -> None:
    story = Story(ready=["8001", "8002"])
    story.arrives("A")
    story.waits("A")
    ring = story.rings("A")

    assert EndLeg(leg_id=ring.leg_id) in story.ask(SetSeatState(extension="8001", state=SeatState.BREAK))
    wishes = story.leg_ends("A", Ending.CANCELLED)
    assert [w.seat for w in wishes if isinstance(w, OfferSeat)] == ["8002"]


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
    assert ended(story, "A").ended_by == "hotline"
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


def test_the_callers_own_hold_button_does_not_end_the_operators_hold() -> None:
    story = Story(seats=["8001"], ready=["8001"])
    offer = story.talking("A")
    story.hear(PartyHeld(at=story.at, call_id=A, leg_id=offer.leg_id))

    story.hear(
        PartyHeld(at=story.at, call_id=A, leg_id=LegId(A)), PartyResumed(at=story.at, call_id=A, leg_id=LegId(A))
    )

    assert story.call("A").held
    story.hear(PartyResumed(at=story.at, call_id=A, leg_id=offer.leg_id))
    assert not story.call("A").held


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

    assert AfterTalk(call_id=A, requeue=True) not in wishes
    assert story.kinds("A")[-2:] == ["call.talking", "call.ended"]
    assert (story.call("A").seat, ended(story, "A").where, ended(story, "A").ended_by) == ("8001", "talking", "caller")


def test_a_seat_that_leaves_the_talk_before_the_caller_is_lost() -> None:
    story = Story(ready=["8001"])
    leg = story.talking("A").leg_id
    for party in (leg, LegId("A")):
        story.hear(PartyLeft(at=story.at, call_id=A, leg_id=party, talk="talk of A"))

    assert AfterTalk(call_id=A, requeue=True) in story.leg_ends("A", Ending.FAILED)
    assert story.call("A").state is CallState.QUEUED
