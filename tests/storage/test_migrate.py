import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from callcenter.domain.errors import InvalidInputError, RefusedError, UnavailableError
from callcenter.storage.journal import Journal
from callcenter.storage.migrate import _scripts, migrate, schema_version
from callcenter.storage.store import Store, database_url
from callcenter.storage.tables import Row
from tests.support.stores import Database, reading


def _difference(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Row.metadata})
    return list(compare_metadata(context, Row.metadata))


def _newest() -> str | None:
    with _scripts() as config:
        return ScriptDirectory.from_config(config).get_current_head()


TICKET_COLUMNS = [column.name for column in Row.metadata.tables["tickets"].columns]
FIRST_VERSION = """
INSERT INTO calls (id, caller, state, t0, t4, t5, held, digits, recovered, last_at)
    VALUES ('c1', '13800000000', 'ended', 1000000, 2000000, 3000000, false, '[]', false, 3000000);
INSERT INTO legs (call_id, position, id, kind, state, started)
    VALUES ('c1', 0, 'c1', 'caller', 'ended', 1000000);
INSERT INTO tickets (id, number, version, state, urgency, confidential, notes, created)
    VALUES ('t1', '20261124000001', 3, 'drafted', 'normal', false, '市民称停水', 2000000);
INSERT INTO tickets (id, number, version, state, urgency, confidential, notes, created)
    VALUES ('t2', '20261124000002', 1, 'drafted', 'normal', false, NULL, 2000000);
INSERT INTO ticket_trace (ticket_id, seq, time, actor, action, note, hash)
    VALUES ('t1', 1, 2000000, 'hotline', 'drafted', NULL, 'x');
"""


async def _upgrade(db: Database, revision: str, *, down: bool = False) -> None:
    """Bring the tables to one version, as an older program made them."""

    def go(connection: Connection) -> None:
        with _scripts() as config:
            config.attributes["connection"] = connection
            (command.downgrade if down else command.upgrade)(config, revision)

    store = Store(db.url)
    async with store.writing() as session:
        connection = await session.connection()
        await connection.run_sync(go)
    await store.close()


async def _tables(db: Database) -> dict[str, list[str]]:
    def look(connection: Connection) -> dict[str, list[str]]:
        found = inspect(connection)
        return {
            name: sorted([column["name"] for column in found.get_columns(name)])
            + sorted(str(index["name"]) for index in found.get_indexes(name))
            for name in found.get_table_names()
        }

    store = Store(db.url)
    try:
        async with store.reading() as session:
            connection = await session.connection()
            return await connection.run_sync(look)
    finally:
        await store.close()


async def test_the_migrations_make_exactly_the_tables(db: Database) -> None:
    store = Store(db.url)

    async with store.reading() as session:
        connection = await session.connection()
        difference = await connection.run_sync(_difference)
        names = await connection.run_sync(lambda inner: inspect(inner).get_table_names())
    await store.close()

    assert difference == []
    assert {"journal", "calls", "legs", "recordings", "callers", "units", "seats", "tickets", "utterances"} <= set(
        names
    )


async def test_a_second_start_changes_nothing(db: Database) -> None:
    await db.run("INSERT INTO units (id, name, number, parent, active) VALUES ('u', '城管委', '1', NULL, true)")
    before = await db.rows()

    await migrate(db.url)

    assert await db.rows() == before
    assert await schema_version(db.url) == _newest()


async def test_what_the_first_version_stored_is_all_there_after_the_upgrade(absent: Database) -> None:
    await absent.make()
    await _upgrade(absent, "0001")
    for statement in FIRST_VERSION.strip().removesuffix(";").split(";\n"):
        await absent.run(statement)

    await migrate(absent.url)

    assert await schema_version(absent.url) == _newest()
    rows = await absent.rows()
    (call,) = rows["calls"]
    assert call[0] == "c1"
    assert call[-5:] == (None, "[]", "[]", None, None)
    assert [row[0] for row in rows["legs"]] == ["c1"]
    edited = {row[0]: row[TICKET_COLUMNS.index("notes_edited")] for row in rows["tickets"]}
    assert edited == {"t1": True, "t2": False}
    assert len(rows["ticket_trace"]) == 1
    journal = Journal(absent.url, absent.folder)
    await journal.open()
    async with reading(absent, journal) as calls:
        known = await calls.get("c1")
        assert known is not None
        assert (known.utterances, known.notes, known.secrets, known.grade) == ((), None, (), None)
        assert await calls.notes_wanted() == []
    await journal.close()


async def test_the_way_back_gives_the_first_tables_again(absent: Database) -> None:
    await absent.make()
    await _upgrade(absent, "0001")
    first = await _tables(absent)
    await migrate(absent.url)
    assert await _tables(absent) != first

    await _upgrade(absent, "0001", down=True)

    assert await _tables(absent) == first


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(db: Database) -> None:
    await db.run("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(RefusedError, match="newer version"):
        await migrate(db.url)

    assert await schema_version(db.url) == "9999"


async def test_two_programs_that_start_at_once_make_the_tables_once(absent: Database) -> None:
    await absent.make()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(migrate(absent.url))
        tasks.create_task(migrate(absent.url))

    assert await schema_version(absent.url) == _newest()


async def test_a_new_file_into_which_another_writes_at_this_moment_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "callcenter.sqlite3"
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("CREATE TABLE of_another (a)")
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO of_another VALUES (1)")
    asyncio.get_running_loop().call_later(0.2, other.execute, "COMMIT")

    await migrate(f"sqlite:///{file}")

    other.close()
    with closing(sqlite3.connect(file)) as fresh:
        assert fresh.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert fresh.execute("SELECT count(*) FROM of_another").fetchone() == (1,)


async def test_a_start_is_not_held_up_by_whoever_writes(db: Database) -> None:
    async with db.locked(), asyncio.timeout(4.0):
        await migrate(db.url)


async def test_an_absent_database_is_said_to_be_away(absent: Database) -> None:
    with pytest.raises(UnavailableError):
        await migrate(absent.url)


@pytest.mark.parametrize("url", ["mysql://root:geheim@host/x", "not a url geheim", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_be_used_is_named_without_its_password(url: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        database_url(url)

    assert "geheim" not in str(caught.value)
    assert "sqlite:///FILE" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://a:b@host:5432/name", "postgresql+asyncpg"),
        ("postgres://a:b@host/name", "postgresql+asyncpg"),
        ("postgresql+asyncpg://a:b@host/name", "postgresql+asyncpg"),
        ("sqlite:////var/lib/x.sqlite3", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:///x.sqlite3", "sqlite+aiosqlite"),
    ],
)
def test_a_plain_url_gets_its_driver(url: str, driver: str) -> None:
    assert database_url(url).drivername == driver
