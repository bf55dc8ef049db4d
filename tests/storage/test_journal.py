import asyncio
import gc
import time
from datetime import timedelta
from pathlib import Path

import pytest

from callcenter.domain.earlier import Earlier
from callcenter.domain.facts import AlarmRaised, CallArrived, CallFailed, SeatChanged
from callcenter.domain.ids import LegId
from callcenter.storage.journal import Journal
from callcenter.storage.seats import Seats
from callcenter.storage.store import Store
from callcenter.storage.verify import verify
from tests.support.stores import (
    NOON,
    Database,
    Teller,
    eventually,
    made,
    new_call_id,
    reading,
    seat,
    whole_call,
    writing,
)


async def test_a_fact_is_numbered_at_once_and_numbers_go_on_after_a_restart(db: Database) -> None:
    first = Journal(db.url, db.folder)
    async with writing(first):
        teller = Teller(first)
        teller.tell(*whole_call(new_call_id()))
        assert [entry.seq for entry in teller.entries] == list(range(1, 11))

    second = Journal(db.url, db.folder)
    async with writing(second):
        assert second.latest_seq == 10
        assert second.append(AlarmRaised(at=NOON, name="x", detail="y"), None).seq == 11

    assert (await verify(db.url, db.folder)).is_whole


async def test_what_is_read_back_is_what_was_told(db: Database) -> None:
    journal = Journal(db.url, db.folder)
    call_id = new_call_id()
    async with writing(journal), reading(db, journal) as calls:
        teller = Teller(journal)
        teller.tell(*whole_call(call_id), SeatChanged(at=NOON, seat=seat("8002")), SeatChanged(at=NOON, seat=seat()))
        assert await journal.flush(5.0)
        journal.recent.written(journal.latest_seq)

    fresh = Journal(db.url, db.folder)  # knows nothing of what was told a moment ago
    await fresh.open()
    async with reading(db, fresh) as calls:
        assert await calls.get(call_id) == teller.calls[call_id]
        assert list(await calls.journal(call_id)) == [entry for entry in teller.entries if entry.call_id == call_id]
    store = Store(db.url)
    assert list(await Seats(store).last_seen()) == [seat("8001"), seat("8002")]
    await store.close()
    await fresh.close()


async def test_an_ended_call_is_there_before_the_writer_has_done_anything(db: Database) -> None:
    journal = Journal(db.url, db.folder)
    call_id = new_call_id()
    await journal.open()  # nobody writes
    teller = Teller(journal)
    teller.tell(*whole_call(call_id))

    async with reading(db, journal) as calls:
        found = await calls.find(
            caller="+86 138-0000-0000",
            seat=None,
            begun_from=None,
            begun_to=None,
            live=False,
            limit=50,
            cursor=None,
        )
        assert await calls.get(call_id) == teller.calls[call_id]
        assert list(found.items) == [teller.calls[call_id]]
        assert list(await calls.journal(call_id)) == teller.entries
        assert [call.id for call in await calls.without_ticket()] == [call_id]
    await journal.close()


@pytest.mark.alone
async def test_a_locked_database_delays_nobody_and_loses_nothing(db: Database) -> None:
    journal = Journal(db.url, db.folder, retry_seconds=0.2)
    async with writing(journal):
        teller = Teller(journal)
        teller.tell(*whole_call(new_call_id()))
        assert await journal.flush(5.0)

        async with db.locked():
            began = time.monotonic()
            teller.tell(*whole_call(new_call_id(), ends=False))
            assert time.monotonic() - began < 0.05
            await eventually(lambda: journal.health()[0] == "degraded")
            await eventually(lambda: "8 entries wait in the spool, 0 in memory" in journal.health()[1])
            assert not await journal.flush(0.1)
            teller.tell(*whole_call(new_call_id()))
            await eventually(lambda: "18 entries wait" in journal.health()[1])
            while time.monotonic() - began < 2.0:  # the database stays locked for two seconds in all
                teller.tell(AlarmRaised(at=NOON, name="clock", detail="ticks"))
                await asyncio.sleep(0.1)

        assert await journal.flush(10.0)
        await eventually(lambda: journal.health()[0] == "ok")

    rows = await db.rows()
    assert [row[0] for row in rows["journal"]] == [entry.seq for entry in teller.entries]
    assert len(rows["calls"]) == 3
    assert (await verify(db.url, db.folder)).is_whole
    assert not (db.folder / "journal.spool").exists()


async def test_connections_that_are_cut_lose_nothing(db: Database) -> None:
    if db.is_sqlite:
        pytest.skip("SQLite has no connections that could be cut")
    journal = Journal(db.url, db.folder, retry_seconds=0.1)
    async with writing(journal):
        teller = Teller(journal)
        for _ in range(10):
            teller.tell(*whole_call(new_call_id()))
            await asyncio.sleep(0)
            await db.cut_connections()
        assert await journal.flush(20.0)
        await eventually(lambda: journal.health()[0] == "ok")

    assert [row[0] for row in (await db.rows())["journal"]] == list(range(1, 101))
    assert (await verify(db.url, db.folder)).is_whole


async def test_a_database_that_is_away_at_the_start_gets_everything_when_it_comes(absent: Database) -> None:
    journal = Journal(absent.url, absent.folder, retry_seconds=0.1)
    async with writing(journal):
        teller = Teller(journal)
        teller.tell(*whole_call(new_call_id()))
        await eventually(lambda: "10 entries wait in the spool" in journal.health()[1])

        await made(absent)
        assert await journal.flush(10.0)

    assert [row[0] for row in (await absent.rows())["journal"]] == list(range(1, 11))
    assert (await verify(absent.url, absent.folder)).is_whole


async def test_what_stands_in_the_spool_at_the_end_is_written_at_the_next_start(absent: Database) -> None:
    first = Journal(absent.url, absent.folder)
    call_id = new_call_id()
    async with writing(first):
        teller = Teller(first)
        teller.tell(*whole_call(call_id, ends=False))
    await made(absent)

    second = Journal(absent.url, absent.folder)
    await second.open()

    async with reading(absent, second) as calls:
        assert [[fact.kind for fact in facts] for facts in await calls.unfinished()] == [
            [entry.kind for entry in teller.entries]
        ]
    assert second.latest_seq == len(teller.entries)
    await second.close()


async def test_numbers_given_without_the_database_are_set_right_when_it_is_back(db: Database) -> None:
    async with writing(Journal(db.url, db.folder)) as journal:
        Teller(journal).tell(*whole_call(new_call_id()))
    other_folder = db.folder.with_name("other-spool")  # knows nothing of what was written

    late = Journal(db.url, other_folder, retry_seconds=0.1)
    async with db.locked():
        if db.is_sqlite:  # reading goes on there: let the writer not know where the journal ends
            late._end = type(late._end)(0, "")
            runner = asyncio.create_task(late.run())
        else:
            await late.open()
            runner = asyncio.create_task(late.run())
        call_id = new_call_id()
        Teller(late).tell(*whole_call(call_id))
        await eventually(lambda: "10 entries wait in the spool" in late.health()[1], within=20.0)
    await eventually(lambda: late.health()[0] == "ok", within=20.0)
    Teller(late).tell(*whole_call(new_call_id()))
    await late.close()
    await runner

    rows = await db.rows()
    assert [row[0] for row in rows["journal"]] == list(range(1, 31))
    assert len(rows["calls"]) == 3
    assert (await verify(db.url, other_folder)).is_whole


async def test_two_writers_of_one_database_lose_nothing(db: Database) -> None:
    one = Journal(db.url, db.folder, retry_seconds=0.05)
    two = Journal(db.url, db.folder.with_name("second"), retry_seconds=0.05)
    async with writing(one), writing(two):
        for _ in range(5):
            Teller(one).tell(*whole_call(new_call_id()))
            Teller(two).tell(*whole_call(new_call_id()))
            await asyncio.sleep(0)
        assert await one.flush(20.0)
        assert await two.flush(20.0)

    rows = await db.rows()
    assert [row[0] for row in rows["journal"]] == list(range(1, 101))
    assert len(rows["calls"]) == 10
    assert (await verify(db.url)).is_whole


async def test_when_nothing_takes_the_entries_the_loss_is_counted_and_said(absent: Database, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()  # no folder can be made here
    journal = Journal(absent.url, blocked / "spool", bound=25, retry_seconds=0.05)
    async with writing(journal):
        teller = Teller(journal)
        for _ in range(3):
            teller.tell(*whole_call(new_call_id()))
        await eventually(lambda: journal.health()[0] == "down")
        assert "5 entries are lost" in journal.health()[1]
        assert not isinstance(journal.health()[1], Earlier)

        await made(absent)
        await eventually(lambda: journal.health()[0] == "degraded")
        teller.tell(AlarmRaised(at=NOON, name="x", detail="y"))
        assert await journal.flush(10.0)
        assert "5 entries are lost" in journal.health()[1]
        assert isinstance(journal.health()[1], Earlier)

    seqs = [row[0] for row in (await absent.rows())["journal"]]
    assert seqs == [*range(1, 26), 31]
    assert (await verify(absent.url)).gaps == [(26, 30)]


async def test_text_that_no_database_keeps_stops_nothing_and_is_kept_to_the_letter(db: Database) -> None:
    journal = Journal(db.url, db.folder)
    call_id = new_call_id()
    strange = "a\x00b\ud800\U0001f600\r\n'"
    async with writing(journal), reading(db, journal) as calls:
        teller = Teller(journal)
        teller.tell(CallArrived(at=NOON, call_id=call_id, caller=strange, recording_path=strange))
        teller.tell(CallFailed(at=NOON, call_id=call_id, seat=strange, leg_id=LegId(strange), cause=strange))
        assert await journal.flush(5.0)
        assert journal.health()[0] == "ok"
        assert list(await calls.journal(call_id)) == teller.entries

    rows = await db.rows()
    assert rows["calls"][0][1] == "a\ufffdb?\U0001f600\r\n'"
    assert (await verify(db.url)).is_whole


async def test_a_call_that_does_not_fit_the_tables_is_journalled_all_the_same(db: Database) -> None:
    journal = Journal(db.url, db.folder)
    async with writing(journal):
        teller = Teller(journal)
        too_large = seat()
        object.__setattr__(too_large, "missed", 2**80)  # no column takes it
        teller.tell(*whole_call(new_call_id()), SeatChanged(at=NOON, seat=too_large))
        assert await journal.flush(5.0)
        status, detail = journal.health()

    assert status == "degraded"
    assert "journal rebuild" in detail
    assert isinstance(detail, Earlier)
    assert len((await db.rows())["journal"]) == 11


@pytest.mark.alone
@pytest.mark.timeout(120)
async def test_five_thousand_facts_never_stop_the_loop_for_long(db: Database) -> None:
    journal = Journal(db.url, db.folder)
    longest = 0.0
    beats = late = 0
    async with writing(journal):
        warm = Teller(journal)
        warm.tell(*whole_call(new_call_id()))  # statements are compiled once
        assert await journal.flush(5.0)
        gc.collect()
        gc.freeze()  # the test's own thousands of objects are no part of it; the program does the same
        over = asyncio.Event()

        async def watch() -> None:
            nonlocal longest, beats, late
            while not over.is_set():
                before, worked = time.perf_counter(), time.thread_time()
                await asyncio.sleep(0.001)
                beats += 1
                late += time.perf_counter() - before > 0.05
                longest = max(longest, time.thread_time() - worked)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch())
            teller = Teller(journal)
            for number in range(500):
                teller.tell(*whole_call(new_call_id(), at=NOON + timedelta(seconds=number)))
                await asyncio.sleep(0)
            assert await journal.flush(60.0)
            over.set()
        gc.unfreeze()

    assert len((await db.rows())["journal"]) == 5010
    assert longest < 0.05, f"the loop worked {longest * 1000:.0f} ms on end"
    assert late <= beats // 50, f"{late} of {beats} beats were late"  # none by us: the machine has other work too


async def test_facts_that_come_as_fast_as_they_are_written_are_not_taken_for_a_database_that_stands_still(
    db: Database,
) -> None:
    journal = Journal(db.url, db.folder, retry_seconds=30.0)
    async with writing(journal), asyncio.timeout(15.0):
        teller = Teller(journal)
        while journal.latest_seq < 100:
            while journal.waiting < 5:
                teller.tell(AlarmRaised(at=NOON, name="x", detail="y"))
            await asyncio.sleep(0)
        assert await journal.flush(10.0)


async def test_a_writer_that_was_cancelled_in_its_work_loses_nothing(db: Database) -> None:
    journal = Journal(db.url, db.folder)
    await journal.open()
    teller = Teller(journal)
    for _ in range(30):
        teller.tell(*whole_call(new_call_id()))
    runner = asyncio.create_task(journal.run())
    await eventually(lambda: len(journal._queue) < 300)
    runner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await runner
    await journal.close()

    async with writing(Journal(db.url, db.folder, retry_seconds=0.1)) as again:
        assert await again.flush(20.0)
    assert [row[0] for row in (await db.rows())["journal"]] == list(range(1, 301))
    assert (await verify(db.url, db.folder)).is_whole
