"""What was said in a talk, as notes: utterances on the recording's clock, and what is still to be made of the sound."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from callcenter.domain.ids import LegId

UtteranceId = NewType("UtteranceId", str)
"""Stays the same from the first partial to the final text, and when the recording is transcribed again."""


class Side(StrEnum):
    """Who spoke."""

    CALLER = "caller"
    SEAT = "seat"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What one person said without a longer pause.

    Times are seconds since `recording.started` of the call, or since t1 where nothing is recorded.
    """

    id: UtteranceId
    side: Side
    leg_id: LegId
    start: float
    end: float
    text: str
    """As people write it."""
    heard: str | None = None
    """What the recogniser heard, where the text was rewritten (numbers, dates, amounts); else None."""
    confidence: float | None = None
    """0 to 1; None where the engine gives none."""
    live: bool = True
    """Heard while they talked; False when it was made from the recording afterwards."""
    final: bool = True


class NotesState(StrEnum):
    """How the notes of a call stand."""

    LIVE = "live"
    """Words are being noted while people talk."""
    LATER = "later"
    """Parts were not heard live; they are made from the recording."""
    COMPLETE = "complete"
    FAILED = "failed"
    """Parts cannot be had: no recording, or it could not be transcribed."""


TapId = NewType("TapId", str)
"""A UUID that stands for one listening to one leg, and is used once: by it every word finds its own call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a tap has heard, in Asterisk's time; the partials of an utterance and its final share the number."""

    number: int
    begins: datetime
    ends: datetime
    text: str
    """As heard. Empty in a final: nothing was said after all."""
    confidence: float | None
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of one leg's talk that was not noted live; seconds on the recording's clock."""

    side: Side
    leg_id: LegId
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """How far the words of a call have become notes."""

    state: NotesState
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A stretch of which neither sound nor words are kept, on the operator's word."""

    began: datetime
    ended: datetime | None = None
