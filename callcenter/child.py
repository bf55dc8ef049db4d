"""A program that we start and that runs until it is told to end: how it is waited for, and how it ends."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress


class ChildProcess:
    """One program at a time; whoever inherits starts it with `_run`."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return None if self._child is None or self._child.returncode is not None else self._child.pid

    async def wait(self) -> int:
        """Wait for its end; its exit code, negative for a signal."""
        assert self._child is not None
        return await self._child.wait()

    async def stop(self, within_seconds: float) -> None:
        """Let it write what is left and go, and end it by force at the limit; no harm when it was never started."""
        if self._child is None:
            return
        with suppress(ProcessLookupError):
            self._child.terminate()
        try:
            async with asyncio.timeout(within_seconds):
                await self._child.wait()
        except TimeoutError:
            await self._kill()

    async def _run(
        self,
        *command: str,
        output: int | None = None,
        environment: dict[str, str] | None = None,
        handed_over: Sequence[int] = (),
        told: bool = False,
    ) -> asyncio.subprocess.Process:
        """Start it in a session of its own, so that Ctrl-C reaches it through us alone. Raises OSError.

        `output`: where it writes what it says, errors too; None: where we do. `handed_over`: descriptors that it gets.
        `told`: its standard input is ours.
        """
        self._child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE if told else asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
            pass_fds=handed_over,
        )
        return self._child

    async def _kill(self) -> None:
        assert self._child is not None
        with suppress(ProcessLookupError):
            self._child.kill()
        await self._child.wait()
