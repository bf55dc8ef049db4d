"""Entries made lasting: each added once, in its place, and what they add up to put into the tables beside them."""

from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.domain.calls import Call
from callcenter.domain.facts import CallArrived, Fact, RecallChanged, SeatChanged, UtteranceHeard
from callcenter.storage.chain import START, Chained, Link
from callcenter.storage.projections import (
    chained_of,
    folded,
    readable,
    write_callers,
    write_calls,
    write_seats,
    write_utterances,
)
from callcenter.storage.recalls import write_recalls
from callcenter.storage.rows import add, table_of
from callcenter.storage.store import Store, UnfitError
from callcenter.storage.tables import JournalRow

_log = structlog.get_logger(__name__)

_PROJECTED_ALONE = (SeatChanged.kind, UtteranceHeard.kind, RecallChanged.kind)
"""Facts that have a table of their own beside that of calls."""
_JOURNAL = table_of(JournalRow).c
_NEWEST = select(_JOURNAL.seq, _JOURNAL.hash).order_by(_JOURNAL.seq.desc()).limit(1)


class ForkedError(Exception):
    """Another program has written to this journal; ours up to `committed` are in it."""

    def __init__(self, tail: Link, committed: int) -> None:
        super().__init__("another program has written to this journal")
        self.tail = tail
        self.committed = committed


class Entries:
    """The journal's table, with those that are made from it. Every method may raise UnavailableError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.unprojected = 0
        """Entries that could not be put into the other tables, since the start."""

    async def tail(self) -> Link:
        """Give the newest entry's number and hash."""
        async with self._store.reading() as session:
            return await _tail(session)

    async def commit(self, entries: Sequence[Chained], calls: Sequence[Call] | None) -> None:
        """Write entries and what they add up to; `calls` None: add the facts up again from what is stored.

        Raises:
            ForkedError: others stand under their numbers.

        """
        try:
            async with self._store.writing() as session:
                new = await self._add(session, entries)
                await self._project(session, new, calls)
        except UnfitError as error:
            async with self._store.writing() as session:
                new = await self._add(session, entries)
            if new:
                self.unprojected += len(new)
                _log.error("entries could not be put into the tables", entries=len(new), error=str(error))

    async def _add(self, session: AsyncSession, entries: Sequence[Chained]) -> Sequence[Chained]:
        """Add those that are not there yet. Raises ForkedError where others stand under their numbers."""
        tail = await _tail(session)
        first = entries[0]
        committed = first.seq - 1
        if first.seq <= tail.seq:
            found = await session.execute(
                select(JournalRow.seq, JournalRow.hash).where(
                    JournalRow.seq >= first.seq, JournalRow.seq <= entries[-1].seq
                )
            )
            there = {row.seq: row.hash for row in found}
            for entry in entries:
                if entry.seq not in there:
                    break
                if there[entry.seq] != entry.hash:
                    raise ForkedError(tail, committed)
                committed = entry.seq
        new = [entry for entry in entries if entry.seq > committed]
        if new and (new[0].seq <= tail.seq or (new[0].seq == tail.seq + 1 and new[0].previous != tail.hash)):
            raise ForkedError(tail, committed)
        if new:
            await add(session, JournalRow, [_values(entry) for entry in new])
        return new

    async def _project(self, session: AsyncSession, new: Sequence[Chained], calls: Sequence[Call] | None) -> None:
        if calls is None:
            calls = await self._add_up(session, {entry.call_id for entry in new if entry.call_id is not None})
        await write_calls(session, calls)
        arrived = {entry.call_id for entry in new if entry.kind == CallArrived.kind}
        await write_callers(session, [call for call in calls if call.id in arrived])
        there = {call.id for call in calls}
        told = [(entry.seq, self._fact(entry)) for entry in new if entry.kind in _PROJECTED_ALONE]
        await write_utterances(
            session,
            [(seq, fact) for seq, fact in told if isinstance(fact, UtteranceHeard) and fact.call_id in there],
        )
        await write_seats(session, [fact for _, fact in told if isinstance(fact, SeatChanged)])
        await write_recalls(session, [fact for _, fact in told if isinstance(fact, RecallChanged)])

    async def _add_up(self, session: AsyncSession, call_ids: Iterable[str]) -> Sequence[Call]:
        rows = await session.scalars(
            select(JournalRow).where(JournalRow.call_id.in_(sorted(call_ids))).order_by(JournalRow.seq)
        )
        facts: dict[str, list[Fact]] = {}
        for row in rows:
            fact = self._fact(chained_of(row))
            if fact is not None and row.call_id is not None:
                facts.setdefault(row.call_id, []).append(fact)
        calls = []
        for call_id, of_call in facts.items():
            try:
                call = folded(of_call)
            except ValueError as error:
                self.unprojected += len(of_call)
                _log.error("a call of the journal does not add up", call_id=call_id, error=str(error))
                continue
            if call is not None:
                calls.append(call)
        return calls

    def _fact(self, entry: Chained) -> Fact | None:
        fact = readable(entry)
        self.unprojected += fact is None
        return fact


async def _tail(session: AsyncSession) -> Link:
    row = (await session.execute(_NEWEST)).first()
    return START if row is None else Link(row.seq, row.hash)


def _values(entry: Chained) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "time": entry.time,
        "call_id": entry.call_id,
        "kind": entry.kind,
        "data": entry.data,
        "recovered": entry.recovered,
        "previous": entry.previous,
        "hash": entry.hash,
    }
