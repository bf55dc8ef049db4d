"""What people and the hotline's own parts ask of the exchange. Refused ones change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call, Recording
from callcenter.domain.ids import CallId, LegId, RecallId, TicketId
from callcenter.domain.notes import Notes, Utterance
from callcenter.domain.recalls import Recall
from callcenter.domain.seats import Seat, SeatState


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSeatState:
    """An operator signs in or out, is ready, takes a break or wraps up."""

    extension: str
    state: SeatState
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpCall:
    """Somebody at the hotline ends the call."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCall:
    """The operator wants the caller to hear music for a while."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeCall:
    """The operator takes the caller back."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnit:
    """The operator brings a third party into the call: a unit, or a number that may be dialled."""

    call_id: CallId
    leg_id: LegId
    """Made by the asker, so that the leg can be named in the answer."""
    party: str | None
    """Unit id; None for a bare number."""
    number: str
    ring_seconds: float
    private: bool
    """On its answer seat and unit talk alone first, the caller hears music."""


class UnitAction(StrEnum):
    """What becomes of a unit that has answered, or still rings."""

    CONSULT = "consult"
    """Seat and unit talk alone; the caller hears music."""
    JOIN = "join"
    """All three talk."""
    DROP = "drop"
    """The unit leaves, or is not called any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUnit:
    """The operator consults with the unit, joins all three, or lets the unit go."""

    call_id: CallId
    leg_id: LegId
    action: UnitAction


class SeatAction(StrEnum):
    """Whether the operator is in the talk of caller and unit."""

    LEAVE = "leave"
    RETURN = "return"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSeat:
    """The operator leaves caller and unit alone, or comes back."""

    call_id: CallId
    action: SeatAction


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """A seat wants to call a citizen back: the attempt is noted, and nobody rung before `RingToCallBack`."""

    recall_id: RecallId
    call_id: CallId
    """Made by the asker; of the attempt, and of the call it becomes when he answers."""
    seat: str
    again: bool = False
    """Though the last attempt was a moment ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingToCallBack:
    """The attempt is in the journal for good: ring the seat."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSecret:
    """Keep neither sound nor words of what follows, or keep them again."""

    call_id: CallId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteUtterance:
    """Somebody was heard to say something."""

    call_id: CallId
    utterance: Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteNotes:
    """How far the words of a call have become notes."""

    call_id: CallId
    notes: Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteDigits:
    """The caller pressed keys at a node of a flow."""

    call_id: CallId
    node: str
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteFlowCompleted:
    """The flow came to its own end, without a person, and the caller is hung up next."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRecording:
    """What stands on the disk of a call's recording."""

    call_id: CallId
    recording: Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTicket:
    """A ticket was drafted from a call."""

    call_id: CallId
    ticket_id: TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseAlarm:
    """Something is bad now; how long it must be before a person is told: `domain.alarms`."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearAlarm:
    """It is well now; how long it must be before the alarm is cleared: `domain.alarms`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """What was before has become known while the hotline serves: the journal could not be read at the start."""

    calls: Sequence[Call]
    """Those that are not settled, as the journal has them."""
    seats: Sequence[Seat]
    alarms: Sequence[Alarm]
    recalls: Sequence[Recall]


Command = (
    SetSeatState
    | HangUpCall
    | HoldCall
    | ResumeCall
    | CallUnit
    | ChangeUnit
    | ChangeSeat
    | CallBack
    | RingToCallBack
    | SetSecret
    | NoteUtterance
    | NoteNotes
    | NoteDigits
    | NoteFlowCompleted
    | NoteRecording
    | NoteTicket
    | RaiseAlarm
    | ClearAlarm
    | Remember
)
