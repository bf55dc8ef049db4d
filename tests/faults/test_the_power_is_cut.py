"""The machine goes down in the middle of calls, and at the next start its PostgreSQL is later than the hotline.

Nobody hands anything over, and nothing can be read: callers are served as they come. What was before is found out when
the database is there: calls that nobody ended are closed, seats and obligations are as they were.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from callcenter.journal_memory import forget_memories
from tests.faults.busy_hour import until_health
from tests.faults.closing_look import HEAR, InTalk, closing_look
from tests.faults.results import TellResult
from tests.support.hotline import Hotline, visit
from tests.support.hotlines import running_as
from tests.support.postgres_server import PostgresServer, programs
from tests.support.running_hotline import RunningHotline

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.timeout(180),
    pytest.mark.skipif(programs() is None, reason="PostgreSQL's server is not installed"),
]
BACK = 25.0
OWED = "13955500002"
"""Who gave up before, and is owed a call."""


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    made = PostgresServer()
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def running_hotline(server: PostgresServer) -> Iterator[RunningHotline]:
    rules = {"recall_short_seconds": 0}
    yield from running_as(RunningHotline, 8, database_url=server.url(), **rules)


@pytest.fixture
async def hotline(running_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(running_hotline) as visiting:
        yield visiting


def _cut_the_power(running: RunningHotline) -> None:
    """End every process of the hotline at once, and what the machine had in memory."""
    pids = [running.pid("controller"), running.pid("asterisk")]
    running.kill()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    forget_memories(running.folder)


async def test_what_was_before_is_known_as_soon_as_the_database_is_there(
    hotline: Hotline, server: PostgresServer, tell_result: TellResult
) -> None:
    owed = await hotline.caller_dials(OWED)
    await owed.until("call.queued", within=HEAR)
    await owed.hangs_up()
    seat = await hotline.seat("8001")
    talking = await hotline.caller_dials()
    at_seat = await seat.rings(within=15)
    await at_seat.answer()
    await talking.until("call.talking", within=5)
    on_break = await hotline.seat("8002")
    await on_break.goes("break", "training")
    waiting = await hotline.caller_dials()
    await waiting.until("call.queued", within=HEAR)
    await hotline.until_true(talking.record, lambda call: bool(call["ticket_id"]), within=10, what="drafted")

    _cut_the_power(hotline.running)
    await asyncio.to_thread(server.crash)
    for phone in (seat.phone, talking.phone, waiting.phone):
        phone.dies()
    try:
        await asyncio.to_thread(hotline.running.start)
        await hotline.listens_again()
        _, said = await until_health(hotline, "database", "degraded", within=10)
        assert "what was before is not known yet" in said

        # The next caller is served as if nothing were wrong.
        other = await hotline.seat("8003")
        citizen = await hotline.caller_dials()
        call = await other.rings(within=15)
        await call.answer()
        talk = InTalk(citizen, other, call)
    finally:
        await asyncio.to_thread(server.start)
    back, _ = await until_health(hotline, "database", "ok", within=BACK)

    assert (await on_break.record())["state"] == "break"
    recalls = await hotline.api.all_of("recalls", state="open")
    assert {recall["caller"] for recall in recalls} >= {OWED}
    calls = await closing_look(
        hotline, talking=[talk], ended={talking: "answered", waiting: "lost", owed: "abandoned_queue"}
    )
    recovered = {call["id"]: call["recovered"] for call in calls}
    assert recovered == {talking.id: True, waiting.id: True, owed.id: False, citizen.id: False}
    tell_result(
        fault="the power is cut, and PostgreSQL is there later than the hotline",
        what="a talk, one waiting, one who is owed a call",
        figures={"all of it known": f"{back:.1f} s after it is there"},
    )
