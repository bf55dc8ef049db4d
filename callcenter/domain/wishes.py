"""What the hotline wants done. A wish's outcome comes back as an event, so there is one way into the state."""

from dataclasses import dataclass
from enum import StrEnum

from callcenter.domain.ids import CallId, LegId, RecallId


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSeat:
    """Ring a seat for a waiting caller; on its answer Asterisk itself joins the two."""

    call_id: CallId
    leg_id: LegId
    seat: str
    caller: str | None
    ring_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLeg:
    """Hang up a leg, or stop it ringing."""

    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCall:
    """Hang up the caller."""

    call_id: CallId


class Then(StrEnum):
    """What becomes of a caller whom everybody else has left; by the names that the dialplan has for it."""

    END = "end"
    REQUEUE = "requeue"
    """He waits again, at the head of the line."""
    SURVEY = "survey"
    """He is asked for a grade, and then the call ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterTalk:
    """Say what becomes of the caller when everybody else has left."""

    call_id: CallId
    then: Then


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """Tell a waiting caller his place, between the music."""

    call_id: CallId
    ahead: int
    """Callers before him."""
    wait_minutes: int | None
    """Expected wait; None when nothing is known to reckon with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFlow:
    """Run the menu for this caller."""

    call_id: CallId
    caller: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayMusic:
    """Let the caller hear music while the seat is on hold; the music is a leg that counts as nobody."""

    call_id: CallId
    music_id: LegId
    seat_leg: LegId
    mute_seat: bool
    """True for a hold that was asked of us; a phone's own hold button needs no mute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMusic:
    """End the music and let the seat be heard again."""

    call_id: CallId
    music_id: LegId
    seat_leg: LegId
    unmute_seat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DialUnit:
    """Dial a third party beside the talk; open: on its answer Asterisk itself joins it with the caller."""

    call_id: CallId
    leg_id: LegId
    party: str | None
    """Unit id; kept with its leg for whoever finds it after an absence."""
    number: str
    ring_seconds: float
    private: bool
    """On its answer it waits, to be brought to the seat by MeetUnit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetUnit:
    """Let the caller hear and say nothing, and then bring the unit that waits into the talk; ParkCaller follows."""

    call_id: CallId
    unit_leg: LegId
    seat_leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkCaller:
    """Take the caller out to music, where he is not mute any more; seat and unit are left to themselves."""

    call_id: CallId
    seat_leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinCaller:
    """Bring the caller from the music to seat and unit; where that fails he waits again at the head."""

    call_id: CallId
    seat_leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnToLine:
    """Bring a caller who was taken out of his talk to the waiting line, able to speak and hear again.

    Never for one who may be offered to a seat at this moment.
    """

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSeat:
    """Say whether a seat is kept on the line, in silence, when it is left alone in a talk."""

    leg_id: LegId
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSeatOut:
    """Take the seat out of the talk and keep its phone on the line, in silence."""

    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class BringSeatIn:
    """Bring a seat that was sent out back into the caller's talk."""

    call_id: CallId
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveCallerBack:
    """Join a caller who is in no talk with his seat that was kept on the line."""

    call_id: CallId
    seat_leg: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class RingSeatBack:
    """Ring a seat whose operator wants to come back; on its answer Asterisk itself joins it with the caller."""

    call_id: CallId
    leg_id: LegId
    seat: str
    caller: str | None
    ring_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DialBack:
    """Ring a seat; on its answer Asterisk itself dials the citizen and joins the two, whether we live or not."""

    call_id: CallId
    leg_id: LegId
    """The seat's; the citizen's leg will have the call's id."""
    recall_id: RecallId
    seat: str
    number: str
    ring_seconds: float
    caller_ring_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteLeg:
    """Let a party neither be heard nor hear, or both again. A caller's leg has the call's id."""

    leg_id: LegId
    muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseInFallback:
    """Tell Asterisk's own queue whether it may ring this seat if we die."""

    seat: str
    paused: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """Fetch a caller out of Asterisk's own queue; he comes back as CallerWaits."""

    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenForLife:
    """Find out whether sound still comes from this leg; answered by LegEnded of it where none does."""

    call_id: CallId
    leg_id: LegId


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteRecording:
    """Keep silence in the recording instead of what is said, or sound again; its length and times stay true."""

    call_id: CallId
    muted: bool


Wish = (
    OfferSeat
    | EndLeg
    | EndCall
    | AfterTalk
    | Announce
    | StartFlow
    | PlayMusic
    | StopMusic
    | DialUnit
    | MeetUnit
    | ParkCaller
    | JoinCaller
    | ReturnToLine
    | KeepSeat
    | SendSeatOut
    | BringSeatIn
    | GiveCallerBack
    | RingSeatBack
    | DialBack
    | MuteLeg
    | PauseInFallback
    | TakeBack
    | ListenForLife
    | MuteRecording
)
