"""A controller is killed between being told something and its commit: the next one has it, once, in its place."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.journal_memory import VARIABLE, forget_memories, handed_over, open_memories
from callcenter.storage.journal import Journal
from callcenter.storage.kept_memory import KeptMemory
from callcenter.storage.verify import verify
from callcenter.storage.write_ahead import WriteAhead
from tests.support.stores import Database, Teller, eventually, new_call_id, whole_call, writing


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[int]:
    """What a supervisor holds."""
    memories = open_memories(tmp_path)
    yield memories[VARIABLE]
    forget_memories(tmp_path)
    for descriptor in memories.values():
        os.close(descriptor)


async def test_what_was_told_but_not_committed_outlives_the_controller(db: Database, memory: int) -> None:
    killed = Journal(db.url, db.folder, ahead=WriteAhead(memory))
    await killed.open()
    Teller(killed).tell(*whole_call(new_call_id()))
    told = killed.latest_seq  # its writer never ran: nothing of this is in the database
    await killed._store.close()

    async with writing(Journal(db.url, db.folder, ahead=WriteAhead(memory))) as journal:
        assert journal.latest_seq == told
        Teller(journal).tell(*whole_call(new_call_id()))
        assert await journal.flush(10.0)
        assert journal.health()[0] == "ok"
        assert KeptMemory(memory).size == 0, "the database has it all"
    rows = await db.rows()
    assert [row[0] for row in rows["journal"]] == list(range(1, 2 * told + 1))
    assert len(rows["calls"]) == 2
    assert (await verify(db.url, db.folder)).is_whole


async def test_what_was_committed_in_the_last_moment_is_not_there_twice(db: Database, memory: int) -> None:
    async with writing(Journal(db.url, db.folder, ahead=WriteAhead(memory))) as killed:
        Teller(killed).tell(*whole_call(new_call_id()))
        told, held = killed.latest_seq, KeptMemory(memory).text
        assert await killed.flush(10.0)
    assert held
    os.pwrite(memory, held, 0)  # as if it had been killed before it could let go

    async with writing(Journal(db.url, db.folder, ahead=WriteAhead(memory))) as journal:
        assert journal.latest_seq == told
        assert await journal.flush(10.0)
    assert [row[0] for row in (await db.rows())["journal"]] == list(range(1, told + 1))
    assert (await verify(db.url, db.folder)).is_whole


async def test_a_line_that_the_kill_tore_off_is_left_out(db: Database, memory: int) -> None:
    killed = Journal(db.url, db.folder, ahead=WriteAhead(memory))
    await killed.open()
    Teller(killed).tell(*whole_call(new_call_id()))
    told = killed.latest_seq
    await killed._store.close()
    os.pwrite(memory, bytes(10), KeptMemory(memory).size - 10)

    async with writing(Journal(db.url, db.folder, ahead=WriteAhead(memory))) as journal:
        assert journal.latest_seq == told - 1


async def test_while_the_database_is_away_no_more_is_held_than_waits(absent: Database, memory: int) -> None:
    journal = Journal(absent.url, absent.folder, retry_seconds=0.1, ahead=WriteAhead(memory))
    async with writing(journal):
        Teller(journal).tell(*whole_call(new_call_id()))
        await eventually(lambda: journal.spooled > 0 and not journal.waiting)
        assert KeptMemory(memory).size == 0, "the spool has it"


def test_a_descriptor_that_is_something_else_is_not_written_to(memory: int) -> None:
    other = os.open(os.devnull, os.O_RDWR)
    try:
        assert handed_over({VARIABLE: str(memory)}) == memory
        assert handed_over({VARIABLE: str(other)}) is None
        assert handed_over({VARIABLE: "987654"}) is None
        assert handed_over({}) is None
    finally:
        os.close(other)
