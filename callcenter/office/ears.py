"""What is remembered of the legs that are listened to: each one's taps, and what they still have open."""

from dataclasses import dataclass, field
from datetime import datetime

from callcenter.domain.calls import Call
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.listening import Attention
from callcenter.domain.notes import Notes, Side, TapId, Utterance


@dataclass(slots=True, kw_only=True, eq=False)
class Ear:
    """One leg of a call that is, or was, to be heard."""

    call_id: CallId
    leg_id: LegId
    side: Side
    tap: "Tap | None" = None
    wanted: bool = False
    heard_from: datetime | None = None
    """When the tap began that heard it last."""
    attempts: int = 0
    retry_at: float = 0.0


@dataclass(slots=True, kw_only=True, eq=False)
class Tap:
    """One listening to one leg; its id was never used before and will not be again."""

    id: TapId
    ear: Ear
    made: float
    begun: datetime | None = None
    settled: datetime | None = None
    dropped_at: datetime | None = None
    """What is said from then on is not wanted, though it may still be heard."""
    open: dict[int, Utterance] = field(default_factory=dict)
    """What was told and may still change."""


@dataclass(slots=True, kw_only=True, eq=False)
class Listening:
    """All that is remembered of one call's words."""

    call: Call
    ears: dict[LegId, Ear] = field(default_factory=dict)
    attentions: dict[LegId, Attention] = field(default_factory=dict)
    taps: dict[TapId, Tap] = field(default_factory=dict)
    noted: Notes | None = None
    """As the exchange was last told."""
    changed: bool = True
    ended: float | None = None
    recalled: bool = True
    """What was before this controller is known."""
    recall_at: float = 0.0
