"""What one citizen's call IS: the value that its facts add up to."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Notes, Secret, Utterance


class CallState(StrEnum):
    """Where the caller is."""

    IVR = "ivr"
    QUEUED = "queued"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class Direction(StrEnum):
    """Who called whom."""

    INBOUND = "inbound"
    """The citizen called the hotline."""
    OUTBOUND = "outbound"
    """A seat called the citizen back and he answered; counts in no figure of callers (kpis.md §1)."""


class Outcome(StrEnum):
    """How a call ended; exclusive and complete (kpis.md §0.2)."""

    ANSWERED = "answered"
    ABANDONED_IVR = "abandoned_ivr"
    ABANDONED_QUEUE = "abandoned_queue"
    ABANDONED_RINGING = "abandoned_ringing"
    COMPLETED_IN_IVR = "completed_in_ivr"
    CALLBACK_BOOKED = "callback_booked"
    FLOWED_OUT = "flowed_out"
    LOST = "lost"


class LegKind(StrEnum):
    """Who a leg belongs to."""

    CALLER = "caller"
    SEAT = "seat"
    UNIT = "unit"


class LegState(StrEnum):
    """How far a leg has come."""

    DIALING = "dialing"
    RINGING = "ringing"
    PRIVATE = "private"
    JOINED = "joined"
    HELD = "held"
    ENDED = "ended"


class LegOutcome(StrEnum):
    """How the attempt to reach this party ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RecordingState(StrEnum):
    """What is known of the sound file."""

    RECORDING = "recording"
    KEPT = "kept"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One party's connection within a call."""

    id: LegId
    kind: LegKind
    party: str | None
    """Seat extension or unit id; None for the caller."""
    number: str | None
    state: LegState
    outcome: LegOutcome | None = None
    started: datetime
    answered: datetime | None = None
    joined: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The sound of a call: left the caller, right the hotline's side."""

    state: RecordingState
    started: datetime | None = None
    """When its first sample was heard; the clock of utterances."""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """What the caller pressed at one node of a flow."""

    node: str
    digits: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """One citizen's stay with the hotline. t0…t5 as kpis.md §0.1 defines them."""

    id: CallId
    caller: str | None
    """The citizen's number, also where he was called back."""
    direction: Direction = Direction.INBOUND
    state: CallState = CallState.IVR
    outcome: Outcome | None = None
    queue: str | None = None
    seat: str | None = None
    """The seat that rings or talks now, or that talked last."""
    legs: tuple[Leg, ...] = ()
    t0: datetime
    t1: datetime | None = None
    t2: datetime | None = None
    t3: datetime | None = None
    t4: datetime | None = None
    t5: datetime | None = None
    held: bool = False
    ticket_id: TicketId | None = None
    recording: Recording | None = None
    digits: tuple[Digits, ...] = ()
    utterances: tuple[Utterance, ...] = ()
    """Final ones, in the order of their starts."""
    notes: Notes | None = None
    """None where nothing was ever to be noted."""
    secrets: tuple[Secret, ...] = ()
    """Stretches without recording and notes; the last one is open while its end is None."""
    grade_asked: datetime | None = None
    """Since when, after the talk, he was asked how satisfied he is."""
    grade: int | None = None
    """5 very satisfied … 1 very dissatisfied; None where he gave none."""
    recovered: bool = False
    last_at: datetime
    """Time of the newest fact; no later fact is dated before it."""
    recording_path: str | None = field(default=None, repr=False)

    def but(self, **changes: Any) -> "Call":
        """Give this call with some of its fields changed.

        Each fact of a call does this. `dataclasses.replace`, which sets every field anew, takes six times as long.
        """
        assert changes.keys() <= self.__dict__.keys(), changes
        call = object.__new__(Call)
        call.__dict__.update(self.__dict__)
        call.__dict__.update(changes)
        return call

    def leg(self, leg_id: LegId) -> Leg | None:
        """Find a leg by its id."""
        return next((leg for leg in self.legs if leg.id == leg_id), None)

    def with_leg(self, leg: Leg) -> "Call":
        """Put a leg in its place, or at the end when it is new."""
        if self.leg(leg.id) is None:
            return self.but(legs=(*self.legs, leg))
        return self.but(legs=tuple(leg if old.id == leg.id else old for old in self.legs))

    def with_utterance(self, utterance: Utterance) -> "Call":
        """Put an utterance in its place by its start; one of the same id is replaced."""
        others = [known for known in self.utterances if known.id != utterance.id]
        return self.but(utterances=tuple(sorted([*others, utterance], key=lambda each: (each.start, each.end))))

    @property
    def is_secret(self) -> bool:
        """Neither sound nor words are kept at this moment."""
        return bool(self.secrets) and self.secrets[-1].ended is None

    @property
    def is_talking(self) -> bool:
        """The caller talks with somebody, or is on hold; not any more while he is asked for a grade."""
        return self.state is CallState.TALKING and self.grade_asked is None

    @property
    def is_live(self) -> bool:
        """The caller is still on the line."""
        return self.state is not CallState.ENDED

    @property
    def is_on_line(self) -> bool:
        """Somebody is still on the line: the caller, or a leg that has not ended."""
        return self.is_live or any(leg.ended is None for leg in self.legs)
