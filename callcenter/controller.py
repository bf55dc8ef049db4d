"""The controller as a process: how it begins with what was before, runs every part, and ends without losing a fact."""

import asyncio
import gc
import os
import signal
import sys
from functools import partial

import structlog
import uvloop

from callcenter.app import Parts
from callcenter.domain.errors import CallcenterError, RefusedError
from callcenter.home import Home, forget_pid, write_pid
from callcenter.log import LogWriter, Steps
from callcenter.office.switchboard import FrozenError
from callcenter.settings import Settings

log = structlog.get_logger(__name__)

FROZEN_EXIT = 75  # EX_TEMPFAIL: start me again
PARENT_LOOK_SECONDS = 1.0
FLUSH_SECONDS = 3.0  # what the database has not taken by then goes to the spool
HAND_OVER_SECONDS = 0.0005  # until a thread that has taken the interpreter has to give it back to the loop; 5 ms else
COLLECT_AFTER = (50_000, 20, 50)  # new objects, and rounds among the younger; at 60 calls a second p95 is half as long


def main(settings: Settings, writer: LogWriter) -> int:
    """Run one controller until SIGTERM; its exit code. `writer` is what its log is written by."""
    sys.setswitchinterval(HAND_OVER_SECONDS)
    home = Home(settings.home)
    write_pid(home.controller_pid, os.getpid())
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Controller(Parts(settings, home, writer)).run())
    except* FrozenError as frozen:
        log.error("the controller was frozen and ends, to begin anew", why=str(frozen.exceptions[0]))
        code = FROZEN_EXIT
    except* RefusedError as refused:
        why = str(refused.exceptions[0])
        log.error("the controller cannot run as things are", why=why)
        print(f"callcenter: {why}", file=sys.stderr)  # noqa: T201 - the one who starts it has to act
        code = os.EX_CONFIG
    except* CallcenterError as failed:
        log.error("the controller cannot run", why="; ".join(str(error) for error in failed.exceptions))
        code = 1
    else:
        code = 0
    finally:
        forget_pid(home.controller_pid)
    return code


class Controller:
    """Has the parts of one controller run together."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._remembering = parts.remembering

    async def run(self) -> None:
        """Run until told to stop. Raises FrozenError, or CallcenterError where it cannot begin."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        steps = Steps()
        try:
            migrated = await self._remembering.migrate()
            steps.done("tables")
            await self._remembering.journal.open()
            await self._parts.recovery.begin(store_is_there=migrated)
            steps.done("recovered")
            await self._parts.prepare_words()
            steps.done("prompts")
            freeze_what_stays()
            steps.done("frozen")
            log.info("the controller begins", **steps.seconds)
            await self._serve(stopped, migrated=migrated)
        finally:
            await self._remembering.close()

    async def _serve(self, stopped: asyncio.Event, *, migrated: bool) -> None:
        journal = self._remembering.journal
        parts = self._parts.to_run() | {"parent": partial(_watch_parent, stopped)}
        if not migrated:
            parts["migrate"] = self._remembering.migrate_later
        async with self._parts.server(), asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(journal.run(), name="journal")
            running = [tasks.create_task(part(), name=name) for name, part in parts.items()]
            await stopped.wait()
            for task in running:
                task.cancel()
            await journal.flush(within=FLUSH_SECONDS)
            writing.cancel()


def freeze_what_stays() -> None:
    """Keep modules and parts out of the garbage collector's rounds: one of them would stop the loop for 100 ms.

    What calls leave behind goes without it, cycles are few: so its rounds may be rare.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def _watch_parent(stopped: asyncio.Event) -> None:
    """End when whoever started us is gone: nobody would start us again, and the next run needs our ports."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  # the kernel has no event for it that we could await
        await asyncio.sleep(PARENT_LOOK_SECONDS)
    log.warning("the supervisor is gone; the controller ends, and Asterisk goes on alone")
    stopped.set()
