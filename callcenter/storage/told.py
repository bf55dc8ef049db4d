"""The journal's facts of a period, as the figures need them: by the journal's numbers, and as of any of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, Subquery, select

from callcenter.domain.facts import CallEnded, CallTalking, ClockStepped, Fact, RecallChanged, SeatChanged, TicketStands
from callcenter.domain.figures.reading import OF_NO_FIGURE
from callcenter.domain.figures.records import Talk, whole_ms
from callcenter.domain.records import Numbered
from callcenter.storage.chain import Chained
from callcenter.storage.projections import readable
from callcenter.storage.store import Store
from callcenter.storage.tables import CallRow, JournalRow, SeatRow

_NO_FIGURE_KINDS = [kind.kind for kind in OF_NO_FIGURE]
_LOOKED_BACK = 20_000  # entries of seats; a seat that said nothing for so long is taken for signed off
_AT_ONCE = 2_000
_HAS_DUE = '"due":"'
"""Stands in the data of a ticket that has a due time: the journal's JSON is canonical, to the letter."""


_Query = Select[int, datetime, str | None, str, str, bool]


class Told:
    """Fills the office's port of that name: `Told(store)`. May raise UnavailableError.

    `until`: only entries up to this number of the journal, so that what was known then can be reckoned again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def latest(self) -> int:
        """Give the number of the newest entry; 0 where there is none."""
        async with self._store.reading() as session:
            return await session.scalar(select(JournalRow.seq).order_by(JournalRow.seq.desc()).limit(1)) or 0

    async def of_calls(self, *, begins: datetime, ends: datetime, until: int | None = None) -> Sequence[Numbered]:
        """Give what happened to the calls that arrived in [begins, ends), and to their tickets, whenever it did."""
        asked = select(CallRow.id).where(CallRow.t0 >= begins, CallRow.t0 < ends)
        query = _entries(until).where(JournalRow.call_id.in_(asked), JournalRow.kind.not_in(_NO_FIGURE_KINDS))
        return await self._read(query.where(JournalRow.kind != RecallChanged.kind))

    async def of_recalls(self, *, begins: datetime, until: int | None = None) -> Sequence[Numbered]:
        """Give every change of obligations to call back since this moment."""
        return await self._read(_entries(until).where(JournalRow.kind == RecallChanged.kind, JournalRow.time >= begins))

    async def of_tickets_due(self, *, until: int | None = None) -> Sequence[Numbered]:
        """Give how tickets stood that had a due time, from the journal's first entry on."""
        return await self._read(
            _entries(until).where(JournalRow.kind == TicketStands.kind, JournalRow.data.contains(_HAS_DUE))
        )

    async def of_seats(self, *, begins: datetime, ends: datetime, until: int | None = None) -> Sequence[Numbered]:
        """Give each seat's state at the beginning, and every change after it, steps of the clock among them."""
        of_seats = _entries(until, ordered=False).where(JournalRow.kind == SeatChanged.kind)
        async with self._store.reading() as session:
            missing = set((await session.scalars(select(SeatRow.extension))).all())
            earlier: list[Numbered] = []
            before = await session.stream(
                of_seats.where(JournalRow.time < begins).order_by(JournalRow.seq.desc()).limit(_LOOKED_BACK)
            )
            async for row in before:
                fact = _fact(row)
                if isinstance(fact, SeatChanged) and fact.seat.extension in missing:
                    missing.discard(fact.seat.extension)
                    earlier.append(Numbered(row.seq, fact))
                if not missing:
                    break
            await before.close()
        states = _entries(until).where(JournalRow.kind.in_([SeatChanged.kind, ClockStepped.kind]))
        later = await self._read(states.where(JournalRow.time >= begins, JournalRow.time < ends))
        return [*reversed(earlier), *later]

    async def talks(
        self, *, begins: datetime, ends: datetime, like: tuple[datetime, datetime] | None, until: int | None = None
    ) -> tuple[Sequence[Talk], Sequence[Numbered]]:
        """Give the answered calls that arrived in [begins, ends), and how their tickets stood.

        `like`: only those of callers who also called in this stretch of time.
        """
        wanted = select(CallRow.id, CallRow.caller, CallRow.t0).where(
            CallRow.t0 >= begins, CallRow.t0 < ends, CallRow.t2.is_not(None), CallRow.t4.is_not(None)
        )
        wanted = wanted.where(_of_somebody() if like is None else _called_between(*like))
        async with self._store.reading() as session:
            found = {row.id: row for row in await session.execute(wanted)}
        of_them = wanted.subquery()
        told = await self._read(_entries(until).where(JournalRow.kind.in_(_OF_TALKS), _is_of(of_them)))
        answered = {each.fact.call_id for each in told if isinstance(each.fact, CallTalking)}
        ended = {each.fact.call_id: each.fact.at for each in told if isinstance(each.fact, CallEnded)}
        talks = [
            Talk(
                id=row.id,
                caller=row.caller,
                matter=None,
                t0=whole_ms(row.t0),
                t5=whole_ms(ended[row.id]) if row.id in ended else None,
            )
            for row in found.values()
            if row.id in answered
        ]
        return talks, [each for each in told if isinstance(each.fact, TicketStands)]

    async def _read(self, query: _Query) -> Sequence[Numbered]:
        async with self._store.reading() as session:
            rows = await session.stream(query.execution_options(yield_per=_AT_ONCE))
            return [Numbered(row.seq, fact) async for row in rows if (fact := _fact(row)) is not None]


_OF_TALKS = [CallTalking.kind, CallEnded.kind, TicketStands.kind]


def _entries(until: int | None, *, ordered: bool = True) -> _Query:
    query = select(
        JournalRow.seq, JournalRow.time, JournalRow.call_id, JournalRow.kind, JournalRow.data, JournalRow.recovered
    )
    if until is not None:
        query = query.where(JournalRow.seq <= until)
    return query.order_by(JournalRow.seq) if ordered else query


def _fact(row: Row[int, datetime, str | None, str, str, bool]) -> Fact | None:
    return readable(
        Chained(
            seq=row.seq,
            time=row.time,
            call_id=row.call_id,
            kind=row.kind,
            data=row.data,
            recovered=row.recovered,
            previous="",
            hash="",
        )
    )


def _of_somebody() -> ColumnElement[bool]:
    return CallRow.caller.is_not(None)


def _called_between(begins: datetime, ends: datetime) -> ColumnElement[bool]:
    callers = select(CallRow.caller).where(CallRow.t0 >= begins, CallRow.t0 < ends, CallRow.caller.is_not(None))
    return CallRow.caller.in_(callers)


def _is_of(calls: Subquery) -> ColumnElement[bool]:
    return JournalRow.call_id.in_(select(calls.c.id))
