"""Nothing that is to be told outside is lost: not by an absence, not by an end, not by a kill."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from callcenter.domain.letters import Letter
from callcenter.storage.outbox import Outbox, Reader
from callcenter.storage.store import Store
from tests.support.stores import NOON, Database, eventually


@dataclass(frozen=True)
class Happened:
    seq: int
    type: str = "call.queued"
    time: datetime = NOON
    data: dict[str, Any] = field(default_factory=lambda: {"id": "c1", "caller": "市民\x00\ud800"})


@asynccontextmanager
async def an_outbox(
    db: Database, stream: str = "s1", readers: Sequence[str] = ("mqtt",), *, killed: bool = False, **how: Any
) -> AsyncIterator[Outbox]:
    """Run an outbox; `killed`: it ends without its last writing, as by kill -9."""
    store = Store(db.url, lock_seconds=0.3, limit_seconds=2.0)
    outbox = Outbox(store, node="node1", stream=stream, readers=readers, now=lambda: NOON, **how)
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        if killed:
            await written(outbox)
            outbox.newest = outbox._written
            for reader in outbox.readers.values():
                reader.told, reader.marked = outbox._places.get(reader.name, (reader.told, reader.marked))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


async def written(outbox: Outbox) -> None:
    await eventually(lambda: outbox.opened.is_set() and outbox._written == outbox.newest)


async def take_all(reader: Reader, until: int) -> list[Letter]:
    """Tell everything up to an event of this number."""
    taken: list[Letter] = []
    async with asyncio.timeout(10):
        while not taken or taken[-1].seq < until:
            taken += await reader.take(7)
            reader.done()
    return taken


def told(letters: Sequence[Letter]) -> list[tuple[str, bool]]:
    return [(letter.id, letter.redelivered) for letter in letters]


async def rows(db: Database) -> int:
    return len((await db.rows())["outbox"])


async def test_what_is_told_at_once_leaves_nothing_behind(db: Database) -> None:
    async with an_outbox(db) as outbox:
        for seq in range(1, 301):
            outbox.give(Happened(seq))
        taken = await take_all(outbox.readers["mqtt"], 300)

    assert told(taken) == [(f"s1:{seq}", False) for seq in range(1, 301)]
    assert await rows(db) == 0


async def test_what_waits_outlives_the_controller_and_comes_first_with_the_stream_of_its_time(db: Database) -> None:
    async with an_outbox(db, readers=[]):
        pass
    async with an_outbox(db) as outbox:
        await outbox.opened.wait()
        for seq in range(1, 451):
            outbox.give(Happened(seq))
        await written(outbox)
    async with an_outbox(db, "s2") as outbox:
        outbox.give(Happened(1))
        taken = await take_all(outbox.readers["mqtt"], 450)
        taken += await take_all(outbox.readers["mqtt"], 1)

    assert told(taken) == [*((f"s1:{seq}", False) for seq in range(1, 451)), ("s2:1", False)]
    assert taken[0].data == {"id": "c1", "caller": "市民\x00?"}  # half a character is no text
    assert await rows(db) == 0


async def test_more_may_be_under_way_at_one_time_and_what_did_not_arrive_comes_again_in_its_order(db: Database) -> None:
    async with an_outbox(db) as outbox:
        reader = outbox.readers["mqtt"]
        for seq in range(1, 8):
            outbox.give(Happened(seq))
        assert told(await reader.take(2)) == [("s1:1", False), ("s1:2", False)]
        assert told(await reader.take(3)) == [("s1:3", False), ("s1:4", False), ("s1:5", False)]
        reader.done()
        assert (reader.told, reader.waiting) == (2, 5)
        await reader.take(1)
        reader.put_back()

        again = await take_all(reader, 7)

    assert told(again) == [*((f"s1:{seq}", True) for seq in (3, 4, 5, 6)), ("s1:7", False)]
    assert await rows(db) == 0


async def test_what_was_under_way_when_it_was_killed_comes_again_and_says_so(db: Database) -> None:
    async with an_outbox(db, killed=True) as outbox:
        reader = outbox.readers["mqtt"]
        await outbox.opened.wait()
        reader.is_live = reader.hears_fleeting = True
        outbox.give(Happened(1))
        await reader.take(10)
        reader.done()
        outbox.give(Happened(2))
        outbox.give(Happened(3))
        assert told(await reader.take(1)) == [("s1:2", False)]
        await written(outbox)
    async with an_outbox(db, "s2") as outbox:
        outbox.give(Happened(1))
        taken = await take_all(outbox.readers["mqtt"], 3)
        taken += await take_all(outbox.readers["mqtt"], 1)

    unmarked = [id_ for id_, again in told(taken) if not again]
    assert [id_ for id_, _ in told(taken)][-3:] == ["s1:2", "s1:3", "s2:1"]  # none is lost, all in order
    assert "s2:1" in unmarked
    assert not {"s1:1", "s1:2"} & set(unmarked)  # nothing comes twice without saying so


async def test_a_mark_is_in_the_database_before_an_old_letter_is_handed_over(db: Database) -> None:
    async with an_outbox(db) as outbox:
        for seq in range(1, 4):
            outbox.give(Happened(seq))
        await written(outbox)
        await outbox.readers["mqtt"].take(2)

        ((_, name, place, handed),) = (await db.rows())["outbox_readers"]

    assert (name, place, handed) == ("mqtt", 0, 2)


async def test_what_did_not_arrive_is_given_again_in_order_and_marked(db: Database) -> None:
    async with an_outbox(db) as outbox:
        reader = outbox.readers["mqtt"]
        await outbox.opened.wait()
        reader.is_live = reader.hears_fleeting = True
        outbox.give(Happened(1))
        outbox.give(Happened(2, "utterance.partial"))
        outbox.give(Happened(3))
        assert told(await reader.take(10)) == [("s1:1", False), ("s1:2", False), ("s1:3", False)]
        reader.put_back()
        reader.is_live = reader.hears_fleeting = False
        outbox.give(Happened(4, "utterance.partial"))
        outbox.give(Happened(5))

        again = await take_all(reader, 5)

    assert told(again) == [("s1:1", True), ("s1:3", True), ("s1:5", False)]  # partial words are told once or never


async def test_each_reader_has_its_own_place_and_a_new_one_begins_now(db: Database) -> None:
    async with an_outbox(db, readers=["mqtt", "city"]) as outbox:
        for seq in range(1, 11):
            outbox.give(Happened(seq))
        await take_all(outbox.readers["mqtt"], 10)
        await take_all(outbox.readers["city"], 3)
        await written(outbox)
        waits = outbox.readers["city"].waiting
        assert (waits, outbox.readers["mqtt"].waiting) == (3, 0)
    assert await rows(db) == 3
    async with an_outbox(db, "s2", readers=["city", "county"]) as outbox:
        await outbox.opened.wait()
        assert (outbox.readers["city"].waiting, outbox.readers["county"].waiting) == (3, 0)
        outbox.give(Happened(1))
        assert told(await take_all(outbox.readers["county"], 1)) == [("s2:1", False)]
    assert [row[1] for row in (await db.rows())["outbox_readers"]] == ["city", "county"]


async def test_a_database_that_is_away_delays_nobody_who_keeps_pace(db: Database) -> None:
    async with an_outbox(db) as outbox:
        reader = outbox.readers["mqtt"]
        await outbox.opened.wait()
        reader.is_live = reader.hears_fleeting = True
        async with locked(db):
            for seq in range(1, 21):
                outbox.give(Happened(seq))
            taken = await take_all(reader, 10)
            await eventually(lambda: outbox.fault() is not None)
            assert "in memory only" in (outbox.fault() or "")
        await eventually(lambda: outbox.fault() is None)
        await written(outbox)
        assert await rows(db) <= 10
        taken += await take_all(reader, 20)

    assert [letter.seq for letter in taken] == list(range(1, 21))


async def test_a_database_that_is_away_at_the_start_loses_nothing_of_before_nor_of_now(db: Database) -> None:
    async with an_outbox(db) as outbox:
        outbox.give(Happened(1))
        await written(outbox)
    async with locked(db), an_outbox(db, "s2") as outbox:
        outbox.give(Happened(1))
        outbox.give(Happened(2))
        await eventually(lambda: outbox.fault() is not None and "is kept" not in str(outbox.fault()))
        early = asyncio.create_task(outbox.readers["mqtt"].take(10))
        await asyncio.sleep(0)
        assert not early.done()
        early.cancel()
        await db_free(db)
        taken = await take_all(outbox.readers["mqtt"], 1)
        taken += await take_all(outbox.readers["mqtt"], 2)

    assert [id_ for id_, _ in told(taken)] == ["s1:1", "s2:1", "s2:2"]


async def test_where_memory_ends_the_oldest_go_and_are_counted(db: Database) -> None:
    async with locked(db), an_outbox(db, most_in_memory=50) as outbox:
        for seq in range(1, 61):
            outbox.give(Happened(seq))
        reader = outbox.readers["mqtt"]
        assert (reader.dropped, reader.waiting) == (10, 50)
        await db_free(db)
        taken = await take_all(reader, 60)

    assert [letter.seq for letter in taken] == list(range(11, 61))


async def test_too_many_and_too_old_ones_are_dropped_and_counted_for_whom_they_were(db: Database) -> None:
    async with an_outbox(db, readers=["mqtt", "city"], most=20, longest=timedelta(hours=1)) as outbox:
        for seq in range(1, 6):
            outbox.give(Happened(seq, time=NOON - timedelta(hours=2)))
        for seq in range(6, 31):
            outbox.give(Happened(seq))
        await take_all(outbox.readers["city"], 7)
        await written(outbox)
    async with an_outbox(db, "s2", readers=["mqtt", "city"], most=20) as outbox:
        await written(outbox)
        await eventually(lambda: outbox.readers["mqtt"].dropped == 10)
        assert outbox.readers["city"].dropped == 3
        taken = await take_all(outbox.readers["mqtt"], 30)

    assert [letter.seq for letter in taken] == list(range(11, 31))


async def test_a_commit_whose_answer_was_lost_is_no_reason_to_stop(db: Database) -> None:
    async with an_outbox(db) as outbox:
        await outbox.opened.wait()
        values = "('node1', 1, 's1', 1, 0, 'call.queued', '{}')"
        await db.run(f"INSERT INTO outbox (node, position, stream, seq, time, type, data) VALUES {values}")
        outbox.give(Happened(1))
        outbox.give(Happened(2))
        await written(outbox)
        assert (outbox.fault(), outbox.unfit) == (None, 0)
    assert await rows(db) == 2


async def test_an_event_that_is_no_json_is_counted_and_the_others_are_kept(db: Database) -> None:
    async with an_outbox(db) as outbox:
        outbox.give(Happened(1, data={"id": object()}))
        outbox.give(Happened(2))
        await written(outbox)
        assert (outbox.fault(), outbox.unfit) == (None, 1)
    assert await rows(db) == 1


_FREE: dict[str, asyncio.Event] = {}


async def db_free(db: Database) -> None:
    _FREE[db.url].set()
    await asyncio.sleep(0)


@asynccontextmanager
async def locked(db: Database) -> AsyncIterator[None]:
    """Hold a lock that lets nobody write to the outbox, until the block ends or `db_free` is called."""
    free = _FREE[db.url] = asyncio.Event()
    held = asyncio.Event()

    async def hold() -> None:
        store = Store(db.url, limit_seconds=30.0)
        async with store.writing() as session:
            lock = "SELECT 1" if db.is_sqlite else "LOCK TABLE outbox, outbox_readers IN ACCESS EXCLUSIVE MODE"
            await session.execute(text(lock))  # on SQLite the transaction itself is the lock
            held.set()
            await free.wait()
        await store.close()

    holding = asyncio.create_task(hold())
    await held.wait()
    try:
        yield
    finally:
        free.set()
        await holding
