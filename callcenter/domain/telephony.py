"""What the telephone system tells us, in the hotline's own words.

Every event carries Asterisk's own time. Nothing here names a channel, a bridge id of Asterisk's
or any other of its words, save that legs keep the ids their channels were given.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callcenter.domain.calls import LegKind
from callcenter.domain.ids import CallId, LegId, RecallId


class Ending(StrEnum):
    """Why a leg ended, as far as the network said so."""

    NORMAL = "normal"
    BUSY = "busy"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephonyEvent:
    """Something that happened on the telephone side."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived(TelephonyEvent):
    """A citizen's INVITE for the hotline number was taken (t0)."""

    call_id: CallId
    caller: str | None
    """As the network gave it, not yet normalised; None where it gave nothing."""
    recording: str | None
    """Where the dialplan records this call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerUp(TelephonyEvent):
    """The caller's line is open: sound passes from now on."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceBegan(TelephonyEvent):
    """The hotline's own words began to play to the caller."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAsked(TelephonyEvent):
    """The caller is answered and the dialplan asks us to drive the menu."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerWaits(TelephonyEvent):
    """The caller stands in the waiting loop and may be offered to seats. Sent again at each return."""

    call_id: CallId
    since: int
    """Unix second at which he first asked for a person; kept over every return: his place in the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerInFallback(TelephonyEvent):
    """The dialplan found no living controller and gave the caller to Asterisk's own queue."""

    call_id: CallId
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegDialled(TelephonyEvent):
    """A seat's phone is being called, by us or by Asterisk's own queue; or a unit's, by us."""

    call_id: CallId
    leg_id: LegId
    seat: str | None
    """Extension; None for a unit."""
    kind: LegKind = LegKind.SEAT


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRang(TelephonyEvent):
    """The phone of this leg rings, or its network says that it is being looked for (any 18x)."""

    call_id: CallId
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered(TelephonyEvent):
    """The phone of this leg was picked up. Not yet a talk."""

    call_id: CallId
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded(TelephonyEvent):
    """A leg other than the caller's is gone."""

    call_id: CallId
    leg_id: LegId
    ending: Ending
    by_itself: bool
    """The person at this phone hung up; False when we or Asterisk ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerLeft(TelephonyEvent):
    """The caller's leg is gone: the end of the call (t5)."""

    call_id: CallId
    by_itself: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyJoined(TelephonyEvent):
    """A party entered a talk. The caller's leg has the call's id."""

    call_id: CallId
    leg_id: LegId
    talk: str
    """Same for all who hear each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyLeft(TelephonyEvent):
    """A party left a talk."""

    call_id: CallId
    leg_id: LegId
    talk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkOver(TelephonyEvent):
    """Everybody else has left the talk and the caller is still on the line."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeAsked(TelephonyEvent):
    """The talk is over, and the dialplan asks the caller how satisfied he is."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeGiven(TelephonyEvent):
    """He has pressed a grade."""

    call_id: CallId
    grade: int
    """5 very satisfied … 1 very dissatisfied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyHeld(TelephonyEvent):
    """A phone pressed its own hold button."""

    call_id: CallId
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyResumed(TelephonyEvent):
    """A phone took its own hold back."""

    call_id: CallId
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallDialled(TelephonyEvent):
    """The seat has picked up to call a citizen back, and Asterisk dials his number now."""

    call_id: CallId
    leg_id: LegId
    """The seat's."""
    recording: str | None
    """Where the talk will be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallOver(TelephonyEvent):
    """The citizen was dialled and did not answer; the seat hears a tone, and its leg ends next."""

    call_id: CallId
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDialled(TelephonyEvent):
    """A seat's phone dialled a star code (`*1`, `*2`, `*3`)."""

    seat: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSeen(TelephonyEvent):
    """A seat's phone is registered and answers, or it does not."""

    seat: str
    registered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTaken(TelephonyEvent):
    """A channel of a seat's phone exists that is no leg of ours (its own dialling, or the fallback's ring)."""

    seat: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFreed(TelephonyEvent):
    """That channel is gone."""

    seat: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLost(TelephonyEvent):
    """We cannot hear Asterisk any more. Calls may go on without us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRestored(TelephonyEvent):
    """We hear Asterisk again, and this is what exists now: everything else has ended meanwhile."""

    calls: tuple["CallFound", ...]
    seats_registered: frozenset[str]
    recalls: tuple["RecallFound", ...] = ()
    meanwhile: tuple[TelephonyEvent, ...] = ()
    """What Asterisk itself wrote down of calls, oldest first; also of times at which we heard it."""
    last_written: datetime | None = None
    """When it last wrote anything down; None where nothing can be read."""
    unread: bool = False
    """What it wrote down is still being read: of calls that are gone RecordRead tells how they ended."""
    is_another: bool = False
    """It was restarted since we heard it last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRead(TelephonyEvent):
    """What Asterisk wrote down of one call before its lists were read, told later than they were."""

    call_id: CallId | None = None
    """None: all that was written down has been told."""
    meanwhile: tuple[TelephonyEvent, ...] = ()
    """Oldest first; also of times at which we heard it."""
    last_written: datetime | None = None
    """When it had last written anything down; None where nothing can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFound:
    """A seat's or a unit's leg that exists in Asterisk at this moment."""

    leg_id: LegId
    seat: str | None
    """Extension; None for a unit."""
    answered: bool
    talk: str | None
    kind: LegKind = LegKind.SEAT
    private: bool = False
    """A unit that was dialled to be spoken to without the caller."""
    party: str | None = None
    """Id of the unit, where it has one."""
    number: str | None = None
    """What was dialled to reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFound:
    """A citizen's call that exists in Asterisk at this moment."""

    call_id: CallId
    caller: str | None
    arrived: datetime
    """When its channel was made, by Asterisk's clock."""
    answered: bool
    since: int | None
    """Unix second at which he asked for a person, if he did."""
    place: "Place"
    talk: str | None
    legs: tuple[LegFound, ...]
    recording: str | None
    recall: RecallId | None = None
    """He did not call: a seat called him back, and he has answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallFound:
    """A seat that rings, or hears the ringing, in order to call a citizen back."""

    call_id: CallId
    recall_id: RecallId
    seat: str
    leg_id: LegId
    """The seat's."""
    number: str
    answered: bool
    """The seat has picked up."""
    dialled: bool
    """The citizen's phone is being called."""
    recording: str | None


class Place(StrEnum):
    """Where in the dialplan a caller is found after an absence of ours."""

    FLOW = "flow"
    WAITING = "waiting"
    FALLBACK = "fallback"
    TALK = "talk"
    PARKED = "parked"
    """Hears music while seat and unit consult."""
    SURVEY = "survey"
    """Is asked for a grade after his talk."""
    OTHER = "other"
