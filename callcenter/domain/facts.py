"""What happened: the typed, timed entries of the journal. Everything that is shown is a fold over these."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, assert_never

from callcenter.domain.calls import Call, CallState, Digits, Direction, Leg, Outcome, Recording
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Notes, Secret, Utterance
from callcenter.domain.recalls import Recall
from callcenter.domain.seats import Seat
from callcenter.domain.tickets import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFact:
    """Something that happened to one call."""

    at: datetime
    call_id: CallId
    recovered: bool = False
    """Found out after an absence of ours, not witnessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived(CallFact):
    """The call exists (t0).

    One that a seat made to call a citizen back exists from his answer on, dated when he was dialled, and has no t2:
    he asked for nobody. Attempts that he did not answer are no calls; `RecallChanged` tells of them.
    """

    kind: ClassVar[str] = "call.arrived"
    caller: str | None
    recording_path: str | None = None
    direction: Direction = Direction.INBOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class CallVoice(CallFact):
    """The caller hears the hotline's words for the first time (t1)."""

    kind: ClassVar[str] = "call.voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDigits(CallFact):
    """The caller pressed keys at a node of a flow."""

    kind: ClassVar[str] = "call.digits"
    node: str
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(CallFact):
    """A person was asked for (t2, the first time)."""

    kind: ClassVar[str] = "call.queued"
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOffered(CallFact):
    """A seat's phone is being called for this caller."""

    kind: ClassVar[str] = "call.offered"
    seat: str
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(CallFact):
    """A seat rings for this caller (t3, the first time)."""

    kind: ClassVar[str] = "call.ringing"
    seat: str
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMissed(CallFact):
    """A seat rang and was not answered."""

    kind: ClassVar[str] = "call.missed"
    seat: str
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRefused(CallFact):
    """A seat was busy or declined."""

    kind: ClassVar[str] = "call.refused"
    seat: str
    leg_id: LegId
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed(CallFact):
    """A seat could not be reached, or its offer was withdrawn."""

    kind: ClassVar[str] = "call.failed"
    seat: str
    leg_id: LegId
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTalking(CallFact):
    """A person has answered and is joined with the caller (t4, the first time)."""

    kind: ClassVar[str] = "call.talking"
    seat: str
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(CallFact):
    """The operator put the caller on hold; he hears music."""

    kind: ClassVar[str] = "call.held"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(CallFact):
    """The hold is over."""

    kind: ClassVar[str] = "call.resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequeued(CallFact):
    """The talk broke off through no wish of the caller's: he waits again, at the head of the line."""

    kind: ClassVar[str] = "call.requeued"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallFact):
    """The caller's leg is gone (t5)."""

    kind: ClassVar[str] = "call.ended"
    outcome: Outcome
    ended_by: str
    """`caller`, `hotline` or `unknown`."""
    where: str
    """State in which it ended: an IVR node is in the digits, otherwise ivr, queued, ringing, talking."""
    waited_ms: int | None
    """From t2 (t0 where nobody was asked for) to the end, for a caller who gave up; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegChanged(CallFact):
    """A leg began, moved or ended; the leg as it is now."""

    kind: ClassVar[str] = "leg.changed"
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChanged(CallFact):
    """What is known of the sound file has changed."""

    kind: ClassVar[str] = "recording.changed"
    recording: Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChanged(CallFact):
    """A ticket was drafted from this call."""

    kind: ClassVar[str] = "ticket.changed"
    ticket_id: TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLeft(CallFact):
    """The operator left caller and unit alone; the seat's talk time stops (kpis.md §0.1)."""

    kind: ClassVar[str] = "call.seat_left"
    seat: str
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatReturned(CallFact):
    """The operator is back with caller and unit; the seat's talk time goes on."""

    kind: ClassVar[str] = "call.seat_returned"
    seat: str
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretChanged(CallFact):
    """From now on neither sound nor words are kept, or they are again."""

    kind: ClassVar[str] = "secret.changed"
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceHeard(CallFact):
    """Somebody said something; the final text of it, which takes the place of an earlier one of the same id."""

    kind: ClassVar[str] = "utterance.final"
    utterance: Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class NotesChanged(CallFact):
    """How far the words of this call have become notes."""

    kind: ClassVar[str] = "notes.changed"
    notes: Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChanged:
    """A seat as it is from now on."""

    kind: ClassVar[str] = "seat.changed"
    at: datetime
    seat: Seat
    recovered: bool = False
    call_id: ClassVar[None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketStands:
    """A ticket as it stands since it was drafted, edited or filed; also one that comes from no call.

    What `TicketChanged` tells is which ticket a call has. Journals begun before 2026-12 have no entries of this kind:
    what their tickets were is not known to the figures.
    """

    kind: ClassVar[str] = "ticket.stands"
    at: datetime
    ticket_id: TicketId
    standing: Standing
    recovered: bool = False
    call_id: CallId | None = None
    """The call it was drafted from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised:
    """Something needs a person's attention."""

    kind: ClassVar[str] = "alarm.raised"
    at: datetime
    name: str
    detail: str
    recovered: bool = False
    call_id: CallId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCleared:
    """It is well again."""

    kind: ClassVar[str] = "alarm.cleared"
    at: datetime
    name: str
    recovered: bool = False
    call_id: ClassVar[None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallChanged:
    """The obligation to call one number back as it is from now on: opened, joined, attempted, or closed.

    The last of a recall tells everything that figure 12 counts; see `domain.recalls.Recall`. The journal is the
    hotline's own; what leaves the house under a public topic holds no number (`events.topics`).
    """

    kind: ClassVar[str] = "recall.changed"
    at: datetime
    recall: Recall
    recovered: bool = False
    call_id: ClassVar[None] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStepped:
    """The machine's clock was stepped, or the time it shows since then is taken over.

    Between the two all is dated as if it had not been stepped, so that no wait of a call on the line is false. What
    stands before the second and what stands behind it are told by clocks that are `seconds` apart.
    """

    kind: ClassVar[str] = "clock.stepped"
    at: datetime
    seconds: float
    """Positive is forward."""
    taken_over: bool = False
    recovered: bool = False
    call_id: ClassVar[None] = None


OfCall = (
    CallArrived
    | CallVoice
    | CallDigits
    | CallQueued
    | CallOffered
    | CallRinging
    | CallMissed
    | CallRefused
    | CallFailed
    | CallTalking
    | CallHeld
    | CallResumed
    | CallRequeued
    | CallEnded
    | LegChanged
    | RecordingChanged
    | TicketChanged
    | SeatLeft
    | SeatReturned
    | SecretChanged
    | UtteranceHeard
    | NotesChanged
)
Fact = OfCall | SeatChanged | RecallChanged | TicketStands | AlarmRaised | AlarmCleared | ClockStepped
FACT_OF_KIND: Mapping[str, type[Fact]] = {fact.kind: fact for fact in typing.get_args(Fact)}


def apply(call: Call | None, fact: OfCall) -> Call:
    """Add one fact to a call; the first must be its arrival.

    Raises:
        ValueError: the call has not arrived yet, or arrives twice before our eyes.

    """
    if isinstance(fact, CallArrived):
        if call is not None and fact.recovered:
            return replace(call, recovered=True)  # found on the line while the journal could not be read
        if call is not None:
            raise ValueError("a call arrives once")
        return Call(
            id=fact.call_id,
            caller=fact.caller,
            direction=fact.direction,
            t0=fact.at,
            last_at=fact.at,
            recovered=fact.recovered,
            recording_path=fact.recording_path,
        )
    if call is None:
        raise ValueError("a call begins with its arrival")
    return replace(_changed(call, fact), last_at=max(call.last_at, fact.at), recovered=call.recovered or fact.recovered)


def _changed(call: Call, fact: OfCall) -> Call:
    match fact:
        case CallArrived():
            return call
        case CallVoice():
            return replace(call, t1=call.t1 or fact.at)
        case CallDigits():
            return replace(call, digits=(*call.digits, Digits(node=fact.node, digits=fact.digits)))
        case CallQueued():
            return replace(call, state=CallState.QUEUED, queue=fact.queue, t2=call.t2 or fact.at)
        case CallOffered():
            return replace(call, seat=fact.seat)
        case CallRinging():
            return replace(call, state=CallState.RINGING, seat=fact.seat, t3=call.t3 or fact.at)
        case CallMissed() | CallRefused() | CallFailed():
            return replace(call, state=CallState.QUEUED, seat=None)
        case CallTalking():
            return replace(
                call,
                state=CallState.TALKING,
                seat=fact.seat,
                t1=call.t1 or fact.at,
                t3=call.t3 or (None if fact.recovered else fact.at),  # nobody wrote down when it rang
                t4=call.t4 or fact.at,
            )
        case CallHeld():
            return replace(call, held=True)
        case CallResumed():
            return replace(call, held=False)
        case CallRequeued():
            return replace(call, state=CallState.QUEUED, seat=None, held=False)
        case CallEnded():
            ended = replace(call, state=CallState.ENDED, outcome=fact.outcome, t5=fact.at, held=False)
            return replace(ended, secrets=_closed(call.secrets, fact.at))
        case LegChanged():
            return call.with_leg(fact.leg)
        case RecordingChanged():
            return replace(call, recording=fact.recording)
        case TicketChanged():
            return replace(call, ticket_id=fact.ticket_id)
        case SeatLeft():
            return replace(call, held=False)
        case SeatReturned():
            return replace(call, seat=fact.seat)
        case SecretChanged():
            return replace(call, secrets=_secrets(call, fact))
        case UtteranceHeard():
            return call.with_utterance(fact.utterance)
        case NotesChanged():
            return replace(call, notes=fact.notes)
        case _:
            assert_never(fact)


def _secrets(call: Call, fact: SecretChanged) -> tuple[Secret, ...]:
    if fact.on == call.is_secret:
        return call.secrets
    return (*call.secrets, Secret(began=fact.at)) if fact.on else _closed(call.secrets, fact.at)


def _closed(secrets: tuple[Secret, ...], at: datetime) -> tuple[Secret, ...]:
    return tuple(secret if secret.ended is not None else replace(secret, ended=at) for secret in secrets)


def to_data(fact: Fact) -> dict[str, Any]:
    """Give the fact's own fields as JSON values; time, call and `recovered` stand beside them in the journal."""
    outside = {"at", "call_id", "recovered"}
    return {f.name: _plain(getattr(fact, f.name)) for f in dataclasses.fields(fact) if f.name not in outside}


def from_data(kind: str, data: Mapping[str, Any], *, at: datetime, call_id: str | None, recovered: bool) -> Fact:
    """Rebuild a fact from a journal entry.

    Raises:
        ValueError: the kind is unknown or the data do not fit it.

    """
    fact_type = FACT_OF_KIND.get(kind)
    if fact_type is None:
        raise ValueError(f"unknown kind of fact: {kind}")
    values: dict[str, Any] = {"at": at, "recovered": recovered}
    hints = _hints(fact_type)
    names = {f.name for f in dataclasses.fields(fact_type)}
    if "call_id" in names:
        values["call_id"] = call_id
    for name in names - values.keys():
        if name in data:
            values[name] = _typed(data[name], hints[name])
    try:
        return fact_type(**values)
    except TypeError as error:
        raise ValueError(f"entry of kind {kind} lacks a field: {error}") from error


_HINTS: dict[str, Mapping[str, Any]] = {}


def _hints(of: type) -> Mapping[str, Any]:
    """Give the types of a class's fields; found out once, since a journal of a million entries is read with them."""
    name = f"{of.__module__}.{of.__qualname__}"
    if (known := _HINTS.get(name)) is None:
        known = _HINTS[name] = typing.get_type_hints(of)
    return known


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _typed(value: Any, wanted: Any) -> Any:
    origin = typing.get_origin(wanted)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        wanted = next(arg for arg in typing.get_args(wanted) if arg is not type(None))
        return _typed(value, wanted)
    if origin is tuple:
        return tuple(_typed(item, typing.get_args(wanted)[0]) for item in value)
    if wanted is datetime:
        return datetime.fromisoformat(value)
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return wanted(value)
    if dataclasses.is_dataclass(wanted) and isinstance(wanted, type):
        hints = _hints(wanted)
        return wanted(**{name: _typed(item, hints[name]) for name, item in value.items() if name in hints})
    return value
