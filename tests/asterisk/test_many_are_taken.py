"""Hundreds of waiting callers are taken by seats, and no channel of theirs is left in Asterisk's lists.

Asterisk 22.10.1 lets go of its list of channels in the middle of moving a caller from one channel to another. Where
seats took callers out of the applications in which they waited, one empty channel stayed of some hundreds.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from callcenter.asterisk.channels import Channel
from callcenter.asterisk.plan import Plan
from callcenter.domain.errors import UnavailableError
from callcenter.domain.telephony import CallerLeft, CallerWaits, PartyJoined, TelephonyEvent
from tests.asterisk.conftest import Ami
from tests.asterisk.test_real_asterisk import Line, on_line
from tests.support.asterisk_console import channels
from tests.support.office_fakes import eventually

if TYPE_CHECKING:
    from callcenter.domain.ids import CallId

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

CALLERS = 400
EACH_SECOND = 40
TALK_SECONDS = 0.1
MOMENT_SECONDS = 0.03  # within it a seat has answered and the caller is moved
MOMENTS = 60


class Told(list[TelephonyEvent]):
    """What a line told, and who waits by it."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: set[CallId] = set()

    def append(self, event: TelephonyEvent) -> None:
        """Take one more in."""
        super().append(event)
        if isinstance(event, CallerWaits):
            self.waiting.add(event.call_id)

    def times(self, kind: type[TelephonyEvent]) -> int:
        """Say how often something was told."""
        return sum(isinstance(event, kind) for event in self)


async def test_none_of_hundreds_leaves_an_empty_channel_behind(ami: Ami, plan: Plan) -> None:
    async with on_line(ami) as line, callers_wait_at_once(line):
        line.events = told = Told()
        async with asyncio.TaskGroup() as tasks:
            for number in range(CALLERS):
                tasks.create_task(rings_and_is_taken(line, told, number))
                await asyncio.sleep(1 / EACH_SECOND)

        await all_leave(told, plan)
        assert told.times(PartyJoined) == CALLERS, "somebody was in no talk, or in two"


async def test_none_of_hundreds_who_hang_up_as_they_are_taken_leaves_one(ami: Ami, plan: Plan) -> None:
    async with on_line(ami) as line, callers_wait_at_once(line):
        line.events = told = Told()
        async with asyncio.TaskGroup() as tasks:
            for number in range(CALLERS):
                tasks.create_task(hangs_up_as_he_is_taken(line, told, number))
                await asyncio.sleep(1 / EACH_SECOND)

        await all_leave(told, plan)


async def all_leave(told: Told, plan: Plan) -> None:
    """Wait until every caller has left, and no channel stands in Asterisk's lists."""
    await eventually(lambda: told.times(CallerLeft) == CALLERS, within=20)
    async with asyncio.timeout(10):
        while await channels(plan.home):  # noqa: ASYNC110  # another process's list
            await asyncio.sleep(0.1)


@asynccontextmanager
async def callers_wait_at_once(line: Line) -> AsyncIterator[None]:
    """Bring callers into the line without a flow."""
    line.telephone.set_arrival("ring")
    try:
        yield
    finally:
        line.telephone.set_arrival("answer")


async def rings_and_is_taken(line: Line, told: Told, number: int) -> None:
    """Let one call, and a seat that answers at once take him; a phone of a seat is not needed for it."""
    caller = await waits(line, told, number)
    await is_taken(line, caller, number)
    await eventually(lambda: caller.joined, within=10)
    await asyncio.sleep(TALK_SECONDS)
    await line.link.act("Hangup", Channel=f"seat-{number:04}")


async def hangs_up_as_he_is_taken(line: Line, told: Told, number: int) -> None:
    """Let one call who hangs up when a seat has just answered: one some milliseconds sooner or later than the other."""
    caller = await waits(line, told, number)
    await is_taken(line, caller, number)
    await asyncio.sleep(number % MOMENTS / MOMENTS * MOMENT_SECONDS)
    for channel in (caller.uniqueid, f"seat-{number:04}"):
        with suppress(UnavailableError):  # it has gone by itself
            await line.link.act("Hangup", Channel=channel)


async def waits(line: Line, told: Told, number: int) -> Channel:
    """Let one call, and come into the line; gives his channel."""
    caller = f"caller-{number:04}"
    await line.link.act(
        "Originate",
        Channel="Local/12345@hotline-in/n",
        Application="Wait",
        Data="60",
        Async="true",
        ChannelId=f"far-{caller}",
        OtherChannelId=caller,
    )
    await eventually(
        lambda: (channel := line.table.get(caller)) is not None and channel.call_id in told.waiting, within=10
    )
    channel = line.table.get(caller)
    assert channel is not None
    return channel


async def is_taken(line: Line, caller: Channel, number: int) -> None:
    """Let a seat that answers at once take him."""
    await line.link.act(
        "Originate",
        Channel="Local/s@music/n",
        Context="offer",
        Exten="s",
        Priority="1",
        Variable=f"CALLER={caller.name}",
        Async="true",
        ChannelId=f"seat-{number:04}",
        OtherChannelId=f"music-seat-{number:04}",
    )
