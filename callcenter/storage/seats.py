"""Seats as they were last seen."""

from collections.abc import Sequence

from sqlalchemy import select

from callcenter.domain.seats import Seat
from callcenter.storage.projections import seat_of
from callcenter.storage.store import Store
from callcenter.storage.tables import SeatRow


class Seats:
    """Fills the office's port of that name: `Seats(store)`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def last_seen(self) -> Sequence[Seat]:
        """Every seat's newest state in the journal, by extension. For recovery. Raises UnavailableError."""
        async with self._store.reading() as session:
            return [seat_of(row) for row in await session.scalars(select(SeatRow).order_by(SeatRow.extension))]
