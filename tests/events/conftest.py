"""A database for what waits to be told, and a real Mosquitto to tell it to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.mosquitto import Mosquitto, a_broker
from tests.support.stores import Database, database, made


@pytest.fixture
async def db(tmp_path: Path) -> Database:
    return await made(database("sqlite", tmp_path))


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with a_broker(tmp_path) as broker:
        yield broker
