"""Brings a database to the tables of this program. Called at every start, before anything else uses the store."""

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from callcenter.domain.errors import RefusedError, UnavailableError
from callcenter.storage.sqlite_copy import copy_sqlite
from callcenter.storage.store import Store, UnfitError, database_url

_LOCK = 12345  # PostgreSQL: two programs that start at once migrate one after the other
_LIMIT_SECONDS = 600.0  # a migration may rewrite a large table
_LOCK_SECONDS = 5.0  # whoever holds it longer is waited for by trying again


async def migrate(url: str) -> None:
    """Make or alter the tables as this program needs them; all of it, or nothing.

    Where they are right already nothing is locked: a start is not held up by whoever writes. Before older tables are
    altered an SQLite file is copied to `FILE.schema-VERSION` beside it, for a way back to the program that made them.

    Raises:
        InvalidInputError: the URL is neither SQLite's nor PostgreSQL's.
        RefusedError: a newer version of the program has made the tables.
        UnavailableError: the database cannot be reached, or the change failed.

    """
    store = Store(url, lock_seconds=_LOCK_SECONDS, limit_seconds=_LIMIT_SECONDS)
    try:
        async with store.reading() as session:
            connection = await session.connection()
            if await connection.run_sync(_is_current):
                return
            version = await connection.run_sync(_version)
            await connection.run_sync(_refuse_newer)
        try:
            if version is not None and store.dialect == "sqlite":
                await asyncio.to_thread(_lay_aside, Path(database_url(url).database or ""), version)
            async with store.writing() as session:
                connection = await session.connection()
                await connection.run_sync(_upgrade)
        except (UnavailableError, UnfitError) as error:
            if version is None:
                raise
            raise UnavailableError(
                f"the tables could not be brought from version {version} to this program's, and are as they were "
                f"({error}); make room where the disk is full, else start the version before again, which can use them"
            ) from error
    finally:
        await store.close()


async def schema_version(url: str) -> str | None:
    """Give the version of the tables that stand in the database; None for an empty one."""
    store = Store(url)
    try:
        async with store.reading() as session:
            connection = await session.connection()
            return await connection.run_sync(lambda inner: MigrationContext.configure(inner).get_current_revision())
    finally:
        await store.close()


def is_known(version: str) -> bool:
    """Tell whether this program can use, or bring up to date, tables of this version."""
    with _scripts() as config:
        try:
            return ScriptDirectory.from_config(config).get_revision(version) is not None
        except CommandError:
            return False


def _is_current(connection: Connection) -> bool:
    with _scripts() as config:
        head = ScriptDirectory.from_config(config).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _lay_aside(file: Path, version: str) -> None:
    """Keep the file as it was under another name. Blocks."""
    kept = file.with_name(f"{file.name}.schema-{version}")
    fresh = kept.with_name(f"{kept.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        copy_sqlite(file, fresh)
        fresh.replace(kept)
    finally:
        fresh.unlink(missing_ok=True)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    with _scripts() as config:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _scripts() -> Iterator[Config]:
    with as_file(files("callcenter.storage") / "migrations") as folder:
        config = Config(stdout=io.StringIO())
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        yield config


def _refuse_newer(connection: Connection) -> None:
    current = _version(connection)
    if current is not None and not is_known(current):
        raise RefusedError(
            f"the database has the tables of a newer version ({current}) than this program knows; "
            "start that version, or restore a backup made before it"
        )
