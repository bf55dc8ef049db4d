"""Joins the stream of events with those outside who are told of them: one outbox, a sender for each receiver."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from callcenter.domain.views import alarm_view, queue_view, seat_view, trunk_view
from callcenter.events.address import BrokerAddress
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard
from callcenter.storage.outbox import Outbox
from callcenter.storage.store import Store

if TYPE_CHECKING:
    from callcenter.events.publisher import Publisher

BROKER = "mqtt"
"""The broker's name among the readers of the outbox; no webhook may have it."""
_SEVERITY = ("ok", "degraded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How much is kept for those who are away."""

    most: int
    longest: timedelta


class Outside:
    """Everybody outside who is told what happens."""

    def __init__(self, outbox: Outbox, *, publisher: "Publisher | None") -> None:
        self._outbox = outbox
        self._publisher = publisher

    def waiting(self) -> Mapping[str, tuple[int, int]]:
        """Give how many events wait to be told, and how many were dropped, for each receiver."""
        return {name: (reader.waiting, reader.dropped) for name, reader in self._outbox.readers.items()}

    def health(self) -> tuple[str, str]:
        """Say how it is: `ok` or `degraded`, and why."""
        said = [] if self._publisher is None else [self._publisher.health()]
        if (fault := self._outbox.fault()) is not None:
            said.append(("degraded", f"the outbox: {fault}"))
        if self._outbox.unfit:
            said.append(("degraded", f"{self._outbox.unfit} events could not be kept"))
        return max((status for status, _ in said), key=_SEVERITY.index), "; ".join(detail for _, detail in said)

    async def run(self) -> None:
        """Tell until cancelled; then what is left goes to the outbox, for the next start."""
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._outbox.run(), name="events: outbox")
            try:
                async with asyncio.TaskGroup() as senders:
                    if self._publisher is not None:
                        senders.create_task(self._publisher.run(), name="events: broker")
            finally:
                writing.cancel()


def outside_of(
    stream: Stream,
    switchboard: Switchboard,
    store: Store,
    *,
    broker: BrokerAddress | None,
    ca_file: Path | None,
    node: str,
    kept: Kept,
    now: Callable[[], datetime],
) -> Outside | None:
    """Make what tells of every event from now on; None where nobody is to be told."""
    if broker is None:
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

    outbox = Outbox(store, node=node, stream=stream.id, readers=[BROKER], now=now, most=kept.most, longest=kept.longest)
    stream.when_published(outbox.give)
    publisher = Publisher(broker, outbox.readers[BROKER], node=node, stream=stream.id, state=state, ca_file=ca_file)
    return Outside(outbox, publisher=publisher)
