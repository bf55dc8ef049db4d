"""Holds, by the API and by the phones' own buttons: music comes and goes, and nobody stays mute."""

import pytest

from callcenter.domain.errors import RefusedError
from callcenter.domain.exchange.commands import (
    HoldCall,
    ResumeCall,
)
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import (
    PartyHeld,
    PartyResumed,
)
from callcenter.domain.wishes import (
    PlayMusic,
    StopMusic,
)
from tests.support.exchange_story import Story

A, B = CallId("A"), CallId("B")


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
