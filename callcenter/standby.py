"""The controller as a process, and another one beside it that has only to begin when the first one dies.

Loading its modules takes a controller most of its start, seconds on a busy machine, and callers are served by the net
meanwhile. So one that is loaded already waits for a word at its standard input, with no file, port or connection open.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

import structlog

from callcenter.child import ChildProcess
from callcenter.journal_memory import open_memories
from callcenter.settings import Settings

log = structlog.get_logger(__name__)

STAND_BY = "--stand-by"
STARTED_SECONDS = 5.0  # the first one needs the processor for its own start
STOP_SECONDS = 1.0


class ControllerProcess(ChildProcess):
    """The controller, as a process of its own with the same settings."""

    name = "controller"
    module = "callcenter"
    """What Python runs."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        # what the journal was told, and what is open of it, outlive a controller that is killed
        self._memories = open_memories(settings.home)
        self._next = _Waiting()

    async def start(self) -> None:
        """Let the one that is loaded begin, or load one. Raises OSError."""
        self._child = self._next.begin()
        if self._child is None:
            await self._run(*self._command, environment=self._environment, handed_over=[*self._memories.values()])

    async def wait(self) -> int:
        """Wait for its end, and load the next one meanwhile; its exit code."""
        async with asyncio.TaskGroup() as tasks:
            loading = tasks.create_task(self._load_next(), name="load the next controller")
            code = await super().wait()
            loading.cancel()
        return code

    async def stop(self, within_seconds: float) -> None:
        """End it, and the one that waits."""
        await self._next.stop(STOP_SECONDS)
        await super().stop(within_seconds)

    async def _load_next(self) -> None:
        if not self._settings.standby or self._next.pid is not None:
            return
        await asyncio.sleep(STARTED_SECONDS)
        try:
            await self._next.load(
                *self._command, STAND_BY, environment=self._environment, handed_over=[*self._memories.values()]
            )
        except OSError as error:
            log.warning("no second controller could be loaded: a new one will take longer", why=type(error).__name__)

    @property
    def _command(self) -> tuple[str, ...]:
        return sys.executable, "-m", self.module, "controller"

    @property
    def _environment(self) -> dict[str, str]:
        memories = {variable: str(descriptor) for variable, descriptor in self._memories.items()}
        return {**os.environ, **self._settings.as_environment(), **memories}


class _Waiting(ChildProcess):
    """A controller that waits for the word to begin; where we die, it ends."""

    async def load(self, *command: str, environment: dict[str, str], handed_over: Sequence[int]) -> None:
        await self._run(*command, environment=environment, handed_over=handed_over, told=True)

    def begin(self) -> asyncio.subprocess.Process | None:
        """Give it the word, and it away; None where there is none that lives."""
        child, self._child = self._child, None
        if child is None or _has_ended(child) or child.stdin is None or child.stdin.is_closing():
            return None
        child.stdin.write(b"\n")
        child.stdin.close()
        return child


def _has_ended(child: asyncio.subprocess.Process) -> bool:
    """Ask the system: the loop may not have heard of it yet."""
    if child.returncode is not None:
        return True
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def wait_for_the_word() -> bool:
    """Wait at standard input until told to begin; False where whoever would tell us has gone. Blocks."""
    return os.read(sys.stdin.fileno(), 1) == b"\n"
