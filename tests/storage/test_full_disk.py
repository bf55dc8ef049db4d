"""SQLite's file may not grow any more: the same error as that of a full disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from callcenter.storage.journal import Journal
from callcenter.storage.verify import verify
from tests.support.stores import Database, Teller, database, eventually, made, new_call_id, whole_call, writing


@pytest.fixture
async def db(tmp_path: Path) -> Database:
    return await made(database("sqlite", tmp_path))


def _limits_pages(pages: int) -> Callable[[Any, Any], None]:
    def limit(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.close()

    return limit


async def test_a_full_disk_loses_nothing_and_is_over_when_there_is_space_again(db: Database) -> None:
    journal = Journal(db.url, db.folder, retry_seconds=0.1)
    engine = journal._store.engine
    limit = _limits_pages(db.file.stat().st_size // 4096 + 4)
    event.listen(engine.sync_engine, "connect", limit)
    async with writing(journal):
        teller = Teller(journal)
        for _ in range(40):
            teller.tell(*whole_call(new_call_id()))
        await eventually(lambda: "disk is full" in journal.health()[1])
        await eventually(lambda: journal.health()[0] == "degraded" and ", 0 in memory" in journal.health()[1])

        event.remove(engine.sync_engine, "connect", limit)
        await engine.dispose()  # the next connection has space
        assert await journal.flush(20.0)
        await eventually(lambda: journal.health()[0] == "ok")

    rows = await db.rows()
    assert [row[0] for row in rows["journal"]] == list(range(1, 401))
    assert len(rows["calls"]) == 40
    assert (await verify(db.url, db.folder)).is_whole
