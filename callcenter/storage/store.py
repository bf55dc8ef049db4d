"""The connection to the database, and the one place where its errors become ours."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import aiosqlite
import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.util import await_only

from callcenter.domain.errors import InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from threading import Thread

_CONNECT_SECONDS = 5.0  # a server that does not answer is away, however long the work may take
_LAST_STATEMENT_SECONDS = 2.0
_MODE_TRIES, _MODE_SECONDS = 20, 0.025
_WRITES = "callcenter_writes"
_UNREACHABLE = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
_UNFIT = (ValueError, OverflowError, asyncpg.DataError)  # a driver could not bring a value into its form


class UnfitError(Exception):
    """The database is there but refuses these values: a key that exists already, or a value it cannot hold."""


class Store:
    """One database, SQLite or PostgreSQL: `Store(url)`.

    `url` is `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST:PORT/NAME` (with or without the driver's name).
    A statement waits at most `lock_seconds` for a lock; no transaction lasts longer than `limit_seconds`.
    Nothing is connected before the first use; `close` it at the end. `migrate(url)` has to come first.

    Raises:
        InvalidInputError: the URL is neither of the two.

    """

    def __init__(self, url: str, *, lock_seconds: float = 2.0, limit_seconds: float = 5.0) -> None:
        self._limit_seconds = limit_seconds
        self._threads: WeakSet[Thread] = WeakSet()
        self._engine = _engine(database_url(url), lock_seconds, limit_seconds, self._threads)
        self._for_writing = self._engine.execution_options(**{_WRITES: True})

    @property
    def engine(self) -> AsyncEngine:
        """For migrations and for whoever reads long tables as a stream."""
        return self._engine

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """One moment's view of the store.

        Raises:
            UnavailableError: it cannot be reached, or takes too long.
            InvalidInputError: asked for something that no text of a database can hold.

        """
        try:
            async with self._session(self._engine) as session:
                yield session
        except UnfitError as error:
            raise InvalidInputError("what was asked for holds a character that no text has") from error

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """One transaction: all of it, or nothing where the block raises.

        Raises:
            UnavailableError: the store cannot be reached, is locked or full, or takes too long.
            UnfitError: it refuses the values.

        """
        async with self._session(self._for_writing) as session:
            yield session

    @asynccontextmanager
    async def _session(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        try:
            async with asyncio.timeout(self._limit_seconds), AsyncSession(engine) as session, session.begin():
                yield session
        except (IntegrityError, DataError, OverflowError, UnicodeError) as error:
            raise UnfitError(_word(error)) from error
        except _UNREACHABLE as error:
            if isinstance(_cause(error), _UNFIT):
                raise UnfitError(_word(error)) from error
            raise UnavailableError(f"the database cannot be used: {_word(error)}") from error

    async def close(self) -> None:
        """Let go of every connection; a statement that nobody waits for any more is waited for, for a moment."""
        async with asyncio.timeout(self._limit_seconds):
            await self._engine.dispose()
        end = time.monotonic() + min(self._limit_seconds, _LAST_STATEMENT_SECONDS)
        # One that outlived the loop would have nobody to give its answer to.
        for thread in [thread for thread in self._threads if thread.is_alive()]:
            await asyncio.to_thread(thread.join, max(0.0, end - time.monotonic()))


def database_url(url: str) -> URL:
    """Bring a database's address into the form with the driver that we use.

    Raises:
        InvalidInputError: it is neither SQLite's nor PostgreSQL's. The message does not repeat it (passwords).

    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInputError(
            "the database URL cannot be read; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
        ) from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+asyncpg")
        case other:
            raise InvalidInputError(
                f"a database of kind {other} cannot be used so; write sqlite:///FILE or "
                "postgresql://USER:PASSWORD@HOST/NAME"
            )


def _engine(url: URL, lock_seconds: float, limit_seconds: float, threads: "WeakSet[Thread]") -> AsyncEngine:
    """Make the engine; `threads` gets those that SQLite's connections run in."""
    lock_ms, limit_ms = round(lock_seconds * 1000), round(limit_seconds * 1000)
    if url.get_backend_name() == "postgresql":
        return create_async_engine(
            url,
            pool_pre_ping=True,
            pool_timeout=limit_seconds,
            connect_args={
                "timeout": min(limit_seconds, _CONNECT_SECONDS),
                "command_timeout": limit_seconds,
                "server_settings": {
                    "application_name": "callcenter",
                    "lock_timeout": str(lock_ms),
                    "statement_timeout": str(limit_ms),
                    "timezone": "UTC",
                },
            },
        )

    def connect(*args: Any, **options: Any) -> aiosqlite.Connection:
        connection = aiosqlite.connect(*args, **options)
        thread = connection._thread  # noqa: SLF001 - it can be waited for in no other way
        thread.daemon = True
        threads.add(thread)
        return connection

    engine = create_async_engine(
        url, pool_timeout=limit_seconds, connect_args={"timeout": lock_seconds, "async_creator_fn": connect}
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    event.listen(engine.sync_engine, "invalidate", _let_go_of_locks)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own idea of when to begin would let two writers dead-lock
    cursor = connection.cursor()
    try:
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous=FULL")  # what is said to be written is there after a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
    finally:
        cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Have the file written ahead. SQLite waits for no lock here, and two that find a new file both change its mode."""
    for _ in range(_MODE_TRIES):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            await_only(asyncio.sleep(_MODE_SECONDS))
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _let_go_of_locks(connection: Any, _record: Any, _error: BaseException | None) -> None:
    """End the transaction of one that was cancelled in the middle of it, before the connection is closed.

    To close it is not enough: with a cursor that nobody has let go of yet SQLite keeps it, and its lock, alive.
    """
    with suppress(sqlite3.Error, InvalidRequestError):  # InvalidRequestError: it is let go of by the collector
        connection.rollback()


def _cause(error: BaseException) -> BaseException:
    cause = getattr(error, "orig", None) or error
    return cause.__cause__ or cause


def _word(error: BaseException) -> str:
    """Name the kind of error only: the text of a database error may quote what was to be stored."""
    cause = _cause(error)
    text = str(cause)
    for known in ("database is locked", "database or disk is full", "unable to open database file", "no such table"):
        if known in text:
            return known
    return type(cause).__name__
