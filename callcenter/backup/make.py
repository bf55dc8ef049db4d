"""Makes a backup of a home while it works: the database at one moment, and every file that belongs to it."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from callcenter import VERSION
from callcenter.backup.manifest import BackupError, KeptFile, Manifest, hash_of, read_manifest
from callcenter.home import Home
from callcenter.home_secrets import known_secrets
from callcenter.settings import Settings
from callcenter.settings_sources import FILE_NAME as SETTINGS_NAME
from callcenter.storage.backup import DatabaseCopy, copy_database
from callcenter.storage.spool import MARK_NAME, SPOOL_NAME, Spool

AGENTS, FLOWS, RECORDINGS, SPOOL = "agents", "ivr_flows", "recordings", "spool"
"""Folders of a backup."""

NAMED_FILES = {"webhooks_file": "webhooks.toml", "mqtt_ca_file": "mqtt-ca.pem"}
"""Files of a backup that lie wherever a setting says, by that setting."""

_MAKING = ".making-"  # a folder of that name is none yet, or never became one
_LOCK = ".lock"
_ONLY_OURS, _PRIVATE_FOLDER = 0o600, 0o700
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made."""

    folder: Path
    manifest: Manifest
    linked: int
    """Files that the backup before held already: they take no room twice."""


async def make_backup(settings: Settings, folder: Path) -> Made:
    """Make `folder/DATE-TIME`; the hotline may run meanwhile. One that was cut off leaves nothing that has that form.

    Raises:
        BackupError: another one is being made there, or the folder cannot be written.
        CallcenterError: the database cannot be copied.

    """
    home = Home(settings.home)
    if known_secrets(home) is None:
        raise BackupError(f"nothing was ever started in {home.folder}; name the home with --home")
    try:
        with _alone(folder):
            now = datetime.now(UTC)
            name = _free_name(folder, now)
            making = _Making(folder / f"{_MAKING}{name}", newest_backup(folder))
            copy = await _copy_all(settings, home, making)
            manifest = Manifest(
                made=now,
                program=VERSION,
                database=copy.kind,
                schema=copy.schema,
                journal_seq=copy.end.seq,
                journal_hash=copy.end.hash,
                files=making.files,
            )
            manifest.write(making.folder)
            await asyncio.to_thread(_make_lasting, making.folder, folder / name)
            return Made(folder / name, manifest, making.linked)
    except OSError as error:
        raise BackupError(f"{folder} cannot take a backup: {error.strerror} ({error.filename})") from error


def newest_backup(folder: Path) -> Path | None:
    """Give the newest whole backup in this folder; None where there is none. Raises OSError."""
    for path in sorted(folder.iterdir(), reverse=True):
        if path.is_dir() and not path.name.startswith("."):
            with suppress(BackupError):
                read_manifest(path)
                return path
    return None


@dataclass(slots=True)
class _Making:
    """A backup that is being made, beside the one before it."""

    folder: Path
    before: Path | None
    files: dict[str, KeptFile] = field(default_factory=dict)
    linked: int = 0
    known: Manifest | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=_PRIVATE_FOLDER)
        self.known = None if self.before is None else read_manifest(self.before)

    def note(self, path: str) -> None:
        """Take a file that stands in the backup into its manifest."""
        whole = self.folder / path
        self.files[path] = KeptFile(whole.stat().st_size, hash_of(whole))

    def take(self, source: Path, path: str) -> None:
        """Copy one file, or link to the copy of the backup before; one that has gone meanwhile is none. Blocks."""
        target = self.folder / path
        target.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        try:
            found = source.stat()
            if self._link(path, size=found.st_size, changed=found.st_mtime_ns):
                return
            _copy(source, target)
        except FileNotFoundError:
            target.unlink(missing_ok=True)
            return
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
        self.note(path)

    def take_folder(self, source: Path, path: str, *, without: Collection[Path] = ()) -> None:
        """Take every file of a folder, however deep; what is no plain file is left out. Blocks.

        `without`: files that are taken by themselves, as `Path.resolve` gives them.
        """
        for each in sorted(source.rglob("*")):
            if each.is_file() and not each.is_symlink() and not (without and each.resolve() in without):
                self.take(each, f"{path}/{each.relative_to(source).as_posix()}")

    def _link(self, path: str, *, size: int, changed: int) -> bool:
        if self.before is None or self.known is None or path not in self.known.files:
            return False
        earlier = self.before / path
        try:
            found = earlier.stat()
            if (found.st_size, found.st_mtime_ns) != (size, changed) or self.known.files[path].size != size:
                return False
            os.link(earlier, self.folder / path)
        except OSError:  # a disk without hard links, or too many: a copy does as well
            return False
        self.files[path] = self.known.files[path]
        self.linked += 1
        return True


async def _copy_all(settings: Settings, home: Home, making: _Making) -> DatabaseCopy:
    # The spool first: what goes from it into the database meanwhile is then in both, never in neither.
    await asyncio.to_thread(making.take, home.spool / SPOOL_NAME, f"{SPOOL}/{SPOOL_NAME}")
    copy = await copy_database(settings.database, making.folder)
    await asyncio.to_thread(_take_files, settings, home, making, copy)
    return copy


def _take_files(settings: Settings, home: Home, making: _Making, copy: DatabaseCopy) -> None:
    for path in making.folder.iterdir():
        if path.is_file():
            making.note(path.name)
    if copy.end.seq:  # how far the journal had come, so that a restored one is known to be whole
        (making.folder / SPOOL).mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        Spool(making.folder / SPOOL).write_mark(copy.end)
        making.note(f"{SPOOL}/{MARK_NAME}")
    making.take(home.secrets_file, home.secrets_file.name)
    making.take(home.settings_file, SETTINGS_NAME)
    by_themselves: set[Path] = set()
    for setting, name in NAMED_FILES.items():
        file: Path | None = getattr(settings, setting)
        if file is not None:
            making.take(file, name)
            by_themselves.add(file.resolve())
    # Rosters and flows are restored for Asterisk's user to read: a list of webhooks that lies among them must not be.
    making.take_folder(settings.agents_folder, AGENTS, without=by_themselves)
    making.take_folder(settings.flows_folder, FLOWS, without=by_themselves)
    # The recordings last: each that the database calls kept is there, unless its time was over.
    making.take_folder(home.recordings, RECORDINGS)


def _copy(source: Path, target: Path) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OURS)
    with source.open("rb") as reading, os.fdopen(handle, "wb") as writing:
        shutil.copyfileobj(reading, writing, _COPY_BYTES)
        writing.flush()
        os.fsync(writing.fileno())


def _make_lasting(making: Path, target: Path) -> None:
    """Have the disk take all of it, then give it its name in one step."""
    for path in (making, *making.rglob("*")):
        if path.is_dir():
            path.chmod(_PRIVATE_FOLDER)
        if path.is_dir() or path.parent == making:
            _sync(path)
    making.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make the folder, take it for this backup alone, and remove what backups that were cut off have left."""
    folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _ONLY_OURS)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"another backup is being made in {folder}; wait for its end") from None
        for path in folder.glob(f"{_MAKING}*"):
            shutil.rmtree(path)
        yield
    finally:
        os.close(handle)


def _free_name(folder: Path, now: datetime) -> str:
    """Name a backup by its moment in UTC, so that names stand in order of time."""
    name, number = f"{now:%Y-%m-%dT%H%M%SZ}", 1
    while (folder / (tried := name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return tried
