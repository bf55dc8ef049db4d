import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from callcenter.domain.errors import InvalidInputError, RefusedError, UnavailableError
from callcenter.storage.migrate import migrate, schema_version
from callcenter.storage.store import Store, database_url
from callcenter.storage.tables import Row
from tests.support.stores import Database


def _difference(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": Row.metadata})
    return list(compare_metadata(context, Row.metadata))


async def test_the_migrations_make_exactly_the_tables(db: Database) -> None:
    store = Store(db.url)

    async with store.reading() as session:
        connection = await session.connection()
        difference = await connection.run_sync(_difference)
        names = await connection.run_sync(lambda inner: inspect(inner).get_table_names())
    await store.close()

    assert difference == []
    assert {"journal", "calls", "legs", "recordings", "callers", "units", "seats", "tickets"} <= set(names)


async def test_a_second_start_changes_nothing(db: Database) -> None:
    await db.run("INSERT INTO units (id, name, number, parent, active) VALUES ('u', '城管委', '1', NULL, true)")
    before = await db.rows()

    await migrate(db.url)

    assert await db.rows() == before
    assert await schema_version(db.url) == "0001"


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

    assert await schema_version(absent.url) == "0001"


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
