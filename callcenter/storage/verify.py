"""Proves that nothing in the journal was changed, moved or taken out."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from callcenter.storage.chain import START, is_whole
from callcenter.storage.projections import chained_of
from callcenter.storage.spool import Spool
from callcenter.storage.store import Store
from callcenter.storage.tables import JournalRow, microseconds

_LIMIT_SECONDS = 3600.0  # a journal of years
_AT_ONCE = 2000
_NAMED = 100  # places of one sort that are named; the first ones tell enough


@dataclass(slots=True)
class Verdict:
    """What the chain of a journal shows."""

    entries: int = 0
    first_broken: int | None = None
    """The first entry whose hash does not fit what it says, or what stands before it."""
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """First and last number of each stretch that is missing; the first 100."""
    out_of_order: list[int] = field(default_factory=list)
    """Entries dated before an earlier entry of the same call; the first 100."""
    missing_end: tuple[int, int] | None = None
    """First and last number of what was written once and is not there, beyond the newest entry."""

    @property
    def is_whole(self) -> bool:
        """Nothing was changed or taken out. The order of times does not count here: a clock may have stepped."""
        return self.first_broken is None and not self.gaps and self.missing_end is None


async def verify(url: str, folder: Path | None = None) -> Verdict:
    """Read the whole journal and say what is wrong with it. `folder`: the spool's, so that a lost end is seen too.

    Raises:
        UnavailableError: the database cannot be read.

    """
    verdict = Verdict()
    link = START
    newest: dict[str, int] = {}
    store = Store(url, limit_seconds=_LIMIT_SECONDS)
    try:
        async with store.reading() as session:
            rows = await session.stream_scalars(
                select(JournalRow).order_by(JournalRow.seq).execution_options(yield_per=_AT_ONCE)
            )
            async for row in rows:
                entry = chained_of(row)
                verdict.entries += 1
                gap = entry.seq > link.seq + 1
                if gap and len(verdict.gaps) < _NAMED:
                    verdict.gaps.append((link.seq + 1, entry.seq - 1))
                fits = is_whole(entry) and (gap or entry.previous == link.hash)
                if not fits and verdict.first_broken is None:
                    verdict.first_broken = entry.seq
                if entry.call_id is not None:
                    time = microseconds(entry.time)
                    before = newest.get(entry.call_id, time)
                    if time < before and len(verdict.out_of_order) < _NAMED:
                        verdict.out_of_order.append(entry.seq)
                    newest[entry.call_id] = max(before, time)
                link = entry.link
    finally:
        await store.close()
    mark = None if folder is None else await asyncio.to_thread(Spool(folder).read_mark)
    if mark is not None and mark.seq > link.seq:
        verdict.missing_end = (link.seq + 1, mark.seq)
    return verdict
