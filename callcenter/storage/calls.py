"""Reading calls: the database, and above it what the journal took in a moment ago."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from callcenter.domain.calls import Call, RecordingState
from callcenter.domain.cursors import cursor_after, place_of
from callcenter.domain.facts import Fact
from callcenter.domain.notes import NotesState
from callcenter.domain.numbers import normalise
from callcenter.domain.records import Entry, Page
from callcenter.storage.journal import Journal
from callcenter.storage.projections import chained_of, read_calls, readable
from callcenter.storage.store import Store
from callcenter.storage.tables import CallRow, JournalRow, RecordingRow

_UNSETTLED = (RecordingState.RECORDING, RecordingState.FAILED)
"""A recording that failed on a full disk may be kept when there is room again."""
_MOST_NAMED = 500  # calls asked for in one query: every database has a limit
_MOST_WANTED = 200  # calls whose notes are still to be made, at one look


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
        if call := self._recent.call(call_id):
            return call  # newer than any row, and there when the database is away
        async with self._store.reading() as session:
            rows = (await session.scalars(select(CallRow).where(CallRow.id == call_id))).all()
            stored = await read_calls(session, rows)
        return self._recent.call(call_id) or next(iter(stored), None)

    async def several(self, call_ids: Collection[str]) -> Mapping[str, Call]:
        """Those of these calls that there are, each as its newest fact left it."""
        recent: dict[str, Call] = {
            call_id: call for call_id in call_ids if (call := self._recent.call(call_id)) is not None
        }
        others = [call_id for call_id in call_ids if call_id not in recent]
        if not others:
            return recent
        async with self._store.reading() as session:
            rows = (await session.scalars(select(CallRow).where(CallRow.id.in_(others)))).all()
            stored: dict[str, Call] = {call.id: call for call in await read_calls(session, rows)}
        newest = {call_id: call for call_id in call_ids if (call := self._recent.call(call_id)) is not None}
        return {**stored, **recent, **newest}

    async def known(self, call_ids: Collection[str]) -> set[str]:
        """Tell which of these calls the journal has, ended or not."""
        known = {call_id for call_id in call_ids if self._recent.call(call_id) is not None}
        others = [call_id for call_id in call_ids if call_id not in known]
        async with self._store.reading() as session:
            for at in range(0, len(others), _MOST_NAMED):
                some = others[at : at + _MOST_NAMED]
                known.update((await session.scalars(select(CallRow.id).where(CallRow.id.in_(some)))).all())
        return known | {call_id for call_id in others if self._recent.call(call_id) is not None}

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
        asked = _Asked(number, seat, begun_from, begun_to, live, None if cursor is None else place_of(cursor))
        stored: dict[str, Call] = {}
        last = asked.before
        async with self._store.reading() as session:
            while True:
                query = select(CallRow).where(*asked.conditions(last)).limit(limit + 1)
                rows = (await session.scalars(query.order_by(CallRow.t0.desc(), CallRow.id.desc()))).all()
                stored |= {call.id: call for call in await read_calls(session, rows)}
                at_end = len(rows) <= limit
                last = None if at_end else (rows[-1].t0, rows[-1].id)
                # what the journal took in a moment ago tells more than the row, and may no longer fit
                newest = stored | {call.id: call for call in self._recent.calls()}
                calls = [
                    call for call in newest.values() if asked.fits(call) and (last is None or _place(call) >= last)
                ]
                if at_end or len(calls) > limit:
                    break
        items = sorted(calls, key=_place, reverse=True)[:limit]
        more = len(calls) > limit and bool(items)
        return Page(items, cursor_after(items[-1].t0, items[-1].id) if more else None)

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

        An entry that this version cannot read is left out, and said so in the log.
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
                fact = readable(chained_of(row))
                if row.call_id in facts and fact is not None:
                    facts[row.call_id].append(fact)
        return [of_call for of_call in facts.values() if of_call]

    async def without_ticket(self) -> Sequence[Call]:
        """Answered calls from which no ticket was drafted, oldest first."""
        return await self._read(
            and_(CallRow.t4.is_not(None), CallRow.ticket_id.is_(None)),
            lambda call: call.t4 is not None and call.ticket_id is None,
        )

    async def unsettled_recordings(self) -> Sequence[Call]:
        """Ended calls whose recording is neither kept nor known to be missing, oldest first."""
        going_on = select(RecordingRow.call_id).where(RecordingRow.state.in_([state.value for state in _UNSETTLED]))
        return await self._read(
            and_(CallRow.t5.is_not(None), CallRow.id.in_(going_on)),
            lambda call: not call.is_live and call.recording is not None and call.recording.state in _UNSETTLED,
        )

    async def notes_wanted(self) -> Sequence[Call]:
        """Ended calls of whose words some are still to be made from the recording, oldest first; the first 200."""
        return await self._read(
            and_(CallRow.t5.is_not(None), CallRow.notes_state == NotesState.LATER.value),
            lambda call: not call.is_live and call.notes is not None and call.notes.state is NotesState.LATER,
            most=_MOST_WANTED,
        )

    async def notes_interrupted(self) -> Sequence[Call]:
        """Ended calls whose words are still said to be noted live: whoever noted them died before he could close."""
        return await self._read(
            and_(CallRow.t5.is_not(None), CallRow.notes_state == NotesState.LIVE.value),
            lambda call: not call.is_live and call.notes is not None and call.notes.state is NotesState.LIVE,
        )

    async def _read(
        self, wanted: ColumnElement[bool], fits: Callable[[Call], bool], *, most: int | None = None
    ) -> Sequence[Call]:
        query = select(CallRow).where(wanted).order_by(CallRow.t0, CallRow.id).limit(most)
        async with self._store.reading() as session:
            stored = await read_calls(session, (await session.scalars(query)).all())
        newest = {call.id: call for call in stored} | {call.id: call for call in self._recent.calls()}
        return sorted(filter(fits, newest.values()), key=_place)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a list of calls was asked for: the same question to the database and to a call in memory."""

    number: str | None
    seat: str | None
    begun_from: datetime | None
    begun_to: datetime | None
    live: bool | None
    before: tuple[datetime, str] | None

    def conditions(self, before: tuple[datetime, str] | None) -> list[ColumnElement[bool]]:
        wanted: list[ColumnElement[bool]] = []
        if self.number is not None:
            wanted.append(CallRow.caller == self.number)
        if self.seat is not None:
            wanted.append(CallRow.seat == self.seat)
        if self.begun_from is not None:
            wanted.append(CallRow.t0 >= self.begun_from)
        if self.begun_to is not None:
            wanted.append(CallRow.t0 < self.begun_to)
        if self.live is not None:
            wanted.append(CallRow.t5.is_(None) if self.live else CallRow.t5.is_not(None))
        if before is not None:
            time, call_id = before
            wanted.append(or_(CallRow.t0 < time, and_(CallRow.t0 == time, CallRow.id < call_id)))
        return wanted

    def fits(self, call: Call) -> bool:
        return (
            (self.number is None or call.caller == self.number)
            and (self.seat is None or call.seat == self.seat)
            and (self.begun_from is None or call.t0 >= self.begun_from)
            and (self.begun_to is None or call.t0 < self.begun_to)
            and (self.live is None or call.is_live == self.live)
            and (self.before is None or _place(call) < self.before)
        )


def _place(call: Call) -> tuple[datetime, str]:
    return call.t0, call.id
