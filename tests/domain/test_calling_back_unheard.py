"""What became of an attempt to call back while nobody here heard: told by Asterisk's record, or honestly not known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.domain.calls import Direction
from callcenter.domain.errors import RefusedError
from callcenter.domain.facts import OfCall, RecallChanged
from callcenter.domain.ids import LegId
from callcenter.domain.recalls import AttemptOutcome, ClosedBy, Recall
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    CallerLeft,
    CallerUp,
    Ending,
    LegAnswered,
    LegDialled,
    LegEnded,
    LinkLost,
    LinkRestored,
    PartyJoined,
    PartyLeft,
    RecallDialled,
    RecallOver,
    RecordRead,
    TelephonyEvent,
)
from callcenter.domain.wishes import DialBack
from tests.support.exchange_story import Story
from tests.support.recall_story import calls_back, found_talking, gives_up, rings_him, story, the_open_one


def picked_up(told: Story, wish: DialBack) -> list[TelephonyEvent]:
    """The seat picks up a second from now, and his phone is called."""
    at = told.at + timedelta(seconds=1)
    return [
        LegDialled(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id, seat=wish.seat),
        LegAnswered(at=at, call_id=wish.call_id, leg_id=wish.leg_id),
        RecallDialled(at=at, call_id=wish.call_id, leg_id=wish.leg_id, recording="out.raw"),
    ]


def talked(told: Story, wish: DialBack) -> list[TelephonyEvent]:
    """He answers after four seconds, and hangs up after thirty more."""
    answers, ends = told.at + timedelta(seconds=5), told.at + timedelta(seconds=35)
    parties = (wish.leg_id, LegId(wish.call_id))
    return [
        *picked_up(told, wish),
        CallerUp(at=answers, call_id=wish.call_id),
        *(PartyJoined(at=answers, call_id=wish.call_id, leg_id=leg, talk="talk") for leg in parties),
        PartyLeft(at=ends, call_id=wish.call_id, leg_id=LegId(wish.call_id), talk="talk"),
        CallerLeft(at=ends, call_id=wish.call_id, by_itself=True),
        PartyLeft(at=ends, call_id=wish.call_id, leg_id=wish.leg_id, talk="talk"),
        LegEnded(at=ends, call_id=wish.call_id, leg_id=wish.leg_id, ending=Ending.NORMAL, by_itself=False),
    ]


def is_heard_again(told: Story, meanwhile: Sequence[TelephonyEvent] = (), *, unread: bool = False) -> None:
    seats = frozenset({"8001", "8002"})
    told.hear(LinkRestored(at=told.at, calls=(), seats_registered=seats, meanwhile=tuple(meanwhile), unread=unread))
    told.pass_time(0)


def the_last(told: Story) -> Recall:
    (recall,) = told.folded_recalls.values()
    return recall


@pytest.mark.parametrize("how", ["dies", "loses the link"])
def test_they_talked_and_hung_up_before_it_was_back(how: str) -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    begun, meanwhile, known = told.at, talked(told, wish), len(told.facts)
    told.seconds += 60
    if how == "dies":
        told.starts_anew()
    else:
        told.hear(LinkLost(at=begun))
    is_heard_again(told, meanwhile)

    recall, call = the_last(told), told.call("out")
    (attempt,) = recall.attempts
    dialled, joined, ended = (begun + timedelta(seconds=seconds) for seconds in (1, 5, 35))
    assert (attempt.dialled, attempt.answered, attempt.ended) == (dialled, joined, joined)
    assert (recall.closed_by, recall.closed, attempt.outcome) == (ClosedBy.REACHED, joined, AttemptOutcome.REACHED)
    assert (call.direction, call.t0, call.t4, call.t5) == (Direction.OUTBOUND, dialled, joined, ended)
    assert (call.outcome, call.recording_path) == ("answered", "out.raw")
    assert told.seat("8001").state is SeatState.WRAP_UP
    found_out = [fact for fact in told.facts[known:] if isinstance(fact, RecallChanged | OfCall)]
    assert all(fact.recovered for fact in found_out)


def test_he_was_on_another_call_and_the_attempt_tells_so() -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    over = told.at + timedelta(seconds=4)
    meanwhile = [
        *picked_up(told, wish),
        RecallOver(at=over, call_id=wish.call_id, ending=Ending.BUSY),
        LegEnded(at=over, call_id=wish.call_id, leg_id=wish.leg_id, ending=Ending.CANCELLED, by_itself=False),
    ]
    told.starts_anew()
    told.seconds += 60
    is_heard_again(told, meanwhile)

    (attempt,) = the_open_one(told).attempts
    assert (attempt.outcome, attempt.ended) == (AttemptOutcome.BUSY, over)
    assert told.seat("8001").state is SeatState.READY


def test_he_was_dialled_and_how_it_ended_is_not_written_anywhere() -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    meanwhile = picked_up(told, wish)
    told.starts_anew()
    told.seconds += 60
    is_heard_again(told, meanwhile)

    (attempt,) = the_open_one(told).attempts
    assert (attempt.outcome, attempt.dialled, attempt.answered) == (AttemptOutcome.FAILED, meanwhile[-1].at, None)
    calls_back(told, "out-2", again=True)


@pytest.mark.parametrize("how", ["dies", "loses the link"])
def test_the_record_is_read_late_and_he_is_not_called_before_it_was(how: str) -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    meanwhile = talked(told, wish)
    if how == "dies":
        told.starts_anew()
    else:
        told.hear(LinkLost(at=told.at))
    told.seconds += 60
    is_heard_again(told, unread=True)
    assert the_open_one(told).running is not None
    assert told.seat("8001").state is SeatState.READY
    with pytest.raises(RefusedError, match="already"):
        calls_back(told, "out-2", seat="8002")

    told.hear(RecordRead(at=told.at, call_id=wish.call_id, meanwhile=tuple(meanwhile)), RecordRead(at=told.at))

    assert the_last(told).closed_by is ClosedBy.REACHED
    assert told.call("out").outcome == "answered"
    assert told.seat("8001").state is SeatState.READY, "what it does now is known better"


@pytest.mark.parametrize("told_of", [True, False])
def test_the_record_is_read_late_and_does_not_tell_how_it_ended(*, told_of: bool) -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    meanwhile = picked_up(told, wish) if told_of else []
    told.starts_anew()
    is_heard_again(told, unread=True)
    told.hear(RecordRead(at=told.at, call_id=wish.call_id, meanwhile=tuple(meanwhile)), RecordRead(at=told.at))

    (attempt,) = the_open_one(told).attempts
    assert (attempt.outcome, attempt.dialled is not None) == (AttemptOutcome.FAILED, told_of)
    calls_back(told, "out-2", again=True)


def test_an_attempt_that_goes_on_is_not_told_of_by_a_record_that_is_read_late() -> None:
    told = story()
    gives_up(told, "A")
    calls_back(told, "out-1")
    told.starts_anew()
    is_heard_again(told, unread=True)
    told.hear(RecordRead(at=told.at))
    wish = calls_back(told, "out-2")
    told.hear(RecordRead(at=told.at, call_id=wish.call_id, meanwhile=tuple(talked(told, wish))))

    assert the_open_one(told).running is not None
    rings_him(told, wish)


@pytest.mark.parametrize("talks", [True, False])
def test_it_died_between_the_call_and_the_end_of_the_attempt(*, talks: bool) -> None:
    """The journal has the call that it became, and not yet that he was reached."""
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    rings_him(told, wish)
    ringing = dict(told.folded_recalls)
    told.hear(CallerUp(at=told.at, call_id=wish.call_id))
    told.joined("out", wish.leg_id)
    joined = told.at
    told.folded_recalls = ringing
    told.starts_anew()
    told.pass_time(5)
    told.link_restored(*([replace(found_talking(told, wish), arrived=joined)] if talks else []))

    recall = the_last(told)
    assert (recall.closed_by, recall.reached) == (ClosedBy.REACHED, joined)
    assert told.call("out").is_live == talks
