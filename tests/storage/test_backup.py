"""A backup of a journal that is being written to, and the home that comes out of it, on both databases."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callcenter.backup.make import Made, make_backup, newest_backup
from callcenter.backup.manifest import BackupError
from callcenter.backup.restore import Restored, restore
from callcenter.domain.errors import RefusedError, UnavailableError
from callcenter.domain.facts import SeatChanged
from callcenter.home import Home, HomeInUseError
from callcenter.home_secrets import known_secrets, secrets_of
from callcenter.settings import Settings
from callcenter.settings_sources import load_settings
from callcenter.storage.journal import Journal
from callcenter.storage.migrate import migrate
from callcenter.storage.rebuild import rebuild
from callcenter.storage.verify import verify
from tests.storage.conftest import BOTH
from tests.support.stores import (
    NOON,
    Database,
    Teller,
    database,
    made,
    new_call_id,
    seat,
    whole_call,
    words_of,
    writing,
)

TICKET = """INSERT INTO tickets (id, number, version, state, urgency, confidential, notes, notes_edited, created)
    VALUES ('t1', '20261124000001', 3, 'drafted', 'normal', false, '市民称停水', true, 2000000)"""
OF_FILES = pytest.mark.parametrize("other", ["sqlite"], indirect=True)
"""What is about the files of a backup needs one kind of database only."""

ROSTER = 'seats:\n  - {extension: "8001", operator: 王秀兰}\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home as a run leaves it, with one recording that is kept."""
    home = Home(tmp_path / "home")
    home.make()
    secrets_of(home, ["8001"])
    day = home.recordings / "2026" / "11" / "24"
    day.mkdir(parents=True)
    (day / "5f0c3e0e-0000-4000-8000-000000000001.wav").write_bytes(b"RIFF" + bytes(4000))
    for name, text in (("agents/seats.yaml", ROSTER), ("flows/direct.yaml", "name: direct\n")):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(text, "utf-8")
    home.settings_file.write_text('hotline = "12345"\n', "utf-8")
    return home


def settings_of(db: Database, home: Home) -> Settings:
    flags: dict[str, str | None] = {
        "home": str(home.folder),
        "database_url": db.url,
        "agents_folder": str(home.folder.parent / "agents"),
        "flows_folder": str(home.folder.parent / "flows"),
    }
    return load_settings(flags=flags, environment={}).settings


async def restored(backups: Path, home: Home, db: Database, *, force: bool = False) -> Restored:
    return await restore(backups, home.folder, force=force, assignments=[f"database_url={db.url}"], environment={})


@pytest.fixture(params=BOTH)
async def other(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of the other machine, of the same kind."""
    db = database(request.param, tmp_path / "other")
    await db.make()
    yield db
    await db.remove()


@pytest.fixture
async def db(other: Database, tmp_path: Path) -> AsyncIterator[Database]:
    """The database that is backed up."""
    db = database("sqlite" if other.is_sqlite else "postgres", tmp_path)
    await made(db)
    await db.run(TICKET)
    yield db
    await db.remove()


@asynccontextmanager
async def calls_going_on(db: Database, folder: Path) -> AsyncIterator[Teller]:
    """Let a writer tell the journal one call after the other for as long as the block runs."""
    async with writing(Journal(db.url, folder)) as journal:
        teller = Teller(journal)
        teller.tell(SeatChanged(at=NOON, seat=seat()))

        async def go_on() -> None:
            while True:
                call_id = new_call_id()
                teller.tell(*whole_call(call_id), *words_of(call_id, 2))
                await asyncio.sleep(0.05)

        teller.tell(*whole_call(new_call_id()))
        assert await journal.flush(30.0)  # the database has some of it before more comes
        going = asyncio.ensure_future(go_on())
        try:
            yield teller
        finally:
            going.cancel()


async def _stored(db: Database) -> int:
    return len((await db.rows())["journal"])


async def test_a_backup_while_calls_go_on_becomes_a_home_in_which_all_of_it_is_there(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    async with calls_going_on(db, home.spool) as teller:
        before = await _stored(db)
        backup = await make_backup(settings_of(db, home), backups)
        told = len(teller.entries)

    new = Home(tmp_path / "new")
    await restored(backups, new, other)

    verdict = await verify(other.url, new.spool)
    assert verdict.is_whole
    assert before <= verdict.entries == backup.manifest.journal_seq <= told
    rows = await other.rows()
    whole = await db.rows()
    assert rows["journal"] == whole["journal"][: verdict.entries]
    assert rows["tickets"] == whole["tickets"] != []
    await rebuild(other.url)
    assert (await other.rows())["calls"] == rows["calls"] != []
    assert [path.read_bytes() for path in new.recordings.rglob("*.wav")] == [b"RIFF" + bytes(4000)]
    assert known_secrets(new) == known_secrets(home)


@OF_FILES
async def test_a_restored_home_has_its_own_rosters_and_flows_and_names_them(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    await make_backup(settings_of(db, home), tmp_path / "backups")
    new = Home(tmp_path / "new")

    await restored(tmp_path / "backups", new, other)

    settings = load_settings(flags={"home": str(new.folder)}, environment={}).settings
    assert settings.agents_folder == new.folder / "agents"
    assert settings.flows_folder == new.folder / "ivr_flows"
    assert (settings.agents_folder / "seats.yaml").read_text("utf-8") == ROSTER
    assert (settings.flows_folder / "direct.yaml").exists()


async def test_what_waits_in_the_spool_is_in_the_backup_and_is_replayed_once(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    journal = Journal(db.url, home.spool, retry_seconds=0.1)
    await journal.open()
    teller = Teller(journal)
    async with db.locked(), asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.run())
        teller.tell(*whole_call(new_call_id()))
        await journal.close()
    assert await _stored(db) == 0
    backup = await make_backup(settings_of(db, home), tmp_path / "backups")
    assert backup.manifest.journal_seq == 0
    new = Home(tmp_path / "new")

    await restored(tmp_path / "backups", new, other)
    async with writing(Journal(other.url, new.spool)):
        pass

    verdict = await verify(other.url, new.spool)
    assert (verdict.is_whole, verdict.entries) == (True, len(teller.entries))


def modes(folder: Path) -> set[str]:
    return {oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.rglob("*") if not path.is_dir()}


@OF_FILES
async def test_nobody_else_can_read_a_backup(db: Database, home: Home, tmp_path: Path) -> None:
    backup = await make_backup(settings_of(db, home), tmp_path / "backups")

    assert modes(backup.folder) == {"0o600"}
    folders = {backup.folder, backup.folder.parent, *(path for path in backup.folder.rglob("*") if path.is_dir())}
    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in folders} == {"0o700"}


@OF_FILES
async def test_a_second_backup_takes_no_room_for_the_same_recordings(db: Database, home: Home, tmp_path: Path) -> None:
    first = await make_backup(settings_of(db, home), tmp_path / "backups")
    second = await make_backup(settings_of(db, home), tmp_path / "backups")

    def recording(backup: Made) -> os.stat_result:
        (path,) = backup.folder.rglob("*.wav")
        return path.stat()

    assert first.folder != second.folder
    assert recording(first).st_ino == recording(second).st_ino
    assert recording(first).st_ino != next(home.recordings.rglob("*.wav")).stat().st_ino
    assert second.linked >= 1
    assert newest_backup(tmp_path / "backups") == second.folder


@OF_FILES
async def test_a_backup_that_was_killed_is_never_taken_for_one(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    dying = (
        "import os, sys; from callcenter.backup.manifest import Manifest; from callcenter.cli import main;"
        "Manifest.write = lambda *_: os._exit(9); sys.exit(main(sys.argv[1:]))"
    )
    flags = ["--home", str(home.folder), "--set", f"database_url={db.url}"]

    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", dying, "backup", str(backups), *flags], timeout=50
    )

    assert ended.returncode == 9
    assert any(path.name.startswith(".making-") for path in backups.iterdir())
    assert newest_backup(backups) is None
    with pytest.raises(BackupError, match="no whole backup"):
        await restored(backups, Home(tmp_path / "new"), other)
    backup = await make_backup(settings_of(db, home), backups)
    assert [path for path in backups.iterdir() if path.is_dir()] == [backup.folder]


@OF_FILES
async def test_a_damaged_backup_is_refused_before_anything_is_touched(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    backup = await make_backup(settings_of(db, home), tmp_path / "backups")
    (sound,) = backup.folder.rglob("*.wav")
    sound.write_bytes(b"RIFF" + bytes(3999) + b"\1")
    new = Home(tmp_path / "new")

    with pytest.raises(BackupError, match=r"1 of \d+ files are not as written: recordings/"):
        await restored(tmp_path / "backups", new, other)

    assert not new.folder.exists()


@OF_FILES
async def test_a_manifest_cannot_lead_out_of_the_home(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    backup = await make_backup(settings_of(db, home), tmp_path / "backups")
    file = backup.folder / "manifest.json"
    written = json.loads(file.read_text("utf-8"))
    written["files"]["recordings/../../outside"] = written["files"]["secrets.json"]
    file.write_text(json.dumps(written), "utf-8")

    with pytest.raises(BackupError, match="damaged"):
        await restored(backup.folder, Home(tmp_path / "new"), other)


@OF_FILES
async def test_a_home_with_a_hotline_is_refused(db: Database, other: Database, home: Home, tmp_path: Path) -> None:
    await make_backup(settings_of(db, home), tmp_path / "backups")
    new = Home(tmp_path / "new")
    new.make()

    with new.held(), pytest.raises(HomeInUseError, match="in use by another run"):
        await restored(tmp_path / "backups", new, other, force=True)


@OF_FILES
async def test_a_home_that_is_not_empty_is_refused(db: Database, other: Database, home: Home, tmp_path: Path) -> None:
    await make_backup(settings_of(db, home), tmp_path / "backups")
    new = Home(tmp_path / "new")
    await restored(tmp_path / "backups", new, other)

    with pytest.raises(BackupError, match="not empty"):
        await restored(tmp_path / "backups", new, other)


async def test_tables_that_are_there_are_refused(db: Database, other: Database, home: Home, tmp_path: Path) -> None:
    await make_backup(settings_of(db, home), tmp_path / "backups")
    await migrate(other.url)

    with pytest.raises(RefusedError, match="--force"):
        await restored(tmp_path / "backups", Home(tmp_path / "new"), other)


async def test_an_older_backup_over_the_same_home_says_what_is_missing_since(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    """What was written since the backup is gone from the journal, and its mark must not hide that."""
    async with calls_going_on(db, home.spool):
        pass
    backup = await make_backup(settings_of(db, home), tmp_path / "backups")
    async with writing(Journal(db.url, home.spool)) as journal:
        Teller(journal).tell(*whole_call(new_call_id()))
        newest = journal.latest_seq

    back = await restored(tmp_path / "backups", home, db, force=True)

    verdict = await verify(db.url, home.spool)
    assert verdict.missing_end == (backup.manifest.journal_seq + 1, newest)
    assert verdict.gaps == []
    assert back.replaced is not None
    assert (back.replaced / "secrets.json").exists()


@OF_FILES
async def test_a_restore_whose_database_cannot_be_written_leaves_the_home_as_it_was(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    await make_backup(settings_of(db, home), tmp_path / "backups")
    new = Home(tmp_path / "new")
    await restored(tmp_path / "backups", new, other)
    before = {path: path.read_bytes() for path in new.folder.rglob("*") if path.is_file()}
    other.file.with_name("callcenter.sqlite3.restoring").mkdir()

    with pytest.raises(UnavailableError, match="cannot be written"):
        await restored(tmp_path / "backups", new, other, force=True)

    assert {path: path.read_bytes() for path in new.folder.rglob("*") if path.is_file()} == before


@OF_FILES
async def test_a_backup_of_a_newer_version_is_refused(
    db: Database, other: Database, home: Home, tmp_path: Path
) -> None:
    await db.run("UPDATE alembic_version SET version_num = '9999'")
    await make_backup(settings_of(db, home), tmp_path / "backups")

    with pytest.raises(BackupError, match="newer version"):
        await restored(tmp_path / "backups", Home(tmp_path / "new"), other)


@OF_FILES
async def test_a_home_in_which_nothing_was_ever_started_has_nothing_to_back_up(db: Database, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing was ever started"):
        await make_backup(
            load_settings(flags={"home": str(tmp_path / "none")}, environment={}).settings, tmp_path / "backups"
        )
