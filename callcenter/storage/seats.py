"""Seats as they were last seen."""

from collections.abc import Sequence

from sqlalchemy import select

from callcenter.domain.facts import SeatChanged
from callcenter.domain.seats import Seat
from callcenter.storage.projections import chained_of, readable, seat_of
from callcenter.storage.store import Store
from callcenter.storage.tables import JournalRow, SeatRow

_LOOKED_BACK = 20_000  # entries of seats; one that said nothing for so long is taken for signed off


class Seats:
    """Fills the office's port of that name: `Seats(store)`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def last_seen(self, until: int | None = None) -> Sequence[Seat]:
        """Every seat's newest state in the journal, by extension. For recovery. Raises UnavailableError.

        `until`: as of this entry of the journal; what was told of seats after it counts for nothing.
        """
        async with self._store.reading() as session:
            newest = [seat_of(row) for row in await session.scalars(select(SeatRow).order_by(SeatRow.extension))]
            if until is None:
                return newest
            found: dict[str, Seat] = {}
            rows = await session.stream_scalars(
                select(JournalRow)
                .where(JournalRow.kind == SeatChanged.kind, JournalRow.seq <= until)
                .order_by(JournalRow.seq.desc())
                .limit(_LOOKED_BACK)
            )
            async for row in rows:
                if isinstance(fact := readable(chained_of(row)), SeatChanged):
                    found.setdefault(fact.seat.extension, fact.seat)
                if len(found) == len(newest):
                    break
            await rows.close()
        return [found[seat.extension] for seat in newest if seat.extension in found]
