"""A whole copy of an SQLite file while others write to it, by SQLite's own online backup."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from callcenter.domain.errors import UnavailableError
from callcenter.storage.chain import START, Link

LOCK_SECONDS = 30.0
_OURS = 0o600


def copy_sqlite(source: Path, target: Path) -> tuple[str | None, Link]:
    """Copy to a file that must not exist yet; gives the version of its tables, and the newest entry of its journal.

    In one step: where a file is written ahead a reader holds up no writer, however long it reads. Blocks.

    Raises:
        UnavailableError: it cannot be read, or what was copied is not whole.

    """
    if not source.exists():
        raise UnavailableError(f"{source} is not there; a hotline makes it at its first start")
    with _told(source):
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OURS))
        with closing(_opened(source)) as live, closing(_opened(target)) as copy:
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
            if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise UnavailableError(f"{source} is damaged; see `callcenter journal verify`, and keep older backups")
            return _contents(copy)


def _contents(copy: sqlite3.Connection) -> tuple[str | None, Link]:
    tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    schema, end = None, START
    if "alembic_version" in tables:
        schema = next((str(row[0]) for row in copy.execute("SELECT version_num FROM alembic_version")), None)
    if "journal" in tables:
        rows = copy.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")
        end = next((Link(int(seq), str(digest)) for seq, digest in rows), START)
    return schema, end


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=LOCK_SECONDS)


@contextmanager
def _told(source: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UnavailableError(f"{source} cannot be copied: {error.sqlite_errorname}") from error
    except OSError as error:
        raise UnavailableError(f"{source} cannot be copied: {error.strerror}") from error
