from datetime import timedelta

import pytest

from callcenter.domain.facts import AlarmRaised, CallVoice
from callcenter.storage.journal import Journal
from callcenter.storage.verify import verify
from tests.support.stores import NOON, Database, Teller, new_call_id, whole_call, writing


@pytest.fixture
async def told(db: Database) -> Database:
    async with writing(Journal(db.url, db.folder)) as journal:
        teller = Teller(journal)
        teller.tell(*whole_call(new_call_id()), *whole_call(new_call_id()))
    return db


async def test_a_journal_that_nobody_touched_is_whole(told: Database) -> None:
    verdict = await verify(told.url, told.folder)

    assert verdict.is_whole
    assert verdict.entries == 20
    assert verdict.out_of_order == []


@pytest.mark.parametrize(
    "change",
    [
        "data = '{}'",
        "kind = 'call.held'",
        "call_id = 'other'",
        "time = time + 1",
        "recovered = true",
        "previous = hash",
        "hash = previous",
    ],
)
async def test_whatever_is_changed_in_an_entry_is_seen(told: Database, change: str) -> None:
    await told.run(f"UPDATE journal SET {change} WHERE seq = 4")

    verdict = await verify(told.url, told.folder)

    assert not verdict.is_whole
    assert verdict.first_broken == 4


async def test_entries_taken_out_of_the_middle_are_seen(told: Database) -> None:
    await told.run("DELETE FROM journal WHERE seq IN (4, 5, 9)")

    assert (await verify(told.url, told.folder)).gaps == [(4, 5), (9, 9)]


async def test_closing_a_gap_by_new_numbers_is_seen(told: Database) -> None:
    await told.run("DELETE FROM journal WHERE seq = 4")
    for seq in range(5, 21):
        await told.run("UPDATE journal SET seq = :to WHERE seq = :seq", to=seq - 1, seq=seq)

    assert (await verify(told.url, told.folder)).first_broken == 4


async def test_an_end_that_was_cut_off_is_seen_by_its_mark(told: Database) -> None:
    await told.run("DELETE FROM journal WHERE seq > 17")

    assert (await verify(told.url, told.folder)).missing_end == (18, 20)
    assert (await verify(told.url)).missing_end is None  # without the home nobody can know


async def test_a_fact_dated_before_an_earlier_one_of_its_call_is_named(db: Database) -> None:
    call_id = new_call_id()
    async with writing(Journal(db.url, db.folder)) as journal:
        teller = Teller(journal)
        teller.tell(*whole_call(call_id), AlarmRaised(at=NOON, name="x", detail="y"))
        teller.tell(CallVoice(at=NOON - timedelta(seconds=1), call_id=call_id))

    verdict = await verify(db.url, db.folder)

    assert verdict.out_of_order == [12]
    assert verdict.is_whole
