"""Begin where the journal ends: what an earlier controller left open, and how the seats were."""

from collections.abc import Sequence

from callcenter.domain.exchange import Exchange, Moment
from callcenter.domain.facts import Fact, from_data
from callcenter.office.ports import Calls, Seats


async def recover(exchange: Exchange, calls: Calls, seats: Seats, now: Moment) -> None:
    """Give the exchange every call that has no end, no settled recording or no ticket yet, and each seat's last state.

    What Asterisk says next corrects it. Raises UnavailableError where the store is away.
    """
    left_open = {facts[0].call_id: facts for facts in await calls.unfinished() if facts}
    for call in [*await calls.without_ticket(), *await calls.unsettled_recordings()]:
        if call.id not in left_open:
            left_open[call.id] = await _facts_of(calls, call.id)
    exchange.restore(left_open.values(), await seats.last_seen(), now)


async def _facts_of(calls: Calls, call_id: str) -> Sequence[Fact]:
    return [
        from_data(entry.kind, entry.data, at=entry.time, call_id=entry.call_id, recovered=entry.recovered)
        for entry in await calls.journal(call_id)
    ]
