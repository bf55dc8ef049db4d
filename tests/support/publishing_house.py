"""A house whose events a publisher tells to a broker: a stream, an outbox with its database, and how everything is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from callcenter.events.address import BrokerAddress
from callcenter.events.publisher import Publisher
from callcenter.events.topics import State
from callcenter.office.stream import Stream
from callcenter.storage.outbox import Outbox
from callcenter.storage.store import Store
from tests.support.office_fakes import eventually, running
from tests.support.stores import Database

if TYPE_CHECKING:
    from callcenter.domain.views import Json

AT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
STATUS, SEAT, ALARM = "callcenter/node1/status", "callcenter/node1/seats/8001", "callcenter/node1/alarms/disk"
CALL, PRIVATE = "callcenter/node1/calls/c1", "callcenter/node1/private/calls/c1"


class House:
    """A stream with an outbox and a publisher on it, and how everything is."""

    def __init__(self, address: BrokerAddress, db: Database, stream: str = "s1", **how: Any) -> None:
        self.stream = Stream(stream)
        self.seats: list[Json] = [{"extension": "8001", "state": "ready"}]
        self.alarms: list[Json] = []
        self.figures_follow = True
        self._store = Store(db.url)
        self.outbox = Outbox(self._store, node="node1", stream=stream, readers=["mqtt"], now=lambda: AT, **how)
        self.stream.when_published(self.outbox.give)
        self.publisher = Publisher(address, self.outbox.readers["mqtt"], node="node1", stream=stream, state=self._state)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self.outbox.run())
            try:
                await self.publisher.run()
            finally:
                writing.cancel()

    async def close(self) -> None:
        await self._store.close()

    def _state(self) -> State:
        told: Json = {"queues": [], "trunks": [], "figures": [], "queue_figures": [], "seat_figures": []}
        told["figures_follow"] = self.figures_follow
        return State(seq=self.stream.seq, time=AT, seats=self.seats, alarms=self.alarms, **told)

    def call(self, kind: str = "call.queued", **more: Any) -> None:
        self.stream.publish(kind, AT, {"id": "c1", "caller": "13800138000", "state": "queued", **more})

    def seat(self, state: str) -> None:
        self.seats[0] = {"extension": "8001", "state": state}
        self.stream.publish("seat.changed", AT, self.seats[0])

    def alarm(self, *, stands: bool) -> None:
        raised = {"name": "disk", "detail": "full", "since": "2026-11-24T04:00:00.000Z"}
        self.alarms = [raised] if stands else []
        if stands:
            self.stream.publish("alarm.raised", AT, raised)
        else:
            self.stream.publish("alarm.cleared", AT, {"name": "disk"})

    async def is_(self, status: str, *words: str, within: float = 5.0) -> None:
        def so() -> bool:
            said, detail = self.publisher.health()
            return said == status and all(word in detail for word in words)

        try:
            await eventually(so, within=within)
        finally:
            print(self.publisher.health())


@asynccontextmanager
async def a_house(
    address: BrokerAddress, db: Database, prepare: Callable[[House], None] = lambda _: None, **how: Any
) -> AsyncIterator[House]:
    house = House(address, db, **how)
    prepare(house)
    try:
        async with running(house.run):
            yield house
    finally:
        await house.close()
