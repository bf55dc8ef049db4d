"""The outbox: what is to be told outside, kept in the database until each reader has told it.

Nobody who tells it something ever waits: an event goes into memory at once, from there to the readers that keep pace,
and in groups into the database. So a reader that is away, a restart and a kill lose nothing; what the database has
not taken yet (milliseconds, or as long as it is away) is in memory alone.

Each reader has a place in the outbox (`told`) and a mark (`handed`), which the database has before, or together with,
the letters up to it that were handed over: after a crash, what lies between the two may have been told already.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

import structlog

from callcenter.domain.errors import UnavailableError
from callcenter.domain.letters import Event, Letter
from callcenter.storage.letter_rows import LetterRows, Place
from callcenter.storage.store import Store, UnfitError

_log = structlog.get_logger(__name__)

_GROUP = 100  # letters written in one transaction
_GATHER_SECONDS = 0.02  # what its readers tell meanwhile need never be written
_KEPT = 500  # letters that stay in memory though they are written, for readers that are a little behind
_SETTLE_SECONDS = 0.5  # a place that is written late costs repetitions after a crash, never a letter
_RETRY_SECONDS = 1.0
_TIDY_SECONDS = 60.0
_LAST_SECONDS = 2.0  # for the last writing, when the hotline ends


class Reader:
    """One receiver's place in the outbox, from which it takes letters in order.

    `done` follows each `take`, in their order, or one `put_back` all that were not done.
    """

    def __init__(self, outbox: "Outbox", name: str) -> None:
        self._outbox = outbox
        self.name = name
        self.is_live = False
        """It keeps pace now: what it is handed is marked beforehand."""
        self.hears_fleeting = False
        """Partial words are for it now."""
        self.dropped = 0
        """Letters that grew too old or too many before it took them, since the start."""
        self._ahead: deque[Letter] = deque()
        self._under_way: deque[Sequence[Letter]] = deque()
        self._gone = 0  # of those before it: dropped, so that it does not wait for them
        self._handed = 0
        self.next = 0
        """Position of the next letter that it takes from the outbox."""
        self.told = self.marked = 0
        self.arrived = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many letters lie before it, those under way included; partial words count too."""
        return max(0, self._outbox.newest - self.told - self._gone)

    def begins_at(self, told: int, handed: int) -> None:
        """Go on after letter `told`; those up to `handed` may have been told already."""
        self.told, self.next = told, told + 1
        self.marked = self._handed = max(told, handed)
        self.arrived.set()

    async def opened(self) -> None:
        """Wait until it is known what an earlier run has left to be told."""
        await self._outbox.opened.wait()

    @property
    def newest(self) -> int:
        """Position of the newest letter, told or not."""
        return self._outbox.newest

    async def take(self, most: int, *, wait: bool = True) -> Sequence[Letter]:
        """Take the oldest letters; where there is none, wait for one, or give none without `wait`.

        Those of an earlier `take` may still be under way.
        """
        await self.opened()
        taken: Sequence[Letter] = ()
        while not taken:
            if not wait and not self._ahead and self.next > self._outbox.newest:
                return ()
            taken = await self._some(most)
        handed = [replace(letter, redelivered=letter.position <= self._handed) for letter in taken]
        self._under_way.append(handed)
        self.next = max(self.next, taken[-1].position + 1)
        self._handed = max(self._handed, taken[-1].position)
        return handed

    async def _some(self, most: int) -> Sequence[Letter]:
        """Give the next letters; none where something has to be looked at again."""
        if self._ahead:
            return [self._ahead.popleft() for _ in range(min(most, len(self._ahead)))]
        if self.next > self._outbox.newest:
            self.arrived.clear()
            await self.arrived.wait()
            return ()
        try:
            in_memory = self._outbox.in_memory(self.next, most)
            if in_memory:
                last = in_memory[-1].position
                if last > self.marked:
                    if in_memory[0].position <= self._outbox.entrusted:
                        await self._outbox.mark(self, last)
                    self.marked = max(self.marked, last)
                return in_memory
            begins, self._ahead = await self._outbox.read(self, self.next)
        except UnavailableError:  # the writer says so; letters are told in order, so this waits for the database
            await asyncio.sleep(_RETRY_SECONDS)
            return ()
        if not self._ahead:
            self.next = max(self.next, begins)
        return ()

    def done(self) -> None:
        """What was taken first of all under way has arrived; it is never told again."""
        if self._under_way:
            self.told = max(self.told, self._under_way.popleft()[-1].position)
            self._gone = 0
        self._outbox.settle()

    def put_back(self) -> None:
        """What is under way may not have arrived: it is taken again, marked so. Partial words are not."""
        while self._under_way:
            taken = self._under_way.pop()
            self._ahead.extendleft(letter for letter in reversed(taken) if not letter.is_fleeting)

    def lose(self, count: int) -> None:
        """Know that so many letters before it are gone for good."""
        if count and not self.dropped:
            _log.error("events are dropped before they were told, the oldest first", receiver=self.name)
        self.dropped += count
        self._gone += count

    async def bury(self, *, attempts: int, reason: str) -> None:
        """Let the one letter under way be dead, and go on behind it. Raises UnavailableError."""
        ((letter,),) = self._under_way
        await self._outbox.bury(self, letter, attempts=attempts, reason=reason)
        self.done()


class Outbox:
    """Takes events and gives each reader its letters. Run `run()` as a task of its own."""

    def __init__(
        self,
        store: Store,
        *,
        node: str,
        stream: str,
        readers: Iterable[str],
        now: Callable[[], datetime],
        most: int = 200_000,
        longest: timedelta = timedelta(hours=72),
        most_in_memory: int = 5_000,
    ) -> None:
        """Join the parts.

        `stream`: id of the stream in which the events' numbers count; `most`, `longest`: letters beyond, or older,
        are dropped though some reader has not told them; `most_in_memory`: how many wait while the database is away.
        """
        self._rows = LetterRows(store, node=node)
        self._stream = stream
        self._now = now
        self._most = most
        self._longest = longest
        self._most_in_memory = most_in_memory
        self.readers = {name: Reader(self, name) for name in readers}
        self.opened = asyncio.Event()
        self.newest = 0
        self.entrusted = 0
        """Up to here the database has the letters, or is about to."""
        self._written = 0
        self._settled = 0  # up to here all were told, and are deleted
        self._memory: deque[Letter] = deque()  # without a gap
        self._work = asyncio.Event()
        self._places: dict[str, Place] = {}  # as the database has them
        self._next_tidy = 0.0
        self._away: str | None = None
        self.unfit = 0
        """Letters that the database refuses; they were told from memory alone."""

    def give(self, event: Event) -> None:
        """Take in what just happened; never waits, never raises."""
        letter = Letter(
            position=self.newest + 1,
            stream=self._stream,
            seq=event.seq,
            time=event.time,
            type=event.type,
            data=event.data,
        )
        if letter.is_fleeting and not any(reader.hears_fleeting for reader in self.readers.values()):
            return
        self.newest += 1
        self._memory.append(letter)
        self._make_room()
        self._work.set()
        for reader in self.readers.values():
            reader.arrived.set()

    def _make_room(self) -> None:
        told = self._told_by_all()
        while self._memory and (
            self._memory[0].position <= told
            or (self._memory[0].position <= self._written and len(self._memory) > _KEPT)
        ):
            self._memory.popleft()
        while len(self._memory) > self._most_in_memory:
            lost = self._memory.popleft()
            for reader in self.readers.values():
                reader.lose(int(lost.position >= reader.next))

    def in_memory(self, first: int, most: int) -> Sequence[Letter]:
        """Give letters from number `first` on; none where it is not in memory any more."""
        if not self._memory or first < self._memory[0].position:
            return ()
        start = first - self._memory[0].position
        return list(islice(self._memory, start, start + most))

    def settle(self) -> None:
        """Know that a reader has gone on."""
        self._work.set()

    def fault(self) -> str | None:
        """Say why letters are only in memory; None where they are not."""
        if self._away is not None:
            return f"{self._away}; {self.newest - self._written} events are kept in memory only"
        return None if self.opened.is_set() else "it is not known yet what an earlier run has left to be told"

    async def run(self) -> None:
        """Write until cancelled, and then once more."""
        try:
            while True:
                try:
                    await self._write_some()
                except UnavailableError as error:
                    if self._away is None:
                        _log.warning("the outbox is in memory only: its database is away", why=str(error))
                    self._away = str(error)
                    await asyncio.sleep(_RETRY_SECONDS)
                else:
                    await self._rest()
        except asyncio.CancelledError:
            try:
                async with asyncio.timeout(_LAST_SECONDS):
                    while self._written < self.newest or self._moved():
                        await self._write_some()
            except (UnavailableError, TimeoutError) as error:
                _log.warning("events are lost: the database did not take them", why=str(error) or "too slow")
            raise

    async def _rest(self) -> None:
        if self._written == self.newest and not await self._wait_for_work():
            return
        if self._written < self.newest:
            await asyncio.sleep(_GATHER_SECONDS)
        if self._written == self.newest:  # only places are to be written; perhaps a letter comes along
            try:
                async with asyncio.timeout(_SETTLE_SECONDS):
                    while self._written == self.newest:
                        await self._work.wait()
                        self._work.clear()
            except TimeoutError:
                pass  # none came

    async def _wait_for_work(self) -> bool:
        """Wait until a letter came or a reader went on; False when it is time to tidy up."""
        try:
            async with asyncio.timeout(_TIDY_SECONDS):
                await self._work.wait()
        except TimeoutError:
            return False
        self._work.clear()
        return True

    async def _write_some(self) -> None:
        if not self.opened.is_set():
            await self._open()
        if time.monotonic() >= self._next_tidy:
            await self._tidy()
            self._next_tidy = time.monotonic() + _TIDY_SECONDS
        group = self.in_memory(max(self._written + 1, self._memory[0].position if self._memory else 0), _GROUP)
        told = self._told_by_all()
        lasting = [letter for letter in group if letter.position > told and not letter.is_fleeting]
        if group:
            self.entrusted = group[-1].position
            for reader in self.readers.values():
                if reader.is_live and reader.marked >= group[0].position - 1:
                    reader.marked = max(reader.marked, self.entrusted)
        moved = self._moved()
        try:
            self.unfit += await self._rows.write(lasting, moved, forget=told if told > self._settled else None)
        except UnavailableError:
            self.entrusted = self._written
            raise
        except UnfitError as error:
            self.unfit += len(lasting)
            _log.error("events could not be put into the outbox", events=len(lasting), error=str(error))
        else:
            self._places |= moved
            self._settled = max(self._settled, told)
        if group:
            self._written = max(self._written, group[-1].position)
        if self._away is not None:
            _log.info("the outbox has its database back")
        self._away = None

    def _moved(self) -> dict[str, Place]:
        places = {name: Place(reader.told, reader.marked) for name, reader in self.readers.items()}
        return {name: place for name, place in places.items() if self._places.get(name) != place}

    def _told_by_all(self) -> int:
        return min((reader.told for reader in self.readers.values()), default=self.newest)

    async def _open(self) -> None:
        """Find out what an earlier run has left, and count on from there."""
        base, self._places = await self._rows.left(self.readers.keys())
        self._memory = deque(replace(letter, position=letter.position + base) for letter in self._memory)
        self.newest += base
        # what was dropped from memory before is not there: count from what is
        self._written = self.entrusted = self._memory[0].position - 1 if self._memory else self.newest
        for name, reader in self.readers.items():
            reader.begins_at(*self._places.get(name, Place(base, base)))
        self.opened.set()

    async def read(self, reader: Reader, first: int) -> tuple[int, deque[Letter]]:
        """Read letters from the database for this reader, marked as handed; and where memory begins.

        Raises UnavailableError.
        """
        begins = self._memory[0].position if self._memory else self.newest + 1
        letters = await self._rows.read(reader.name, Place(reader.told, reader.marked), first=first, before=begins)
        if letters:
            reader.marked = max(reader.marked, letters[-1].position)
        return begins, deque(letters)

    async def mark(self, reader: Reader, position: int) -> None:
        """Remember, before it happens, that this reader is handed letters up to here. Raises UnavailableError."""
        await self._rows.mark(reader.name, Place(reader.told, position))

    async def bury(self, reader: Reader, letter: Letter, *, attempts: int, reason: str) -> None:
        """Put a letter among the dead and its reader behind it, both or neither. Raises UnavailableError."""
        place = Place(letter.position, max(reader.marked, letter.position))
        await self._rows.bury(reader.name, place, letter, attempts=attempts, reason=reason, died=self._now())

    async def _tidy(self) -> None:
        """Drop what is too old or too much, and count it for each reader that has not told it."""
        nexts = {name: reader.next for name, reader in self.readers.items()}
        lost = await self._rows.tidy(most=self._most, longest=self._longest, now=self._now(), nexts=nexts)
        for name, count in lost.items():
            self.readers[name].lose(count)
