"""What just happened, numbered without a gap, for everybody who watches."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from callcenter.domain.errors import CallcenterError
from callcenter.domain.views import Json

HELD = 10_000  # events kept for those who come back; some minutes of a busy hotline
PATIENCE = 2_000  # events that may wait for one watcher; a page that is further behind had better begin anew


class StreamEvent:
    """One event. Its `data` are written out for the first who reads them: mostly nobody watches."""

    __slots__ = ("_data", "seq", "time", "type")

    def __init__(self, *, type: str, seq: int, time: datetime, data: "Data") -> None:  # noqa: A002 - the contract's own word
        self.type = type
        self.seq = seq
        self.time = time
        self._data = data

    @property
    def data(self) -> Json:
        """The whole object after the change (contract.md §5)."""
        if callable(self._data):
            self._data = self._data()
        return self._data


Data = Json | Callable[[], Json]
"""What an event tells, or how it is made of things that do not change any more."""


class TooSlowError(CallcenterError):
    """This watcher is further behind than we keep events for him; he must begin with a fresh snapshot."""


class Watcher:
    """One who watches the stream, from the moment he came."""

    def __init__(self, patience: int) -> None:
        self._waiting: deque[StreamEvent] = deque()
        self._patience = patience
        self._arrived = asyncio.Event()
        self._too_slow = False

    def give(self, event: StreamEvent) -> None:
        """Put one more event before this watcher; never waits for him."""
        if len(self._waiting) >= self._patience:
            self._too_slow = True
            self._waiting.clear()
        if not self._too_slow:
            self._waiting.append(event)
        self._arrived.set()

    @property
    def has_all(self) -> bool:
        """Nothing waits for him, and nothing was missed."""
        return not self._waiting and not self._too_slow

    async def some(self, most: int) -> Sequence[StreamEvent]:
        """Wait for the next event, and give it with those that have come since, so many at most.

        Raises:
            TooSlowError: more events waited for this watcher than are kept for one.

        """
        while True:
            if self._too_slow:
                raise TooSlowError("too slow to follow the events")
            if self._waiting:
                return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._arrived.clear()
            await self._arrived.wait()


class Stream:
    """All events since this controller began. A restart begins a new stream, with a new `id`."""

    def __init__(self, stream_id: str, *, held: int = HELD, patience: int = PATIENCE) -> None:
        self.id = stream_id
        self.seq = 0
        """Number of the newest event; 0 before the first."""
        self._held: deque[StreamEvent] = deque(maxlen=held)
        self._patience = patience
        self._watchers: set[Watcher] = set()
        self._given: set[Watcher] = set()
        """Those of them who are given each event; others are told by whoever set them aside."""
        self._published: list[Callable[[StreamEvent], None]] = []

    def when_published(self, published: Callable[[StreamEvent], None]) -> None:
        """Tell this part of every event, in the moment it is published; it must not wait."""
        self._published.append(published)

    def publish(self, type: str, at: datetime, data: Data) -> StreamEvent:  # noqa: A002 - the contract's own word
        """Number an event and give it to all who watch."""
        self.seq += 1
        event = StreamEvent(type=type, seq=self.seq, time=at, data=data)
        self._held.append(event)
        for watcher in self._given:
            watcher.give(event)
        for published in self._published:
            published(event)
        return event

    def since(self, after: int) -> Sequence[StreamEvent] | None:
        """Give the events after this number, or None where some of them are no longer held, or never were."""
        if after == self.seq:
            return ()
        if not 0 <= after < self.seq or not self._held or self._held[0].seq > after + 1:
            return None
        return [event for event in self._held if event.seq > after]

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        """Watch from now on, for as long as the block runs."""
        watcher = Watcher(self._patience)
        self._watchers.add(watcher)
        self._given.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            self._given.discard(watcher)

    def set_aside(self, watcher: Watcher) -> None:
        """Give this watcher nothing for now: whoever asks for it tells him all that is published."""
        self._given.discard(watcher)

    def take_back(self, watcher: Watcher) -> None:
        """Give him what is published from now on, if he still watches."""
        if watcher in self._watchers:
            self._given.add(watcher)

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)
