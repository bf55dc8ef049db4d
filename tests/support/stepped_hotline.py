"""A hotline whose machine's clock can be stepped: controller and Asterisk read one that is (libfaketime).

Only the wall clock is stepped, at the same moment for both; the monotonic one is not, as on a real machine. What
Asterisk waits for by absolute wall time in a lock it goes on waiting for by real time: that part of a step of a real
clock is not shown by this.
"""

import os
import shutil
import sys
from pathlib import Path

from callcenter import startup
from callcenter.asterisk import launch, process
from callcenter.asterisk.plan import Plan
from callcenter.cli import main
from callcenter.home import Home
from tests.support.running_hotline import RunningHotline

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
"""From Debian's package libfaketime; None where it is not installed."""

_plain_command = launch.Launch.command


class SteppedHotline(RunningHotline):
    """A hotline on a machine whose clock can be stepped."""

    module = "tests.support.stepped_hotline"

    def steps(self, seconds: int) -> None:
        """Set the machine's clock so many seconds ahead of the true time, for both processes at once."""
        path = _offset(self.folder)
        new = path.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n", encoding="ascii")
        new.replace(path)

    @property
    def clock(self) -> dict[str, str]:
        """Environment of a command that is run beside it and is to read the same clock."""
        return {**os.environ, **_stepped(self.folder), "LD_PRELOAD": str(_library(self.folder))}


def _offset(home: Path) -> Path:
    return _folder(home) / "offset"


def _library(home: Path) -> Path:
    return _folder(home) / "libfaketime.so"


def _folder(home: Path) -> Path:
    """Where Asterisk, too, may read, in its own root."""
    return Home(home).prompts


def _stepped(home: Path) -> dict[str, str]:
    """Give the environment of a process that is to read the stepped clock."""
    return {
        "FAKETIME_TIMESTAMP_FILE": str(_offset(home)),
        "FAKETIME_NO_CACHE": "1",  # or each process would find the step up to a second after the other
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Else the library takes each timed wait by the monotonic clock for one by the wall clock, which is long over:
        # Python's threads then take the interpreter from each other without end, and the journal's gets nothing done.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }


class _Controller(startup.ControllerProcess):
    """The controller of such a hotline."""

    async def start(self) -> None:
        home = self._settings.home
        environment = {**self._environment, **_stepped(home), "LD_PRELOAD": str(_library(home))}
        await self._run(*self._command, environment=environment, handed_over=[*self._memories.values()])


class _Asterisk(process.AsteriskProcess):
    """The Asterisk of such a hotline."""

    async def start(self) -> None:
        home = self._plan.home
        assert LIBRARY is not None
        _folder(home).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(LIBRARY, _library(home))
        _offset(home).write_text("+0\n", encoding="ascii")
        process.environment = lambda: launch.environment() | _stepped(home)  # type: ignore[attr-defined]
        await super().start()


def _command(self: launch.Launch, plan: Plan) -> list[str]:
    """Load the library into Asterisk alone: what it keeps in shared memory belongs to the user who runs."""
    words = _plain_command(self, plan)
    preload = ["--preload", str(_library(plan.home))]
    if "--library-path" in words:  # its loader runs it already
        at = words.index("--library-path")
        return [*words[:at], *preload, *words[at:]]
    installation = self.installation
    loader = Path("/") / launch._loader(installation).relative_to(installation.root)
    at = words.index("-f") - 1  # the program; behind it Asterisk's own words
    return [*words[:at], str(loader), *preload, *words[at:]]


if __name__ == "__main__":
    startup.ControllerProcess = _Controller  # type: ignore[misc]
    launch.Launch.command = _command  # type: ignore[method-assign]
    launch.ENTER = launch.ENTER.replace('mkdir "$new/dev"', 'mkdir "$new/dev"; mkdir -m 1777 "$new/dev/shm"; mkdir')
    startup.AsteriskProcess = _Asterisk  # type: ignore[attr-defined]
    sys.exit(main())
