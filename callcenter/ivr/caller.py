"""What a flow needs of the world: the caller on the line, and how a ticket stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from callcenter.domain.numbers import normalise
from callcenter.domain.prompts import Prompt
from callcenter.domain.tickets import Ticket, TicketState


class Caller(Protocol):
    """The caller's side of one call. Every wait inside has a limit."""

    number: str | None
    """Normalised; None when the caller is anonymous."""

    async def say(self, prompts: Sequence[Prompt]) -> None:
        """Let the caller hear these to their end; keys meanwhile are dropped. Raises CallerGone."""
        ...

    async def ask(
        self,
        prompts: Sequence[Prompt],
        *,
        max_digits: int,
        terminator: str | None,
        barge_in: bool,
        first_digit_seconds: float,
        next_digit_seconds: float,
    ) -> str:
        """Let the caller hear these and give the keys he presses, without the terminator.

        With `barge_in` the first key cuts the words short; without it keys count only after the words.
        Ends at `max_digits`, at the terminator, or after silence: `first_digit_seconds` after the words,
        `next_digit_seconds` after a key. `""` is silence, or the terminator alone. Raises CallerGone.
        """
        ...


class Progress(StrEnum):
    """What may be told of a ticket."""

    FOUND = "found"
    UNKNOWN = "unknown"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True, slots=True)
class ProgressAnswer:
    """How a ticket stands, for one caller; the state is there only when it was found and is his."""

    progress: Progress
    state: TicketState | None = None


class TicketProgress(Protocol):
    """Looks a ticket up for a caller."""

    async def __call__(self, ticket_number: str, caller: str | None) -> ProgressAnswer:
        """Tell how the ticket of this number stands. May raise; the caller is then offered a person."""
        ...


def answer_for(ticket: Ticket | None, caller: str | None, *, area_code: str = "") -> ProgressAnswer:
    """Decide what this caller may hear of this ticket: its state only when it belongs to his own number.

    An anonymous caller owns no ticket, and a ticket without a number belongs to nobody.
    """
    if ticket is None:
        return ProgressAnswer(Progress.UNKNOWN)
    if caller is None or normalise(ticket.caller_phone, area_code=area_code) != caller:
        return ProgressAnswer(Progress.NOT_YOURS)
    return ProgressAnswer(Progress.FOUND, ticket.state)
