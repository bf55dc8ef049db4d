"""Joins the stream of events with a broker outside, and says how everything is when one comes to know us."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from callcenter.domain.views import alarm_view, queue_view, seat_view, trunk_view
from callcenter.events.address import BrokerAddress
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard

if TYPE_CHECKING:
    from callcenter.events.publisher import Publisher


def publisher_of(
    stream: Stream,
    switchboard: Switchboard,
    *,
    address: BrokerAddress | None,
    node: str,
    ca_file: Path | None,
    now: Callable[[], datetime],
) -> "Publisher | None":
    """Make what tells this broker of every event from now on; None where none is set."""
    if address is None:
        return None
    from callcenter.events.publisher import Publisher  # noqa: PLC0415 - slow to load, and few sites need it
    from callcenter.events.topics import State  # noqa: PLC0415 - as above

    def state() -> State:
        exchange = switchboard.exchange
        return State(
            seq=stream.seq,
            time=now(),
            seats=[seat_view(seat) for seat in exchange.seats],
            queues=[queue_view(queue) for queue in exchange.queues()],
            trunks=[trunk_view(exchange.trunk())],
            alarms=[alarm_view(alarm) for alarm in exchange.alarms],
        )

    publisher = Publisher(address, node=node, stream=stream.id, state=state, ca_file=ca_file)
    stream.when_published(publisher.give)
    return publisher
