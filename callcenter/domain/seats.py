"""What a seat IS: a place with a phone, and the person at it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from callcenter.domain.ids import CallId


class SeatState(StrEnum):
    """What the seat is doing."""

    OFFLINE = "offline"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    BREAK = "break"


class Phone(StrEnum):
    """Whether the seat's phone can be reached."""

    REGISTERED = "registered"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One seat as everybody may see it."""

    extension: str
    operator: str
    state: SeatState = SeatState.OFFLINE
    reason: str | None = None
    since: datetime
    """When this state began."""
    call_id: CallId | None = None
    phone: Phone = Phone.MISSING
    missed: int = 0
    """Offers in a row that rang without answer."""
    idle_since: datetime
    """From when it has waited for work: the longest idle seat is offered first."""
