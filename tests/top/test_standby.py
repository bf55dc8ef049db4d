import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callcenter import standby
from callcenter.journal_memory import forget_memories
from callcenter.settings import Settings
from callcenter.standby import ControllerProcess
from scripts.phones.waiting import eventually
from tests.support.running_hotline import processes_of

ROOT = Path(__file__).resolve().parents[2]


class _Child(ControllerProcess):
    module = "tests.support.standby_child"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(standby, "STARTED_SECONDS", 0.0)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)


@asynccontextmanager
async def _running(*, standby: bool = True) -> AsyncIterator[_Child]:
    """Run one, as the supervisor does: somebody waits for its end all the time."""
    home = Path.cwd()
    process = _Child(Settings(home=home, standby=standby))
    await process.start()
    try:
        yield process
    finally:
        await process.stop(5)
        forget_memories(home)


async def _begun(times: int) -> None:
    begun = Path("begun")
    await eventually(lambda: begun.exists() and begun.read_text("ascii").count("\n") == times, within=10, what="begun")


async def _dies(process: _Child) -> int:
    """Kill the one that runs when the next one waits; gives the process id of that one."""
    first = process.pid
    assert first is not None
    waiting = asyncio.ensure_future(process.wait())
    (spare,) = await eventually(
        lambda: [pid for pid in processes_of(os.getpid()) if Path(f"loaded-{pid}").exists() and pid != first] or None,
        within=10,
        what="loaded",
    )
    os.kill(first, signal.SIGKILL)
    assert await waiting == -signal.SIGKILL
    return spare


async def test_the_one_that_waits_begins_when_the_first_one_dies() -> None:
    async with _running() as process:
        await _begun(1)
        spare = await _dies(process)
        await _begun(1)  # it waited
        await process.start()
        assert process.pid == spare
        await _begun(2)
        another = await _dies(process)
        assert another != spare, "another one was loaded for the next time"
    await eventually(lambda: another not in processes_of(os.getpid()), within=5, what="gone")


async def test_a_waiting_one_that_has_died_is_not_waited_for() -> None:
    async with _running() as process:
        await _begun(1)
        spare = await _dies(process)
        os.kill(spare, signal.SIGKILL)
        await eventually(lambda: spare not in processes_of(os.getpid()), within=5, what="gone")
        await process.start()
        assert process.pid not in (None, spare)
        await _begun(2)


async def test_none_is_loaded_where_the_site_wants_none() -> None:
    async with _running(standby=False) as process:
        await _begun(1)
        first = process.pid
        assert first is not None
        waiting = asyncio.ensure_future(process.wait())
        os.kill(first, signal.SIGKILL)
        await waiting
        assert process.pid is None
        await process.start()
        await _begun(2)
