"""Words made from a recording afterwards: which stretches to hear, whose words they are, and under which id. Pure."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callcenter.domain.calls import Call
from callcenter.domain.ids import LegId
from callcenter.domain.notes import Gap, Side, Utterance, UtteranceId

LEFT, RIGHT = 0, 1
"""Channels of a recording: the caller, and the hotline's side."""

MARGIN = 0.2  # seconds heard beyond the end of a gap: a word may reach over it, but not over its beginning
_CUT = 0.3  # seconds; who is heard to speak so soon after a gap was in the middle of a word when it ended
_EXACT = 0.05  # seconds; how well an engine knows where a word begins
_MOSTLY = 0.5  # of an utterance that another covers
_NAMES = uuid.UUID("6f1d6a52-4f0e-5f0e-9a53-12345c0ffee5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of one channel of a recording in which one leg's words are missing; seconds on its clock."""

    side: Side
    leg_id: LegId
    channel: int
    begins: float
    ends: float
    cut: Utterance | None = None
    """What was noted just behind the gap, without its beginning; it is heard again as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a recogniser heard in a recording; seconds on its clock."""

    begins: float
    ends: float
    text: str
    confidence: float | None


def pieces(call: Call) -> Sequence[Piece]:
    """Say what of a call is to be heard again, in order of time.

    The seat and a unit share the right channel. Where the words of both are missing they cannot be told apart, and
    are the operator's, who is asked first when something is unclear.
    """
    gaps = () if call.notes is None else call.notes.gaps
    seats = [(gap.start, gap.end) for gap in gaps if gap.side is Side.SEAT]
    found = [
        _piece(call, gap, begins, ends)
        for gap in gaps
        for begins, ends in (_without(gap, seats) if gap.side is Side.UNIT else [(gap.start, gap.end)])
    ]
    return sorted(found, key=lambda piece: (piece.begins, piece.ends))


def _piece(call: Call, gap: Gap, begins: float, ends: float) -> Piece:
    own = [each for each in call.utterances if each.live and each.leg_id == gap.leg_id]
    cut = next((each for each in own if ends - _EXACT <= each.start <= ends + _CUT), None)
    return Piece(
        side=gap.side,
        leg_id=gap.leg_id,
        channel=LEFT if gap.side is Side.CALLER else RIGHT,
        begins=begins,
        ends=ends if cut is None else cut.end,
        cut=cut,
    )


def _without(gap: Gap, taken: Iterable[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    left = [(gap.start, gap.end)]
    for begins, ends in taken:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, begins)), (max(start, ends), end))
            if piece[0] < piece[1]
        ]
    return left


def noted_afterwards(
    call: Call, piece: Piece, said: Iterable[Said], unfinished: Iterable[Utterance]
) -> Sequence[Utterance]:
    """Make notes of what was heard in a piece; `unfinished` was shown while it was said and never came to its end.

    Left out is what was noted already, and what another of the hotline's side was heard to say at that time.
    The ids are the same whenever it is done again.
    """
    free = [utterance for utterance in unfinished if utterance.leg_id == piece.leg_id]
    notes: list[Utterance] = []
    for each in said:
        within = piece.begins - _EXACT <= each.begins < piece.ends
        if not each.text or not within or _is_noted(call, piece, each):
            continue
        known = _same(each, [one for one in call.utterances if not one.live and one.leg_id == piece.leg_id])
        if known is None and piece.cut is not None and not any(note.id == piece.cut.id for note in notes):
            known = _same(each, [piece.cut])
        shown = _same(each, free)
        if shown is not None:
            free.remove(shown)
        same = known or shown
        notes.append(
            Utterance(
                id=same.id if same is not None else _name(call, piece, each),
                side=piece.side,
                leg_id=piece.leg_id,
                start=round(each.begins, 3),
                end=round(each.ends, 3),
                text=each.text,
                confidence=each.confidence,
                live=False,
            )
        )
    return notes


def _is_noted(call: Call, piece: Piece, said: Said) -> bool:
    """Tell whether a live utterance covers this: the leg's own, or on the right channel that of the other one."""
    hotline = (Side.SEAT, Side.UNIT)
    return any(
        _shared(utterance, said) > _MOSTLY * (said.ends - said.begins)
        for utterance in call.utterances
        if utterance.live
        and utterance != piece.cut
        and (utterance.leg_id == piece.leg_id or (piece.channel == RIGHT and utterance.side in hotline))
    )


def _same(said: Said, utterances: Iterable[Utterance]) -> Utterance | None:
    """Find the utterance that this is, as far as time tells."""
    for utterance in utterances:
        shorter = min(said.ends - said.begins, utterance.end - utterance.start)
        if _shared(utterance, said) > _MOSTLY * shorter:
            return utterance
    return None


def _shared(utterance: Utterance, said: Said) -> float:
    return max(0.0, min(utterance.end, said.ends) - max(utterance.start, said.begins))


def _name(call: Call, piece: Piece, said: Said) -> UtteranceId:
    return UtteranceId(str(uuid.uuid5(_NAMES, f"{call.id} {piece.leg_id} {said.begins:.1f}")))
