import asyncio
import gc
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from callcenter.storage.store import Store
from tests.support.stores import Database

INSERT = "INSERT INTO callers (number, first_call, last_call) VALUES (:number, 1, 1)"
MOMENTS = 150
STEP_SECONDS = 0.00015  # a small transaction is over within some 15 ms


@pytest.fixture
def nothing_is_collected() -> Iterator[None]:
    """Whoever lets go of a lock must do it by himself."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.usefixtures("nothing_is_collected")
async def test_who_is_cancelled_in_the_middle_of_a_writing_leaves_no_lock_behind(db: Database) -> None:
    other = Store(db.url, lock_seconds=1.0)
    ends: list[BaseException] = []

    async def write(store: Store, number: str) -> None:
        try:
            async with store.writing() as session:
                await session.scalar(text("SELECT max(number) FROM callers"))
                await session.execute(text(INSERT), [{"number": number}])
        except asyncio.CancelledError as end:
            ends.append(end)  # as long as it is known, so is where it happened
            raise

    try:
        for moment in range(MOMENTS):
            fresh = Store(db.url)
            writing = asyncio.create_task(write(fresh, f"cancelled-{moment}"))
            await asyncio.sleep(moment * STEP_SECONDS)  # the moment itself is what is tried
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await write(other, f"other-{moment}")
            await fresh.close()
    finally:
        await other.close()


async def test_a_thread_that_nobody_waits_for_any_more_does_not_outlive_its_store(db: Database) -> None:
    """It would give its answer to a loop that is closed by then, and complain of that in the log."""
    before, left = set(threading.enumerate()), 0

    async def read(store: Store) -> None:
        async with store.reading() as session:
            await session.scalar(text("SELECT max(number) FROM callers"))

    for moment in range(MOMENTS):
        store = Store(db.url)
        reading = asyncio.create_task(read(store))
        await asyncio.sleep(moment * STEP_SECONDS / 10)  # mostly while it connects
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await store.close()
        left += sum("_connection_worker" in thread.name for thread in set(threading.enumerate()) - before)

    assert left == 0
