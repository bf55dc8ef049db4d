"""What happened: the typed, timed entries of the journal. Everything that is shown is a fold over these.

`fold` adds them to a call, `fact_data` writes them as the journal keeps them.
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from callcenter.domain.calls import Direction, Leg, Outcome, Recording
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Notes, Utterance
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
class CallGradeAsked(CallFact):
    """The talk is over, and the caller is asked how satisfied he is."""

    kind: ClassVar[str] = "call.grade_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGraded(CallFact):
    """The caller has given a grade (kpis.md §14)."""

    kind: ClassVar[str] = "call.graded"
    grade: int
    """5 very satisfied … 1 very dissatisfied."""


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
    | CallGradeAsked
    | CallGraded
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
