"""Recalls in the database: written with the journal, read in pages, made anew from the entries."""

from datetime import timedelta

from callcenter.domain.facts import RecallChanged
from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recalls import ClosedBy, Recall, Wait, came_through
from callcenter.storage.journal import Journal
from callcenter.storage.rebuild import rebuild
from callcenter.storage.recalls import Recalls
from callcenter.storage.store import Store
from tests.support.stores import NOON, Database, writing


def owed(number: int) -> Recall:
    opened = NOON + timedelta(minutes=number)
    return Recall(
        id=RecallId(f"recall-{number}"),
        caller=f"1380000000{number}",
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
