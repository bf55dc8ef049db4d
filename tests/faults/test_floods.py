"""A crowd at the HTTP server: calls are offered meanwhile, a desk elsewhere is answered, and nothing runs out.

How long the loop is stopped by a crowd is measured where nothing else is: tests/api/test_door.py, in processor time.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callcenter.office.switchboard import FROZEN_SECONDS
from tests.faults.busy_hour import busy_hour
from tests.faults.conftest import PAGE
from tests.faults.results import TellResult
from tests.support.hotline import Hotline
from tests.support.strained_hotline import StrainedHotline

ROOT = Path(__file__).parents[2]
ANSWER_SECONDS = 1.0
"""Within which a desk is answered, whatever others do; all but the worst of ten, as other tests run on this machine."""
DESCRIPTORS = 200 + 500 + 200
"""As many as may watch there, who else may be connected, and what the hotline needs itself."""
WATCHERS = 10_000 if PAGE else 1000


@dataclass
class Desk:
    """One who works meanwhile: asks how all is, and for a seat, again and again."""

    hotline: Hotline
    seconds: list[float] = field(default_factory=list)

    async def works(self) -> None:
        """Ask until cancelled."""
        while True:
            for ask in (self.hotline.api.health, lambda: self.hotline.api.get("seats/8001")):
                began = time.monotonic()
                await ask()
                self.seconds.append(time.monotonic() - began)
            await asyncio.sleep(0.1)

    @property
    def usual(self) -> float:
        """What nine of ten answers took at most."""
        return sorted(self.seconds)[int(0.9 * len(self.seconds))]


@asynccontextmanager
async def a_crowd(hotline: Hotline, kind: str, count: int) -> AsyncIterator[dict[str, int]]:
    """Have a crowd there for as long as the block takes; what happened to it is known afterwards."""
    words = ("-m", "tests.support.flood", kind, str(hotline.running.ports.http), hotline.home.token, str(count), "90")
    child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert child.stdout is not None
    assert child.stdin is not None
    happened: dict[str, int] = {}
    try:
        async with asyncio.timeout(90):
            assert await child.stdout.readline() == b"READY\n"
        yield happened
        child.stdin.close()
        async with asyncio.timeout(30):
            happened |= json.loads(await child.stdout.readline())
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


@dataclass(frozen=True)
class Crowd:
    """Who comes, in words and in numbers."""

    what: str
    kinds: dict[str, int]


@pytest.mark.parametrize(
    "crowd",
    [
        Crowd("600 connections ask as fast as they are answered", {"requests": 600}),
        Crowd(
            "300 send a head byte by byte, 300 a body, 60 read nothing", {"headers": 300, "bodies": 300, "readers": 60}
        ),
        Crowd(f"{WATCHERS} WebSockets, of which 200 may be", {"watchers": WATCHERS}),
    ],
    ids=["fast", "slow", "watchers"],
)
async def test_calls_and_desks_do_not_wait_for_a_crowd(
    strained: Hotline, strained_hotline: StrainedHotline, tell_result: TellResult, crowd: Crowd
) -> None:
    controller = strained_hotline.pid("controller")
    hour = await busy_hour(strained)
    desk = Desk(strained)

    async with AsyncExitStack() as crowds:
        happened = [await crowds.enter_async_context(a_crowd(strained, *kind)) for kind in crowd.kinds.items()]
        working = asyncio.create_task(desk.works())
        rang = await hour.goes_on()
        files = len(strained_hotline.open_files("controller"))
        working.cancel()
    arrived = await hour.one_more()

    await hour.is_over(arrived)
    assert strained_hotline.pid("controller") == controller, "it did not have to begin anew"
    assert files <= DESCRIPTORS
    assert rang <= FROZEN_SECONDS * 1000
    assert desk.usual <= ANSWER_SECONDS
    figures: dict[str, object] = {
        "a free seat rang after": f"{rang:.0f} ms",
        "nine of ten answers to a desk within": f"{desk.usual * 1000:.0f} ms",
        "open files": files,
    }
    if "watchers" in crowd.kinds:
        assert happened[0]["503"] == happened[0]["503 with Retry-After"] > 0
        assert happened[0]["101"] <= 200
        figures["told to come again"] = happened[0]["503"]
    tell_result(fault="a crowd at the HTTP server", what=crowd.what, figures=figures)
