"""The outbox's rows: letters, each reader's place among them, and the dead. What is kept in memory is the outbox's."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import bindparam, delete, func, select

from callcenter.domain.letters import Letter
from callcenter.storage.rows import add_missing, put, table_of
from callcenter.storage.store import Store
from callcenter.storage.tables import DeadLetterRow, OutboxReaderRow, OutboxRow

_log = structlog.get_logger(__name__)

_AHEAD = 200  # letters read at a time; so many may be marked in vain
_DEAD_DAYS = 30  # a dead letter that nobody asked for
_OUTBOX = table_of(OutboxRow)
_FORGET = delete(_OUTBOX).where(_OUTBOX.c.node == bindparam("of_node"), _OUTBOX.c.position <= bindparam("up_to"))


class Place(NamedTuple):
    """How far a reader has come: it has told letters up to `told`, and may have told those up to `handed`."""

    told: int
    handed: int


class LetterRows:
    """The rows of one node. Every method may raise UnavailableError."""

    def __init__(self, store: Store, *, node: str) -> None:
        self._store = store
        self._node = node

    async def left(self, readers: Collection[str]) -> tuple[int, dict[str, Place]]:
        """Give the position of the newest letter there ever was, and the places of these readers that had one.

        The places of others are forgotten: nobody will ever read on from there.
        """
        async with self._store.writing() as session:
            newest = await session.scalar(select(func.max(OutboxRow.position)).where(self._ours())) or 0
            rows = await session.scalars(select(OutboxReaderRow).where(OutboxReaderRow.node == self._node))
            found = {row.name: Place(row.told, row.handed) for row in rows}
            for name in found.keys() - set(readers):
                await session.execute(
                    delete(OutboxReaderRow).where(OutboxReaderRow.node == self._node, OutboxReaderRow.name == name)
                )
        newest = max([newest, *(max(place) for place in found.values())])
        return newest, {name: place for name, place in found.items() if name in readers}

    async def write(self, letters: Sequence[Letter], places: Mapping[str, Place], *, forget: int | None) -> int:
        """Add letters, put readers' places, and forget the letters up to `forget`, where it is given; all or nothing.

        Gives how many letters cannot be written.

        Raises:
            UnfitError: the database refuses one of them.

        """
        values = self._values(letters)
        if values or places:
            async with self._store.writing() as session:
                # some are there already where a commit went through and its answer did not
                await add_missing(session, OutboxRow, values)
                await put(session, OutboxReaderRow, [self._place(name, place) for name, place in places.items()])
                if forget is not None:
                    await session.execute(_FORGET, {"of_node": self._node, "up_to": forget})
        return len(letters) - len(values)

    async def read(self, name: str, place: Place, *, first: int, before: int) -> Sequence[Letter]:
        """Read the oldest letters from `first` on and before `before`, marked as handed to this reader."""
        async with self._store.writing() as session:
            rows = await session.scalars(
                select(OutboxRow)
                .where(self._ours(), OutboxRow.position >= first, OutboxRow.position < before)
                .order_by(OutboxRow.position)
                .limit(_AHEAD)
            )
            letters = [letter_of(row) for row in rows]
            if letters and letters[-1].position > place.handed:
                marked = Place(place.told, letters[-1].position)
                await put(session, OutboxReaderRow, [self._place(name, marked)])
        return letters

    async def mark(self, name: str, place: Place) -> None:
        """Remember how far this reader has come."""
        async with self._store.writing() as session:
            await put(session, OutboxReaderRow, [self._place(name, place)])

    async def bury(
        self, name: str, place: Place, letter: Letter, *, attempts: int, reason: str, died: datetime
    ) -> None:
        """Put a letter among the dead and its reader at `place`, behind it, both or neither."""
        values = self._row(letter) | {"receiver": name, "attempts": attempts, "reason": reason, "died": died}
        async with self._store.writing() as session:
            await add_missing(session, DeadLetterRow, [values])
            await put(session, OutboxReaderRow, [self._place(name, place)])

    async def tidy(
        self, *, most: int, longest: timedelta, now: datetime, nexts: Mapping[str, int]
    ) -> Mapping[str, int]:
        """Drop what is too old or too much, and count for each reader what it had still to take, from its next on."""
        async with self._store.writing() as session:
            beyond = await session.scalar(
                select(OutboxRow.position).where(self._ours()).order_by(OutboxRow.position.desc()).offset(most).limit(1)
            )
            old = await session.scalar(
                select(func.max(OutboxRow.position)).where(self._ours(), OutboxRow.time < now - longest)
            )
            last = max(beyond or 0, old or 0)
            lost = {}
            for name, its_next in nexts.items():
                lost[name] = (
                    await session.scalar(
                        select(func.count())
                        .select_from(OutboxRow)
                        .where(self._ours(), OutboxRow.position <= last, OutboxRow.position >= its_next)
                    )
                    or 0
                )
            await session.execute(delete(OutboxRow).where(self._ours(), OutboxRow.position <= last))
            await session.execute(
                delete(DeadLetterRow).where(
                    DeadLetterRow.node == self._node, DeadLetterRow.died < now - timedelta(days=_DEAD_DAYS)
                )
            )
        return lost

    def _ours(self) -> Any:
        return OutboxRow.node == self._node

    def _place(self, name: str, place: Place) -> dict[str, object]:
        return {"node": self._node, "name": name, "told": place.told, "handed": place.handed}

    def _values(self, letters: Iterable[Letter]) -> list[dict[str, object]]:
        rows = []
        for letter in letters:
            try:
                rows.append(self._row(letter))
            except (TypeError, ValueError):  # a mistake of ours, which must not keep the others from being kept
                _log.exception("an event cannot be written", event_type=letter.type)
        return rows

    def _row(self, letter: Letter) -> dict[str, object]:
        written = json.dumps(letter.data, ensure_ascii=False, separators=(",", ":"))
        return {
            "node": self._node,
            "position": letter.position,
            "stream": letter.stream,
            "seq": letter.seq,
            "time": letter.time,
            "type": letter.type,
            "data": written.encode(errors="replace").decode(),  # half a character is nothing a database can hold
        }


def letter_of(row: OutboxRow | DeadLetterRow) -> Letter:
    """Give the letter that a row holds."""
    return Letter(
        position=row.position,
        stream=row.stream,
        seq=row.seq,
        time=row.time,
        type=row.type,
        data=json.loads(row.data),
    )
