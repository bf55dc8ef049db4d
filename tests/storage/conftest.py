"""Every test of the store runs on both databases."""

import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.stores import POSTGRES, Database, database, eventually, made

BOTH = [
    "sqlite",
    pytest.param(
        "postgres",
        marks=[
            pytest.mark.postgres,
            pytest.mark.skipif(POSTGRES is None, reason="CALLCENTER_TEST_POSTGRES names no PostgreSQL server"),
        ],
    ),
]


@pytest.fixture(params=BOTH)
async def absent(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database that does not exist yet."""
    db = database(request.param, tmp_path)
    yield db
    await eventually(_no_connection_speaks)
    await db.remove()


def _no_connection_speaks() -> bool:
    """A connection that failed ends its thread a moment later, and must find its loop still there (aiosqlite 0.22)."""
    return not any("_connection_worker_thread" in thread.name for thread in threading.enumerate())


@pytest.fixture
async def db(absent: Database) -> Database:
    """A database with its tables."""
    return await made(absent)
