"""Who is offered whom: a pure choice over waiting callers and free seats.

The longest-waiting caller gets the longest-idle seat. Skills, priorities and kept places will be one
more element of a key, or one more condition of `fits`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from callcenter.domain.ids import CallId
from callcenter.domain.seats import Seat


class WaitingCaller(NamedTuple):
    """A caller who waits and is offered to nobody at this moment."""

    call_id: CallId
    queue: str
    since: datetime
    """t2: when he first asked for a person; never reset."""
    order: int
    """Running number of arrival, which breaks ties of the same instant."""


def caller_key(caller: WaitingCaller) -> tuple[datetime, int, str]:
    """Sort callers: who has waited longest comes first."""
    return (caller.since, caller.order, caller.call_id)


def seat_key(seat: Seat) -> tuple[datetime, str]:
    """Sort seats: who has been idle longest comes first; of two the lower extension."""
    return (seat.idle_since, seat.extension)


def fits(caller: WaitingCaller, seat: Seat) -> bool:  # noqa: ARG001 - skills will be compared here
    """May this seat take this caller? Today every seat serves every queue."""
    return True


def choose(callers: Sequence[WaitingCaller], seats: Sequence[Seat]) -> Sequence[tuple[WaitingCaller, Seat]]:
    """Pair callers with seats that are ready, can be reached and have no call; nobody stands in two pairs."""
    if len(callers) == 1:  # mostly so, and then nobody needs to be sorted
        caller = callers[0]
        best = min((seat for seat in seats if fits(caller, seat)), key=seat_key, default=None)
        return [] if best is None else [(caller, best)]
    free = sorted(seats, key=seat_key)
    offers: list[tuple[WaitingCaller, Seat]] = []
    for caller in sorted(callers, key=caller_key):
        if not free:
            break
        seat = next((seat for seat in free if fits(caller, seat)), None)
        if seat is not None:
            free.remove(seat)
            offers.append((caller, seat))
    return offers
