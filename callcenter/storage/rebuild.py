"""Makes the tables of calls, legs, words, recordings, callers, seats and recalls anew from the journal."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.domain.calls import Call
from callcenter.domain.facts import Fact, RecallChanged, SeatChanged, UtteranceHeard
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
from callcenter.storage.store import Store
from callcenter.storage.tables import (
    CallerRow,
    CallRow,
    JournalRow,
    LegRow,
    RecallRow,
    RecordingRow,
    SeatRow,
    UtteranceRow,
)

_log = structlog.get_logger(__name__)

_LIMIT_SECONDS = 3600.0  # a journal of years
_LOCK_SECONDS = 30.0
_AT_ONCE = 2000
_CALLS_AT_ONCE = 300


@dataclass(slots=True)
class Rebuilt:
    """How much was made, and what could not be."""

    calls: int = 0
    seats: int = 0
    unreadable: int = 0
    """Entries that this version cannot read, and calls whose facts do not add up."""


async def rebuild(url: str) -> Rebuilt:
    """Empty the projections and fill them from the journal, in one transaction: all of it, or nothing.

    May run while the hotline does: its writer then waits in its spool. Units and tickets are no projections.

    Raises:
        UnavailableError: the database cannot be reached.

    """
    store = Store(url, lock_seconds=_LOCK_SECONDS, limit_seconds=_LIMIT_SECONDS)
    try:
        async with store.writing() as session:
            if store.dialect == "postgresql":
                await session.execute(text("LOCK TABLE journal IN SHARE MODE"))  # no entry comes in between
            for table in (UtteranceRow, LegRow, RecordingRow, CallRow, CallerRow, SeatRow, RecallRow):
                await session.execute(delete(table))
            rebuilt = Rebuilt()
            await _calls(session, rebuilt)
            await _seats(session, rebuilt)
            await _recalls(session, rebuilt)
            return rebuilt
    finally:
        await store.close()


async def _calls(session: AsyncSession, rebuilt: Rebuilt) -> None:
    rows = await session.stream_scalars(
        select(JournalRow)
        .where(JournalRow.call_id.is_not(None))
        .order_by(JournalRow.call_id, JournalRow.seq)
        .execution_options(yield_per=_AT_ONCE)
    )
    made = _Made()
    facts: list[tuple[int, Fact]] = []
    call_id: str | None = None
    async for row in rows:
        if row.call_id != call_id:
            _close(made, facts, rebuilt)
            call_id, facts = row.call_id, []
            if len(made.calls) >= _CALLS_AT_ONCE:
                await made.write(session)
                made = _Made()
        fact = _fact(row, rebuilt)
        if fact is not None:
            facts.append((row.seq, fact))
    _close(made, facts, rebuilt)
    await made.write(session)


@dataclass(slots=True)
class _Made:
    """Calls that have added up, and what was said in them."""

    calls: list[Call] = field(default_factory=list)
    heard: list[tuple[int, UtteranceHeard]] = field(default_factory=list)

    async def write(self, session: AsyncSession) -> None:
        await write_calls(session, self.calls)
        await write_callers(session, self.calls)
        await write_utterances(session, self.heard)


def _close(made: _Made, facts: Sequence[tuple[int, Fact]], rebuilt: Rebuilt) -> None:
    try:
        call = folded(fact for _, fact in facts)
    except ValueError as error:
        rebuilt.unreadable += 1
        call_id = next((fact.call_id for _, fact in facts), None)
        _log.error("a call of the journal does not add up", call_id=call_id, error=str(error))
        return
    if call is not None:
        made.calls.append(call)
        made.heard += [(seq, fact) for seq, fact in facts if isinstance(fact, UtteranceHeard)]
        rebuilt.calls += 1


async def _seats(session: AsyncSession, rebuilt: Rebuilt) -> None:
    rows = await session.stream_scalars(
        select(JournalRow)
        .where(JournalRow.kind == SeatChanged.kind)
        .order_by(JournalRow.seq)
        .execution_options(yield_per=_AT_ONCE)
    )
    newest: dict[str, SeatChanged] = {}
    async for row in rows:
        fact = _fact(row, rebuilt)
        if isinstance(fact, SeatChanged):
            newest[fact.seat.extension] = fact
    await write_seats(session, newest.values())
    rebuilt.seats = len(newest)


async def _recalls(session: AsyncSession, rebuilt: Rebuilt) -> None:
    rows = await session.stream_scalars(
        select(JournalRow)
        .where(JournalRow.kind == RecallChanged.kind)
        .order_by(JournalRow.seq)
        .execution_options(yield_per=_AT_ONCE)
    )
    newest: dict[str, RecallChanged] = {}
    async for row in rows:
        fact = _fact(row, rebuilt)
        if isinstance(fact, RecallChanged):
            newest[fact.recall.id] = fact
    await write_recalls(session, newest.values())


def _fact(row: JournalRow, rebuilt: Rebuilt) -> Fact | None:
    fact = readable(chained_of(row))
    rebuilt.unreadable += fact is None
    return fact
