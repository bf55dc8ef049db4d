"""One home's Asterisk as a process: started, looked after, stopped.

It is in a session of its own and writes to files, so it outlives whoever started it: calls never depend on us. The
next start finds it by what was noted in HOME/asterisk/started.json and takes it over as it is, talks and all, if it
still answers and its configuration has not changed; else it is stopped first, and started anew.
"""

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from callcenter.asterisk.launch import Installation, Launch, choose, environment
from callcenter.asterisk.logs import trim
from callcenter.asterisk.plan import Plan
from callcenter.asterisk.provision import provision
from callcenter.domain.errors import CallcenterError, InvalidInputError, UnavailableError

log = structlog.get_logger(__name__)

AMI_HOST = "127.0.0.1"
ASK_BOOTED, BOOTED = b"cli quit after core waitfullybooted\0", b"fully booted"  # as `asterisk -rx` asks
BOOT_SECONDS = 30.0
STOP_SECONDS = 8.0  # with 250 calls it takes more than 2
KILLED_SECONDS = 5.0
ANSWER_SECONDS = 2.0
LOOK_SECONDS = 0.05
ASK_EVERY_SECONDS = 4.0
MOST_SILENT = 3  # answers missed in a row: 12 to 18 s, in which one that is only slow may come round
TRIM_EVERY_SECONDS = 20.0  # a flood at the SIP port logs a megabyte and more each second
LINES_SHOWN = 5


class PortInUseError(CallcenterError):
    """Another program has a port that Asterisk needs."""

    def __init__(self, *, port: int, protocol: str, flag: str) -> None:
        super().__init__(f"{protocol} port {port} is in use by another program; choose another with {flag}")
        self.port = port
        self.flag = flag


@dataclass(frozen=True, slots=True)
class _Started:
    """What is known of an Asterisk that was started, to know it again."""

    pid: int
    began: int
    """The kernel's own time of its start: another process that was given the same id has another."""
    digest: str


class AsteriskProcess:
    """The Asterisk of one home. One at a time: whoever starts it holds the home's lock."""

    def __init__(self, plan: Plan, installation: Installation) -> None:
        self.adopted = False
        """It was already running when it was to be started."""
        self._plan = plan
        self._installation = installation
        # not asyncio's own kind of process: that one is killed when its event loop is gone, and calls with it
        self._child: subprocess.Popen[bytes] | None = None
        self._started: _Started | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process that is Asterisk itself; None when it was not started, or has been stopped."""
        return None if self._started is None else self._started.pid

    async def start(self) -> None:
        """Write the configuration and run it, or take over the one that runs; back when it is fully there.

        Raises:
            InvalidInputError: the plan cannot be written down, or an address is none of this machine's.
            PortInUseError: another program has a port.
            UnavailableError: Asterisk did not start; the text holds its last words.
            OSError: a folder or file cannot be made.

        """
        if self._child is not None:
            self._child.poll()
        self._child, self._started, self.adopted = None, None, False
        launch = await asyncio.to_thread(choose, self._installation, self._plan)
        digest = await asyncio.to_thread(provision, self._plan, launch.ground)
        before = await asyncio.to_thread(_running, self._plan)
        if before is not None:
            self._started = before
            if before.digest == digest and await _has_booted(self._plan):
                self.adopted = True
                await asyncio.to_thread(_note, self._plan, before)
                log.info("an Asterisk of this home was running and goes on", pid=before.pid)
                return
            log.warning("an Asterisk of this home with another configuration, or ill, is stopped", pid=before.pid)
            await self.stop()
        await asyncio.to_thread(check_ports, self._plan)
        await self._run(launch, digest)

    async def wait(self) -> int:
        """Wait for its end, keeping its logs short meanwhile. One that has stopped answering is ended by force.

        Gives its exit code: negative for a signal, -1 for one that was taken over.
        """
        child, started = self._child, self._started
        if started is not None:
            async with _end_of(started.pid) as ended, asyncio.TaskGroup() as tasks:
                tidying = tasks.create_task(self._tidy(), name="asterisk: tidy its logs")
                await self._watch(started.pid, ended)
                tidying.cancel()
        return -1 if child is None else await asyncio.to_thread(child.wait)

    async def _tidy(self) -> None:
        while True:
            for folder in (self._plan.logs, self._plan.records, self._plan.call_record.parent):
                await asyncio.to_thread(trim, folder)
            await asyncio.sleep(TRIM_EVERY_SECONDS)

    async def _watch(self, pid: int, ended: asyncio.Event) -> None:
        """Ask it again and again whether it is there: no signal and no exit code tells of a process that is stuck."""
        silent = 0
        while not ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(ASK_EVERY_SECONDS):
                    await ended.wait()
            if ended.is_set() or await _has_booted(self._plan):
                silent = 0
                continue
            silent += 1
            if silent == MOST_SILENT:
                log.error("Asterisk has not answered several times in a row and is ended by force", times=silent)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    async def stop(self, within_seconds: float = STOP_SECONDS) -> None:
        """End it, with a BYE to everybody; at the limit by force. Back when it is gone; no harm when it is already."""
        started = self._started
        if started is None:
            return
        async with _end_of(started.pid) as ended:
            for number, limit in ((signal.SIGTERM, within_seconds), (signal.SIGKILL, KILLED_SECONDS)):
                if ended.is_set():
                    break
                with suppress(ProcessLookupError):
                    os.kill(started.pid, number)
                with suppress(TimeoutError):
                    async with asyncio.timeout(limit):
                        await ended.wait()
            if not ended.is_set():
                raise UnavailableError(f"Asterisk (process {started.pid}) does not end, not even by force")
        if self._child is not None:
            await asyncio.to_thread(self._child.wait)
        self._child = self._started = None
        self.adopted = False
        await asyncio.to_thread(_forget, self._plan)

    async def _run(self, launch: Launch, digest: str) -> None:
        self._child = await asyncio.to_thread(_spawn, launch.command(self._plan), self._plan)
        self._started = _Started(self._child.pid, began(self._child.pid) or 0, digest)
        await asyncio.to_thread(_note, self._plan, self._started)
        try:
            async with asyncio.timeout(BOOT_SECONDS):
                await self._booted(self._child)
        except BaseException as error:
            words = await asyncio.to_thread(_last_words, self._plan)
            await self.stop()
            if isinstance(error, TimeoutError | UnavailableError):
                raise UnavailableError(f"Asterisk did not start; its last words: {words}") from None
            raise
        log.info("Asterisk runs", pid=self._child.pid, version=self._installation.version, way=launch.way.value)

    async def _booted(self, child: "subprocess.Popen[bytes]") -> None:
        while not await _has_booted(self._plan):
            if child.poll() is not None:
                raise UnavailableError("Asterisk ended")
            await asyncio.sleep(LOOK_SECONDS)


def check_ports(plan: Plan) -> None:
    """See that what Asterisk is to listen on is free, or this home's own Asterisk has it. Blocking.

    Raises:
        PortInUseError: it is not; the text names the port and the flag.
        InvalidInputError: the SIP address is none of this machine's.

    """
    if _running(plan) is not None:
        return
    for protocol, host, port, flag in (
        ("UDP", plan.sip_host, plan.sip_port, "--sip"),
        ("TCP", AMI_HOST, plan.ami_port, "--ami"),
        ("UDP", plan.sip_host, plan.rtp_from, "--rtp"),
    ):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM if protocol == "TCP" else socket.SOCK_DGRAM) as probe:
            if protocol == "TCP":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise PortInUseError(port=port, protocol=protocol, flag=flag) from None
                if error.errno == errno.EADDRNOTAVAIL:
                    raise InvalidInputError(f"{host} is no address of this machine; choose one with {flag}") from None
                raise UnavailableError(f"{protocol} port {port} ({flag}) cannot be used: {error.strerror}") from None


async def _has_booted(plan: Plan) -> bool:
    """Ask Asterisk, by its control socket, whether it is fully there.

    Its AMI port answers before that, when there is no SIP yet; and one that is told to end then does not.
    """
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(plan.control_socket)
            try:
                writer.write(ASK_BOOTED)
                return await _says(reader, BOOTED)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except OSError:  # no such socket, nobody there, or nothing in time
        return False


async def _says(reader: asyncio.StreamReader, words: bytes) -> bool:
    said = b""
    while chunk := await reader.read(4096):
        said += chunk
        if words in said:
            return True
    return False


@asynccontextmanager
async def _end_of(pid: int) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set once this process has ended, child of ours or not."""
    ended = asyncio.Event()
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        ended.set()
        yield ended
        return
    loop = asyncio.get_running_loop()

    def over() -> None:
        loop.remove_reader(handle)
        ended.set()

    loop.add_reader(handle, over)
    try:
        yield ended
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def _state_file(plan: Plan) -> Path:
    return plan.folder / "started.json"


def _note(plan: Plan, started: _Started) -> None:
    for path, text in (
        (plan.pid_file.with_suffix(".began"), f"{started.pid} {started.began}\n"),
        (plan.pid_file, f"{started.pid}\n"),
        (_state_file(plan), json.dumps(asdict(started))),
    ):
        new = path.with_name(f".{path.name}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(path)


def _forget(plan: Plan) -> None:
    plan.pid_file.unlink(missing_ok=True)
    plan.pid_file.with_suffix(".began").unlink(missing_ok=True)
    _state_file(plan).unlink(missing_ok=True)


def _running(plan: Plan) -> _Started | None:
    """Give the Asterisk of this home that still runs from another time."""
    try:
        noted = json.loads(_state_file(plan).read_text(encoding="utf-8"))
        before = _Started(int(noted["pid"]), int(noted["began"]), str(noted["digest"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return before if began(before.pid) == before.began else None


def began(pid: int) -> int | None:
    """Give the kernel's time of a process's start, in its ticks since the machine's; None when there is none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = status.rpartition(")")[2].split()
    return None if state == "Z" else int(fields[18])


def _spawn(command: list[str], plan: Plan) -> "subprocess.Popen[bytes]":
    output = _console(plan)
    try:
        return subprocess.Popen(  # noqa: S603  # fixed words, and paths that were checked
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=environment(),
            start_new_session=True,
        )
    finally:
        os.close(output)


def _console(plan: Plan) -> int:
    """Open the file that Asterisk's own words at start and end go to."""
    path = plan.logs / "console.log"
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    os.write(output, time.strftime("-- started %Y-%m-%dT%H:%M:%SZ\n", time.gmtime()).encode())
    return output


def _last_words(plan: Plan) -> str:
    try:
        with (plan.logs / "console.log").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        lines = []
    return " | ".join(line.strip() for line in lines[-LINES_SHOWN:] if line.strip()) or "none"
