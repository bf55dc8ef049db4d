"""Databases of earlier versions, written by those very versions (`released/`), brought to the tables of this one.

Version 0001 is that of the first hotline, 0002 that of the first with words of a talk. Each holds five answered calls
with kept recordings, one that was given up, one in progress, two seats, five tickets and two units.
"""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from sqlalchemy import Connection, inspect, text

from callcenter.domain.calls import RecordingState
from callcenter.domain.errors import UnavailableError
from callcenter.domain.tickets import TicketState, broken_at
from callcenter.storage.journal import Journal
from callcenter.storage.migrate import migrate, schema_version
from callcenter.storage.rebuild import rebuild
from callcenter.storage.store import Store
from callcenter.storage.tickets import Tickets
from callcenter.storage.units import Units
from callcenter.storage.verify import verify
from tests.storage.conftest import BOTH
from tests.support.stores import Database, Teller, database, new_call_id, reading, whole_call, writing

RELEASED = Path(__file__).parent / "released"
PROJECTIONS = ("calls", "legs", "recordings", "callers", "seats", "utterances")
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@pytest.fixture(params=["0001", "0002"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=BOTH)
async def old(request: pytest.FixtureRequest, version: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A database as that version left it."""
    db = database(request.param, tmp_path)
    await db.make()
    db.folder.mkdir()
    if db.is_sqlite:
        with closing(sqlite3.connect(db.file)) as connection:
            connection.executescript((RELEASED / f"{version}.sqlite.sql").read_text("utf-8"))
    else:
        connected = await asyncpg.connect(db.url, timeout=10)
        await connected.execute((RELEASED / f"{version}.postgresql.sql").read_text("utf-8"))
        await connected.close()
    yield db
    await db.remove()


async def all_rows(db: Database) -> Rows:
    """Read every table that is there, as it is there."""

    def look(connection: Connection) -> Rows:
        names = sorted(inspect(connection).get_table_names())
        return {
            name: sorted(
                (dict(row) for row in connection.execute(text(f'SELECT * FROM "{name}"')).mappings()),
                key=lambda row: str(sorted((key, str(value)) for key, value in row.items())),
            )
            for name in names
        }

    store = Store(db.url)
    try:
        async with store.reading() as session:
            connection = await session.connection()
            return await connection.run_sync(look)
    finally:
        await store.close()


def only(rows: Rows, of: Rows) -> Rows:
    """Take of these rows the tables and columns that those have."""
    return {
        name: sorted(
            ({column: row[column] for column in (of[name][0] if of[name] else row)} for row in rows[name]),
            key=lambda row: str(sorted((key, str(value)) for key, value in row.items())),
        )
        for name in of
        if name != "alembic_version"
    }


async def test_what_was_stored_is_all_there_and_can_be_used(old: Database, version: str) -> None:
    before = await all_rows(old)
    assert await schema_version(old.url) == version

    await migrate(old.url)

    after = await all_rows(old)
    assert only(after, before) == only(before, before)
    verdict = await verify(old.url, old.folder)
    assert verdict.is_whole
    assert verdict.entries == len(before["journal"]) > 60
    rebuilt = await rebuild(old.url)
    assert (rebuilt.calls, rebuilt.seats, rebuilt.unreadable) == (7, 2, 0)
    anew = await all_rows(old)
    assert {name: anew[name] for name in PROJECTIONS} == {name: after[name] for name in PROJECTIONS}
    await _is_used(old)
    if old.is_sqlite:
        kept = old.file.with_name(f"callcenter.sqlite3.schema-{version}")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert await all_rows(Database(f"sqlite:///{kept}", old.folder)) == before


async def _is_used(db: Database) -> None:
    """Read calls, recordings, tickets and units as the office does, and write one more call."""
    store = Store(db.url)
    tickets = Tickets(store, zone=ZoneInfo("Asia/Shanghai"), new_id=lambda: "new")
    found = (await tickets.find(state=None, kind=None, unit=None, caller=None, text=None, limit=50, cursor=None)).items
    assert len(found) == 5
    assert [ticket.state for ticket in found].count(TicketState.FILED) == 1
    assert all(broken_at(ticket) is None for ticket in found)
    assert {unit.name for unit in await Units(store).active()} == {"住建委", "住建委一处"}
    async with writing(Journal(db.url, db.folder)) as journal:
        async with reading(db, journal) as calls:
            every = [await calls.get(ticket.call_ids[0]) for ticket in found if ticket.call_ids]
            assert [call.recording.state for call in every if call and call.recording] == [RecordingState.KEPT] * 4
            assert len(await calls.unfinished()) == 1
        Teller(journal).tell(*whole_call(new_call_id()))
    await store.close()
    assert (await verify(db.url, db.folder)).is_whole


@pytest.mark.parametrize("version", ["0002"], indirect=True)
async def test_an_upgrade_that_fails_in_the_middle_leaves_all_as_it_was(old: Database, version: str) -> None:
    """The table of a later step is there already: what the steps before it have done must go, too."""
    await old.run("CREATE TABLE recalls (of_another INTEGER)")
    before = await all_rows(old)

    with pytest.raises(UnavailableError, match=rf"from version {version}.*as they were.*version before"):
        await migrate(old.url)

    assert await all_rows(old) == before
    assert await schema_version(old.url) == version
    await old.run("DROP TABLE recalls")
    await migrate(old.url)
    assert (await verify(old.url, old.folder)).is_whole


def test_a_start_on_tables_of_a_newer_version_ends_with_one_line(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "callcenter.sqlite3")) as connection:
        connection.executescript((RELEASED / "0002.sqlite.sql").read_text("utf-8"))
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    ended = subprocess.run(
        [sys.executable, "-m", "callcenter", "controller", "--home", tmp_path],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert ended.returncode == os.EX_CONFIG
    told = [line for line in ended.stderr.splitlines() if line.startswith("callcenter: ")]
    (line,) = told
    assert "the tables of a newer version (9999)" in line
    assert "restore a backup made before it" in line
