"""A unit in the talk step by step: what is wished, what the journal keeps, and what is refused, with what."""

import pytest

from callcenter.domain.calls import LegKind, LegOutcome, LegState, Outcome
from callcenter.domain.errors import NotFoundError, RefusedError
from callcenter.domain.exchange import commands as c
from callcenter.domain.facts import SecretChanged
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import Ending, LinkLost
from callcenter.domain.wishes import (
    AfterTalk,
    DialUnit,
    EndLeg,
    GiveCallerBack,
    MeetUnit,
    MuteLeg,
    MuteRecording,
    OfferSeat,
    ParkCaller,
    PlayMusic,
    ReturnToLine,
    RingSeatBack,
    StopMusic,
    Then,
)
from tests.support.exchange_story import SEATS, Story
from tests.support.line_model import Line

A, UNIT = CallId("A"), LegId("unit-1")


def talk(*, ready: tuple[str, ...] = SEATS) -> Line:
    """Caller and seat talk."""
    line = Line(Story(ready=ready))
    line.arrives("A")
    line.settle()
    offer = line.story.offer_of("A")
    line.rings(offer.leg_id)
    line.answers(offer.leg_id)
    line.settle()
    return line


def call_unit(*, private: bool = False) -> c.CallUnit:
    return c.CallUnit(call_id=A, leg_id=UNIT, party="water", number="02", ring_seconds=30.0, private=private)


def change(action: c.UnitAction) -> c.ChangeUnit:
    return c.ChangeUnit(call_id=A, leg_id=UNIT, action=action)


def operator(action: c.SeatAction) -> c.ChangeSeat:
    return c.ChangeSeat(call_id=A, action=action)


def three(*, private: bool = False) -> Line:
    """The unit has answered."""
    line = talk()
    assert line.ask(call_unit(private=private))
    line.rings(UNIT)
    line.answers(UNIT)
    line.settle()
    return line


def states(line: Line) -> dict[str, str]:
    return {leg.kind.value: leg.state.value for leg in line.story.call("A").legs}


def seat_leg(line: Line) -> LegId:
    return next(leg.id for leg in reversed(line.story.call("A").legs) if leg.kind is LegKind.SEAT)


def unit(line: Line) -> tuple[LegState, LegOutcome | None]:
    leg = line.story.call("A").leg(UNIT)
    assert leg is not None
    return leg.state, leg.outcome


def refusal(line: Line, command: c.Command) -> str:
    with pytest.raises(RefusedError) as refused:
        line.story.ask(command)
    return str(refused.value)


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending.BUSY, LegOutcome.BUSY),
        (Ending.REFUSED, LegOutcome.REFUSED),
        (Ending.NO_ANSWER, LegOutcome.NO_ANSWER),
        (Ending.FAILED, LegOutcome.FAILED),
    ],
)
def test_a_unit_that_does_not_come_leaves_the_talk_as_it_was(ending: Ending, outcome: LegOutcome) -> None:
    line = talk()
    line.ask(call_unit())
    line.settle()
    before = len(line.story.wishes)
    line.refuses(UNIT, ending)
    line.settle()

    assert unit(line) == (LegState.ENDED, outcome)
    assert line.story.wishes[before:] == []
    assert line.story.kinds("A")[-1] == "call.talking"
    assert line.ask(
        c.CallUnit(call_id=A, leg_id=LegId("unit-2"), party=None, number="0", ring_seconds=9, private=False)
    )


def test_a_unit_whose_phone_gives_no_sign_of_life_has_failed() -> None:
    line = talk()
    line.ask(call_unit())
    line.settle()
    line.pass_time(line.story.policy.no_ring_seconds + 0.1)
    line.settle()

    assert unit(line) == (LegState.ENDED, LegOutcome.FAILED)


def test_a_unit_that_is_dropped_while_it_rings_is_cancelled() -> None:
    line = talk()
    line.ask(call_unit())
    line.rings(UNIT)
    line.settle()
    line.ask(change(c.UnitAction.DROP))
    line.settle()

    assert unit(line) == (LegState.ENDED, LegOutcome.CANCELLED)


def test_a_unit_that_answered_and_came_into_no_talk_has_failed() -> None:
    line = talk()
    line.ask(call_unit())
    line.settle()
    line.channels[UNIT].then = "lost"  # Asterisk adds it to a bridge that is not there, and hangs it up
    line.answers(UNIT)
    line.channels[UNIT].place = "add"
    line._goes_on(line.channels[UNIT])
    line.settle()

    assert unit(line) == (LegState.ENDED, LegOutcome.FAILED)


def test_in_a_private_consult_the_caller_is_mute_before_the_unit_comes_and_hears_music_after() -> None:
    line = three(private=True)

    kinds = [type(wish) for wish in line.story.wishes if type(wish) in (DialUnit, MeetUnit, ParkCaller, MuteLeg)]
    assert kinds == [DialUnit, MeetUnit, ParkCaller]
    assert states(line) == {"caller": "held", "seat": "private", "unit": "private"}
    assert line.story.call("A").state == "talking"


@pytest.mark.parametrize("brought", [False, True], ids=["before it came", "in the consult"])
def test_a_unit_that_goes_in_a_private_consult_gives_the_caller_back(brought: bool) -> None:  # noqa: FBT001
    line = three(private=True) if brought else talk()
    if not brought:
        line.ask(call_unit(private=True))
        line.answers(UNIT)
        line.deliver(2)
        assert line.channels[LegId(A)].muted
    line.hangs_up(UNIT)
    line.settle()

    caller = line.channels[LegId(A)]
    assert not caller.muted
    assert caller.bridge == line.channels[seat_leg(line)].bridge is not None
    assert not line.channels[seat_leg(line)].keep
    assert states(line) == {"caller": "joined", "seat": "joined", "unit": "ended"}


def test_a_seat_that_goes_in_a_consult_brings_the_caller_to_the_head_and_ends_the_unit() -> None:
    line = three(private=True)
    line.hangs_up(seat_leg(line))
    line.settle()

    assert ReturnToLine(call_id=A) in line.story.wishes
    assert line.story.kinds("A").count("call.requeued") == 1
    assert unit(line)[0] is LegState.ENDED
    assert line.story.offer_of("A").seat == "8002"


def test_join_asked_before_the_caller_has_come_to_the_music_is_done_when_he_has() -> None:
    line = three()
    line.ask(change(c.UnitAction.CONSULT))
    assert line.ask(change(c.UnitAction.JOIN))
    line.settle()

    assert states(line) == {"caller": "joined", "seat": "joined", "unit": "joined"}


def test_the_operators_time_stops_as_he_leaves_and_the_seat_is_free_when_he_hangs_up() -> None:
    line = three()
    line.story.seconds += 10
    line.ask(operator(c.SeatAction.LEAVE))
    line.settle()
    assert states(line) == {"caller": "joined", "seat": "held", "unit": "joined"}
    assert line.story.seat("8001").state is SeatState.TALKING

    line.story.seconds += 50
    line.hangs_up(seat_leg(line))
    line.settle()

    assert line.story.seat("8001").state is SeatState.WRAP_UP
    assert line.story.exchange._state.handled_seconds == [10 + line.story.policy.wrap_up_seconds]
    assert line.story.kinds("A")[-1] == "call.seat_left"
    assert line.story.call("A").seat == "8001"
    line.pass_time(line.story.policy.wrap_up_seconds + 1)
    assert line.story.seat("8001").state is SeatState.READY


def test_a_seat_that_hung_up_is_rung_back_and_is_as_before_when_nobody_answers() -> None:
    line = three()
    line.hangs_up(seat_leg(line))
    line.settle()
    for answers in (False, True):
        assert line.ask(operator(c.SeatAction.RETURN))
        line.settle()
        ring = next(wish for wish in reversed(line.story.wishes) if isinstance(wish, RingSeatBack))
        line.rings(ring.leg_id)
        line.settle()
        assert line.story.seat("8001").state is SeatState.RINGING
        assert "rung" in refusal(line, operator(c.SeatAction.RETURN))
        if answers:
            line.answers(ring.leg_id)
        else:
            line.refuses(ring.leg_id, Ending.NO_ANSWER)
        line.settle()
        assert line.story.seat("8001").state is (SeatState.TALKING if answers else SeatState.WRAP_UP)
        assert line.story.seat("8001").missed == 0
    assert line.story.kinds("A")[-2:] == ["call.seat_left", "call.seat_returned"]
    assert states(line) == {"caller": "joined", "seat": "joined", "unit": "joined"}


@pytest.mark.parametrize("lost", [False, True], ids=["hung up", "lost"])
def test_when_only_caller_and_unit_were_left_the_call_ends_or_waits_again(lost: bool) -> None:  # noqa: FBT001
    line = three()
    line.hangs_up(seat_leg(line))
    line.settle()
    line.hangs_up(UNIT, lost=lost)
    line.settle()
    line.pass_time(0.4)
    line.settle()

    call = line.story.call("A")
    assert call.is_live == lost
    if lost:
        assert line.story.kinds("A").count("call.requeued") == 1
    else:
        assert call.outcome is Outcome.ANSWERED


def test_a_unit_that_goes_while_the_operator_is_out_gives_the_caller_back_to_him() -> None:
    line = three()
    line.ask(operator(c.SeatAction.LEAVE))
    line.settle()
    line.hangs_up(UNIT)
    line.settle()

    assert GiveCallerBack(call_id=A, seat_leg=seat_leg(line)) in line.story.wishes
    assert line.story.kinds("A")[-2:] == ["call.seat_left", "call.seat_returned"]
    assert AfterTalk(call_id=A, then=Then.END) == [w for w in line.story.wishes if isinstance(w, AfterTalk)][-1]


def test_a_caller_who_hangs_up_ends_everybody_wherever_they_are() -> None:
    for where in ("rings", "joined", "consult", "away"):
        line = talk() if where == "rings" else three(private=where == "consult")
        if where == "rings":
            line.ask(call_unit())
        if where == "away":
            line.ask(operator(c.SeatAction.LEAVE))
        line.settle()
        line.hangs_up(LegId(A))
        line.settle()

        assert line.channels == {}, where
        assert line.story.seat("8001").state is SeatState.WRAP_UP
        assert all(leg.state is LegState.ENDED for leg in line.story.call("A").legs)


def test_music_and_a_unit_take_turns_in_a_hold() -> None:
    line = talk()
    line.ask(c.HoldCall(call_id=A))
    line.ask(call_unit())
    line.answers(UNIT)
    line.settle()
    stopped = [wish for wish in line.story.wishes if isinstance(wish, StopMusic)]
    assert [wish.unmute_seat for wish in stopped] == [False]

    line.hangs_up(UNIT)
    line.settle()
    assert sum(isinstance(wish, PlayMusic) for wish in line.story.wishes) == 2
    line.ask(c.ResumeCall(call_id=A))
    assert not line.channels[seat_leg(line)].muted
    assert [channel.kind for channel in line.channels.values()] == ["caller", "seat"]


def test_a_hold_ends_when_a_private_unit_answers() -> None:
    line = talk()
    line.ask(c.HoldCall(call_id=A))
    line.ask(call_unit(private=True))
    line.answers(UNIT)
    line.settle()

    assert line.story.kinds("A")[-2:] == ["call.held", "call.resumed"]
    assert not line.channels[seat_leg(line)].muted
    assert states(line) == {"caller": "held", "seat": "private", "unit": "private"}


def test_a_secret_does_not_outlive_the_talk_in_which_it_was_told() -> None:
    line = talk()
    line.ask(c.SetSecret(call_id=A, on=True))
    line.link_breaks()
    line.link_is_back()
    assert line.story.wishes.count(MuteRecording(call_id=A, muted=True)) == 2

    line.hangs_up(seat_leg(line), lost=True)
    line.settle()
    assert MuteRecording(call_id=A, muted=False) in line.story.wishes
    assert [fact.on for fact in line.story.facts if isinstance(fact, SecretChanged)] == [True, False]


def test_what_is_not_possible_is_refused_with_what_is() -> None:
    ringing = talk()
    ringing.ask(call_unit())
    assert "drop is possible" in refusal(ringing, c.CallUnit(
        call_id=A, leg_id=LegId("unit-2"), party=None, number="0", ring_seconds=9, private=False
    ))  # fmt: skip
    for action in (c.UnitAction.CONSULT, c.UnitAction.JOIN):
        assert "drop is possible" in refusal(ringing, change(action))
    assert "leave is possible when a unit has joined" in refusal(ringing, operator(c.SeatAction.LEAVE))

    joined = three()
    assert "consult, drop and leave are possible" in refusal(joined, change(c.UnitAction.JOIN))
    assert "leave is possible" in refusal(joined, operator(c.SeatAction.RETURN))
    joined.ask(operator(c.SeatAction.LEAVE))
    for command in (c.HoldCall(call_id=A), change(c.UnitAction.CONSULT), operator(c.SeatAction.LEAVE)):
        assert "after return" in refusal(joined, command)

    consult = three(private=True)
    for command in (c.HoldCall(call_id=A), change(c.UnitAction.CONSULT), operator(c.SeatAction.LEAVE)):
        assert "join and drop are possible" in refusal(consult, command)

    alone = three()
    alone.hangs_up(seat_leg(alone))
    alone.settle()
    assert "return is possible" in refusal(alone, change(c.UnitAction.DROP))
    alone.story.phone("8001", registered=False)
    assert "registered" in refusal(alone, operator(c.SeatAction.RETURN))
    alone.story.phone("8001", registered=True)
    alone.ask(c.SetSeatState(extension="8001", state=SeatState.OFFLINE))
    assert "signed in" in refusal(alone, operator(c.SeatAction.RETURN))
    with pytest.raises(NotFoundError):
        alone.story.ask(c.ChangeUnit(call_id=A, leg_id=LegId("nobody"), action=c.UnitAction.DROP))


def test_a_unit_whose_end_is_never_told_is_held_for_ended() -> None:
    line = three()
    line.ask(change(c.UnitAction.DROP))
    line.events.clear()
    assert EndLeg(leg_id=UNIT) in line.story.pass_time(5.1)
    line.story.pass_time(5.1)

    assert unit(line) == (LegState.ENDED, LegOutcome.ANSWERED)


@pytest.mark.parametrize("dies", [False, True], ids=["link", "controller"])
@pytest.mark.parametrize("where", ["joined", "consult", "away"])
def test_after_an_absence_a_talk_of_three_goes_on_as_it_is(where: str, dies: bool) -> None:  # noqa: FBT001
    line = three(private=where == "consult")
    if where == "away":
        line.ask(operator(c.SeatAction.LEAVE))
        line.settle()
    before = states(line)
    line.dies() if dies else line.link_breaks()
    line.link_is_back()
    line.settle()

    assert states(line) == before
    assert line.story.kinds("A").count("call.requeued") == 0
    assert not [wish for wish in line.story.wishes if isinstance(wish, OfferSeat)][1:]


def test_a_unit_that_has_gone_in_our_absence_gives_the_caller_back() -> None:
    line = three(private=True)
    line.story.hear(LinkLost(at=line.at))
    line.linked = False
    line.hangs_up(UNIT)
    line.link_is_back()
    line.settle()

    assert states(line) == {"caller": "joined", "seat": "joined", "unit": "ended"}
    assert line.story.call("A").recovered
