"""Databases for tests, and calls to put into them."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import select, text

from callcenter.domain.calls import Call, Leg, LegKind, LegOutcome, LegState, Outcome, Recording, RecordingState
from callcenter.domain.facts import (
    CallArrived,
    CallEnded,
    CallOffered,
    CallQueued,
    CallRinging,
    CallTalking,
    CallVoice,
    Fact,
    LegChanged,
    NotesChanged,
    OfCall,
    RecordingChanged,
    SeatChanged,
    SecretChanged,
    UtteranceHeard,
)
from callcenter.domain.fold import apply
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.notes import Gap, Notes, NotesState, Side, Utterance, UtteranceId
from callcenter.domain.records import Entry
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.storage.calls import Calls
from callcenter.storage.journal import Journal
from callcenter.storage.migrate import migrate
from callcenter.storage.store import Store
from callcenter.storage.tables import Row

NOON = datetime(2026, 11, 24, 4, 0, 0, 123456, tzinfo=UTC)
_MIGRATED: list[bytes] = []
POSTGRES = os.environ.get("CALLCENTER_TEST_POSTGRES")


@dataclass
class Database:
    """One database of a test's own, not made yet."""

    url: str
    folder: Path
    """For the spool."""

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    async def make(self) -> None:
        """Create it, without tables."""
        if self.is_sqlite:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            return
        await _at_server(f'CREATE DATABASE "{self._name}"')

    async def remove(self) -> None:
        if not self.is_sqlite:
            await _at_server(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    @property
    def _name(self) -> str:
        return self.url.rpartition("/")[2]

    async def cut_connections(self) -> None:
        """Let the server throw everybody out, as a restart of it does."""
        await _at_server(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self._name}'")

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Hold a lock that lets nobody write to the journal."""
        store = Store(self.url, limit_seconds=30.0)
        try:
            async with store.writing() as session:
                lock = "SELECT 1" if self.is_sqlite else "LOCK TABLE journal IN ACCESS EXCLUSIVE MODE"
                await session.execute(text(lock))  # on SQLite the transaction itself is the lock
                yield
        finally:
            await store.close()

    async def rows(self) -> Mapping[str, Sequence[tuple[Any, ...]]]:
        """Everything in every table."""
        store = Store(self.url)
        try:
            async with store.reading() as session:
                found: dict[str, Sequence[tuple[Any, ...]]] = {}
                for name, table in Row.metadata.tables.items():
                    order = list(table.primary_key)
                    result = await session.execute(select(table).order_by(*order))
                    found[name] = [tuple(row) for row in result]
                return found
        finally:
            await store.close()

    async def run(self, statement: str, **values: Any) -> None:
        """Change something behind everybody's back."""
        store = Store(self.url)
        try:
            async with store.writing() as session:
                await session.execute(text(statement), values)
        finally:
            await store.close()


async def _at_server(statement: str) -> None:
    assert POSTGRES is not None
    connection = await asyncpg.connect(POSTGRES, timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def database(kind: str, folder: Path) -> Database:
    """Name a database that does not exist yet."""
    if kind == "sqlite":
        return Database(f"sqlite:///{folder / 'data' / 'callcenter.sqlite3'}", folder / "spool")
    assert POSTGRES is not None
    return Database(f"{POSTGRES.rpartition('/')[0]}/test_{uuid4().hex}", folder / "spool")


@asynccontextmanager
async def writing(journal: Journal) -> AsyncIterator[Journal]:
    """Open a journal, and let it write until the block is over."""
    await journal.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.run())
        try:
            yield journal
        finally:
            await journal.close()


@asynccontextmanager
async def reading(db: Database, journal: Journal) -> AsyncIterator[Calls]:
    store = Store(db.url)
    try:
        yield Calls(store, journal)
    finally:
        await store.close()


async def eventually(claim: Callable[[], bool | Awaitable[bool]], within: float = 10.0) -> None:
    """Wait until something is so; the one place that looks again and again."""
    async with asyncio.timeout(within):
        while True:
            said = claim()
            if said if isinstance(said, bool) else await said:
                return
            await asyncio.sleep(0.02)


@dataclass
class Teller:
    """Tells a journal what happens, and keeps the live picture as the exchange does."""

    journal: Journal
    calls: dict[str, Call] = field(default_factory=dict)
    seats: dict[str, Seat] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def tell(self, *facts: Fact) -> None:
        for fact in facts:
            call = None
            if isinstance(fact, OfCall):
                call = self.calls[fact.call_id] = apply(self.calls.get(fact.call_id), fact)
            if isinstance(fact, SeatChanged):
                self.seats[fact.seat.extension] = fact.seat
            self.entries.append(self.journal.append(fact, call))


def new_call_id() -> CallId:
    return CallId(str(uuid4()))


def seat(extension: str = "8001", *, at: datetime = NOON, state: SeatState = SeatState.READY) -> Seat:
    return Seat(
        extension=extension, operator="李芳", state=state, since=at, idle_since=at, phone=Phone.REGISTERED, missed=1
    )


def whole_call(
    call_id: CallId, *, at: datetime = NOON, caller: str | None = "13800000000", on: str = "8001", ends: bool = True
) -> Iterator[Fact]:
    """Tell one answered call from its arrival to its end."""
    leg_id = LegId(f"{call_id}-seat")
    leg = Leg(id=leg_id, kind=LegKind.SEAT, party=on, number=None, state=LegState.DIALING, started=at)

    def later(seconds: float) -> datetime:
        return at + timedelta(seconds=seconds)

    yield CallArrived(at=at, call_id=call_id, caller=caller, recording_path=f"/incoming/{call_id}.raw")
    yield CallVoice(at=later(0.2), call_id=call_id)
    yield RecordingChanged(
        at=later(0.2), call_id=call_id, recording=Recording(state=RecordingState.RECORDING, started=later(0.2))
    )
    yield CallQueued(at=later(1), call_id=call_id, queue="hotline")
    yield CallOffered(at=later(1), call_id=call_id, seat=on, leg_id=leg_id)
    yield LegChanged(at=later(1), call_id=call_id, leg=leg)
    yield CallRinging(at=later(1.1), call_id=call_id, seat=on, leg_id=leg_id)
    yield CallTalking(at=later(4), call_id=call_id, seat=on, leg_id=leg_id)
    if ends:
        ended = Leg(
            id=leg_id,
            kind=LegKind.SEAT,
            party=on,
            number=None,
            state=LegState.ENDED,
            outcome=LegOutcome.ANSWERED,
            started=at,
            answered=later(4),
            joined=later(4),
            ended=later(60),
        )
        yield LegChanged(at=later(60), call_id=call_id, leg=ended)
        yield CallEnded(
            at=later(60),
            call_id=call_id,
            outcome=Outcome.ANSWERED,
            ended_by="caller",
            where="talking",
            waited_ms=None,
        )


def utterance(
    number: int, text: str = "停水了", *, side: Side = Side.CALLER, start: float | None = None, live: bool = True
) -> Utterance:
    """Words that were said, two seconds for each number."""
    begun = 2.0 * number if start is None else start
    return Utterance(
        id=UtteranceId(f"u{number}"),
        side=side,
        leg_id=LegId(f"{side}-leg"),
        start=begun,
        end=begun + 1.5,
        text=text,
        heard="听水了" if number % 2 else None,
        confidence=0.8,
        live=live,
    )


def words_of(call_id: str, most: int, *, at: datetime = NOON) -> Iterator[Fact]:
    """Tell what was said in a call, one secret, and how its notes stand."""
    of = CallId(call_id)
    for number in range(most):
        side = Side.SEAT if number % 2 else Side.CALLER
        yield UtteranceHeard(at=at, call_id=of, utterance=utterance(number, side=side))
    yield SecretChanged(at=at, call_id=of, on=True)
    yield SecretChanged(at=at + timedelta(seconds=3), call_id=of, on=False)
    gap = Gap(side=Side.CALLER, leg_id=LegId("caller-leg"), start=4.0, end=9.5)
    yield NotesChanged(at=at, call_id=of, notes=Notes(state=NotesState.LATER, gaps=(gap,)))


async def made(db: Database) -> Database:
    """Make the database and its tables; on SQLite from what the first migration of this run has made."""
    await db.make()
    if db.is_sqlite and _MIGRATED:
        db.file.write_bytes(_MIGRATED[0])
        return db
    await migrate(db.url)
    if db.is_sqlite:
        _MIGRATED.append(db.file.read_bytes())
    return db
