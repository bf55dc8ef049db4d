"""Who is offered whom: a pure choice over waiting callers and free seats.

The longest-waiting caller gets the longest-idle seat; today every seat serves every queue. Skills, priorities and kept
places will be one more element of a key.
"""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
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


caller_key = attrgetter("since", "order", "call_id")
"""Sorts callers: who has waited longest comes first."""

seat_key = attrgetter("idle_since", "extension")
"""Sorts seats: who has been idle longest comes first; of two the lower extension."""


def choose(callers: Sequence[WaitingCaller], seats: Sequence[Seat]) -> Sequence[tuple[WaitingCaller, Seat]]:
    """Pair callers with seats that are ready, can be reached and have no call; nobody stands in two pairs."""
    if len(callers) == 1 and seats:  # mostly so, and then nobody needs to be sorted
        return [(callers[0], min(seats, key=seat_key))]
    return list(zip(sorted(callers, key=caller_key), sorted(seats, key=seat_key), strict=False))
