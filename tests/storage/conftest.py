"""Every test of the store runs on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.stores import POSTGRES, Database, database, made

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
    await db.remove()


@pytest.fixture
async def db(absent: Database) -> Database:
    """A database with its tables."""
    return await made(absent)
