"""Brings a home back from a backup: checked whole before anything is touched, and put in place at the end."""

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from callcenter.backup.make import AGENTS, FLOWS, NAMED_FILES, RECORDINGS, SPOOL, newest_backup
from callcenter.backup.manifest import FILE_NAME, BackupError, Manifest, check_files, read_manifest
from callcenter.backup.settings_text import SettingsText, read_settings_text
from callcenter.domain.errors import CallcenterError
from callcenter.home import Home, HomeInUseError, read_pid
from callcenter.journal_memory import forget_memories
from callcenter.settings_sources import FILE_NAME as SETTINGS_NAME
from callcenter.settings_sources import expanded, load_settings
from callcenter.storage.backup import FILES, SQLITE, kind_of, put_back
from callcenter.storage.migrate import is_known
from callcenter.storage.spool import MARK_NAME, SPOOL_NAME, Spool

_NOT_ITS_OWN = ("run",)
_ONLY_OURS, _PRIVATE_FOLDER = 0o600, 0o700
_READABLE, _PASSABLE_FOLDER = 0o644, 0o755
_SETTINGS_OF = {"agents_folder": AGENTS, "flows_folder": FLOWS}


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back, and what a person still has to know."""

    backup: Path
    manifest: Manifest
    replaced: Path | None
    """Where the files lie that stood in the home before."""
    notes: tuple[str, ...]


async def restore(
    folder: Path, home_folder: Path, *, force: bool, assignments: Sequence[str], environment: Mapping[str, str]
) -> Restored:
    """Restore a backup, or the newest one in `folder`, into a home. `assignments`: settings, as for `--set`.

    Raises:
        BackupError: it is no backup, it is damaged, or does not fit this program or this database.
        HomeError: a hotline runs in that home.
        RefusedError: the database is there already and `force` is not set.
        SettingsError: the settings of the backup cannot be used.
        UnavailableError: the database cannot be written.

    """
    backup = _backup_of(folder)
    manifest = read_manifest(backup)
    if manifest.schema is not None and not is_known(manifest.schema):
        raise BackupError(
            f"{backup} holds the tables of a newer version ({manifest.schema}, program {manifest.program}); "
            "restore it with that version"
        )
    await asyncio.to_thread(check_files, backup, manifest)
    url = _database(backup, home_folder, assignments, environment)
    if kind_of(url) != manifest.database:
        raise BackupError(
            f"{backup} holds a database of kind {manifest.database}, and the settings name one of kind {kind_of(url)}; "
            "set database_url (--set database_url=…, or none for SQLite)"
        )
    if not force and (found := _first_file(home_folder)) is not None:
        raise BackupError(
            f"{home_folder} is not empty ({found}); name another home, or replace what is there with --force"
        )
    home = Home(home_folder)
    home.make()
    with home.held():
        _refuse_running(home)
        try:
            return await _put_in_place(backup, manifest, home, url, force=force)
        except OSError as error:
            raise BackupError(f"{home.folder} cannot be written: {error.strerror} ({error.filename})") from error


def _backup_of(folder: Path) -> Path:
    if (folder / FILE_NAME).exists():
        return folder
    try:
        newest = newest_backup(folder)
    except OSError as error:
        raise BackupError(f"{folder} cannot be read ({error.strerror})") from error
    if newest is None:
        raise BackupError(f"there is no whole backup in {folder}")
    return newest


def _database(backup: Path, home: Path, assignments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Say where the database is to be: as the backup's own settings have it, unless told otherwise."""
    settings = load_settings(flags={"home": str(backup)}, assignments=assignments, environment=environment).settings
    return settings.database if settings.database_url is not None else f"sqlite:///{home / FILES[SQLITE]}"


def _first_file(home: Path) -> str | None:
    """Name a file that a home holds already; folders alone, locks, and what the system hides there are no content."""
    for top in home.glob("*"):
        if top.name in _NOT_ITS_OWN or top.name.startswith("."):
            continue
        for path in (top, *top.rglob("*")):
            if path.is_file():
                return str(path.relative_to(home))
    return None


def _refuse_running(home: Home) -> None:
    """Refuse while a part of a hotline lives on whose supervisor has died."""
    for name, noted in (("controller", home.controller_pid), ("Asterisk", home.asterisk_pid)):
        if (pid := read_pid(noted)) is not None:
            raise HomeInUseError(f"a {name} of {home.folder} still runs (process {pid}); end it first")


async def _put_in_place(backup: Path, manifest: Manifest, home: Home, url: str, *, force: bool) -> Restored:
    """Recordings first, they harm nobody; then the database, whole or not; small files at the very end."""
    owner = _owner(home.folder)
    await asyncio.to_thread(_take_recordings, backup, manifest, home, owner)
    settings = read_settings_text(backup / SETTINGS_NAME)
    places = {name: _place(home, settings, setting) for setting, name in NAMED_FILES.items() if name in manifest.files}
    replaced = _lay_aside(home, places) if force else None
    try:
        await put_back(url, backup, replace=force)
    except CallcenterError:
        _take_back(home, replaced, places)
        raise
    if kind_of(url) == SQLITE:
        _give(home.database, owner)
    _take_spool(backup, home, owner)
    forget_memories(home.folder)
    notes = [
        *_take_folders(backup, settings, home, owner),
        *_take_named_files(backup, places, settings, home, owner),
    ]
    _write_settings(settings.text, home, owner)
    _copy(backup / home.secrets_file.name, home.secrets_file, owner, mode=_ONLY_OURS)
    for path in (home.run, home.log, home.recordings, home.incoming, home.asterisk, home.prompts, home.spool):
        _give(path, owner)
    return Restored(backup, manifest, replaced, tuple(notes))


def _take_recordings(backup: Path, manifest: Manifest, home: Home, owner: tuple[int, int] | None) -> None:
    for path in manifest.under(RECORDINGS):
        target = home.folder / path
        if not target.exists():  # a recording that is kept never changes
            _copy(backup / path, target, owner, mode=_ONLY_OURS)


def _take_spool(backup: Path, home: Home, owner: tuple[int, int] | None) -> None:
    """Put before what waits here what waited then, and let the mark tell how far the journal has ever come."""
    waited, waits = backup / SPOOL / SPOOL_NAME, home.spool / SPOOL_NAME
    if waited.exists():
        lines = waited.read_bytes() + (waits.read_bytes() if waits.exists() else b"")  # of two that are one, one counts
        fresh = waits.with_name(f"{SPOOL_NAME}.restoring")
        fresh.write_bytes(lines)
        fresh.chmod(_ONLY_OURS)
        _give(fresh, owner)
        fresh.replace(waits)
    then, now = Spool(backup / SPOOL).read_mark(), Spool(home.spool).read_mark()
    if then is not None and (now is None or now.seq < then.seq):
        _copy(backup / SPOOL / MARK_NAME, home.spool / MARK_NAME, owner, mode=_ONLY_OURS)


def _take_folders(backup: Path, settings: SettingsText, home: Home, owner: tuple[int, int] | None) -> Iterator[str]:
    """Put rosters and flows into the home, and have its settings name them there. Gives what was decided."""
    for setting, folder in _SETTINGS_OF.items():
        named = settings.written.get(setting)
        if named is not None and expanded(named).is_absolute():
            yield f"{setting} is {named}, which is left as it is; what it held is in {backup / folder}"
            continue
        target = home.folder / (folder if named is None else named)
        _copy_folder(backup / folder, target, owner)
        if named is None:
            settings.set_to(setting, folder)
            yield f"{setting} is now {target}"


def _take_named_files(
    backup: Path, places: Mapping[str, Path], settings: SettingsText, home: Home, owner: tuple[int, int] | None
) -> Iterator[str]:
    """Put the files that settings name into the home, and have its settings name them there. Gives what was decided."""
    for setting, name in NAMED_FILES.items():
        named = settings.written.get(setting)
        before = home.folder / expanded(named) if named else None
        if name not in places:
            if before is not None:
                yield f"{setting} is {before}, which this backup does not hold; see that it is there"
            continue
        target = places[name]
        _copy(backup / name, target, owner, mode=_ONLY_OURS)
        if before is not None and _inside(home, before) is not None:
            continue
        if before is None and setting == "mqtt_ca_file" and not _names_broker_by_tls(settings):
            yield f"{setting} is not in the settings; write {target} where mqtt_url is set"
        elif settings.set_to(setting, name):
            yield f"{setting} is now {target}" + (f"; it was {before}" if before else "")
        else:
            yield f"{setting} is still {before}; write {target} for it"


def _place(home: Home, settings: SettingsText, setting: str) -> Path:
    """Say where in the home a file is put: where the setting names it, or, where that is elsewhere, at the top."""
    named = settings.written.get(setting)
    inside = _inside(home, home.folder / expanded(named)) if named else None
    return home.folder / (inside or NAMED_FILES[setting])


def _inside(home: Home, path: Path) -> Path | None:
    """Give a path as it is seen from the home; None where it leads out of it."""
    seen = Path(os.path.relpath(path, home.folder))
    return None if os.pardir in seen.parts else seen


def _names_broker_by_tls(settings: SettingsText) -> bool:
    """Tell whether the file itself names a broker for the certificate: a certificate without one is refused."""
    return str(settings.written.get("mqtt_url", "")).lower().startswith("mqtts:")


def _write_settings(text: str, home: Home, owner: tuple[int, int] | None) -> None:
    if text:
        fresh = home.settings_file.with_name(f"{SETTINGS_NAME}.restoring")
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(_ONLY_OURS)
        _give(fresh, owner)
        fresh.replace(home.settings_file)


def _copy_folder(source: Path, target: Path, owner: tuple[int, int] | None) -> None:
    """Copy rosters or flows; Asterisk, a user of its own, plays the sounds that are among them."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            _copy(path, target / path.relative_to(source), owner, mode=_READABLE, folder_mode=_PASSABLE_FOLDER)


def _lay_aside(home: Home, places: Mapping[str, Path]) -> Path | None:
    """Move what would be replaced into a folder of its own; nothing of a citizen's is ever deleted here.

    `places`: where files lie that settings name, by the name that each gets there.
    """
    names = [home.secrets_file.name, SETTINGS_NAME, AGENTS, FLOWS, *(p.name for p in home.folder.glob("*.sqlite3*"))]
    known = {**places, **{name: home.folder / name for name in names}}
    found = {name: path for name, path in known.items() if path.exists()}
    if not found:
        return None
    aside = home.folder / f"replaced-{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}"
    aside.mkdir(mode=_PRIVATE_FOLDER)
    for name, path in found.items():
        path.rename(aside / name)
    return aside


def _take_back(home: Home, aside: Path | None, places: Mapping[str, Path]) -> None:
    """Have everything stand again where it stood: the database could not be restored, and is as it was."""
    if aside is None:
        return
    for path in sorted(aside.iterdir(), key=lambda path: path.name in places):  # they may lie among the rosters
        path.rename(places.get(path.name, home.folder / path.name))
    aside.rmdir()


def _copy(
    source: Path, target: Path, owner: tuple[int, int] | None, *, mode: int, folder_mode: int = _PRIVATE_FOLDER
) -> None:
    """Copy one file under another name first: what has its own name is whole."""
    for parent in reversed(target.parents):
        if not parent.exists():
            parent.mkdir(mode=_PRIVATE_FOLDER)
            parent.chmod(folder_mode)  # the umask has no say in it
            _give(parent, owner)
    fresh = target.with_name(f"{target.name}.restoring")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with source.open("rb") as reading, os.fdopen(handle, "wb") as writing:
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())
    fresh.chmod(mode)
    shutil.copystat(source, fresh)
    fresh.chmod(mode)
    _give(fresh, owner)
    fresh.replace(target)


def _owner(home: Path) -> tuple[int, int] | None:
    """Say whose the restored files are to be: the home's owner, where root restores it."""
    found = home.stat()
    return (found.st_uid, found.st_gid) if os.geteuid() == 0 and found.st_uid != 0 else None


def _give(path: Path, owner: tuple[int, int] | None) -> None:
    if owner is not None and path.exists():
        os.chown(path, *owner)
