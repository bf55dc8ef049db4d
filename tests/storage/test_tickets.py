import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.domain.calls import Call
from callcenter.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from callcenter.domain.facts import OfCall
from callcenter.domain.ids import TicketId
from callcenter.domain.records import Page
from callcenter.domain.tickets import Ticket, TicketKind, TicketState, Urgency, broken_at
from callcenter.storage.projections import folded
from callcenter.storage.store import Store
from callcenter.storage.tickets import Tickets
from tests.support.stores import NOON, Database, new_call_id, whole_call

SHANGHAI = ZoneInfo("Asia/Shanghai")
COMPLETE = {"kind": "complaint", "category": "噪声", "matter": "夜间施工，噪声扰民"}


@pytest.fixture
async def store(db: Database) -> AsyncIterator[Store]:
    store = Store(db.url)
    yield store
    await store.close()


@pytest.fixture
def tickets(store: Store) -> Tickets:
    return _tickets(store, "a")


def _tickets(store: Store, who: str) -> Tickets:
    counter = itertools.count(1)
    return Tickets(store, zone=SHANGHAI, new_id=lambda: f"{who}-{next(counter):06d}")


def _call(caller: str | None = "13800000000") -> Call:
    call = folded(fact for fact in whole_call(new_call_id(), caller=caller) if isinstance(fact, OfCall))
    assert call is not None
    return call


async def _find(
    tickets: Tickets,
    *,
    state: str | None = None,
    kind: str | None = None,
    unit: str | None = None,
    caller: str | None = None,
    text: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Ticket]:
    return await tickets.find(state=state, kind=kind, unit=unit, caller=caller, text=text, limit=limit, cursor=cursor)


async def _draft(tickets: Tickets, call: Call, *, at: datetime) -> Ticket:
    (ticket,) = await tickets.draft_from_calls([call], at=at)
    return ticket


async def test_of_several_calls_each_has_its_own_ticket_also_those_drafted_before(tickets: Tickets) -> None:
    calls = [_call() for _ in range(5)]
    before = await tickets.draft_from_calls(calls[1:3], at=NOON)

    drafted = await tickets.draft_from_calls(calls, at=NOON + timedelta(hours=1))

    assert [ticket.call_ids for ticket in drafted] == [(call.id,) for call in calls]
    assert drafted[1:3] == before
    assert sorted(ticket.number[8:] for ticket in drafted) == [f"{number:06d}" for number in range(1, 6)]
    assert [await tickets.get(ticket.id) for ticket in drafted] == list(drafted)
    assert not any(map(broken_at, drafted))


async def test_the_same_call_always_gives_the_same_ticket(tickets: Tickets) -> None:
    call = _call()

    first = await _draft(tickets, call, at=NOON)
    second = await _draft(tickets, replace(call, held=True), at=NOON + timedelta(hours=1))

    assert first == second == await tickets.get(first.id) == await tickets.by_number(first.number)
    assert first.call_ids == (call.id,)
    assert first.caller_phone == "13800000000"
    assert (first.state, first.version, first.created) == (TicketState.DRAFTED, 1, NOON)
    assert [step.action for step in first.trace] == ["drafted"]
    assert broken_at(first) is None


async def test_a_call_drafted_by_two_at_once_has_one_ticket(db: Database) -> None:
    call = _call()
    stores = [Store(db.url) for _ in range(4)]

    async with asyncio.TaskGroup() as group:
        drafts = [group.create_task(_draft(_tickets(store, f"w{n}"), call, at=NOON)) for n, store in enumerate(stores)]

    assert len({draft.result().id for draft in drafts}) == 1
    assert len((await db.rows())["tickets"]) == 1
    for store in stores:
        await store.close()


async def test_numbers_are_the_local_date_and_a_count_without_gaps_also_from_two_writers(db: Database) -> None:
    one, two = Store(db.url), Store(db.url)
    left, right = _tickets(one, "l"), _tickets(two, "r")
    evening = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai

    async with asyncio.TaskGroup() as group:
        made = [group.create_task(t.create({}, at=evening, actor="王")) for t in [left, right] * 10]
    next_day = await left.create({}, at=evening + timedelta(seconds=1), actor="王")

    assert sorted(task.result().number for task in made) == [f"20261123{n:06d}" for n in range(1, 21)]
    assert next_day.number == "20261124000001"
    await one.close()
    await two.close()


async def test_a_failed_draft_gives_its_number_back(tickets: Tickets, store: Store) -> None:
    twice = Tickets(store, zone=SHANGHAI, new_id=lambda: "the same")
    await twice.create({}, at=NOON, actor="王")
    with pytest.raises(UnavailableError):
        await twice.create({}, at=NOON, actor="王")

    assert (await tickets.create({}, at=NOON, actor="王")).number.endswith("000002")


async def test_a_draft_is_completed_and_filed_and_every_step_is_traced(tickets: Tickets) -> None:
    draft = await _draft(tickets, _call(), at=NOON)

    edited = await tickets.edit(
        draft.id, {**COMPLETE, "urgency": "urgent", "confidential": True}, version=1, at=NOON, actor="李芳"
    )
    filed = await tickets.file(draft.id, at=NOON + timedelta(minutes=5), actor="李芳")

    assert (edited.version, edited.kind, edited.urgency) == (2, TicketKind.COMPLAINT, Urgency.URGENT)
    assert (filed.version, filed.state, filed.filed) == (3, TicketState.FILED, NOON + timedelta(minutes=5))
    assert await tickets.get(draft.id) == filed
    assert [(step.seq, step.action, step.actor) for step in filed.trace] == [
        (1, "drafted", "hotline"),
        (2, "edited", "李芳"),
        (3, "filed", "李芳"),
    ]
    assert broken_at(filed) is None
    assert "噪声" not in str(filed.trace)
    with pytest.raises(RefusedError):
        await tickets.file(draft.id, at=NOON, actor="李芳")
    with pytest.raises(RefusedError):
        await tickets.edit(draft.id, {"notes": "x"}, version=3, at=NOON, actor="李芳")


async def test_notes_are_what_was_heard_until_a_person_writes_his_own(tickets: Tickets) -> None:
    untouched, written = [await _draft(tickets, _call(), at=NOON) for _ in range(2)]
    by_hand = await tickets.create({**COMPLETE, "notes": "市民来访"}, at=NOON, actor="api")
    await tickets.edit(untouched.id, COMPLETE, version=1, at=NOON, actor="api")
    own = await tickets.edit(written.id, {**COMPLETE, "notes": None}, version=1, at=NOON, actor="api")

    filed = [
        await tickets.file(ticket.id, at=NOON, actor="api", heard="市民：停水了。")
        for ticket in (untouched, written, by_hand)
    ]

    assert [ticket.notes_edited for ticket in (untouched, own, by_hand)] == [False, True, True]
    assert [ticket.notes for ticket in filed] == ["市民：停水了。", None, "市民来访"]
    assert [await tickets.get(ticket.id) for ticket in filed] == filed


async def test_the_trace_is_whole_when_a_local_time_was_given(tickets: Tickets) -> None:
    draft = await tickets.create({}, at=NOON.astimezone(SHANGHAI), actor="王")
    await tickets.edit(draft.id, {"notes": "x"}, version=1, at=NOON.astimezone(SHANGHAI), actor="王")

    stored = await tickets.get(draft.id)

    assert stored is not None
    assert broken_at(stored) is None


async def test_of_two_who_change_the_same_version_one_is_told(db: Database, tickets: Tickets) -> None:
    draft = await tickets.create(COMPLETE, at=NOON, actor="王")
    other_store = Store(db.url)
    other = _tickets(other_store, "b")

    results = await asyncio.gather(
        tickets.edit(draft.id, {"notes": "one"}, version=1, at=NOON, actor="王"),
        other.edit(draft.id, {"notes": "two"}, version=1, at=NOON, actor="李"),
        return_exceptions=True,
    )

    assert [type(result) for result in results if not isinstance(result, Ticket)] == [ConflictError]
    stored = await tickets.get(draft.id)
    assert stored is not None
    assert (stored.version, len(stored.trace)) == (2, 2)
    with pytest.raises(ConflictError):
        await tickets.edit(draft.id, {"notes": "three"}, version=1, at=NOON, actor="王")
    await other_store.close()


async def test_what_is_missing_or_wrong_is_named(tickets: Tickets) -> None:
    draft = await tickets.create({"matter": "路灯不亮"}, at=NOON, actor="王")

    with pytest.raises(InvalidInputError) as incomplete:
        await tickets.file(draft.id, at=NOON, actor="王")
    with pytest.raises(InvalidInputError) as wrong:
        await tickets.create(
            {"kind": "nothing", "urgency": None, "confidential": "yes", "matter": "a\x00", "notes": 7, "number": "1"},
            at=NOON,
            actor="王",
        )

    assert [fault.pointer for fault in incomplete.value.faults] == ["/kind", "/category"]
    assert [fault.pointer for fault in wrong.value.faults] == [
        "/kind",
        "/urgency",
        "/confidential",
        "/matter",
        "/notes",
        "/number",
    ]
    with pytest.raises(NotFoundError):
        await tickets.edit(TicketId("none"), {}, version=1, at=NOON, actor="王")
    assert await tickets.get("none") is None
    assert len((await _find(tickets)).items) == 1


async def test_tickets_are_found_by_what_stands_in_them(tickets: Tickets) -> None:
    one = await tickets.create({**COMPLETE, "unit": "cgw", "address": "解放路100%号"}, at=NOON, actor="王")
    two = await tickets.create(
        {"kind": "help", "caller_name": "Wang_X", "caller_phone": "13800000000"},
        at=NOON + timedelta(seconds=1),
        actor="王",
    )
    await tickets.edit(one.id, {"category": "噪声污染"}, version=1, at=NOON, actor="王")
    one = await tickets.file(one.id, at=NOON, actor="王")

    async def found(**asked: str) -> list[Ticket]:
        return list((await _find(tickets, **asked)).items)  # type: ignore[arg-type]

    assert await found() == [two, one]
    assert await found(state="filed") == [one]
    assert await found(kind="help") == [two]
    assert await found(unit="cgw") == [one]
    assert await found(caller="+86 138 0000 0000") == [two]
    assert await found(text="施工") == [one]
    assert await found(text="100%") == [one]
    assert await found(text="%") == [one]
    assert await found(text="_") == [two]
    assert await found(text="wang_x") == [two]
    assert await found(text=one.number[-6:]) == [one]
    assert await found(text="'; DROP TABLE tickets; --") == []


async def test_pages_of_tickets_give_each_once(tickets: Tickets) -> None:
    made = [await tickets.create({}, at=NOON, actor="王") for _ in range(7)]

    seen: list[Ticket] = []
    page = await _find(tickets, limit=3)
    seen += page.items
    while page.next is not None:
        page = await _find(tickets, limit=3, cursor=page.next)
        seen += page.items

    assert seen == sorted(made, key=lambda ticket: ticket.id, reverse=True)


async def test_a_locked_store_says_so_in_time_and_without_the_callers_words(db: Database) -> None:
    store = Store(db.url, lock_seconds=0.2, limit_seconds=1.0)
    tickets = _tickets(store, "a")
    lock = Store(db.url)
    async with lock.writing() as session:
        await _tickets(lock, "b")._next_numbers(session, NOON, 1)  # holds the day's row

        async with asyncio.timeout(3.0):
            with pytest.raises(UnavailableError) as away:
                await tickets.create({"matter": "秘密", "caller_phone": "13812345678"}, at=NOON, actor="王")

    assert "秘密" not in str(away.value)
    assert "138" not in str(away.value)
    await store.close()
    await lock.close()
