"""The journal's facts of a period, as the figures need them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from callcenter.domain.facts import Fact, NotesChanged, RecordingChanged, SeatChanged, TicketChanged, UtteranceHeard
from callcenter.storage.projections import chained_of, readable
from callcenter.storage.store import Store
from callcenter.storage.tables import CallRow, JournalRow, SeatRow

_OF_NO_FIGURE = [kind.kind for kind in (UtteranceHeard, NotesChanged, RecordingChanged, TicketChanged)]
_LOOKED_BACK = 20_000  # entries of seats; a seat that said nothing for so long is taken for signed off


class Told:
    """Fills the office's port of that name: `Told(store)`. May raise UnavailableError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_calls(self, *, begins: datetime, ends: datetime) -> Sequence[Fact]:
        """Give what happened to the calls that arrived in [begins, ends), whenever it did, in the journal's order."""
        asked = select(CallRow.id).where(CallRow.t0 >= begins, CallRow.t0 < ends)
        query = select(JournalRow).where(JournalRow.call_id.in_(asked), JournalRow.kind.not_in(_OF_NO_FIGURE))
        async with self._store.reading() as session:
            rows = await session.scalars(query.order_by(JournalRow.seq))
            return [fact for row in rows if (fact := readable(chained_of(row))) is not None]

    async def of_seats(self, *, begins: datetime, ends: datetime) -> Sequence[SeatChanged]:
        """Give each seat's state at the beginning, and every change after it."""
        of_seats = select(JournalRow).where(JournalRow.kind == SeatChanged.kind)
        async with self._store.reading() as session:
            missing = set((await session.scalars(select(SeatRow.extension))).all())
            earlier: list[SeatChanged] = []
            before = await session.stream_scalars(
                of_seats.where(JournalRow.time < begins).order_by(JournalRow.seq.desc()).limit(_LOOKED_BACK)
            )
            async for row in before:
                fact = readable(chained_of(row))
                if isinstance(fact, SeatChanged) and fact.seat.extension in missing:
                    missing.discard(fact.seat.extension)
                    earlier.append(fact)
                if not missing:
                    break
            await before.close()
            rows = await session.scalars(
                of_seats.where(JournalRow.time >= begins, JournalRow.time < ends).order_by(JournalRow.seq)
            )
            later = [fact for row in rows if isinstance(fact := readable(chained_of(row)), SeatChanged)]
        return [*reversed(earlier), *later]
