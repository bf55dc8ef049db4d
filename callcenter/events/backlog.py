"""Events on their way to the broker: so many and no more, the oldest go first.

In memory: what waits when the controller ends is gone. An outbox that outlives it would stand in this place, with
the same four acts: give, take, done, put back.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from callcenter.events.topics import Event


class Backlog:
    """Holds `most` events at most, those that are under way included."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[Event] = deque()
        self._under_way: Sequence[Event] = ()
        self._arrived = asyncio.Event()
        self.dropped = 0
        """Events that found no room, since the start."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._under_way)

    def give(self, event: Event) -> None:
        """Take in one more; never waits. The oldest that waits makes room where there is none."""
        self._waiting.append(event)
        self._make_room()
        self._arrived.set()

    def _make_room(self) -> None:
        while len(self) > self._most and self._waiting:
            self._waiting.popleft()
            self.dropped += 1

    async def take(self, most: int) -> Sequence[Event]:
        """Wait for events and take the oldest; they are under way until `done` or `put_back`."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        self._under_way = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        return self._under_way

    @property
    def oldest(self) -> int | None:
        """Number of the oldest that waits; None where none does."""
        return self._waiting[0].seq if self._waiting else None

    def done(self) -> None:
        """The broker has what was under way."""
        self._under_way = ()

    def put_back(self) -> None:
        """What was under way may not have come through: it is sent again, before all others."""
        self._waiting.extendleft(reversed(self._under_way))
        self._under_way = ()
        self._make_room()
