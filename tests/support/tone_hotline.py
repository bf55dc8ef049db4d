"""A hotline as `callcenter run` makes it, save that its speech workers hear tones (see tone_recogniser)."""

import sys
from contextlib import suppress
from pathlib import Path

from callcenter import noting, startup
from callcenter.cli import main
from callcenter.speech.worker import Engine
from tests.support.running_hotline import RunningHotline

TONES = Engine(factory="tests.support.tone_recogniser:load")


class ToneHotline(RunningHotline):
    """A hotline whose words are tones: exact, and there at once."""

    module = "tests.support.tone_hotline"

    def workers(self) -> list[int]:
        """Give the process ids of its speech workers."""
        return children_of(self.pid("controller"))


class _Controller(startup.ControllerProcess):
    """The controller of such a hotline."""

    module = ToneHotline.module


def children_of(pid: int) -> list[int]:
    """Give the speech workers that this process has started and that live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
                command = (entry / "cmdline").read_text("utf-8", "replace")
            except OSError:  # gone meanwhile
                continue
            if int(parent) == pid and state != "Z" and "callcenter.speech.worker_child" in command:
                found.append(int(entry.name))
    return sorted(found)


def listening_ports(pid: int) -> list[int]:
    """Give the TCP ports on which this process listens."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            sockets.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
    lines = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    listening = [line for line in lines if line[3] == "0A" and line[9] in sockets]
    return [int(line[1].partition(":")[2], 16) for line in listening]


if __name__ == "__main__":
    startup.ControllerProcess = _Controller  # type: ignore[misc]
    noting.hearing_engine = lambda settings: TONES  # noqa: ARG005 - called by its name
    sys.exit(main())
