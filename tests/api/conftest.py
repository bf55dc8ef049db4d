"""A served desk, made up or real, and one who asks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from callcenter.api.server import Server, make_server
from callcenter.office.desk import Desk
from tests.support.api_client import ApiClient
from tests.support.fake_desk import FakeDesk
from tests.support.office_fakes import FakeClock
from tests.support.real_desk import Hotline, a_real_desk

TOKEN = "a-token-of-the-tests"


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@asynccontextmanager
async def served(desk: Desk, clock: FakeClock, **settings: Any) -> AsyncIterator[Server]:
    async with make_server(
        desk, host="127.0.0.1", port=0, token=TOKEN, clock=clock, version="9.9.9", **settings
    ) as server:
        yield server


@pytest.fixture
async def server(desk: FakeDesk, clock: FakeClock) -> AsyncIterator[Server]:
    async with served(desk, clock) as server:
        yield server


@pytest.fixture
async def api(server: Server) -> AsyncIterator[ApiClient]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield ApiClient(session, server.url, TOKEN)


@pytest.fixture
async def hotline(tmp_path: Path) -> AsyncIterator[Hotline]:
    """Give a hotline without Asterisk: the real desk, served."""
    async with (
        a_real_desk(tmp_path) as (desk, office),
        served(desk, office.clock) as server,
        aiohttp.ClientSession() as session,
    ):
        yield Hotline(ApiClient(session, server.url, TOKEN), office)


@pytest.fixture(params=["few watch", "many watch"])
def how_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell every story also as it is where many watch, and are sent what happens in rounds."""
    if request.param == "many watch":
        monkeypatch.setattr("callcenter.api.stream.MANY", 1)


@pytest.fixture
def log() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture(autouse=True)
async def no_task_left_behind() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks left running: {left}"
