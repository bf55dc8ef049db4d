"""A hotline as a newcomer starts it: the real command, a home of its own, ports of its own."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from callcenter.journal_memory import forget_memories
from scripts.hotline_client import Home

_CHECKOUT = Path(__file__).resolve().parents[2]
_FIRST_START = 280.0  # seconds; only the very first one on a machine also makes an Asterisk
_STOP = 10.0  # seconds; promised by the contract
_LOOK_EVERY = 0.1
_TURNS = 8  # of hotlines that run at once, for other runs and other workers of the same tests on one machine
_POOLED = (".sqlite3", ".sqlite3-wal", ".sqlite3-shm")  # the database keeps what it has opened, a few at most
_OURS: dict[int, int] = {}  # turns that this process holds, with the open file of each one's lock


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one hotline of the tests listens."""

    http: int
    sip: int
    ami: int
    trunk: int
    rtp: str

    @classmethod
    def number(cls, number: int) -> "Ports":
        """Give free ports for the first, second, third hotline (0 to 9); they do not meet."""
        for turn in range(_TURNS):
            first, sound = 19000 + 200 * turn + 20 * number, 32000 + 4000 * turn + 400 * number
            ports = cls(http=first, sip=first + 1, ami=first + 2, trunk=first + 3, rtp=f"{sound}-{sound + 399}")
            if _is_our(turn) and ports.are_free():
                return ports
        raise AssertionError("no free ports for a hotline: what else runs on this machine?")

    def are_free(self) -> bool:
        """Tell whether nobody listens there now."""
        ends_of_sound = (int(port) for port in self.rtp.split("-"))  # as the hotline itself looks at them
        streams, datagrams = (self.http, self.ami), (self.sip, self.trunk, *ends_of_sound)
        kinds = [(port, socket.SOCK_STREAM) for port in streams] + [(port, socket.SOCK_DGRAM) for port in datagrams]
        for port, kind in kinds:
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind is socket.SOCK_STREAM))
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return False
        return True


def _is_our(turn: int) -> bool:
    """Take the ports of this turn for this process, until it ends; tells whether it has them."""
    if turn not in _OURS:
        path = Path(tempfile.gettempdir()) / f"callcenter-test-ports-{os.getuid()}-{turn}.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        _OURS[turn] = handle
    return True


class RunningHotline:
    """One `callcenter run` process and its home; blocking, for session fixtures."""

    module = "callcenter"
    """What Python runs."""

    def __init__(self, ports: Ports, *flags: str, **settings: object) -> None:
        # What a story does not tell of costs no processor.
        settings = {"speech_engine": "off", "standby": "false", "live_figures": "false"} | settings
        self.ports = ports
        # Beside pytest's own folders, which Asterisk's unprivileged user may not enter.
        self.folder = Path(tempfile.mkdtemp(prefix="callcenter-test-"))
        self.folder.chmod(0o755)
        self._flags = flags
        self._settings = {f"CALLCENTER_{name.upper()}": str(value) for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Home:
        """What its demo.json says."""
        return Home.read(self.folder)

    @property
    def said(self) -> str:
        """All that it printed."""
        return (self.folder / "run.out").read_text("utf-8", "replace")

    @property
    def database_url(self) -> str:
        """Where its journal is."""
        return self._settings.get("CALLCENTER_DATABASE_URL", f"sqlite:///{self.folder / 'callcenter.sqlite3'}")

    @property
    def supervisor_pid(self) -> int:
        """The process that was started by hand."""
        assert self._process is not None
        return self._process.pid

    def log_since(self, moment: datetime) -> list[str]:
        """Give what supervisor and controller logged since this moment, with the seconds from it to each line."""
        lines: list[tuple[float, str]] = []
        for name in ("supervisor", "controller"):
            for line in (self.folder / "log" / f"{name}.log").read_text("utf-8", "replace").splitlines():
                told = json.loads(line)
                after = (datetime.fromisoformat(told.pop("time")) - moment).total_seconds()
                if after >= 0:
                    lines.append((after, f"{after:6.2f} s  {name}: {json.dumps(told, ensure_ascii=False)}"))
        return [line for _, line in sorted(lines)]

    def pid(self, of: str) -> int:
        """Give the process id of the `controller` or of `asterisk`."""
        return int((self.folder / "run" / f"{of}.pid").read_text("ascii"))

    def open_files(self, of: str) -> dict[str, str]:
        """Give the open file descriptors of the `controller` or of `asterisk`, and what each is."""
        folder = Path(f"/proc/{self.pid(of)}/fd")
        found = {}
        for entry in folder.iterdir():
            try:
                found[entry.name] = str(entry.readlink())
            except FileNotFoundError:  # closed while we looked
                continue
        return found

    def footprint(self) -> dict[str, int]:
        """Count what calls may leave behind: open files of both, without the database's pool, and processes."""
        files = {
            f"files of {of}": sum(not name.endswith(_POOLED) for name in self.open_files(of).values())
            for of in ("controller", "asterisk")
        }
        return files | {"processes of controller": len(processes_of(self.pid("controller")))}

    def start(self) -> None:
        """Start it and wait for READY."""
        command = [sys.executable, "-m", self.module, "run", "--home", str(self.folder)]
        command += ["--http", f"127.0.0.1:{self.ports.http}", "--sip", f"127.0.0.1:{self.ports.sip}"]
        command += ["--ami", str(self.ports.ami), "--trunk", f"127.0.0.1:{self.ports.trunk}", "--rtp", self.ports.rtp]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
        with (self.folder / "run.out").open("wb") as out:
            self._process = subprocess.Popen(
                [*command, *self._flags],
                cwd=_CHECKOUT,
                env=kept | self._settings,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + _FIRST_START
        while not any(line.startswith("READY ") for line in self.said.splitlines()):
            if self._process.poll() is not None or time.monotonic() > end:
                said = self.said
                self.stop()
                raise AssertionError(f"the hotline did not start:\n{said}")
            time.sleep(_LOOK_EVERY)

    def stop(self) -> int:
        """End it by SIGTERM; gives its exit code. Raises AssertionError when it does not end in time."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the hotline did not end within {_STOP:g} s of SIGTERM:\n{self.said}") from None

    def kill(self) -> None:
        """End it by force where it still runs: what it started ends with it."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def remove(self) -> None:
        """Delete its home."""
        forget_memories(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


def processes_of(pid: int) -> list[int]:
    """Give the processes that this one has started; its dead ones too, while it has not looked at their end."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
            except OSError:  # gone meanwhile
                continue
            if int(parent) == pid:
                found.append(int(entry.name))
    return sorted(found)
