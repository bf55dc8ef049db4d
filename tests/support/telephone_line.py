"""A telephone on a scripted AMI server, with one caller on the line."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

from callcenter.asterisk.channels import Channel, ChannelTable, Kind
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.telephone import Telephone
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import LinkRestored, TelephonyEvent
from callcenter.domain.wishes import Wish
from tests.support.ami_server import QUICK, AmiServer

CALL = CallId("071d713a-ce45-4b4d-a428-545a58b68129")
LEG = LegId("4f5bb1d8-0000-4000-8000-000000000001")
MUSIC = LegId("4f5bb1d8-0000-4000-8000-000000000002")
CALLER = "PJSIP/trunk-00000003"
SEAT = "PJSIP/8001-00000004"
NOW = datetime(2026, 11, 24, 15, 51, 13, tzinfo=UTC)
CHANNEL = {
    "Channel": CALLER,
    "ChannelState": "6",
    "CallerIDNum": "13900000001",
    "AccountCode": CALL,
    "Context": "waiting",
    "Uniqueid": "n-1795535470.4",
    "Linkedid": "n-1795535470.4",
    "BridgeID": "",
    "Application": "Wait",
    "Variable(CASEID)": CALL,
    "Variable(QSINCE)": "1795535471",
    "Variable(RECORDING)": "/rec/a.raw",
    "Variable(SEAT)": "(null)",
}

EventT = TypeVar("EventT", bound=TelephonyEvent)


class Line:
    """A telephone on a scripted AMI server, with one caller on the line."""

    def __init__(self, server: AmiServer) -> None:
        self.server = server
        self.events: list[TelephonyEvent] = []
        self.table = ChannelTable()
        self.time = 100.0
        self.link = AmiLink("127.0.0.1", server.port, "controller", "right", limits=QUICK, jitter=lambda: 1.0)
        self.telephone = Telephone(
            self.link,
            self.table,
            on_event=self._told,
            say_files=lambda wish: "&".join(f"/sounds/{wish.ahead}" for _ in range(wish.ahead)),
            now=lambda: NOW,
            monotonic=lambda: self.time,
            life_seconds=0.05,
            end_seconds=0.05,
        )
        self._moved = asyncio.Event()

    def _told(self, event: TelephonyEvent) -> None:
        self.events.append(event)
        self._moved.set()

    async def until(self, kind: type[EventT], times: int = 1) -> EventT:
        async with asyncio.timeout(5):
            while True:
                found = [event for event in self.events if isinstance(event, kind)]
                if len(found) >= times:
                    return found[times - 1]
                self._moved.clear()
                await self._moved.wait()

    async def settled(self) -> None:
        """Wait until Asterisk has read all that was sent."""
        await self.link.act("CoreStatus")

    def carries_out(self, *wishes: Wish) -> None:
        for wish in wishes:
            self.telephone.carry_out(wish)

    def talks(self) -> None:
        """Put the seat on the line as well."""
        self.table.add(Channel(uniqueid=LEG, kind=Kind.SEAT, name=SEAT, call_id=CALL, leg_id=LEG, seat="8001", up=True))


@asynccontextmanager
async def on_line(
    channels: tuple[Mapping[str, str], ...] = (CHANNEL,), prepare: Callable[[AmiServer], None] = lambda _: None
) -> AsyncIterator[Line]:
    async with AmiServer() as server, asyncio.TaskGroup() as tasks:
        server.channels = list(channels)
        prepare(server)
        line = Line(server)
        running = tasks.create_task(line.telephone.run())
        try:
            await line.until(LinkRestored)
            yield line
        finally:
            running.cancel()
