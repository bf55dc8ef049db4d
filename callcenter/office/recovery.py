"""Begin where the journal ends: what an earlier controller left open, and how the seats were."""

from collections.abc import Sequence

import structlog

from callcenter.domain.exchange import Exchange, Moment
from callcenter.domain.facts import Fact, from_data
from callcenter.office.ports import Alarms, Calls, Seats
from callcenter.office.recalls import Recalls

log = structlog.get_logger(__name__)


async def recover(
    exchange: Exchange,
    calls: Calls,
    seats: Seats,
    now: Moment,
    *,
    alarms: Alarms | None = None,
    recalls: Recalls | None = None,
) -> None:
    """Give the exchange every call that is not settled yet, each seat's last state, and what stands and is owed.

    What Asterisk says next corrects it. Raises UnavailableError where the store is away.
    """
    left_open = {facts[0].call_id: facts for facts in await calls.unfinished() if facts}
    for call in [*await calls.without_ticket(), *await calls.unsettled_recordings()]:
        if call.id not in left_open:
            left_open[call.id] = await _facts_of(calls, call.id)
    standing = () if alarms is None else await alarms.standing()
    owed = () if recalls is None else await recalls.still_open()
    last_seen = await seats.last_seen()
    for call_id in exchange.restore(left_open.values(), last_seen, now, alarms=standing, recalls=owed):
        log.error("what the journal tells of a call does not add up", call_id=call_id)


async def _facts_of(calls: Calls, call_id: str) -> Sequence[Fact]:
    """Read the facts of one call; one that this version does not know must not keep it from beginning."""
    known: list[Fact] = []
    for entry in await calls.journal(call_id):
        try:
            known.append(
                from_data(entry.kind, entry.data, at=entry.time, call_id=entry.call_id, recovered=entry.recovered)
            )
        except (ValueError, KeyError, TypeError) as error:
            log.warning("an entry of the journal cannot be read", seq=entry.seq, error=type(error).__name__)
    return known
