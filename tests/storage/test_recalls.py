"""Recalls in the database: written with the journal, read in pages, made anew from entries, known after a restart."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.domain.exchange import Exchange, Moment, Policy
from callcenter.domain.exchange.commands import CallBack, SetSeatState
from callcenter.domain.facts import RecallChanged
from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recalls import (
    AttemptOutcome,
    ClosedBy,
    Recall,
    RecallAttempt,
    Wait,
    attempted,
    came_through,
)
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.telephony import LinkRestored
from callcenter.office.recovery import recover
from callcenter.storage.calls import Calls
from callcenter.storage.journal import Journal
from callcenter.storage.rebuild import rebuild
from callcenter.storage.recalls import Recalls
from callcenter.storage.seats import Seats
from callcenter.storage.store import Store
from tests.support.stores import NOON, Database, seat, writing


def owed(number: int) -> Recall:
    opened = NOON + timedelta(minutes=number)
    return Recall(
        id=RecallId(f"recall-{number}"),
        caller=f"138{number:08}",
        queue="hotline",
        opened=opened,
        due=opened + timedelta(minutes=30),
        waits=(Wait(call_id=CallId(f"call-{number}"), t5=opened, waited_ms=9000),),
    )


async def test_open_ones_are_found_however_old_and_settled_ones_page_by_page(db: Database) -> None:
    recalls = [owed(number) for number in range(5)]
    settled = came_through(recalls[2], NOON + timedelta(hours=1))
    async with writing(Journal(db.url, db.folder / "spool")) as journal:
        for recall in [*recalls, settled]:
            journal.append(RecallChanged(at=recall.opened, recall=recall), None)
        assert await journal.flush(within=10)
    store = Store(db.url)
    try:
        kept = Recalls(store)

        assert [recall.id for recall in await kept.still_open()] == ["recall-0", "recall-1", "recall-3", "recall-4"]
        assert await kept.get("recall-2") == settled
        assert settled.closed_by is ClosedBy.SELF_RETURN
        first = await kept.find(is_open=None, caller=None, newest={}, limit=3, cursor=None)
        rest = await kept.find(is_open=None, caller=None, newest={}, limit=3, cursor=first.next)
        assert [recall.id for recall in [*first.items, *rest.items]] == [f"recall-{n}" for n in (4, 3, 2, 1, 0)]
        assert rest.next is None
        gone = await kept.find(is_open=False, caller="13800000002", newest={}, limit=3, cursor=None)
        assert gone.items == [settled]

        # what was decided a moment ago counts, though the database has not got it yet
        newest = {recalls[4].id: came_through(recalls[4], NOON + timedelta(hours=2))}
        page = await kept.find(is_open=True, caller=None, newest=newest, limit=2, cursor=None)
        assert [recall.id for recall in page.items] == ["recall-3", "recall-1"]
        rest = await kept.find(is_open=True, caller=None, newest=newest, limit=2, cursor=page.next)
        assert ([recall.id for recall in rest.items], rest.next) == (["recall-0"], None)
    finally:
        await store.close()

    await rebuild(db.url)

    store = Store(db.url)
    try:
        assert await Recalls(store).get("recall-2") == settled
        assert len(await Recalls(store).still_open()) == 4
    finally:
        await store.close()


async def written(db: Database, recalls: Iterable[Recall]) -> None:
    """Let one controller after the other write these, and end."""
    async with writing(Journal(db.url, db.folder / "spool")) as journal:
        for recall in recalls:
            journal.append(RecallChanged(at=recall.opened, recall=recall), None)
        assert await journal.flush(within=10)


async def begun_anew(db: Database) -> Exchange:
    """A controller that begins where the journal of this database ends."""
    now = Moment(wall=NOON + timedelta(days=3), mono=1000.0)
    roster = {"8001": seat("8001", state=SeatState.OFFLINE)}
    exchange = Exchange(Policy(), roster, new_id=lambda: "id", now=now)
    store = Store(db.url)
    try:
        calls = Calls(store, Journal(db.url, db.folder / "spool"))
        await recover(exchange, calls, Seats(store), now, recalls=Recalls(store))
    finally:
        await store.close()
    return exchange


async def test_a_controller_begins_anew_with_every_open_recall_and_the_attempt_that_ran(db: Database) -> None:
    untouched, settled, late, tried = (owed(number) for number in range(4))
    asked = NOON + timedelta(hours=1)
    missed = RecallAttempt(
        call_id=CallId("out-1"),
        seat="8001",
        asked=asked,
        dialled=asked + timedelta(microseconds=1),
        ended=asked + timedelta(seconds=30),
        outcome=AttemptOutcome.NO_ANSWER,
    )
    tried = attempted(tried, missed)
    running = attempted(tried, RecallAttempt(call_id=CallId("out-2"), seat="8001", asked=asked + timedelta(hours=1)))
    late = replace(late, late=True)
    closed = came_through(settled, NOON + timedelta(hours=2))
    await written(db, [untouched, settled, late, tried, closed, running])

    exchange = await begun_anew(db)

    assert exchange.recalls == [untouched, late, running]
    assert [attempt.call_id for attempt in exchange.attempts] == ["out-2"]
    at = NOON + timedelta(days=3)
    decision = exchange.handle(
        LinkRestored(at=at, calls=(), seats_registered=frozenset({"8001"})), Moment(wall=at, mono=1000.0)
    )
    told = [fact for fact, _ in decision.facts if isinstance(fact, RecallChanged)]
    assert [(fact.recall.id, fact.recall.attempts[-1].outcome, fact.recovered) for fact in told] == [
        (running.id, AttemptOutcome.FAILED, True)
    ], "it is gone, and how it ended nobody saw"
    assert all(known.phone is Phone.REGISTERED for known in exchange.seats)

    await written(db, [fact.recall for fact in told])
    assert (await begun_anew(db)).recalls == [untouched, late, told[0].recall]


async def test_one_that_is_dialled_after_the_restart_is_written_to_the_same_recall(db: Database) -> None:
    await written(db, [owed(1), owed(2)])
    exchange = await begun_anew(db)
    at = Moment(wall=NOON + timedelta(days=3), mono=1000.0)
    exchange.handle(LinkRestored(at=at.wall, calls=(), seats_registered=frozenset({"8001"})), at)
    exchange.tick(at)
    exchange.ask(SetSeatState(extension="8001", state=SeatState.READY), at)
    decision = exchange.ask(CallBack(recall_id=owed(1).id, call_id=CallId("out"), seat="8001"), at)
    await written(db, [fact.recall for fact, _ in decision.facts if isinstance(fact, RecallChanged)])

    store = Store(db.url)
    try:
        kept = Recalls(store)
        assert [len(recall.attempts) for recall in await kept.still_open()] == [1, 0]
        page = await kept.find(is_open=None, caller=None, newest={}, limit=10, cursor=None)
        assert [recall.id for recall in page.items] == [owed(2).id, owed(1).id]
    finally:
        await store.close()


@pytest.mark.parametrize("is_open", [True, False, None])
async def test_three_hundred_page_by_page_whatever_was_decided_a_moment_ago(
    db: Database, *, is_open: bool | None
) -> None:
    """Of each third: closed long ago; closed a moment ago, which the database has not got; open, as all know."""
    recalls = [owed(number) for number in range(300)]
    hour = timedelta(hours=9)
    long_ago = {recall.id: came_through(recall, NOON + hour) for recall in recalls[0::3]}
    just_now = {recall.id: came_through(recall, NOON + hour) for recall in recalls[1::3]}
    await written(db, [*recalls, *long_ago.values()])
    newest: Mapping[RecallId, Recall] = just_now | {recall.id: recall for recall in recalls[2::3]}
    truth = [(long_ago | just_now).get(recall.id, recall) for recall in reversed(recalls)]

    store = Store(db.url)
    try:
        shown, cursor = list[Recall](), None
        while True:
            page = await Recalls(store).find(is_open=is_open, caller=None, newest=newest, limit=7, cursor=cursor)
            shown += page.items
            cursor = page.next
            if cursor is None:
                break
    finally:
        await store.close()

    assert shown == [recall for recall in truth if is_open is None or recall.is_open == is_open]
