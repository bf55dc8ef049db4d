"""Reading calls: the database, and above it what the journal took in a moment ago."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from callcenter.domain.calls import Call, RecordingState
from callcenter.domain.facts import Fact
from callcenter.domain.numbers import normalise
from callcenter.domain.records import Entry, Page
from callcenter.storage.cursors import cursor_after, place_of
from callcenter.storage.journal import Journal
from callcenter.storage.projections import chained_of, fact_of, read_calls
from callcenter.storage.store import Store
from callcenter.storage.tables import CallRow, JournalRow, RecordingRow, microseconds

_UNSETTLED = (RecordingState.RECORDING,)
_MANY = 500  # calls that recovery takes up at one start


class Calls:
    """Fills the office's port of that name: `Calls(store, journal)`.

    `area_code` completes a caller's number that is asked for without one. Every method may raise UnavailableError.
    """

    def __init__(self, store: Store, journal: Journal, *, area_code: str = "") -> None:
        self._store = store
        self._recent = journal.recent
        self._area_code = area_code

    async def get(self, call_id: str) -> Call | None:
        """One call, as its newest fact left it."""
        async with self._store.reading() as session:
            rows = (await session.scalars(select(CallRow).where(CallRow.id == call_id))).all()
            stored = await read_calls(session, rows)
        return self._recent.call(call_id) or next(iter(stored), None)

    async def find(
        self,
        *,
        caller: str | None,
        seat: str | None,
        begun_from: datetime | None,
        begun_to: datetime | None,
        live: bool | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Call]:
        """Calls newest first; `begun_from` ≤ t0 < `begun_to`. Raises InvalidInputError for a cursor of elsewhere."""
        number = None if caller is None else normalise(caller, area_code=self._area_code)
        if caller is not None and number is None:
            return Page((), None)
        before = None if cursor is None else place_of(cursor)
        wanted: list[ColumnElement[bool]] = []
        if number is not None:
            wanted.append(CallRow.caller == number)
        if seat is not None:
            wanted.append(CallRow.seat == seat)
        if begun_from is not None:
            wanted.append(CallRow.t0 >= begun_from)
        if begun_to is not None:
            wanted.append(CallRow.t0 < begun_to)
        if live is not None:
            wanted.append(CallRow.t5.is_(None) if live else CallRow.t5.is_not(None))
        if before is not None:
            wanted.append(or_(CallRow.t0 < before[0], and_(CallRow.t0 == before[0], CallRow.id < before[1])))

        def fits(call: Call) -> bool:
            return (
                (number is None or call.caller == number)
                and (seat is None or call.seat == seat)
                and (begun_from is None or call.t0 >= begun_from)
                and (begun_to is None or call.t0 < begun_to)
                and (live is None or call.is_live == live)
                and (before is None or _place(call) < (microseconds(before[0]), before[1]))
            )

        changed = len(self._recent.calls())
        query = select(CallRow).where(*wanted).order_by(CallRow.t0.desc(), CallRow.id.desc()).limit(limit + 1 + changed)
        async with self._store.reading() as session:
            stored = await read_calls(session, (await session.scalars(query)).all())
        newest = {call.id: call for call in stored} | {call.id: call for call in self._recent.calls()}
        calls = sorted(filter(fits, newest.values()), key=_place, reverse=True)
        more = len(calls) > limit
        items = calls[:limit]
        return Page(items, cursor_after(items[-1].t0, items[-1].id) if more and items else None)

    async def journal(self, call_id: str) -> Sequence[Entry]:
        """The entries of one call, oldest first."""
        async with self._store.reading() as session:
            rows = await session.scalars(
                select(JournalRow).where(JournalRow.call_id == call_id).order_by(JournalRow.seq)
            )
            stored = [chained_of(row) for row in rows]
        known = {entry.hash for entry in stored}
        newest = [entry for entry in self._recent.entries(call_id) if entry.hash not in known]
        return [entry.entry for entry in sorted([*stored, *newest], key=lambda entry: entry.seq)]

    async def unfinished(self) -> Sequence[Sequence[Fact]]:
        """The facts of each call that has no end yet, oldest call first. For recovery, after the journal is open.

        Raises:
            ValueError: an entry of a kind that this version does not know.

        """
        async with self._store.reading() as session:
            live = (await session.scalars(select(CallRow.id).where(CallRow.t5.is_(None)).order_by(CallRow.t0))).all()
            facts: dict[str, list[Fact]] = {call_id: [] for call_id in live}
            rows = await session.scalars(
                select(JournalRow)
                .join(CallRow, CallRow.id == JournalRow.call_id)
                .where(CallRow.t5.is_(None))
                .order_by(JournalRow.seq)
            )
            for row in rows:
                if row.call_id in facts:
                    facts[row.call_id].append(fact_of(chained_of(row)))
        return [of_call for of_call in facts.values() if of_call]

    async def without_ticket(self) -> Sequence[Call]:
        """Answered calls from which no ticket was drafted, oldest first, at most 500."""
        return await self._read(
            and_(CallRow.t4.is_not(None), CallRow.ticket_id.is_(None)),
            lambda call: call.t4 is not None and call.ticket_id is None,
        )

    async def unsettled_recordings(self) -> Sequence[Call]:
        """Ended calls whose recording is neither kept nor known to be missing or failed, oldest first, at most 500."""
        going_on = select(RecordingRow.call_id).where(RecordingRow.state.in_([state.value for state in _UNSETTLED]))
        return await self._read(
            and_(CallRow.t5.is_not(None), CallRow.id.in_(going_on)),
            lambda call: not call.is_live and call.recording is not None and call.recording.state in _UNSETTLED,
        )

    async def _read(self, wanted: ColumnElement[bool], fits: Callable[[Call], bool]) -> Sequence[Call]:
        query = select(CallRow).where(wanted).order_by(CallRow.t0, CallRow.id).limit(_MANY)
        async with self._store.reading() as session:
            stored = await read_calls(session, (await session.scalars(query)).all())
        newest = {call.id: call for call in stored} | {call.id: call for call in self._recent.calls()}
        return sorted(filter(fits, newest.values()), key=_place)


def _place(call: Call) -> tuple[int, str]:
    return microseconds(call.t0), call.id
