"""A Mosquitto of the home's own, for sites without a broker: on loopback, with one login, started only when told to."""

import asyncio
import os
import pwd
import shutil
from contextlib import suppress
from pathlib import Path
from secrets import token_urlsafe

from callcenter.child import ChildProcess
from callcenter.domain.errors import UnavailableError
from callcenter.events.address import BrokerAddress

HOST, USER = "127.0.0.1", "callcenter"
DEBIAN_USER = "mosquitto"  # what Debian's package makes; a broker that root starts becomes this one
LOG_NAME = "mosquitto.log"
START_SECONDS = 5.0
AT_ONCE = 200  # messages that it takes before it has answered for the first of them
LOOK_SECONDS = 0.05
_SECRET_BYTES = 24
_ONLY_OURS = 0o600


def own_address(folder: Path, port: int) -> BrokerAddress:
    """Give address and login of the own broker, and make the login where there is none yet. Blocks.

    Raises:
        UnavailableError: the login can neither be read nor made.

    """
    path = folder / "login"
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OURS)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(token_urlsafe(_SECRET_BYTES))
        password = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UnavailableError(f"{path} cannot be used ({error.strerror}); check its owner and its rights") from error
    if not password:
        raise UnavailableError(f"{path} is empty; remove it to get a new login")
    return BrokerAddress(host=HOST, port=port, user=USER, password=password)


class OwnMosquitto(ChildProcess):
    """The process, as the supervisor wants it."""

    name = "mosquitto"

    def __init__(self, folder: Path, log: Path, port: int) -> None:
        """`folder`: of its configuration; `log`: of its log; `port`: on loopback."""
        super().__init__()
        self._folder = folder
        self._log = log / LOG_NAME
        self._port = port

    async def start(self) -> None:
        """Start it, and wait until it listens. Raises UnavailableError."""
        program, passwd = _program("mosquitto"), _program("mosquitto_passwd")
        try:
            await asyncio.to_thread(self._configure)
            await self._hash(passwd)
            handle = await asyncio.to_thread(self._log.open, "wb")
        except OSError as error:
            raise UnavailableError(f"mosquitto cannot be set up: {error.strerror} ({error.filename})") from error
        with handle:
            child = await self._run(program, "-c", str(self._folder / "mosquitto.conf"), output=handle.fileno())
        await self._listens(child)

    def _configure(self) -> None:
        """Write its configuration, and the login in plain until `_hash`. Raises OSError. Blocks."""
        address = own_address(self._folder, self._port)
        passwords = self._folder / "passwords"
        lines = [
            f"listener {self._port} {HOST}",
            "allow_anonymous false",
            "set_tcp_nodelay true",
            f"max_inflight_messages {AT_ONCE}",  # by itself it takes 20: too few where an answer takes a while
            f"password_file {passwords}",
            f"user {DEBIAN_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name}",
            "persistence false",  # the controller tells everything again when it comes back
            "connection_messages false",
            "log_type error",
            "log_type warning",
        ]
        (self._folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        passwords.unlink(missing_ok=True)
        handle = os.open(passwords, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OURS)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{address.user}:{address.password}\n")

    async def _hash(self, program: str) -> None:
        passwords = self._folder / "passwords"
        hashing = await asyncio.create_subprocess_exec(
            program, "-U", str(passwords), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                code = await hashing.wait()
        except TimeoutError:
            hashing.kill()
            code = await hashing.wait()
        if code != 0:
            raise UnavailableError(f"mosquitto_passwd failed with exit code {code}")
        if os.geteuid() == 0:
            try:
                user = pwd.getpwnam(DEBIAN_USER)
            except KeyError:
                raise UnavailableError(
                    f"there is no user {DEBIAN_USER}, which a broker started by root needs"
                ) from None
            await asyncio.to_thread(_give, [self._folder, passwords], user.pw_uid, user.pw_gid)

    async def _listens(self, child: asyncio.subprocess.Process) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while child.returncode is None:
                    try:
                        _, writer = await asyncio.open_connection(HOST, self._port)
                    except OSError:
                        await asyncio.sleep(LOOK_SECONDS)
                    else:
                        writer.close()
                        return
        if child.returncode is None:
            await self._kill()
        said = await asyncio.to_thread(self._log.read_text, "utf-8", "replace")
        last = said.strip().splitlines()[-1:] or ["nothing"]
        raise UnavailableError(
            f"mosquitto does not start; the end of {self._log}: {last[0].partition(': ')[2] or last[0]}"
        )


def _program(name: str) -> str:
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    found = shutil.which(name, path=path)
    if found is None:
        raise UnavailableError(
            f"{name} is not installed; start with scripts/run --mqtt-own-port PORT, which installs it,"
            " or install Debian's package mosquitto"
        )
    return found


def _give(paths: list[Path], uid: int, gid: int) -> None:
    for path in paths:
        os.chown(path, uid, gid)
