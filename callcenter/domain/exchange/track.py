"""What must be remembered of a live call and of a seat's phone beside its facts: offers, steps, what was asked for."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState


@dataclass(slots=True, kw_only=True)
class Offer:
    """A seat's leg on its way to a caller: to one who waits, or back to one who talks with a unit."""

    leg_id: LegId
    seat: str
    dialled: float
    """Monotonic second of the offer."""
    rang: bool = False
    asked_to_end: float | None = None
    """Monotonic second at which we asked for its end."""
    unreachable: bool = False

    @property
    def ending(self) -> bool:
        """We have asked for its end already."""
        return self.asked_to_end is not None


@dataclass(slots=True, kw_only=True)
class Third:
    """A unit's leg, from its dialling on."""

    leg_id: LegId
    private: bool
    """On its answer seat and unit talk without the caller."""
    dialled: float
    """Monotonic second."""
    ring_seconds: float
    rang: bool = False
    asked_to_end: float | None = None
    """Monotonic second at which we asked for its end."""
    unreachable: bool = False


class Step(StrEnum):
    """How far caller and seat have come in being parted, or brought together again."""

    MEETING = "meeting"
    """A unit has answered and is on its way to the seat; the caller is mute."""
    PARKING = "parking"
    """The caller is on his way out to the music."""
    CONSULT = "consult"
    """Seat and unit talk, the caller hears music."""
    JOINING = "joining"
    """The caller is on his way from the music to seat and unit."""
    RETURNING = "returning"
    """The seat is on its way back to caller and unit."""
    COMING = "coming"
    """The unit is gone; caller and seat are brought together as soon as he is out of his talk."""
    GIVING = "giving"
    """The seat is on its way to the caller, who is in no talk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step under way, or a consult."""

    step: Step
    since: float
    """Monotonic second."""
    then_join: bool = False
    """All three are to talk as soon as the caller has come to the music."""
    parks: bool = False
    """COMING: he is on his way to the music, not on his way out by himself."""


@dataclass(slots=True, kw_only=True)
class Track:
    """What must be remembered of a live call beside its facts."""

    order: int
    waits: bool = False
    """Stands in the loop, can be offered."""
    in_fallback: float | None = None
    """Monotonic second since which Asterisk's own queue has him."""
    offer: Offer | None = None
    talks: dict[LegId, str] = field(default_factory=dict)
    caller_parted: bool = False
    """The caller left the talk while the seat was still in it: he is hanging up."""
    perhaps_parked: bool = False
    """He was sent to the music of a consult that was given up, since nothing was heard of his coming there."""
    ending: bool = False
    """We have asked for the caller's end."""
    flow_completed: bool = False
    operator_ended: bool = False
    music: LegId | None = None
    hold_mutes: bool = False
    """The seat on hold was muted by us; a phone's own hold button needs no mute."""
    unit: Third | None = None
    move: Move | None = None
    ring_back: Offer | None = None
    """The seat that is rung to come back to caller and unit."""
    away_since: datetime | None = None
    """When the operator left caller and unit alone."""
    away_seconds: float = 0.0
    alone_since: float | None = None
    """Monotonic second since which nobody we know of talks with him."""
    asked: dict[LegId, float] = field(default_factory=dict)
    """Legs whose end we asked for, with the monotonic second of it; see `watchdog`."""
    announce_at: float | None = None
    ended: float | None = None
    queue_named: str | None = None
    returning: float | None = None
    """Monotonic second since which he is on his way back from a talk that broke off; a seat is kept for him."""
    asked_twice: set[LegId] = field(default_factory=set)
    """Legs whose end did not come, and was asked for once more."""
    asked_back: float | None = None
    """Monotonic second at which he was last asked back from Asterisk's own queue."""
    beside_since: float | None = None
    """Monotonic second since which he waits beside a free seat."""
    not_before: datetime | None = None
    """The newest date of what stands in its journal beside its facts: how its ticket stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unaccounted:
    """What is known of a call that is gone."""

    heard: datetime | None
    """When Asterisk was last heard; None where we were away."""
    known_until: datetime
    """Its newest fact of when it was still there."""


@dataclass(slots=True, kw_only=True)
class Line:
    """What must be remembered of a seat's phone beside its facts."""

    call_id: CallId | None = None
    leg_id: LegId | None = None
    refusals: int = 0
    not_before: float = 0.0
    """Monotonic second before which it is not offered again."""
    channels: set[str] = field(default_factory=set)
    """Channels of this phone that are no leg of ours."""
    wrap_until: float | None = None
    before: tuple[SeatState, str | None] | None = None
    """State and reason before it rang for an operator who wants to come back."""
