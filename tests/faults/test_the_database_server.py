"""PostgreSQL crashes in the middle of calls, and answers to commits are lost: the journal has all of it, once."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.faults.busy_hour import busy_hour, until_health
from tests.faults.results import TellResult
from tests.support.commit_relay import CommitRelay
from tests.support.hotline import Hotline, visit
from tests.support.hotlines import running
from tests.support.postgres_server import PostgresServer, programs
from tests.support.running_hotline import RunningHotline

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(programs() is None, reason="PostgreSQL's server is not installed"),
]
BACK = 20.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    made = PostgresServer()
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def relay(server: PostgresServer) -> Iterator[CommitRelay]:
    with CommitRelay(server.port) as made:
        yield made


@pytest.fixture(scope="module")
def running_hotline(server: PostgresServer, relay: CommitRelay) -> Iterator[RunningHotline]:
    yield from running(8, database_url=server.url(port=relay.port))


@pytest.fixture
async def hotline(running_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(running_hotline) as visiting:
        yield visiting


async def test_the_server_crashes_and_comes_back(
    hotline: Hotline, server: PostgresServer, tell_result: TellResult
) -> None:
    hour = await busy_hour(hotline)

    await asyncio.to_thread(server.crash)
    try:
        rang = await hour.goes_on()
        arrived = await hour.one_more()
        _, said = await until_health(hotline, "database", "degraded", within=10)
        assert "wait in the spool" in said
    finally:
        await asyncio.to_thread(server.start)
    back, _ = await until_health(hotline, "database", "ok", within=BACK)

    await hour.is_over(arrived)
    tell_result(
        fault="PostgreSQL crashes and is started again",
        what="a talk, one waiting, one arriving",
        figures={"all in the database": f"{back:.1f} s after it is back", "a free seat rang after": f"{rang:.0f} ms"},
    )


async def test_the_answers_to_commits_are_lost_and_nothing_is_there_twice(
    hotline: Hotline, relay: CommitRelay, tell_result: TellResult
) -> None:
    before = relay.cut
    relay.cut_commits(6)
    hour = await busy_hour(hotline)
    rang = await hour.goes_on()
    arrived = await hour.one_more()
    await until_health(hotline, "database", "ok", within=BACK)

    await hour.is_over(arrived)
    assert relay.cut - before == 6
    tell_result(
        fault="the connection to PostgreSQL is cut between COMMIT and its answer",
        what="a talk, one waiting, one arriving",
        figures={"answers lost": 6, "entries twice or missing": 0, "a free seat rang after": f"{rang:.0f} ms"},
    )
