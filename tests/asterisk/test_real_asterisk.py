"""The link and the telephone against a real Asterisk; the caller is a Local channel, so no phone is needed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import pytest

from callcenter.asterisk.ami import Condition, Limits
from callcenter.asterisk.channels import ChannelTable
from callcenter.asterisk.link import IN_USE, AmiLink
from callcenter.asterisk.lists import found
from callcenter.asterisk.plan import Plan
from callcenter.asterisk.telephone import Telephone
from callcenter.domain.errors import CallerGone
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import (
    Arrived,
    CallerLeft,
    CallerUp,
    CallerWaits,
    Ending,
    FlowAsked,
    LegDialled,
    LegEnded,
    LinkRestored,
    TelephonyEvent,
    VoiceBegan,
)
from callcenter.domain.wishes import EndCall, OfferSeat
from scripts.phones.phone import Phone
from tests.asterisk.conftest import HOST, Ami

if TYPE_CHECKING:
    from callcenter.asterisk.agi import AgiCaller

pytestmark = pytest.mark.asterisk

EventT = TypeVar("EventT", bound=TelephonyEvent)


class Line:
    """A telephone on a real Asterisk, and what it told."""

    def __init__(self, ami: Ami, *, secret: str | None = None) -> None:
        self.events: list[TelephonyEvent] = []
        self.table = ChannelTable()
        self.link = AmiLink("127.0.0.1", ami.port, "controller", secret or ami.secret)
        self.telephone = Telephone(
            self.link,
            self.table,
            on_event=self._told,
            say_files=lambda _: "",
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
        )
        self._moved = asyncio.Event()

    def _told(self, event: TelephonyEvent) -> None:
        self.events.append(event)
        self._moved.set()

    async def until(self, kind: type[EventT], limit: float = 8) -> EventT:
        async with asyncio.timeout(limit):
            while True:
                for event in self.events:
                    if isinstance(event, kind):
                        return event
                self._moved.clear()
                await self._moved.wait()

    async def beats(self) -> None:
        while True:
            self.telephone.beat(int(time.time()))
            await asyncio.sleep(1)

    async def calls_in(self) -> CallId:
        """Let a caller come in who says nothing and presses nothing."""
        await self.rings_in()
        return (await self.until(FlowAsked)).call_id

    async def rings_in(self) -> CallId:
        """Let a caller come in, and wait for no more than that he is seen."""
        await self.link.act(
            "Originate", Channel="Local/12345@hotline-in/n", Application="Wait", Data="60", Async="true"
        )
        return (await self.until(Arrived)).call_id

    async def greeting(self) -> str:
        return (await self.link.act("Getvar", Variable="GREETING")).headers["Value"]


@asynccontextmanager
async def on_line(ami: Ami, *, beating: bool = True) -> AsyncIterator[Line]:
    """Have a telephone on this Asterisk; without its beat the dialplan takes it for dead, while it hears all."""
    line = Line(ami)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(line.telephone.run())]
        try:
            await line.until(LinkRestored)
            line.telephone.beat(int(time.time()) if beating else 0)
            if beating:
                running.append(tasks.create_task(line.beats(), name="beats"))
            yield line
        finally:
            for arrived in [event for event in line.events if isinstance(event, Arrived)]:
                line.telephone.carry_out(EndCall(call_id=arrived.call_id))
            if line.link.is_ready:
                await line.link.act("CoreStatus")
            for one in running:
                one.cancel()


async def becomes(link: AmiLink, condition: Condition) -> None:
    """Wait until it is in this condition."""
    async with asyncio.timeout(8):
        while link.state.condition is not condition:  # noqa: ASYNC110  # the state is looked at, as /health does
            await asyncio.sleep(0.02)


async def refusal(link: AmiLink) -> str:
    """Run a link until it is refused for good, and give the reason; the last test's session may not be over yet."""
    async with asyncio.TaskGroup() as tasks, asyncio.timeout(10):
        running = tasks.create_task(link.run())
        while link.state.condition is not Condition.REFUSED or IN_USE in link.state.detail:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.02)
        detail = link.state.detail
        running.cancel()
    return detail


async def test_it_logs_in_and_its_beat_is_the_global_of_the_dialplan(ami: Ami) -> None:
    async with on_line(ami) as line:
        assert line.link.state.condition is Condition.READY
        assert line.link.version.startswith("22.")

        line.telephone.beat(1795535475)
        heard = await line.link.act("Getvar", Variable="CTLBEAT")

        assert heard.headers["Value"] == "1795535475"


async def test_a_wrong_secret_is_said_and_not_shown(ami: Ami) -> None:
    detail = await refusal(AmiLink("127.0.0.1", ami.port, "controller", "not-the-secret"))

    assert "Authentication failed" in detail
    assert "not-the-secret" not in detail


async def test_a_second_controller_is_kept_out_until_the_first_has_gone(ami: Ami) -> None:
    second = AmiLink("127.0.0.1", ami.port, "controller", ami.secret, limits=Limits(refused_first=60))
    async with asyncio.TaskGroup() as tasks:
        async with on_line(ami) as first:
            running = tasks.create_task(second.run())
            await becomes(second, Condition.REFUSED)

            assert "Already In Use" in second.state.detail
            assert first.link.is_ready
        await becomes(second, Condition.READY)
        running.cancel()


async def test_a_line_break_never_reaches_the_wire_and_a_missing_right_is_an_answer(ami: Ami) -> None:
    async with on_line(ami) as line:
        answer = await line.link.act("DBPut", Family="x", Key="y", Val="z")

        assert not answer.success
        assert "ermission" in answer.message


async def test_a_caller_is_told_and_asked_and_goes_on_to_wait(ami: Ami) -> None:
    async with on_line(ami) as line:
        greeting = await line.greeting()
        call_id = await line.calls_in()
        caller: AgiCaller[str] = line.telephone.caller(call_id, number=None, file_of=lambda _: greeting)

        await caller.say(["greeting"])
        keys = await caller.ask(
            ["greeting"],
            max_digits=4,
            terminator="#",
            barge_in=True,
            first_digit_seconds=0.3,
            next_digit_seconds=0.3,
        )
        await caller.leave()
        waits = await line.until(CallerWaits)

        assert keys == ""
        assert waits.call_id == call_id
        times = [(await line.until(kind)).at for kind in (Arrived, CallerUp, VoiceBegan, CallerWaits)]
        assert times == sorted(times)


async def test_a_caller_whom_nobody_drives_goes_on_to_wait_by_himself(ami: Ami) -> None:
    async with on_line(ami) as line:
        call_id = await line.calls_in()
        caller = line.telephone.caller(call_id, number=None, file_of=str)
        begun = await line.until(FlowAsked)

        waits = await line.until(CallerWaits, limit=20)

        assert 5 <= (waits.at - begun.at).total_seconds() <= 14
        with pytest.raises(CallerGone):
            await caller.say(["anything"])


async def test_a_caller_who_hangs_up_in_the_words_is_gone_at_once(ami: Ami) -> None:
    async with on_line(ami) as line:
        greeting = await line.greeting()
        call_id = await line.calls_in()
        caller: AgiCaller[str] = line.telephone.caller(call_id, number=None, file_of=lambda _: greeting)
        async with asyncio.TaskGroup() as tasks:
            saying = tasks.create_task(caller_is_gone_after(caller.say(["greeting"] * 20)))
            await line.until(VoiceBegan)
            await caller.hang_up()
            hung_up = time.monotonic()
        left = await line.until(CallerLeft)

        assert saying.result() - hung_up < 1
        assert left.call_id == call_id
        assert len(line.table) <= 1  # the other half of the Local channel is on its way out


async def caller_is_gone_after(words: Awaitable[None]) -> float:
    """Give the monotonic second at which these words were broken off."""
    with pytest.raises(CallerGone):
        await words
    return time.monotonic()


async def test_an_offer_to_a_phone_that_is_not_registered_fails_at_once(ami: Ami) -> None:
    async with on_line(ami) as line:
        call_id = await line.calls_in()
        leg_id = LegId("4f5bb1d8-0000-4000-8000-00000000000f")

        line.telephone.carry_out(
            OfferSeat(call_id=call_id, leg_id=leg_id, seat="8004", caller="13900000001", ring_seconds=15)
        )
        ended = await line.until(LegEnded)

        assert (ended.leg_id, ended.ending) == (leg_id, Ending.FAILED)
        assert not [event for event in line.events if isinstance(event, LegDialled)]
        assert line.table.get(leg_id) is None


async def test_a_network_that_asserts_two_names_of_one_caller_is_understood(ami: Ami, plan: Plan) -> None:
    name = '"A, \\"B\\": (<sip:110@h>)"'
    asserted = (("P-Asserted-Identity", f"{name} <sip:+8613800000001@ims.example>, <tel:+8613800000001>"),)

    async with on_line(ami) as line, Phone("citizen") as phone:
        call = await phone.calls(f"sip:{plan.hotline}@{HOST}:{plan.sip_port}", number="3000", headers=asserted)
        arrived = await line.until(Arrived)
        again = await found(line.link, ChannelTable())
        await call.hang_up()

    assert arrived.caller == "+8613800000001"
    assert [one.caller for one in again.calls if one.call_id == arrived.call_id] == ["+8613800000001"]
