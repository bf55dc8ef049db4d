"""The journal's writer: takes facts at once, makes them lasting in groups, and loses none when the database is away."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import structlog

from callcenter.domain.calls import Call
from callcenter.domain.earlier import Earlier
from callcenter.domain.errors import UnavailableError
from callcenter.domain.fact_data import to_data
from callcenter.domain.facts import Fact
from callcenter.domain.records import Entry
from callcenter.storage.chain import START, Chained, Link, canonical, chained, moved
from callcenter.storage.entries import Entries, ForkedError
from callcenter.storage.recent import Recent
from callcenter.storage.spool import Spool, newest_of
from callcenter.storage.store import Store
from callcenter.storage.write_ahead import WriteAhead

_log = structlog.get_logger(__name__)

_GROUP = 400  # entries in one transaction: some milliseconds of work for the loop
_GATHER_SECONDS = 0.2  # a commit costs as much for one fact as for a hundred, and a call's facts come in handfuls
_LOCK_SECONDS = 0.5  # a database that is locked longer counts as away: until then the entries are in memory only
_LIMIT_SECONDS = 5.0
_GRACE_SECONDS = 15.0  # longer than any reading of the store lasts


class Journal:
    """Fills the office's port of that name: `Journal(url, folder)`; `folder` (a Path) holds the spool.

    `await open()` after `migrate(url)`, run `run()` as a task of its own, `await close()` at the end.
    At most `bound` entries wait in memory when neither database nor disk takes them; further ones are lost and counted.
    `retry_seconds`: how often a database that is away is tried again. `ahead`: what outlives this process.

    Raises:
        InvalidInputError: the URL is neither SQLite's nor PostgreSQL's.

    """

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        bound: int = 50_000,
        retry_seconds: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
        ahead: WriteAhead | None = None,
    ) -> None:
        self._ahead = ahead or WriteAhead()
        self._store = Store(url, lock_seconds=_LOCK_SECONDS, limit_seconds=_LIMIT_SECONDS)
        self._entries = Entries(self._store)
        self._spool = Spool(folder)
        self._bound = bound
        self._retry_seconds = retry_seconds
        self._monotonic = monotonic
        self.recent = Recent(bound=bound, grace_seconds=_GRACE_SECONDS, monotonic=monotonic)
        self._queue: deque[tuple[Chained, Call | None]] = deque()
        self._end = START
        self._work = asyncio.Event()
        self._progress = asyncio.Event()
        self._away: str | None = None
        self._spool_fault: str | None = None
        self._next_try = 0.0
        self._dropped = 0
        self._replayed = 0
        self._running = False
        self._closing = False
        self._stopped = asyncio.Event()

    @property
    def latest_seq(self) -> int:
        """Number of the newest entry, written or not; 0 where there is none."""
        return self._end.seq

    @property
    def waiting(self) -> int:
        """Entries in memory that neither database nor disk has taken yet."""
        return len(self._queue)

    @property
    def spooled(self) -> int:
        """Entries that wait in the spool for the database."""
        return max(0, self._spool.count - self._replayed)

    @property
    def lost(self) -> int:
        """Entries that neither database nor disk took, since the start."""
        return self._dropped

    async def open(self) -> None:
        """Find out where the journal ends, and bring into the database what a former run left in spool and memory.

        Never raises for a database that is away: then numbers go on from what the spool knows.
        """
        spooled = await self._open_spool()
        try:
            tail = await self._entries.tail()
        except UnavailableError as error:
            mark = await asyncio.to_thread(self._spool.read_mark)
            self._end = newest_of(spooled, mark)
            self._is_away(str(error))
            return
        mark = await asyncio.to_thread(self._spool.read_mark)
        if mark is not None and mark.seq > tail.seq:
            _log.error("the journal ends before its mark", journal_seq=tail.seq, mark_seq=mark.seq)
        self._end = newest_of(spooled, tail)
        if spooled is not None:
            await self._replay()

    def append(self, fact: Fact, call: Call | None) -> Entry:
        """Number the fact and hand it to the writer; never waits for the database, never raises."""
        data = to_data(fact)
        entry = chained(
            self._end,
            time=fact.at,
            call_id=fact.call_id,
            kind=fact.kind,
            data=canonical(data),
            recovered=fact.recovered,
        )
        self._end = entry.link
        told = Entry(
            seq=entry.seq,
            time=fact.at,
            call_id=fact.call_id,
            kind=fact.kind,
            data=data,
            recovered=fact.recovered,
        )
        if len(self._queue) >= self._bound:
            if not self._dropped:
                _log.error("entries of the journal are being lost: neither database nor disk takes them")
            self._dropped += 1
            return told
        self._queue.append((entry, call))
        self._ahead.add(entry)
        self.recent.note(entry, call)
        self._work.set()
        return told

    async def run(self) -> None:
        """Write until `close` is called."""
        if self._running:  # `close` came before the task's first step and writes the rest by itself
            await self._stopped.wait()
        if self._stopped.is_set():
            return
        self._running = True
        try:
            while not (self._closing and not self._queue):
                before = self._oldest
                await self._write_some()
                stuck = self._oldest == before
                if not self._queue or stuck:
                    await self._rest(stuck=stuck and bool(self._queue))
                if self._closing and stuck:
                    break
                await self._gather()
        finally:
            self._running = False
            self._stopped.set()

    async def flush(self, within: float) -> bool:
        """Wait until the database has everything that was appended; False where it has not in so many seconds."""
        try:
            async with asyncio.timeout(within):
                while self._queue or self._spool.count:
                    self._work.set()
                    await self._progress.wait()
        except TimeoutError:
            return False
        return True

    async def close(self, within: float = 5.0) -> None:
        """Let the writer finish, put what the database did not take into the spool, and let the database go."""
        self._closing = True
        self._work.set()
        try:
            async with asyncio.timeout(within):
                await (self._stopped.wait() if self._running else self.run())
        except TimeoutError:
            _log.warning("the journal's writer did not end in time")
        await self._spill()
        if self._queue:
            _log.error("entries of the journal are lost: neither database nor disk took them", entries=len(self._queue))
        try:
            await self._store.close()
        except (TimeoutError, OSError) as error:
            _log.warning("the journal's database did not close", error=type(error).__name__)

    def health(self) -> tuple[str, str]:
        """Give `ok`, `degraded` or `down`, and what is the matter in words; `Earlier` where nothing is any more."""
        faults: list[str] = []
        earlier: list[str] = []
        if self._dropped:
            is_losing = len(self._queue) >= self._bound
            (faults if is_losing else earlier).append(f"{self._dropped} entries are lost")
        if self._entries.unprojected:
            earlier.append(
                f"{self._entries.unprojected} entries are missing in the tables; run `callcenter journal rebuild`"
            )
        if self._spool.damaged:
            earlier.append(f"{self._spool.damaged} lines of the spool were damaged and are kept beside it")
        if self._away is not None:
            waiting = max(0, self._spool.count - self._replayed)
            faults.append(f"{self._away}; {waiting} entries wait in the spool, {len(self._queue)} in memory")
            if self._spool_fault is not None:
                faults.append(f"the spool cannot be written: {self._spool_fault}")
                return "down", "; ".join([*faults, *earlier])
        elif self._spool_fault is not None:
            faults.append(f"the spool cannot be written: {self._spool_fault}")
        if faults:
            return "degraded", "; ".join([*faults, *earlier])
        if earlier:
            return "degraded", Earlier("; ".join(earlier))
        return "ok", f"{self._end.seq} entries"

    @property
    def _oldest(self) -> tuple[int | None, int]:
        """What waits longest; while it stays the same nothing gets on, however much has come meanwhile."""
        return self._queue[0][0].seq if self._queue else None, self._spool.count

    async def _rest(self, *, stuck: bool) -> None:
        self._work.clear()
        if stuck:  # nothing takes the entries: new ones are no reason to try at once
            if not self._closing:
                await asyncio.sleep(self._retry_seconds)
            return
        if self._queue or self._closing:
            return
        try:
            async with asyncio.timeout(self._retry_seconds if self._away is not None or self._spool.count else None):
                await self._work.wait()
        except TimeoutError:
            pass  # time to try the database again

    async def _gather(self) -> None:
        """Let a handful come together; the write-ahead file has them meanwhile."""
        if 0 < len(self._queue) < _GROUP and not self._closing:
            await asyncio.sleep(_GATHER_SECONDS)

    async def _write_some(self) -> None:
        due = self._away is None or self._monotonic() >= self._next_try
        if due and not self._spool.count:
            group = list(islice(self._queue, _GROUP))
            if not group or await self._write_group(group):
                return
        await self._spill()
        if self._spool.count and self._monotonic() >= self._next_try:
            await self._replay()

    async def _write_group(self, group: Sequence[tuple[Chained, Call | None]]) -> bool:
        newest = {entry.call_id: call for entry, call in group if entry.call_id is not None and call is not None}
        entries = [entry for entry, _ in group]
        try:
            await self._entries.commit(entries, list(newest.values()))
        except UnavailableError as error:
            self._is_away(str(error))
            return False
        except ForkedError:
            self._is_away("another program has written to this journal", retry_now=True)
            return False
        self._let_go(entries[-1].seq)
        await self._has(entries[-1].link)
        self._is_back()
        return True

    async def _spill(self) -> None:
        """Make what is only in memory lasting in the spool."""
        if not self._queue:
            return
        entries = [entry for entry, _ in self._queue]
        try:
            await asyncio.to_thread(self._spool.add, entries)
        except OSError as error:
            if self._spool_fault is None:
                _log.error("the journal's spool cannot be written", error=type(error).__name__)
            self._spool_fault = error.strerror or type(error).__name__
            return
        self._spool_fault = None
        self._let_go(entries[-1].seq)

    def _let_go(self, seq: int) -> None:
        """Know that everything in memory up to this number is lasting."""
        while self._queue and self._queue[0][0].seq <= seq:
            self._queue.popleft()
        if not self._queue or self._ahead.is_long:
            self._ahead.hold([entry for entry, _ in self._queue])

    async def _replay(self) -> None:
        """Bring the spool into the database, in order, once, as far as it goes."""
        place = 0
        self._replayed = 0
        try:
            while True:
                entries, place = await asyncio.to_thread(self._spool.read, _GROUP, place=place)
                if not entries:
                    break
                await self._entries.commit(entries, None)
                self._replayed += len(entries)
                await self._has(entries[-1].link)
            await asyncio.to_thread(self._spool.clear)
            self._tell_progress()
        except UnavailableError as error:
            self._is_away(str(error))
            return
        except ForkedError as fork:
            await self._hang_anew(fork)
            return
        except OSError as error:
            self._is_away(f"the spool cannot be read or cleared: {error.strerror or type(error).__name__}")
            return
        self._is_back()
        self._replayed = 0

    async def _hang_anew(self, fork: ForkedError) -> None:
        """Number what waits once more, after what the other program has written."""
        _log.error("another program has written to this journal; what waits is numbered anew", seq=fork.tail.seq)
        self._is_away("another program has written to this journal", retry_now=True)
        await self._spill()
        try:
            end = await asyncio.to_thread(self._spool.move, fork.tail, committed=fork.committed)
        except OSError as error:
            self._spool_fault = error.strerror or type(error).__name__
            self._next_try = self._monotonic() + self._retry_seconds
            return
        for at, (entry, call) in enumerate(self._queue):  # appended while the file was written
            entry_moved = moved(entry, end)
            self._queue[at] = (entry_moved, call)
            end = entry_moved.link
        self._end = end
        self._ahead.hold([entry for entry, _ in self._queue])

    async def _has(self, link: Link) -> None:
        """Know that the database has everything up to here, and tell those who wait for it."""
        self.recent.written(link.seq)
        self._tell_progress()
        try:
            await asyncio.to_thread(self._spool.write_mark, link)
        except OSError as error:
            _log.warning("the journal's mark cannot be written", error=type(error).__name__)

    def _tell_progress(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()

    def _is_away(self, reason: str, *, retry_now: bool = False) -> None:
        if self._away is None:
            _log.error("the journal's database is away; entries go to the spool", reason=reason)
        self._away = reason
        self._next_try = self._monotonic() + (0.0 if retry_now else self._retry_seconds)

    def _is_back(self) -> None:
        if self._away is not None:
            _log.info("the journal's database is back", replayed=self._replayed)
            self._spool_fault = None  # known again when it is needed again
        self._away = None

    async def _open_spool(self) -> Link | None:
        try:
            newest = await asyncio.to_thread(self._spool.open)
        except OSError as error:
            self._spool_fault = error.strerror or type(error).__name__
            _log.error("the journal's spool cannot be opened", error=type(error).__name__)
            return None
        return await self._take_over() or newest

    async def _take_over(self) -> Link | None:
        """Put into the spool what a controller had in memory when it was killed; gives the newest, where there is any.

        Some of it may be in the database already: what is replayed is compared with that.
        """
        held = self._ahead.entries()
        if not held:
            return None
        try:
            await asyncio.to_thread(self._spool.add, held)
        except OSError as error:
            self._spool_fault = error.strerror or type(error).__name__
            self._dropped += len(held)
            _log.error("entries of a controller that was killed are lost: the spool cannot be written")
            return None
        self._ahead.hold([])
        _log.info("a controller that was killed has left entries in memory", entries=len(held))
        return held[-1].link
