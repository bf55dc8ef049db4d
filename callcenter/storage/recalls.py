"""Reading the obligations to call back: the database, and above it what was decided a moment ago."""

import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.domain.cursors import cursor_after, place_of
from callcenter.domain.fact_data import from_data, to_data
from callcenter.domain.facts import RecallChanged
from callcenter.domain.ids import RecallId
from callcenter.domain.recalls import Recall
from callcenter.domain.records import Page
from callcenter.storage.projections import storable
from callcenter.storage.rows import put
from callcenter.storage.store import Store
from callcenter.storage.tables import RecallRow


class Recalls:
    """Fills the office's port of that name: `Recalls(store)`. Every method may raise UnavailableError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, recall_id: str) -> Recall | None:
        """One recall, as the database has it."""
        async with self._store.reading() as session:
            rows = await session.scalars(select(RecallRow).where(RecallRow.id == recall_id))
            return next((recall_of(row) for row in rows), None)

    async def still_open(self) -> Sequence[Recall]:
        """Every open recall, however old, oldest first. For recovery."""
        query = select(RecallRow).where(RecallRow.closed.is_(None)).order_by(RecallRow.opened, RecallRow.id)
        async with self._store.reading() as session:
            return [recall_of(row) for row in await session.scalars(query)]

    async def find(
        self,
        *,
        is_open: bool | None,
        caller: str | None,
        newest: Mapping[RecallId, Recall],
        limit: int,
        cursor: str | None,
    ) -> Page[Recall]:
        """Recalls, newest first; those of `newest` stand for what the database may not have yet.

        Raises:
            InvalidInputError: a cursor of elsewhere.

        """
        before = None if cursor is None else place_of(cursor)
        wanted: list[ColumnElement[bool]] = []
        if is_open is not None:
            wanted.append(RecallRow.closed.is_(None) if is_open else RecallRow.closed.is_not(None))
        if caller is not None:
            wanted.append(RecallRow.caller == caller)
        if before is not None:
            opened, last_id = before
            wanted.append(or_(RecallRow.opened < opened, and_(RecallRow.opened == opened, RecallRow.id < last_id)))
        known_better = _worth_knowing(newest, is_open=is_open, caller=caller, before=before, most=limit + 1)
        # one that was opened or closed a moment ago may stand in the database as it was before
        more = limit + 1 + len(known_better)
        query = select(RecallRow).where(*wanted).order_by(RecallRow.opened.desc(), RecallRow.id.desc()).limit(more)
        async with self._store.reading() as session:
            stored = [recall_of(row) for row in await session.scalars(query)]
        end = (stored[-1].opened, stored[-1].id) if len(stored) == more else None
        known = {recall.id: recall for recall in stored} | known_better
        fitting = [
            recall
            for recall in known.values()
            if (is_open is None or recall.is_open == is_open)
            and (caller is None or recall.caller == caller)
            and (before is None or _place(recall) < before)
            and (end is None or _place(recall) >= end)
        ]
        items = sorted(fitting, key=_place, reverse=True)
        page, is_last = items[:limit], len(items) <= limit
        return Page(page, None if is_last or not page else cursor_after(page[-1].opened, page[-1].id))


def _worth_knowing(
    newest: Mapping[RecallId, Recall],
    *,
    is_open: bool | None,
    caller: str | None,
    before: tuple[datetime, str] | None,
    most: int,
) -> dict[RecallId, Recall]:
    """Leave out what can be on no page of so many: of thousands that are open a page shows the first ones.

    Neither its place nor its number ever changes, and a closed one is never opened again.
    """
    here = [
        recall
        for recall in newest.values()
        if (caller is None or recall.caller == caller) and (before is None or _place(recall) < before)
    ]
    fitting = [recall for recall in here if is_open is None or recall.is_open == is_open]
    closed_by_now = [recall for recall in here if is_open and not recall.is_open]
    return {recall.id: recall for recall in [*heapq.nlargest(most, fitting, key=_place), *closed_by_now]}


def _place(recall: Recall) -> tuple[datetime, str]:
    return recall.opened, recall.id


def recall_of(row: RecallRow) -> Recall:
    """Give a recall as its row tells it."""
    fact = from_data(RecallChanged.kind, {"recall": json.loads(row.data)}, at=row.opened, call_id=None, recovered=False)
    assert isinstance(fact, RecallChanged)
    return fact.recall


async def write_recalls(session: AsyncSession, facts: Iterable[RecallChanged]) -> None:
    """Put the newest state of these recalls in place; of several facts about one the last counts."""
    newest = {fact.recall.id: fact for fact in facts}
    await put(session, RecallRow, [_values(fact) for fact in newest.values()])


def _values(fact: RecallChanged) -> dict[str, Any]:
    recall = fact.recall
    return {
        "id": recall.id,
        "caller": None if recall.caller is None else storable(recall.caller),
        "opened": recall.opened,
        "closed": recall.closed,
        "data": storable(json.dumps(to_data(fact)["recall"], ensure_ascii=False)),
    }
