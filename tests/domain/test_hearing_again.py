"""Words made from a recording: whose they are, which are new, and under which id."""

from dataclasses import replace
from datetime import UTC, datetime

from callcenter.domain.calls import Call, CallState
from callcenter.domain.hearing_again import LEFT, RIGHT, Piece, Said, noted_afterwards, pieces
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.notes import Gap, Notes, NotesState, Side, Utterance, UtteranceId

ZERO = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
CALLER, SEAT, UNIT = LegId("c"), LegId("s"), LegId("u")
LEG = {Side.CALLER: CALLER, Side.SEAT: SEAT, Side.UNIT: UNIT}


def gap(side: Side, start: float, end: float) -> Gap:
    return Gap(side=side, leg_id=LEG[side], start=start, end=end)


def note(side: Side, start: float, end: float, *, live: bool = True, final: bool = True) -> Utterance:
    name = UtteranceId(f"{side} {start}")
    return Utterance(id=name, side=side, leg_id=LEG[side], start=start, end=end, text="听见", live=live, final=final)


def a_call(*utterances: Utterance, gaps: tuple[Gap, ...] = ()) -> Call:
    return Call(
        id=CallId("call"),
        caller=None,
        state=CallState.ENDED,
        t0=ZERO,
        last_at=ZERO,
        utterances=utterances,
        notes=Notes(state=NotesState.LATER, gaps=gaps),
    )


def heard(begins: float, ends: float, text: str = "重听") -> Said:
    return Said(begins=begins, ends=ends, text=text, confidence=0.5)


def the_piece(call: Call) -> Piece:
    (piece,) = pieces(call)
    return piece


def test_each_side_is_heard_on_its_channel_in_order_of_time() -> None:
    call = a_call(gaps=(gap(Side.SEAT, 8, 9), gap(Side.CALLER, 2, 5), gap(Side.UNIT, 12, 14)))

    found = [(piece.side, piece.channel, piece.begins, piece.ends) for piece in pieces(call)]

    assert found == [(Side.CALLER, LEFT, 2, 5), (Side.SEAT, RIGHT, 8, 9), (Side.UNIT, RIGHT, 12, 14)]


def test_where_seat_and_unit_are_both_missing_the_words_are_the_seats_and_heard_once() -> None:
    call = a_call(gaps=(gap(Side.SEAT, 4, 8), gap(Side.UNIT, 2, 10)))

    found = [(piece.side, piece.begins, piece.ends) for piece in pieces(call)]

    assert found == [(Side.UNIT, 2, 4), (Side.SEAT, 4, 8), (Side.UNIT, 8, 10)]


def test_new_words_are_noted_as_not_live_and_again_under_the_same_id() -> None:
    call = a_call(gaps=(gap(Side.CALLER, 2, 8),))

    first = noted_afterwards(call, the_piece(call), [heard(3.01, 4), heard(5, 6)], [])
    again = noted_afterwards(call, the_piece(call), [heard(3.02, 4), heard(5, 6)], [])

    assert [(each.side, each.leg_id, each.start, each.live, each.text) for each in first] == [
        (Side.CALLER, CALLER, 3.01, False, "重听"),
        (Side.CALLER, CALLER, 5, False, "重听"),
    ]
    assert [each.id for each in first] == [each.id for each in again]
    assert len({each.id for each in first}) == 2
    other = replace(call, id=CallId("another"))
    assert noted_afterwards(other, the_piece(other), [heard(5, 6)], [])[0].id != first[1].id


def test_a_second_try_takes_the_place_of_the_first() -> None:
    call = a_call(note(Side.CALLER, 3.4, 4, live=False), gaps=(gap(Side.CALLER, 2, 8),))

    (noted,) = noted_afterwards(call, the_piece(call), [heard(3.0, 4.2)], [])

    assert noted.id == "caller 3.4"


def test_what_was_shown_and_never_ended_keeps_its_id() -> None:
    call = a_call(gaps=(gap(Side.CALLER, 2, 8),))
    shown = [note(Side.SEAT, 3, 4, final=False), note(Side.CALLER, 3, 3.6, final=False)]

    first, second = noted_afterwards(call, the_piece(call), [heard(2.9, 5), heard(5.5, 6)], shown)

    assert first.id == "caller 3"
    assert second.id not in {each.id for each in shown}


def test_what_was_heard_live_is_not_noted_twice() -> None:
    call = a_call(note(Side.CALLER, 3, 4), gaps=(gap(Side.CALLER, 2, 8),))

    noted = noted_afterwards(call, the_piece(call), [heard(3.1, 4.1), heard(5, 6)], [])

    assert [each.start for each in noted] == [5]


def test_on_the_right_channel_another_ones_live_words_are_left_out() -> None:
    call = a_call(note(Side.UNIT, 3, 4), note(Side.CALLER, 5, 6), gaps=(gap(Side.SEAT, 2, 8),))

    noted = noted_afterwards(call, the_piece(call), [heard(3, 4), heard(5, 6)], [])

    assert [(each.start, each.side) for each in noted] == [(5, Side.SEAT)], "the caller is on the other channel"


def test_a_word_cut_by_the_end_of_a_gap_is_heard_again_as_a_whole() -> None:
    cut = note(Side.CALLER, 8.05, 9)
    call = a_call(cut, note(Side.CALLER, 12, 13), gaps=(gap(Side.CALLER, 2, 8),))

    piece = the_piece(call)
    assert (piece.begins, piece.ends) == (2, 9)
    noted = noted_afterwards(call, piece, [heard(3, 4), heard(7.5, 9)], [])

    assert [(each.start, each.end) for each in noted] == [(3, 4), (7.5, 9)]
    assert noted[1].id == cut.id, "it takes the place of what was heard without its beginning"
    assert noted[0].id != cut.id


def test_what_lies_outside_the_gap_or_is_empty_is_nothing() -> None:
    call = a_call(gaps=(gap(Side.CALLER, 2, 8),))

    assert noted_afterwards(call, the_piece(call), [heard(1, 1.9), heard(8.1, 8.2), heard(3, 4, "")], []) == []
