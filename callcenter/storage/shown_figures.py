"""The figures of past days as they were shown: kept beside the journal, and never changed."""

import json
from datetime import date

from sqlalchemy import select

from callcenter.domain.figures.shown import Shown
from callcenter.storage.rows import put
from callcenter.storage.store import Store
from callcenter.storage.tables import FiguresShownRow


class ShownFigures:
    """Fills the office's port of that name: `ShownFigures(store)`. May raise UnavailableError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, shown: Shown) -> None:
        """Keep what was shown; what was shown of the day before stays too."""
        values = {
            "day": shown.day.isoformat(),
            "queue": shown.queue or "",
            "seat": shown.seat or "",
            "shown_at": shown.at,
            "seq": shown.seq,
            "provisional": shown.provisional,
            "values": json.dumps({number: list(parts) for number, parts in shown.values.items()}),
        }
        async with self._store.writing() as session:
            await put(session, FiguresShownRow, [values])

    async def newest(self, day: date, *, queue: str | None = None, seat: str | None = None) -> Shown | None:
        """Give what was last shown of a day; None where nothing was kept."""
        query = select(FiguresShownRow).where(
            FiguresShownRow.day == day.isoformat(),
            FiguresShownRow.queue == (queue or ""),
            FiguresShownRow.seat == (seat or ""),
        )
        async with self._store.reading() as session:
            row = await session.scalar(query.order_by(FiguresShownRow.shown_at.desc()).limit(1))
            if row is None:
                return None
            return Shown(
                day=date.fromisoformat(row.day),
                queue=row.queue or None,
                seat=row.seat or None,
                at=row.shown_at,
                seq=row.seq,
                provisional=row.provisional,
                values={number: (parts[0], parts[1]) for number, parts in json.loads(row.values).items()},
            )
