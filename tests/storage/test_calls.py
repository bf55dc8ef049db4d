from collections.abc import Awaitable
from datetime import timedelta

import pytest

from callcenter.domain.calls import Call, Recording, RecordingState
from callcenter.domain.errors import InvalidInputError
from callcenter.domain.facts import NotesChanged, RecordingChanged, SeatChanged, TicketChanged, UtteranceHeard
from callcenter.domain.ids import TicketId
from callcenter.domain.notes import Notes, NotesState, Side
from callcenter.domain.records import Page
from callcenter.storage.calls import Calls
from callcenter.storage.journal import Journal
from tests.support.stores import (
    NOON,
    Database,
    Teller,
    new_call_id,
    reading,
    seat,
    utterance,
    whole_call,
    words_of,
    writing,
)


async def _find(
    calls: Calls,
    *,
    caller: str | None = None,
    seat: str | None = None,
    live: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Call]:
    return await calls.find(
        caller=caller, seat=seat, begun_from=None, begun_to=None, live=live, limit=limit, cursor=cursor
    )


@pytest.mark.parametrize("written", [True, False], ids=["written", "in memory"])
async def test_calls_are_found_by_caller_seat_time_and_whether_they_go_on(db: Database, *, written: bool) -> None:
    journal = Journal(db.url, db.folder)
    await journal.open()
    teller = Teller(journal)
    first, second, third = new_call_id(), new_call_id(), new_call_id()
    teller.tell(*whole_call(first, at=NOON, caller="13800000000", on="8001"))
    teller.tell(*whole_call(second, at=NOON + timedelta(hours=1), caller="02212345678", on="8002"))
    teller.tell(*whole_call(third, at=NOON + timedelta(hours=2), caller=None, on="8002", ends=False))
    if written:
        await journal.close()
        journal = Journal(db.url, db.folder)
        await journal.open()

    async with reading(db, journal) as calls:

        async def ids(**asked: object) -> list[str]:
            return [call.id for call in (await _find(calls, **asked)).items]  # type: ignore[arg-type]

        assert await ids() == [third, second, first]
        assert await ids(caller="+8613800000000") == [first]
        assert await ids(caller="022-1234 5678") == [second]
        assert await ids(caller="nobody") == []
        assert await ids(seat="8002") == [third, second]
        assert await ids(live=True) == [third]
        assert await ids(live=False) == [second, first]
        between = await calls.find(
            caller=None,
            seat=None,
            begun_from=NOON + timedelta(hours=1),
            begun_to=NOON + timedelta(hours=2),
            live=None,
            limit=50,
            cursor=None,
        )
        assert [call.id for call in between.items] == [second]
        assert await calls.get("no such call") is None
    await journal.close()


async def test_pages_give_every_call_once_newest_first(db: Database) -> None:
    journal = Journal(db.url, db.folder)
    await journal.open()
    teller = Teller(journal)
    for number in range(17):  # several begin in the same moment
        teller.tell(*whole_call(new_call_id(), at=NOON + timedelta(seconds=number // 3)))
    await journal.close()
    journal = Journal(db.url, db.folder)
    await journal.open()
    teller.journal = journal
    for number in range(8):  # these are not written yet
        teller.tell(*whole_call(new_call_id(), at=NOON + timedelta(seconds=number)))

    seen: list[Call] = []
    cursor: str | None = None
    async with reading(db, journal) as calls:
        while True:
            page = await _find(calls, limit=4, cursor=cursor)
            seen += page.items
            assert len(page.items) == 4 or page.next is None
            cursor = page.next
            if cursor is None:
                break

        with pytest.raises(InvalidInputError):
            await _find(calls, cursor="eyJ4Ijog")

    expected = sorted(teller.calls.values(), key=lambda call: (call.t0, call.id), reverse=True)
    assert seen == expected
    await journal.close()


async def test_an_old_row_does_not_hide_what_has_changed_since(db: Database) -> None:
    journal = Journal(db.url, db.folder)
    call_id = new_call_id()
    await journal.open()
    teller = Teller(journal)
    facts = list(whole_call(call_id))
    teller.tell(*facts[:-1])
    await journal.close()
    later = Journal(db.url, db.folder)
    await later.open()
    teller.journal = later
    teller.tell(facts[-1])  # ended, not written

    async with reading(db, later) as calls:
        assert (await _find(calls, live=True)).items == []
        assert [call.id for call in (await _find(calls, live=False, limit=1)).items] == [call_id]
        assert [entry.kind for entry in await calls.journal(call_id)] == [fact.kind for fact in facts]
    await later.close()


async def test_what_is_left_to_do_is_found_after_a_restart(db: Database) -> None:
    going_on, no_ticket, unsettled, settled = (new_call_id() for _ in range(4))
    journal = Journal(db.url, db.folder)
    async with writing(journal):
        teller = Teller(journal)
        teller.tell(*whole_call(going_on, ends=False), SeatChanged(at=NOON, seat=seat()))
        kept = Recording(state=RecordingState.KEPT, started=NOON, seconds=56.25)
        for call_id in (no_ticket, unsettled, settled):
            teller.tell(*whole_call(call_id))
            if call_id != unsettled:
                teller.tell(RecordingChanged(at=NOON, call_id=call_id, recording=kept))
            if call_id != no_ticket:
                teller.tell(TicketChanged(at=NOON, call_id=call_id, ticket_id=TicketId("t")))

    again = Journal(db.url, db.folder)
    await again.open()
    async with reading(db, again) as calls:
        unfinished = await calls.unfinished()
        assert [[fact.kind for fact in facts] for facts in unfinished] == [
            [fact.kind for fact in whole_call(going_on, ends=False)]
        ]
        assert {call.id for call in await calls.without_ticket()} == {going_on, no_ticket}
        assert [call.id for call in await calls.unsettled_recordings()] == [unsettled]
        assert await calls.get(settled) == teller.calls[settled]
    await again.close()


@pytest.mark.parametrize("strange", ["a\x00b", "\ud800", "%", "'; DROP TABLE calls; --", "x" * 100_000])
async def test_whatever_is_asked_for_is_not_found_or_named_as_wrong(db: Database, strange: str) -> None:
    journal = Journal(db.url, db.folder)
    await journal.open()
    async with reading(db, journal) as calls:

        async def nothing(answer: Awaitable[object]) -> None:
            try:
                assert await answer in (None, [], Page([], None), Page((), None))
            except InvalidInputError as error:
                assert strange not in str(error)  # noqa: PT017  # either answer is right

        await nothing(calls.get(strange))
        await nothing(calls.journal(strange))
        await nothing(_find(calls, caller=strange))
        await nothing(_find(calls, seat=strange))
    await journal.close()


@pytest.mark.parametrize("written", [True, False], ids=["written", "in memory"])
async def test_words_are_read_back_as_they_were_said_in_the_order_of_their_starts(
    db: Database, *, written: bool
) -> None:
    journal = Journal(db.url, db.folder)
    await journal.open()
    teller = Teller(journal)
    call_id, other = new_call_id(), new_call_id()
    teller.tell(*whole_call(call_id), *whole_call(other))
    teller.tell(*words_of(call_id, 8), *words_of(other, 1))
    teller.tell(UtteranceHeard(at=NOON, call_id=call_id, utterance=utterance(9, "在前面", start=3.0, live=False)))
    teller.tell(UtteranceHeard(at=NOON, call_id=call_id, utterance=utterance(2, "改过的", side=Side.UNIT)))
    if written:
        await journal.close()
        journal = Journal(db.url, db.folder)
        await journal.open()

    async with reading(db, journal) as calls:
        assert await calls.get(call_id) == teller.calls[call_id]
        assert [call.id for call in (await _find(calls)).items] == sorted([call_id, other], reverse=True)
        assert {call.id: call for call in (await _find(calls)).items} == teller.calls
        assert await calls.several([other, "nobody", call_id]) == teller.calls
        assert await calls.several([]) == {}
        call = await calls.get(call_id)
        assert call is not None
        assert [said.id for said in call.utterances] == ["u0", "u1", "u9", "u2", "u3", "u4", "u5", "u6", "u7"]
    await journal.close()


async def test_what_was_said_before_is_not_written_again_with_every_word(db: Database) -> None:
    call_id = new_call_id()
    async with writing(Journal(db.url, db.folder)) as journal:
        teller = Teller(journal)
        teller.tell(*whole_call(call_id, ends=False), *words_of(call_id, 30))
        assert await journal.flush(10)
        await db.run("UPDATE utterances SET text = 'a mark' WHERE id <> 'u7'")

        teller.tell(*(fact for fact in words_of(call_id, 8) if isinstance(fact, UtteranceHeard)))
        teller.tell(RecordingChanged(at=NOON, call_id=call_id, recording=Recording(state=RecordingState.KEPT)))
        assert await journal.flush(10)

    texts = {row[1]: row[6] for row in (await db.rows())["utterances"]}
    assert [texts[f"u{number}"] for number in (0, 7, 8, 29)] == ["停水了", "停水了", "a mark", "a mark"]


@pytest.mark.parametrize("written", [True, False], ids=["written", "in memory"])
async def test_ended_calls_whose_words_are_still_to_be_made_are_named_oldest_first(
    db: Database, *, written: bool
) -> None:
    journal = Journal(db.url, db.folder)
    await journal.open()
    teller = Teller(journal)
    young, old, live, complete, silent = (new_call_id() for _ in range(5))
    teller.tell(*whole_call(young, at=NOON + timedelta(hours=1)), *words_of(young, 2))
    teller.tell(*whole_call(old), *words_of(old, 1), *whole_call(silent))
    teller.tell(*whole_call(live, ends=False), *words_of(live, 1))
    teller.tell(*whole_call(complete), *words_of(complete, 1))
    if written:
        await journal.close()
        journal = Journal(db.url, db.folder)
        await journal.open()
        teller.journal = journal
    teller.tell(NotesChanged(at=NOON, call_id=complete, notes=Notes(state=NotesState.COMPLETE)))

    async with reading(db, journal) as calls:
        wanted = await calls.notes_wanted()

    assert list(wanted) == [teller.calls[old], teller.calls[young]]
    assert wanted[0].notes is not None
    assert wanted[0].notes.gaps[0].end == 9.5
    await journal.close()
