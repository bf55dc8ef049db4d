"""When and how the parts of a call happened."""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Who did something."""

    HERE = "here"
    THERE = "there"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ended: `how` is BYE, CANCEL, a status such as 486, or "no response"; `at` is monotonic seconds."""

    at: float
    by: Side
    how: str


@dataclass(slots=True)
class Times:
    """When it happened, in seconds on the monotonic clock; None when it did not."""

    invited: float
    trying: float | None = None
    ringing: float | None = None
    """The first 180 to 183."""
    answered: float | None = None
    ended: float | None = None


class CallEndedError(AssertionError):
    """The call ended before what was waited for."""


class RefusedRequestError(AssertionError):
    """The other side refused a request inside the call, such as a hold."""
