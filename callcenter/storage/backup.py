"""A copy of the whole database as it is at one moment, while others write to it; and the way back.

SQLite: its own online backup, one file. PostgreSQL: `pg_dump` on a snapshot of ours, `pg_restore` in one transaction.
"""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.engine import URL

from callcenter.domain.errors import InvalidInputError, RefusedError, UnavailableError
from callcenter.storage.chain import START, Link
from callcenter.storage.migrate import schema_version
from callcenter.storage.sqlite_copy import LOCK_SECONDS, copy_sqlite
from callcenter.storage.store import Store, database_url
from callcenter.storage.tables import JournalRow

SQLITE, POSTGRESQL = "sqlite", "postgresql"
FILES = {SQLITE: "callcenter.sqlite3", POSTGRESQL: "callcenter.dump"}
"""Name of the copy, by the kind of database."""

_LIMIT_SECONDS = 6 * 3600.0  # a database of years on a slow disk
_OURS = 0o600
_TOOL_ENDS = 10.0  # seconds that a tool has to end when it is told to
_BESIDE = ("-wal", "-shm", "-journal")
_DEBIAN = Path("/usr/lib/postgresql")  # the tools of each version are below it


class ToolError(UnavailableError):
    """A program of PostgreSQL's is missing, or ended with an error; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """What a copy holds."""

    kind: str
    """`sqlite` or `postgresql`."""
    schema: str | None
    """Version of its tables; None where there are none."""
    end: Link
    """The newest entry of its journal."""


def kind_of(url: str) -> str:
    """Name the kind of this database. Raises InvalidInputError."""
    return POSTGRESQL if database_url(url).get_backend_name().startswith("postgres") else SQLITE


async def copy_database(url: str, folder: Path) -> DatabaseCopy:
    """Copy the database into `folder`, under its name of `FILES`; those who write go on writing.

    Raises:
        InvalidInputError: the URL is neither SQLite's nor PostgreSQL's.
        ToolError: `pg_dump` is not on this machine, or refused.
        UnavailableError: the database cannot be read, or the copy is not whole.

    """
    target = folder / FILES[kind_of(url)]
    if kind_of(url) == SQLITE:
        schema, end = await asyncio.to_thread(copy_sqlite, _file_of(url), target)
        return DatabaseCopy(SQLITE, schema, end)
    return await _dump(url, target)


async def put_back(url: str, folder: Path, *, replace: bool) -> None:
    """Make the database what the copy in `folder` holds; all of it, or nothing. Nobody else may use it meanwhile.

    Raises:
        RefusedError: there is a database with tables already, and `replace` is not set.
        ToolError: `pg_restore` is not on this machine, or refused.
        UnavailableError: the database cannot be written.

    """
    source = folder / FILES[kind_of(url)]
    if kind_of(url) == SQLITE:
        if _file_of(url).exists() and not replace:
            raise RefusedError(f"{_file_of(url)} is there already; --force replaces it")
        await asyncio.to_thread(_put_back_sqlite, source, _file_of(url))
        return
    if not replace and await schema_version(url) is not None:
        raise RefusedError("the PostgreSQL database has tables already; --force replaces them")
    clean = ("--clean", "--if-exists") if replace else ()
    as_whole = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    name = database_url(url).database or ""
    await _run_tool("pg_restore", url, (*as_whole, *clean, f"--dbname={name}", str(source)))


def _file_of(url: str) -> Path:
    return Path(database_url(url).database or "").absolute()


def _put_back_sqlite(source: Path, target: Path) -> None:
    fresh = target.with_name(f"{target.name}.restoring")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OURS))
        with source.open("rb") as reading, fresh.open("wb") as writing:
            shutil.copyfileobj(reading, writing)
            writing.flush()
            os.fsync(writing.fileno())
        for ending in _BESIDE:  # they belong to the file that goes, and would be taken for this one's
            target.with_name(target.name + ending).unlink(missing_ok=True)
        fresh.replace(target)
    except OSError as error:
        raise UnavailableError(f"{target} cannot be written: {error.strerror}") from error


async def _dump(url: str, target: Path) -> DatabaseCopy:
    """Dump one snapshot, and read the journal's end in the very same one."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OURS))
    schema = await schema_version(url)
    store = Store(url, lock_seconds=LOCK_SECONDS, limit_seconds=_LIMIT_SECONDS)
    try:
        async with store.reading() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            snapshot = (await session.execute(text("SELECT pg_export_snapshot()"))).scalar_one()
            end = START
            if schema is not None:
                newest = select(JournalRow.seq, JournalRow.hash).order_by(JournalRow.seq.desc()).limit(1)
                end = next((Link(seq, digest) for seq, digest in await session.execute(newest)), START)
            how = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}")
            await _run_tool("pg_dump", url, (*how, f"--file={target}"))
    finally:
        await store.close()
    return DatabaseCopy(POSTGRESQL, schema, end)


async def _run_tool(name: str, url: str, arguments: Sequence[str]) -> None:
    """Run a program of PostgreSQL's; the password goes through its environment, which nobody else can read."""
    program = _tool(name)
    environment = {**os.environ, **_login(database_url(url)), "PGOPTIONS": f"-c lock_timeout={LOCK_SECONDS:.0f}s"}
    process = await asyncio.create_subprocess_exec(
        program,
        "--no-password",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            _, told = await process.communicate()
    except TimeoutError as error:
        raise ToolError(f"{name} did not end within {_LIMIT_SECONDS:.0f} s") from error
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(_TOOL_ENDS):
                await process.wait()
    if process.returncode:
        words = told.decode("utf-8", "replace").strip().splitlines()
        # its first line alone: later ones may quote rows
        raise ToolError(f"{name} ended with {process.returncode}: {words[0] if words else 'it said nothing'}")


def _tool(name: str) -> str:
    """Find the newest one of this machine: an older one refuses the server of a newer version."""
    versions = (path for path in _DEBIAN.glob(f"*/bin/{name}") if path.parents[1].name.isdigit())
    newest = max(versions, key=lambda path: int(path.parents[1].name), default=None)
    found = str(newest) if newest is not None else shutil.which(name)
    if found is None:
        raise ToolError(
            f"{name} is not on this machine, and a PostgreSQL database cannot be copied without it; "
            "apt-get install postgresql-client, of the server's version or newer"
        )
    return found


def _login(url: URL) -> Mapping[str, str]:
    """Say to PostgreSQL's own programs where the database is, as libpq calls it."""
    query = {name: value if isinstance(value, str) else value[0] for name, value in url.query.items()}
    named = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": None if url.port is None else str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": None if url.password is None else str(url.password),
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("ssl") or query.get("sslmode"),
    }
    if url.database is None:
        raise InvalidInputError("the database URL names no database")
    return {name: value for name, value in named.items() if value}
