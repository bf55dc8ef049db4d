"""The real desk behind the API: the exchange decides, the store is SQLite; only telephone and disk are made up."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from callcenter.domain.units import DutyHours, Unit
from callcenter.events.webhooks import Webhooks
from callcenter.office.desk import Desk
from callcenter.office.figures import FigureOffice
from callcenter.office.ports import ComponentHealth
from callcenter.office.recalls import RecallOffice
from callcenter.office.tickets import TicketOffice
from callcenter.setting_fields import DIAL_OUT
from callcenter.storage.calls import Calls
from callcenter.storage.journal import Journal
from callcenter.storage.recalls import Recalls
from callcenter.storage.store import Store
from callcenter.storage.tickets import Tickets
from callcenter.storage.told import Told
from tests.support.api_client import ApiClient
from tests.support.fake_desk import PARTS
from tests.support.office_fakes import FakeRecordings, Office, an_office
from tests.support.stores import database, made, writing

OFFICE_HOURS = DutyHours(days=frozenset(range(5)), begins=time(9), ends=time(11, 30))


@dataclass
class Hotline:
    """A hotline without Asterisk, and one who asks."""

    api: ApiClient
    office: Office

    def wished(self) -> list[str]:
        return [type(wish).__name__ for wish in self.office.telephone.wishes]


class NoFlows:
    async def run(self, *_: Any) -> Any:
        raise AssertionError

    async def reload(self) -> list[str]:
        return []


class Disk(FakeRecordings):
    async def path(self, _call_id: str) -> Path | None:
        return None


async def well() -> Mapping[str, ComponentHealth]:
    return {name: ComponentHealth(status="ok", detail="well") for name in PARTS}


@asynccontextmanager
async def a_real_desk(folder: Path) -> AsyncIterator[tuple[Desk, Office]]:
    """Give a desk whose tickets are drafted, and the world around it."""
    db = await made(database("sqlite", folder))
    store = Store(db.url)
    async with writing(Journal(db.url, db.folder)) as journal:
        office = an_office()
        office.switchboard._journal = journal
        calls = Calls(store, journal)
        tickets = TicketOffice(
            Tickets(store, zone=ZoneInfo("Asia/Shanghai"), new_id=lambda: str(uuid.uuid4())),
            calls,
            office.switchboard,
            stream=office.stream,
            clock=office.clock,
        )
        desk = Desk(
            office.switchboard,
            stream=office.stream,
            calls=calls,
            recordings=Disk(),
            tickets=tickets,
            flows=NoFlows(),
            webhooks=Webhooks(),
            figures=FigureOffice(Told(store), clock=office.clock, zone=ZoneInfo("Asia/Shanghai")),
            recalls=RecallOffice(
                office.switchboard,
                Recalls(store),
                lasting=journal.flush,
                clock=office.clock,
                new_id=lambda: str(uuid.uuid4()),
            ),
            units=[
                Unit(id="housing", name="市住建委", number="02001"),
                Unit(id="water", name="水务局", number="02002", duty=(OFFICE_HOURS,), ring_seconds=12.0),
            ],
            dial_out=DIAL_OUT,
            hotline="12345",
            zone=ZoneInfo("Asia/Shanghai"),
            clock=office.clock,
            new_id=lambda: str(uuid.uuid4()),
            health=well,
        )
        async with asyncio.TaskGroup() as tasks:
            drafting = tasks.create_task(tickets.run())
            yield desk, office
            drafting.cancel()
    await store.close()
