"""The folder that holds all that a run writes: its layout, that one run alone uses it, and the ids of its processes."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from callcenter.asterisk.process import began
from callcenter.asterisk.record import RECORD
from callcenter.domain.errors import CallcenterError

ONLY_OURS = 0o600  # a file that its owner alone may read
_PRIVATE_FOLDER = 0o700
_PASSABLE_FOLDER = 0o711  # Asterisk's own user must reach what lies inside


class HomeError(CallcenterError):
    """The home cannot be used; the message says why and what to do."""


class HomeInUseError(HomeError):
    """Another process works in this home."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything stands in one home. Makes nothing until `make` is called."""

    folder: Path

    @property
    def settings_file(self) -> Path:
        """What is set for this home; may be missing."""
        return self.folder / "callcenter.toml"

    @property
    def demo_file(self) -> Path:
        """Addresses and secrets for phones and programs on this machine (contract.md §2)."""
        return self.folder / "demo.json"

    @property
    def secrets_file(self) -> Path:
        """Token and passwords, made at the first run."""
        return self.folder / "secrets.json"

    @property
    def database(self) -> Path:
        """The database, where none is set elsewhere."""
        return self.folder / "callcenter.sqlite3"

    @property
    def run(self) -> Path:
        """Process ids and locks."""
        return self.folder / "run"

    @property
    def controller_pid(self) -> Path:
        """Process id of the controller."""
        return self.run / "controller.pid"

    @property
    def asterisk_pid(self) -> Path:
        """Process id of Asterisk."""
        return self.run / "asterisk.pid"

    @property
    def log(self) -> Path:
        """Folder of the logs."""
        return self.folder / "log"

    @property
    def recordings(self) -> Path:
        """Folder of the kept recordings, by day."""
        return self.folder / "recordings"

    @property
    def incoming(self) -> Path:
        """Where Asterisk writes the sound of calls in progress."""
        return self.recordings / "incoming"

    @property
    def asterisk(self) -> Path:
        """Folder of Asterisk's configuration and state."""
        return self.folder / "asterisk"

    @property
    def call_record(self) -> Path:
        """What Asterisk itself writes down of calls; there once it has run, and not for one that others run."""
        return self.asterisk / "var" / RECORD

    @property
    def mosquitto(self) -> Path:
        """Folder of the own broker's configuration and login; made only where one is asked for."""
        return self.folder / "mosquitto"

    @property
    def mosquitto_pid(self) -> Path:
        """Process id of the own broker."""
        return self.run / "mosquitto.pid"

    @property
    def prompts(self) -> Path:
        """Folder of prompts that were rendered or converted."""
        return self.folder / "prompts"

    @property
    def spool(self) -> Path:
        """Where the journal waits when the database cannot be written."""
        return self.folder / "spool"

    def make(self) -> None:
        """Make the folders that are missing; those that exist keep their rights. Blocks.

        Raises:
            HomeError: a folder cannot be made or written.

        """
        rights = {
            self.folder: _PASSABLE_FOLDER,
            self.run: _PASSABLE_FOLDER,
            self.log: _PRIVATE_FOLDER,
            self.recordings: _PASSABLE_FOLDER,
            self.incoming: _PASSABLE_FOLDER,
            self.asterisk: _PASSABLE_FOLDER,
            self.prompts: 0o755,
            self.spool: _PRIVATE_FOLDER,
        }
        for folder, mode in rights.items():
            try:
                if not folder.is_dir():
                    folder.mkdir(parents=folder == self.folder)
                    folder.chmod(mode)
            except OSError as error:
                raise HomeError(f"{folder} cannot be made ({error.strerror}); choose another with --home") from error
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise HomeError(f"{self.folder} cannot be written by this user; choose another with --home")

    def close_database(self) -> None:
        """Make the database readable by its owner alone: it is citizens' data, and names of files here are known.

        One that is not there yet is begun empty. Blocks.

        Raises:
            HomeError: it is somebody else's, or cannot be made.

        """
        try:
            os.close(os.open(self.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, ONLY_OURS))
            for path in (self.database, *self.folder.glob(f"{self.database.name}-*")):
                if stat.S_IMODE(path.stat().st_mode) & ~ONLY_OURS:
                    path.chmod(ONLY_OURS)
        except OSError as error:
            raise HomeError(
                f"{self.database} cannot be used ({error.strerror}); check its owner and its rights"
            ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold this home, so that no other process works in it. Needs `make` first.

        Root gives the lock to the home's owner, who is to hold it afterwards.

        Raises:
            HomeInUseError: another process holds it.
            HomeError: the lock cannot be made.

        """
        path = self.run / "home.lock"
        try:
            handle = self._open_lock(path)
        except OSError as error:
            raise HomeError(f"{path} cannot be made ({error.strerror})") from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
                by = f" (process {holder})" if holder.isdigit() else ""
                raise HomeInUseError(
                    f"{self.folder} is in use by another run{by}; stop it first, or choose another with --home"
                ) from error
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(handle)  # and with it the lock

    def _open_lock(self, path: Path) -> int:
        """Open a file that its owner alone may read; root makes it the home's owner's. Raises OSError."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, ONLY_OURS)
        try:
            owner = self.folder.stat()
            if os.geteuid() == 0 and os.fstat(handle).st_uid != owner.st_uid:
                os.fchown(handle, owner.st_uid, owner.st_gid)
        except OSError:
            os.close(handle)
            raise
        return handle


def write_pid(path: Path, pid: int) -> None:
    """Note the process id of a running part, and beside it when that process began. Blocks. Raises OSError."""
    _put(_beside(path), f"{pid} {began(pid)}\n")  # first: whoever finds the id finds this, too
    _put(path, f"{pid}\n")


def read_pid(path: Path) -> int | None:
    """Give the process id that was noted, if the very process it was noted for still lives. Blocks.

    Ids are given again: another process that has this one now began at another time, and is none of ours.
    """
    try:
        pid = int(path.read_text(encoding="ascii"))
        noted, at = map(int, _beside(path).read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return None
    return pid if pid > 0 and (noted, at) == (pid, began(pid)) else None


def forget_pid(path: Path) -> None:
    """Note that the part has ended. Blocks. Raises OSError."""
    path.unlink(missing_ok=True)
    _beside(path).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Give the file of the time; the one of the id holds nothing else, since scripts read it."""
    return path.with_suffix(".began")


def _put(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, encoding="ascii")
    new.replace(path)
