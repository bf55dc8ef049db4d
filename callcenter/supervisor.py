"""Keeps the hotline's processes running: starts them, starts them again when they die, ends what it started.

It holds no call and knows no caller: whatever happens to it, people go on talking.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from callcenter.back_off import BackOff
from callcenter.domain.errors import CallcenterError

log = structlog.get_logger(__name__)

READY_LOOK_SECONDS = 0.1
HEALTH_LOOK_SECONDS = 0.5  # only until it is healthy for the first time; how well it ran need not be known better
STOP_SECONDS = 4.0  # for each of the processes; together they end within the ten seconds that are promised


class Process(Protocol):
    """One process of the hotline."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    async def start(self) -> None:
        """Start it. Raises CallcenterError when it cannot be started."""
        ...

    async def wait(self) -> int:
        """Wait for its end; its exit code, negative for a signal."""
        ...

    async def stop(self, within_seconds: float) -> None:
        """End it politely, and by force when the time is over; no harm when it was never started."""
        ...


class Supervisor:
    """Owns the processes: they are started together, and ended one by one, the last of them first."""

    def __init__(
        self,
        processes: Sequence[Process],
        *,
        is_ready: Callable[[], Awaitable[bool]],
        say: Callable[[str], None],
        ready_seconds: float = 60.0,
    ) -> None:
        self._processes = processes
        self._is_ready = is_ready
        self._say = say
        self._ready_seconds = ready_seconds
        self.restarts = 0
        self._refused = asyncio.Event()

    async def run(self, ready_line: str) -> int:
        """Run until SIGTERM or Ctrl-C; 0 then, 1 when the start fails."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        try:
            return await self._until(stopped, ready_line)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def _until(self, stopped: asyncio.Event, ready_line: str) -> int:
        """Start all, and keep them alive until told to stop or until it is clear that they never get ready."""
        try:
            await self._start_all()
            async with asyncio.TaskGroup() as tasks:
                keepers = [
                    tasks.create_task(self._keep_alive(process), name=f"keep {process.name}")
                    for process in self._processes
                ]
                stopping = tasks.create_task(stopped.wait(), name="stop signal")
                announcing = tasks.create_task(self._announce(ready_line), name="announce")
                await asyncio.wait({announcing, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if announcing.done() and announcing.result():
                    await stopping
                for task in (*keepers, announcing, stopping):
                    task.cancel()
        except CallcenterError as error:
            self._say(f"callcenter: {error}")
        finally:
            for process in reversed(self._processes):
                try:
                    await process.stop(STOP_SECONDS)
                except CallcenterError as error:
                    self._say(f"callcenter: {error}")
        return 0 if stopped.is_set() else 1

    async def _start_all(self) -> None:
        """Start all at once: each takes about a second, and none needs another to begin. Raises CallcenterError."""
        failed: list[CallcenterError] = []
        loop = asyncio.get_running_loop()

        async def start(process: Process) -> None:
            began = loop.time()
            try:
                await process.start()
            except CallcenterError as error:
                failed.append(error)
            else:
                log.info("a process was started", process=process.name, seconds=round(loop.time() - began, 2))

        async with asyncio.TaskGroup() as tasks:
            for process in self._processes:
                tasks.create_task(start(process), name=f"start {process.name}")
        if failed:
            raise failed[0]

    async def _announce(self, ready_line: str) -> bool:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._ready_seconds):
                while not await self._is_ready():  # asked over HTTP, as anybody would
                    if self._refused.is_set():
                        return False  # it has said why
                    await asyncio.sleep(READY_LOOK_SECONDS)
        except TimeoutError:
            self._say(f"callcenter: not ready after {self._ready_seconds:.0f} s; see the logs in the home's log/")
            return False
        log.info("the hotline is ready", seconds=round(loop.time() - began, 2))
        self._say(ready_line)
        return True

    async def _keep_alive(self, process: Process) -> None:
        back_off = BackOff()
        while True:
            code, healthy = await self._watch(process)
            if code == os.EX_CONFIG and not self.restarts:  # as things are it cannot run, however often it is started
                self._refused.set()
                return
            while True:
                delay = back_off.after(healthy)
                log.error("a process ended", process=process.name, code=code, starts_again_in=delay)
                self._say(f"callcenter: {process.name} ended ({_how(code)}); starting it again {_when(delay)}")
                await asyncio.sleep(delay)
                try:
                    await process.start()
                    break
                except CallcenterError as error:
                    self._say(f"callcenter: {process.name}: {error}")
                    healthy = 0.0
            self.restarts += 1

    async def _watch(self, process: Process) -> tuple[int, float]:
        """Wait for its end; its exit code, and for how many seconds it had been there since all was healthy."""
        async with asyncio.TaskGroup() as tasks:
            becoming = tasks.create_task(self._healthy(), name=f"health with {process.name}")
            code = await process.wait()
            ended = asyncio.get_running_loop().time()
            becoming.cancel()
        return code, 0.0 if becoming.cancelled() else ended - becoming.result()

    async def _healthy(self) -> float:
        """Wait until the hotline says that it works; gives when it did."""
        while not await self._is_ready():  # noqa: ASYNC110  # asked over HTTP, as anybody would
            await asyncio.sleep(HEALTH_LOOK_SECONDS)
        return asyncio.get_running_loop().time()


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"


def _when(delay: float) -> str:
    return f"in {delay:.1f} s" if delay else "at once"
