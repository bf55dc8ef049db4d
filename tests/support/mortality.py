"""What may befall the hotline's own processes, and how long it lasts."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from scripts.hotline_client import NoHotlineError
from tests.support.asterisk_console import asterisk_says, channels
from tests.support.hotline import Hotline

_BACK = 30.0  # seconds until a new controller answers
_LOOK_EVERY = 0.05


@asynccontextmanager
async def controller_dead(hotline: Hotline) -> AsyncIterator[None]:
    """Kill the controller, and keep it from being started again for as long as the block runs; wait for the new one."""
    before = hotline.running.pid("controller")
    async with controller_killed(hotline):
        yield
    await controller_back(hotline, before)


@asynccontextmanager
async def controller_killed(hotline: Hotline) -> AsyncIterator[None]:
    """Kill the controller; another is started when the block is over."""
    supervisor, before = hotline.running.supervisor_pid, hotline.running.pid("controller")
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(before, signal.SIGKILL)
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


@asynccontextmanager
async def all_but_asterisk_killed(hotline: Hotline) -> AsyncIterator[None]:
    """Kill controller and supervisor; the hotline is started again when the block is over."""
    os.kill(hotline.running.supervisor_pid, signal.SIGSTOP)
    os.kill(hotline.running.pid("controller"), signal.SIGKILL)
    await asyncio.to_thread(hotline.running.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(hotline.running.start)


async def controller_back(hotline: Hotline, before: int) -> None:
    """Wait until another controller than this one answers and hears Asterisk."""
    await _another(hotline, "controller", before)


async def asterisk_back(hotline: Hotline, before: int) -> None:
    """Wait until another Asterisk than this one is heard by the controller, and hears it."""
    await _another(hotline, "asterisk", before)
    async with asyncio.timeout(_BACK):  # until it is noticed that the first is gone, /health still speaks of that one
        while not await _hears_a_beat(hotline):  # noqa: ASYNC110  # another process
            await asyncio.sleep(_LOOK_EVERY)


async def _hears_a_beat(hotline: Hotline) -> bool:
    with suppress(OSError, TimeoutError):
        lines = await asterisk_says(hotline.running.folder, "dialplan show globals")
        return any(line.strip().startswith("CTLBEAT=") and not line.strip().endswith("=0") for line in lines)
    return False


async def _another(hotline: Hotline, process: str, before: int) -> None:
    async with asyncio.timeout(_BACK):
        while True:
            with suppress(FileNotFoundError, ValueError, NoHotlineError):
                if hotline.running.pid(process) != before:
                    health = await hotline.api.health()
                    if health["components"]["asterisk"]["status"] == "ok":
                        return
            await asyncio.sleep(_LOOK_EVERY)


async def line_empty(hotline: Hotline, *, within: float = 3) -> None:
    """Wait until Asterisk has no channel left: it notes an end a moment after it has told the phone."""
    async with asyncio.timeout(within):
        while await channels(hotline.running.folder):  # noqa: ASYNC110  # another process
            await asyncio.sleep(_LOOK_EVERY)


async def in_the_net(hotline: Hotline, callers: int, *, since: int, within: float) -> list[str]:
    """Wait until so many callers more have come to Asterisk's own queue; gives its lines, oldest first."""
    async with asyncio.timeout(within):
        while True:
            lines = entered_the_net(hotline)[since:]
            if len(lines) >= callers:
                return lines
            await asyncio.sleep(_LOOK_EVERY)


def entered_the_net(hotline: Hotline) -> list[str]:
    """Give the lines of Asterisk's own log of its queue that tell of callers who came into it."""
    log = hotline.running.folder / "asterisk" / "var" / "records" / "queue_log"
    return [line for line in log.read_text("utf-8", "replace").splitlines() if "|ENTERQUEUE|" in line]
