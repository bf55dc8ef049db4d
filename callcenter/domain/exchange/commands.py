"""What people and the hotline's own parts ask of the exchange. Refused ones change nothing."""

from dataclasses import dataclass
from datetime import datetime

from callcenter.domain.calls import Recording
from callcenter.domain.ids import CallId, TicketId
from callcenter.domain.seats import SeatState


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
    """Something needs a person's attention."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearAlarm:
    """It is well again."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm that stands."""

    name: str
    detail: str
    since: datetime


Command = (
    SetSeatState
    | HangUpCall
    | HoldCall
    | ResumeCall
    | NoteDigits
    | NoteFlowCompleted
    | NoteRecording
    | NoteTicket
    | RaiseAlarm
    | ClearAlarm
)
