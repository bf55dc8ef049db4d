"""Who is listened to, and what of a call nobody has heard."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegState, Recording, RecordingState
from callcenter.domain.facts import (
    CallArrived,
    CallTalking,
    LegChanged,
    NotesChanged,
    OfCall,
    RecordingChanged,
    SecretChanged,
    UtteranceHeard,
)
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.listening import (
    Attention,
    attend,
    gaps_of,
    legs_to_hear,
    legs_with_words,
    remembered,
    seconds_into,
    without,
)
from callcenter.domain.notes import Gap, Notes, NotesState, Secret, Side, Utterance, UtteranceId

ZERO = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
CALL = CallId("c")
CALLER, SEAT, UNIT = LegId("c"), LegId("s"), LegId("u")


def at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def leg(leg_id: LegId, kind: LegKind, state: LegState = LegState.JOINED) -> Leg:
    return Leg(id=leg_id, kind=kind, party=None, number=None, state=state, started=ZERO)


def a_call(**states: LegState) -> Call:
    """A talk; the states of `caller`, `seat` and `unit` may be given."""
    kinds = {"caller": (CALLER, LegKind.CALLER), "seat": (SEAT, LegKind.SEAT), "unit": (UNIT, LegKind.UNIT)}
    chosen = {"caller": LegState.JOINED, "seat": LegState.JOINED} | states
    return Call(
        id=CALL,
        caller=None,
        state=CallState.TALKING,
        t0=ZERO,
        last_at=ZERO,
        recording=Recording(state=RecordingState.RECORDING, started=ZERO),
        legs=tuple(leg(*kinds[name], state) for name, state in chosen.items()),
    )


@pytest.mark.parametrize(
    ("states", "heard", "with_words"),
    [
        ({}, {CALLER, SEAT}, {CALLER, SEAT}),
        ({"unit": LegState.RINGING}, {CALLER, SEAT}, {CALLER, SEAT}),
        ({"unit": LegState.JOINED}, {CALLER, SEAT, UNIT}, {CALLER, SEAT, UNIT}),
        ({"unit": LegState.ENDED}, {CALLER, SEAT}, {CALLER, SEAT}),
        ({"seat": LegState.PRIVATE, "unit": LegState.PRIVATE, "caller": LegState.HELD}, set(), set()),
        ({"seat": LegState.HELD, "unit": LegState.JOINED}, {CALLER, UNIT}, {CALLER, UNIT}),
    ],
    ids=["two", "unit rings", "three", "unit gone", "consult", "seat away"],
)
def test_those_in_the_talk_are_heard(states: dict[str, LegState], heard: set[LegId], with_words: set[LegId]) -> None:
    call = a_call(**states)

    assert set(legs_to_hear(call)) == heard
    assert set(legs_with_words(call)) == with_words


def test_an_operator_who_holds_keeps_the_tap_and_misses_no_word() -> None:
    call = replace(a_call(seat=LegState.HELD), held=True)

    assert set(legs_to_hear(call)) == {CALLER, SEAT}
    assert set(legs_with_words(call)) == {CALLER}


def test_nobody_is_heard_while_a_secret_is_told_or_nobody_talks() -> None:
    assert legs_to_hear(replace(a_call(), secrets=(Secret(began=ZERO),))) == {}
    assert legs_to_hear(replace(a_call(), secrets=(Secret(began=ZERO, ended=at(1)),))) != {}
    assert legs_to_hear(replace(a_call(), state=CallState.QUEUED)) == {}


def test_what_was_wanted_and_not_heard_is_missing() -> None:
    attentions: dict[LegId, Attention] = {}
    attend(attentions, a_call(), at(10))
    attend(attentions, replace(a_call(), state=CallState.ENDED), at(60))
    attentions[CALLER].heard += [(at(10.2), at(30)), (at(34), at(60))]
    attentions[SEAT].heard += [(at(10.2), at(60))]

    gaps = gaps_of(a_call(), attentions.values(), at(60))

    assert gaps == (Gap(side=Side.CALLER, leg_id=CALLER, start=30.0, end=34.0),)


def test_a_secret_is_never_a_gap() -> None:
    attention = Attention(leg_id=CALLER, side=Side.CALLER, wanted=[(at(0), at(20))])
    call = replace(a_call(), secrets=(Secret(began=at(5), ended=at(12)),))

    gaps = gaps_of(call, [attention], at(20))

    assert [(gap.start, gap.end) for gap in gaps] == [(0.0, 5.0), (12.0, 20.0)]


def test_what_an_earlier_controller_heard_is_known_by_what_it_noted() -> None:
    facts: list[OfCall] = [
        CallArrived(at=ZERO, call_id=CALL, caller=None),
        RecordingChanged(at=ZERO, call_id=CALL, recording=Recording(state=RecordingState.RECORDING, started=ZERO)),
        LegChanged(at=at(1), call_id=CALL, leg=leg(CALLER, LegKind.CALLER)),
        LegChanged(at=at(1), call_id=CALL, leg=leg(SEAT, LegKind.SEAT)),
        CallTalking(at=at(10), call_id=CALL, seat="8001", leg_id=SEAT),
        UtteranceHeard(at=at(14), call_id=CALL, utterance=said(CALLER, Side.CALLER, 11, 13)),
        SecretChanged(at=at(20), call_id=CALL, on=True),
        SecretChanged(at=at(25), call_id=CALL, on=False),
        NotesChanged(
            at=at(26),
            call_id=CALL,
            notes=Notes(state=NotesState.LIVE, gaps=(Gap(side=Side.CALLER, leg_id=CALLER, start=15, end=16),)),
        ),
        UtteranceHeard(at=at(30), call_id=CALL, utterance=said(CALLER, Side.CALLER, 27, 29)),
    ]

    attentions = remembered(facts, at(40))

    caller, seat = attentions[CALLER], attentions[SEAT]
    assert caller.missing(at(40)) == [(at(15), at(16)), (at(29), at(40))]
    assert seat.missing(at(40)) == [(at(10), at(20)), (at(25), at(40))], "nothing of the seat was ever noted"


def said(leg_id: LegId, side: Side, start: float, end: float) -> Utterance:
    return Utterance(id=UtteranceId(f"{side}{start}"), side=side, leg_id=leg_id, start=start, end=end, text="好")


def test_seconds_count_from_the_recording_or_from_the_first_voice() -> None:
    call = a_call()
    assert seconds_into(call, at(3.5)) == 3.5
    assert seconds_into(call, at(-2)) == 0.0
    unrecorded = replace(call, recording=None, t1=at(2))
    assert seconds_into(unrecorded, at(3.5)) == 1.5


_stretches = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


@given(_stretches, _stretches)
def test_what_is_left_is_what_no_other_stretch_covers(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    left = without([(at(a), at(b)) for a, b in one], [(at(a), at(b)) for a, b in other])

    def covers(stretches: list[tuple[int, int]], second: float) -> bool:
        return any(a <= second < b for a, b in stretches)

    for half in range(80):
        second = half / 2 + 0.25
        expected = covers(one, second) and not covers(other, second)
        assert any(begins <= at(second) < ends for begins, ends in left) == expected
