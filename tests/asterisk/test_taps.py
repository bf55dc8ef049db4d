"""Taps on a scripted AMI server: begun, ended, refused, and gone while nobody listened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from callcenter.asterisk.channels import Channel, ChannelTable, Kind
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.taps import Taps
from callcenter.asterisk.telephone import Telephone
from callcenter.domain.errors import UnavailableError
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.notes import TapId
from callcenter.domain.telephony import LinkRestored, TelephonyEvent
from scripts.phones.waiting import eventually
from tests.support.ami_server import QUICK, AmiServer, block, refusal

TAP = TapId("5b1f0f8e-1111-4000-8000-000000000001")
CALL = CallId("071d713a-ce45-4b4d-a428-545a58b68129")
LEG = LegId("4f5bb1d8-0000-4000-8000-000000000001")
SEAT = "PJSIP/8001-00000004"


class Line:
    """A telephone with taps, and a seat on the line."""

    def __init__(self, server: AmiServer) -> None:
        self.server = server
        self.table = ChannelTable()
        self.link = AmiLink("127.0.0.1", server.port, "controller", "right", limits=QUICK, jitter=lambda: 1.0)
        self.taps = Taps(self.link, self.table)
        self.ended: list[TapId] = []
        self.taps.on_ended = self.ended.append
        self.events: list[TelephonyEvent] = []
        self.telephone = Telephone(
            self.link,
            self.table,
            on_event=self.events.append,
            say_files=lambda _: "",
            now=lambda: datetime(2026, 11, 24, tzinfo=UTC),
            monotonic=lambda: 0.0,
            taps=self.taps,
        )

    def tell(self, event: str, **headers: str) -> None:
        self.server.say(block(Event=event, Timestamp="1795535480.0", Uniqueid=TAP, **headers))

    async def restored(self, times: int = 1) -> None:
        def count() -> bool:
            return sum(isinstance(event, LinkRestored) for event in self.events) >= times

        await eventually(count, within=5, what="no link")

    async def is_over(self) -> None:
        await eventually(lambda: self.ended == [TAP], within=3, what="the tap was not told as ended")


@asynccontextmanager
async def on_line() -> AsyncIterator[Line]:
    async with AmiServer() as server:
        line = Line(server)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(line.telephone.run())
            await line.restored()
            line.table.add(
                Channel(uniqueid=LEG, kind=Kind.SEAT, name=SEAT, call_id=CALL, leg_id=LEG, seat="8001", up=True)
            )
            yield line
            running.cancel()


async def test_a_tap_is_a_channel_of_its_own_that_spies_one_leg() -> None:
    async with on_line() as line:
        line.taps.begin(TAP, LEG, 40001)
        action = await line.server.got("Originate")

        assert action["Channel"] == f"AudioSocket/127.0.0.1:40001/{TAP}"
        assert (action["Application"], action["Data"]) == ("ChanSpy", f"{SEAT},qDESu")
        assert (action["ChannelId"], action["Async"]) == (TAP, "true")
        told = len(line.events)
        line.tell("Newchannel", Channel="AudioSocket/127.0.0.1:40001-1", Linkedid=TAP)
        line.tell("OriginateResponse", Response="Success")
        line.tell("Hangup", Cause="0")
        await line.is_over()
        assert len(line.events) == told, "a tap is nobody's leg"
        assert line.table.get(TAP) is None


async def test_a_leg_that_is_not_there_cannot_be_tapped() -> None:
    async with on_line() as line:
        with pytest.raises(UnavailableError):
            line.taps.begin(TAP, LegId("nobody"), 40001)

        assert line.server.count("Originate") == 0


async def test_a_port_on_which_nobody_listens_ends_the_tap() -> None:
    async with on_line() as line:
        line.taps.begin(TAP, LEG, 40001)
        await line.server.got("Originate")

        line.tell("OriginateResponse", Response="Failure", Reason="8")

        await line.is_over()


async def test_a_refused_tap_is_over() -> None:
    async with on_line() as line:
        line.server.replies["Originate"] = lambda action: refusal(action, "no such thing")

        line.taps.begin(TAP, LEG, 40001)

        await line.is_over()


async def test_a_tap_can_be_ended_also_before_it_exists() -> None:
    async with on_line() as line:
        line.taps.begin(TAP, LEG, 40001)
        line.taps.end(TAP)
        first = await line.server.got("Hangup")
        line.tell("Newchannel", Channel="AudioSocket/127.0.0.1:40001-1", Linkedid=TAP)
        second = await line.server.got("Hangup", times=2)

        assert first["Channel"] == TAP
        assert second["Channel"] == "AudioSocket/127.0.0.1:40001-1"
        line.taps.end(TapId("never begun"))
        await line.link.act("CoreStatus")
        assert line.server.count("Hangup") == 2


async def test_a_tap_that_went_while_the_link_was_lost_is_over() -> None:
    async with on_line() as line:
        line.taps.begin(TAP, LEG, 40001)
        line.tell("Newchannel", Channel="AudioSocket/127.0.0.1:40001-1", Linkedid=TAP)
        await eventually(lambda: getattr(line.table.get(TAP), "name", None), within=3, what="no channel")

        line.server.cut()
        await line.restored(times=2)

        await line.is_over()


async def test_a_tap_that_goes_on_while_the_link_was_lost_is_known_again() -> None:
    async with on_line() as line:
        line.taps.begin(TAP, LEG, 40001)
        name = "AudioSocket/127.0.0.1:40001-1"
        line.tell("Newchannel", Channel=name, Linkedid=TAP)
        await eventually(lambda: getattr(line.table.get(TAP), "name", None), within=3, what="no channel")
        line.server.channels = [{"Channel": name, "ChannelState": "6", "Uniqueid": TAP, "Linkedid": TAP}]

        line.server.cut()
        await line.restored(times=2)

        assert line.ended == []
        found = line.table.get(TAP)
        assert found is not None
        assert found.kind is Kind.TAP
        line.taps.end(TAP)
        assert (await line.server.got("Hangup"))["Channel"] == name
