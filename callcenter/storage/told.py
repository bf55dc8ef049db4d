"""The journal's facts of a period, as the figures need them: by the journal's numbers, and as of any of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Row, Select, Subquery, select, type_coerce

from callcenter.domain.facts import CallEnded, CallTalking, ClockStepped, RecallChanged, SeatChanged, TicketStands
from callcenter.domain.figures.reading import OF_NO_FIGURE
from callcenter.domain.figures.records import Talk, whole_ms
from callcenter.domain.records import Numbered
from callcenter.storage.projections import told_by
from callcenter.storage.rows import table_of
from callcenter.storage.store import Store
from callcenter.storage.tables import CallRow, JournalRow, SeatRow, from_microseconds

_NO_FIGURE_KINDS = [kind.kind for kind in OF_NO_FIGURE]
_LOOKED_BACK = 50_000  # entries of seats; a seat that said nothing for so long is taken for signed off
_AT_ONCE = 2_000
_HAS_DUE = '"due":"'
"""Stands in the data of a ticket that has a due time: the journal's JSON is canonical, to the letter."""


_Entry = Row[int, int, str | None, str, str, bool]
_Query = Select[int, int, str | None, str, str, bool]
_Asked = TypeVar("_Asked", bound=Select[Any])
_JOURNAL, _CALLS = table_of(JournalRow).c, table_of(CallRow).c
_TIME = type_coerce(_JOURNAL.time, BigInteger)
"""As it stands there: to have each of a million turned by the way of all columns takes three times as long."""


class Told:
    """Fills the office's port of that name: `Told(store)`. May raise UnavailableError.

    `until`: only entries up to this number of the journal, so that what was known then can be reckoned again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def latest(self) -> int:
        """Give the number of the newest entry; 0 where there is none."""
        async with self._store.reading() as session:
            return await session.scalar(select(_JOURNAL.seq).order_by(_JOURNAL.seq.desc()).limit(1)) or 0

    async def of_calls(self, *, begins: datetime, ends: datetime, until: int | None = None) -> Sequence[Numbered]:
        """Give what happened to the calls that arrived in [begins, ends), and to their tickets, whenever it did."""
        asked = select(_CALLS.id).where(_CALLS.t0 >= begins, _CALLS.t0 < ends)
        query = _entries(until).where(_JOURNAL.call_id.in_(asked), _JOURNAL.kind.not_in(_NO_FIGURE_KINDS))
        return await self._read(query.where(_JOURNAL.kind != RecallChanged.kind))

    async def of_recalls(self, *, begins: datetime, until: int | None = None) -> Sequence[Numbered]:
        """Give every change of obligations to call back since this moment."""
        return await self._read(_entries(until).where(_JOURNAL.kind == RecallChanged.kind, _JOURNAL.time >= begins))

    async def of_tickets_due(self, *, until: int | None = None) -> Sequence[Numbered]:
        """Give how tickets stood that had a due time, from the journal's first entry on."""
        return await self._read(
            _entries(until).where(_JOURNAL.kind == TicketStands.kind, _JOURNAL.data.contains(_HAS_DUE))
        )

    async def of_seats(self, *, begins: datetime, ends: datetime, until: int | None = None) -> Sequence[Numbered]:
        """Give each seat's state at the beginning, and every change after it, with the steps of the clock since then.

        Steps are told from the oldest of these states on, for they change since when it has been so.
        """
        changed = _JOURNAL.kind == SeatChanged.kind
        of_seats = _entries(until, ordered=False).where(changed, _JOURNAL.time < begins)
        async with self._store.reading() as session:
            missing = set((await session.scalars(select(SeatRow.extension))).all())
            earlier: list[Numbered] = []
            before = await session.stream(
                of_seats.order_by(_JOURNAL.time.desc(), _JOURNAL.seq.desc()).limit(_LOOKED_BACK)
            )
            async for some in before.partitions(_AT_ONCE):
                for each in _numbered(some):
                    if isinstance(each.fact, SeatChanged) and each.fact.seat.extension in missing:
                        missing.discard(each.fact.seat.extension)
                        earlier.append(each)
                if not missing:
                    break
            await before.close()
        steps = _entries(until).where(_JOURNAL.kind == ClockStepped.kind, _JOURNAL.time < ends)
        oldest = min((each.seq for each in earlier), default=None)
        told = _JOURNAL.time >= begins if oldest is None else (_JOURNAL.seq > oldest) | (_JOURNAL.time >= begins)
        later = [
            *await self._read(_entries(until).where(changed, _JOURNAL.time >= begins, _JOURNAL.time < ends)),
            *await self._read(steps.where(told)),
        ]
        return [*reversed(earlier), *sorted(later, key=lambda each: each.seq)]

    async def talks(
        self, *, begins: datetime, ends: datetime, like: tuple[datetime, datetime] | None, until: int | None = None
    ) -> tuple[Sequence[Talk], Sequence[Numbered]]:
        """Give the answered calls that arrived in [begins, ends), and how their tickets stood.

        `like`: only those of callers who also called in this stretch of time.
        """
        wanted = select(_CALLS.id, _CALLS.caller, _CALLS.t0).where(
            _CALLS.t0 >= begins, _CALLS.t0 < ends, _CALLS.t2.is_not(None), _CALLS.t4.is_not(None)
        )
        wanted = wanted.where(_of_somebody() if like is None else _called_between(*like))
        async with self._store.reading() as session:
            found = (await session.execute(wanted)).all()
        if not found:
            return [], []
        of_them = wanted.subquery()
        answered, ended = set[str | None](), dict[str | None, datetime]()
        moments = select(_JOURNAL.call_id, _JOURNAL.kind, _JOURNAL.time)  # what more they tell is not asked
        moments = moments.where(_JOURNAL.kind.in_(_OF_TALKS), _JOURNAL.time >= begins, _is_of(of_them))
        moments = _up_to(until, moments.order_by(_JOURNAL.seq))
        async with self._store.reading() as session:
            for call_id, kind, at in await session.execute(moments):
                if kind == CallEnded.kind:
                    ended[call_id] = at
                else:
                    answered.add(call_id)
        talks = [
            Talk(
                id=row.id,
                caller=row.caller,
                matter=None,
                t0=whole_ms(row.t0),
                t5=whole_ms(ended[row.id]) if row.id in ended else None,
            )
            for row in found
            if row.id in answered
        ]
        return talks, await self._read(_entries(until).where(_JOURNAL.kind == TicketStands.kind, _is_of(of_them)))

    async def _read(self, query: _Query) -> Sequence[Numbered]:
        found: list[Numbered] = []
        async with self._store.reading() as session:
            rows = await session.stream(query.execution_options(yield_per=_AT_ONCE))
            async for some in rows.partitions():
                found += _numbered(some)
        return found


_OF_TALKS = [CallTalking.kind, CallEnded.kind]


def _entries(until: int | None, *, ordered: bool = True) -> _Query:
    query = select(_JOURNAL.seq, _TIME, _JOURNAL.call_id, _JOURNAL.kind, _JOURNAL.data, _JOURNAL.recovered)
    query = _up_to(until, query)
    return query.order_by(_JOURNAL.seq) if ordered else query


def _up_to(until: int | None, query: _Asked) -> _Asked:
    return query if until is None else query.where(_JOURNAL.seq <= until)


def _numbered(rows: Iterable[_Entry]) -> list[Numbered]:
    """Give the facts that entries tell, those left out that this version cannot read."""
    return [
        Numbered(seq, fact)
        for seq, at, call_id, kind, data, recovered in rows
        if (fact := told_by(seq, kind, data, at=from_microseconds(at), call_id=call_id, recovered=recovered))
        is not None
    ]


def _of_somebody() -> ColumnElement[bool]:
    return _CALLS.caller.is_not(None)


def _called_between(begins: datetime, ends: datetime) -> ColumnElement[bool]:
    callers = select(_CALLS.caller).where(_CALLS.t0 >= begins, _CALLS.t0 < ends, _CALLS.caller.is_not(None))
    return _CALLS.caller.in_(callers)


def _is_of(calls: Subquery) -> ColumnElement[bool]:
    return _JOURNAL.call_id.in_(select(calls.c.id))
