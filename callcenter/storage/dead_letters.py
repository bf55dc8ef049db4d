"""The letters that one receiver did not take, for those who look after it."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select, update

from callcenter.domain.cursors import cursor_after, place_of
from callcenter.domain.letters import DeadLetter
from callcenter.domain.records import Page
from callcenter.storage.letter_rows import letter_of
from callcenter.storage.store import Store
from callcenter.storage.tables import DeadLetterRow


class DeadLetters:
    """Those of one receiver: `DeadLetters(store, node, receiver)`. All raise UnavailableError."""

    def __init__(self, store: Store, node: str, receiver: str, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._ours = (DeadLetterRow.node == node, DeadLetterRow.receiver == receiver)
        self._now = now

    async def find(self, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        """Give a page of them, the newest dead first. Raises InvalidInputError for a cursor that is none of ours."""
        asked = select(DeadLetterRow).where(*self._ours)
        if cursor is not None:
            died, position = place_of(cursor)
            before = and_(DeadLetterRow.died == died, DeadLetterRow.position < (_number(position) or 0))
            asked = asked.where(or_(DeadLetterRow.died < died, before))
        asked = asked.order_by(DeadLetterRow.died.desc(), DeadLetterRow.position.desc()).limit(limit + 1)
        async with self._store.reading() as session:
            found = [_dead(row) for row in await session.scalars(asked)]
        items = found[:limit]
        more = len(found) > limit
        return Page(items, cursor_after(items[-1].died, str(items[-1].letter.position)) if more else None)

    async def count(self) -> int:
        """How many stand."""
        async with self._store.reading() as session:
            return await session.scalar(select(func.count()).select_from(DeadLetterRow).where(*self._ours)) or 0

    async def places(self, letter_id: str | None = None) -> Sequence[int]:
        """Give the places of all of them, oldest first, or of the one with this id."""
        asked = select(DeadLetterRow.position).where(*self._ours).order_by(DeadLetterRow.position)
        if letter_id is not None:
            stream, _, seq = letter_id.rpartition(":")
            asked = asked.where(DeadLetterRow.stream == stream, DeadLetterRow.seq == _number(seq))
        async with self._store.reading() as session:
            return list(await session.scalars(asked))

    async def get(self, position: int) -> DeadLetter | None:
        """One of them, by its place in the outbox."""
        async with self._store.reading() as session:
            row = await session.scalar(select(DeadLetterRow).where(*self._ours, DeadLetterRow.position == position))
            return None if row is None else _dead(row)

    async def remove(self, position: int) -> None:
        """Forget one that was taken after all."""
        async with self._store.writing() as session:
            await session.execute(delete(DeadLetterRow).where(*self._ours, DeadLetterRow.position == position))

    async def failed_again(self, position: int, *, attempts: int, reason: str) -> None:
        """Remember that one was sent once more, in vain."""
        async with self._store.writing() as session:
            await session.execute(
                update(DeadLetterRow)
                .where(*self._ours, DeadLetterRow.position == position)
                .values(attempts=attempts, reason=reason, died=self._now())
            )


def _dead(row: DeadLetterRow) -> DeadLetter:
    return DeadLetter(letter=letter_of(row), attempts=row.attempts, reason=row.reason, died=row.died)


def _number(text: str) -> int | None:
    """Read a number that a BIGINT can hold."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004 - its digits
