"""What the hotline wants done. A wish's outcome comes back as an event, so there is one way into the state."""

from dataclasses import dataclass

from callcenter.domain.ids import CallId, LegId


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterTalk:
    """Say what becomes of the caller when everybody else has left: end the call, or wait again at the head."""

    call_id: CallId
    requeue: bool


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
    | PauseInFallback
    | TakeBack
    | ListenForLife
    | MuteRecording
)
