"""The units of the site's roster, kept so that old tickets still have a name for theirs."""

from collections.abc import Sequence

from sqlalchemy import select, update

from callcenter.domain.units import Unit
from callcenter.storage.rows import put
from callcenter.storage.store import Store
from callcenter.storage.tables import UnitRow


class Units:
    """The table of units: `Units(store)`. Every method may raise UnavailableError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def take_over(self, roster: Sequence[Unit]) -> None:
        """Make the table say what the roster says. A unit that is gone stays, and is no longer active.

        Where it says so already nothing is written: a start does not wait for a busy disk.
        """
        wanted = {
            unit.id: {"id": unit.id, "name": unit.name, "number": unit.number, "parent": unit.parent, "active": True}
            for unit in roster
        }
        async with self._store.reading() as session:
            rows = await session.scalars(select(UnitRow).where(UnitRow.active.is_(True)))
            stand = {row.id: {name: getattr(row, name) for name in wanted.get(row.id, ())} for row in rows}
        if stand == wanted:
            return
        async with self._store.writing() as session:
            await session.execute(update(UnitRow).values(active=False))
            await put(session, UnitRow, list(wanted.values()))

    async def active(self) -> Sequence[Unit]:
        """Units of the roster, by id."""
        async with self._store.reading() as session:
            rows = await session.scalars(select(UnitRow).where(UnitRow.active.is_(True)).order_by(UnitRow.id))
            return [_unit(row) for row in rows]

    async def get(self, unit_id: str) -> Unit | None:
        """One unit, also one that has left the roster."""
        async with self._store.reading() as session:
            row = await session.get(UnitRow, unit_id)
            return None if row is None else _unit(row)


def _unit(row: UnitRow) -> Unit:
    return Unit(id=row.id, name=row.name, number=row.number, parent=row.parent)
