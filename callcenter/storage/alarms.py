"""Alarms that stood when the journal ended."""

from collections.abc import Sequence

from sqlalchemy import select

from callcenter.domain.alarms import Alarm
from callcenter.domain.facts import AlarmCleared, AlarmRaised
from callcenter.storage.projections import chained_of, readable
from callcenter.storage.store import Store
from callcenter.storage.tables import JournalRow

_LOOKED_BACK = (
    2_000  # of the newest entries about alarms; a hotline has a dozen of them, each raised again now and then
)


class Alarms:
    """Fills the office's port of that name: `Alarms(store)`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def standing(self) -> Sequence[Alarm]:
        """Every alarm that was raised and not cleared, the oldest first. For recovery. Raises UnavailableError."""
        kinds = (AlarmRaised.kind, AlarmCleared.kind)
        newest = select(JournalRow).where(JournalRow.kind.in_(kinds)).order_by(JournalRow.seq.desc())
        async with self._store.reading() as session:
            facts = [readable(chained_of(row)) for row in await session.scalars(newest.limit(_LOOKED_BACK))]
        last: dict[str, AlarmRaised | AlarmCleared] = {}
        for fact in facts:
            if isinstance(fact, AlarmRaised | AlarmCleared):
                last.setdefault(fact.name, fact)
        return [
            Alarm(name=fact.name, detail=fact.detail, since=fact.at)
            for fact in reversed(last.values())
            if isinstance(fact, AlarmRaised)
        ]
