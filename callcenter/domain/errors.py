"""What can go wrong, in the words of the hotline. The edges turn these into HTTP answers or exit codes."""

from collections.abc import Sequence
from dataclasses import dataclass


class CallcenterError(Exception):
    """Root of all errors of our own making; the message never holds a caller's data."""


class RefusedError(CallcenterError):
    """A person's request that is not possible in this state; the message says what is possible instead."""


class NotFoundError(CallcenterError):
    """The thing asked for does not exist."""


class ForbiddenError(CallcenterError):
    """The one who asks may not."""


class ConflictError(CallcenterError):
    """The thing was changed by somebody else meanwhile."""


class UnavailableError(CallcenterError):
    """Asterisk, the store or another part is away; the same request may succeed later."""


class UnreadableError(CallcenterError):
    """What the journal tells does not add up, and will not when it is read once more."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One place in a request that is wrong, and what is wrong with it."""

    pointer: str
    """RFC 6901 pointer into the body, for example `/kind`."""
    detail: str


class InvalidInputError(CallcenterError):
    """A request that cannot be understood or lacks something; names every place at once."""

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


class CallerGone(Exception):  # noqa: N818  # that a caller hangs up is no error
    """The caller is no longer on the line, or was taken elsewhere; whatever drives his call ends at once."""
