"""What must be remembered of a recall on its way, beside its facts: first a seat rings, then the citizen's phone."""

from dataclasses import dataclass, field
from datetime import datetime

from callcenter.domain.ids import CallId, LegId, RecallId
from callcenter.domain.recalls import AttemptOutcome, RecallBook


@dataclass(slots=True, kw_only=True)
class OutboundLine:
    """One attempt to call a citizen back, until he talks with the seat or it has come to nothing."""

    call_id: CallId
    """Of the call it becomes; the citizen's leg will have this id."""
    recall_id: RecallId
    number: str
    seat: str
    seat_leg: LegId
    begun: float
    """Monotonic second at which the seat was asked to ring, and later that at which the citizen was dialled."""
    placed: bool = False
    """The seat's phone was asked to ring."""
    rang: bool = False
    seat_answered: datetime | None = None
    dialled: datetime | None = None
    caller_answered: datetime | None = None
    recording: str | None = None
    told: AttemptOutcome | None = None
    """What became of the dialling, where Asterisk said it before the seat's leg ended."""
    asked_to_end: float | None = None
    """Monotonic second at which we asked for its end."""
    asked_twice: bool = False
    talks: dict[LegId, str] = field(default_factory=dict)

    @property
    def caller_leg(self) -> LegId:
        """The citizen's leg."""
        return LegId(self.call_id)

    @property
    def together(self) -> bool:
        """Citizen and seat hear each other."""
        talk = self.talks.get(self.caller_leg)
        return talk is not None and talk == self.talks.get(self.seat_leg)


@dataclass(slots=True)
class Outbound:
    """All recalls on their way, and all obligations that are open."""

    book: RecallBook = field(default_factory=RecallBook)
    lines: dict[CallId, OutboundLine] = field(default_factory=dict)

    def of_number(self, number: str | None) -> OutboundLine | None:
        """Give the attempt that runs for this number."""
        return next((line for line in self.lines.values() if line.number == number), None)
