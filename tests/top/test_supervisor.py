import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field

import pytest

from callcenter import back_off, supervisor
from callcenter.domain.errors import UnavailableError
from callcenter.supervisor import Supervisor
from tests.support.office_fakes import eventually


@dataclass
class RealProcess:
    """A Python process that does what its text says."""

    name: str
    text: str = "import time; time.sleep(60)"
    order: list[str] = field(default_factory=list)
    refuses: int = 0
    started: int = 0
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        if self.refuses and self.started:
            self.refuses -= 1
            raise UnavailableError("not yet")
        self.process = await asyncio.create_subprocess_exec(sys.executable, "-c", self.text)
        self.started += 1
        self.order.append(f"{self.name} started")

    async def wait(self) -> int:
        assert self.process is not None
        return await self.process.wait()

    async def stop(self, within_seconds: float) -> None:
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(within_seconds):
            await self.process.wait()
        self.order.append(f"{self.name} stopped")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()


async def ready() -> bool:
    return True


async def never() -> bool:
    return False


async def _started(process: RealProcess, times: int) -> None:
    await eventually(lambda: process.started == times, within=5)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(back_off, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(supervisor, "READY_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "HEALTH_LOOK_SECONDS", 0.01)


async def test_it_says_ready_and_ends_what_it_started_the_other_way_round() -> None:
    order: list[str] = []
    said: list[str] = []
    processes = [RealProcess("asterisk", order=order), RealProcess("controller", order=order)]
    running = asyncio.ensure_future(Supervisor(processes, is_ready=ready, say=said.append).run("READY"))
    await eventually(lambda: said == ["READY"], within=5)

    os.kill(os.getpid(), signal.SIGTERM)

    assert await asyncio.wait_for(running, 10) == 0
    assert set(order[:2]) == {"asterisk started", "controller started"}
    assert order[2:] == ["controller stopped", "asterisk stopped"]


async def test_processes_are_started_together() -> None:
    """The second is there while the first is still getting ready."""
    second = RealProcess("controller")

    @dataclass
    class Slow(RealProcess):
        async def start(self) -> None:
            await eventually(lambda: second.started == 1, within=5)
            await super().start()

    said: list[str] = []
    running = asyncio.ensure_future(
        Supervisor([Slow("asterisk"), second], is_ready=ready, say=said.append).run("READY")
    )
    await eventually(lambda: said == ["READY"], within=5)

    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 10) == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_process_that_dies_is_started_again(number: signal.Signals) -> None:
    said: list[str] = []
    process = RealProcess("controller")
    running = asyncio.ensure_future(Supervisor([process], is_ready=ready, say=said.append).run("READY"))
    await eventually(lambda: said == ["READY"], within=5)
    assert process.process is not None

    process.process.send_signal(number)

    await eventually(lambda: process.started == 2, within=5)
    assert said[1].startswith(f"callcenter: controller ended ({number.name})")
    os.kill(os.getpid(), signal.SIGINT)
    assert await asyncio.wait_for(running, 10) == 0


async def test_one_that_ran_well_is_started_again_at_once_however_often_it_dies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(back_off, "WELL_SECONDS", 0.1)
    said: list[str] = []
    process = RealProcess("controller")
    running = asyncio.ensure_future(Supervisor([process], is_ready=ready, say=said.append).run("READY"))
    for life in range(1, 5):
        await _started(process, life)
        await asyncio.sleep(0.3)  # this is how long it runs well
        process.kill()
    await _started(process, 5)

    assert said[1:] == ["callcenter: controller ended (SIGKILL); starting it again at once"] * 4
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 10) == 0


async def test_one_that_runs_but_never_gets_healthy_is_started_ever_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(back_off, "WELL_SECONDS", 0.1)
    monkeypatch.setattr(back_off, "FIRST_SECONDS", 0.1)
    said: list[str] = []
    process = RealProcess("controller")

    async def once() -> bool:
        return process.started == 1

    running = asyncio.ensure_future(Supervisor([process], is_ready=once, say=said.append).run("READY"))
    await eventually(lambda: said == ["READY"], within=5)
    for life in range(1, 5):
        await _started(process, life)
        await asyncio.sleep(0.3)  # it runs, and nobody can use it
        process.kill()
    await _started(process, 5)

    again = [line.rpartition("starting it again ")[2] for line in said[1:]]
    assert again == ["at once", "in 0.1 s", "in 0.2 s", "in 0.4 s"]
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 10) == 0


async def test_a_process_that_cannot_be_started_again_yet_is_tried_until_it_can() -> None:
    said: list[str] = []
    process = RealProcess("asterisk", refuses=2)
    running = asyncio.ensure_future(Supervisor([process], is_ready=ready, say=said.append).run("READY"))
    await eventually(lambda: said == ["READY"], within=5)

    process.kill()

    await eventually(lambda: process.started == 2, within=5)
    assert said.count("callcenter: asterisk: not yet") == 2
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 10) == 0


async def test_a_start_that_never_gets_ready_ends_with_a_clear_word_and_leaves_nothing() -> None:
    said: list[str] = []
    process = RealProcess("controller")

    code = await Supervisor([process], is_ready=never, say=said.append, ready_seconds=0.3).run("READY")

    assert code == 1
    assert process.process is not None
    assert process.process.returncode is not None
    assert said == ["callcenter: not ready after 0 s; see the logs in the home's log/"]


async def test_what_cannot_be_started_at_all_is_said_and_what_was_started_is_ended() -> None:
    said: list[str] = []
    first, second = RealProcess("asterisk"), RealProcess("controller", refuses=1, started=1)

    code = await Supervisor([first, second], is_ready=ready, say=said.append).run("READY")

    assert (code, said) == (1, ["callcenter: not yet"])
    assert first.order == ["asterisk started", "asterisk stopped"]


async def test_one_that_cannot_run_as_things_are_is_not_started_again() -> None:
    said: list[str] = []
    process = RealProcess("controller", text="import sys; sys.exit(78)")

    async with asyncio.timeout(20):
        code = await Supervisor([process], is_ready=never, say=said.append).run("READY")

    assert (code, process.started, said) == (1, 1, [])
