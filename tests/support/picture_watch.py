"""One who watches beside a scenario: now and then what he knows from the events must be what a newcomer is shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scripts.hotline_client import Events, HotlineClient, Json, NoHotlineError, ProblemError
from scripts.phones.waiting import NotInTimeError, eventually
from tests.support.picture import Picture

_LOOK_SECONDS = 1.5
_EVENTS_SECONDS = 10.0  # until the events that the fresh picture stands on have come over the WebSocket


class PictureWatch:
    """Folds the events of one WebSocket, and compares."""

    def __init__(self, api: HotlineClient, events: Events) -> None:
        self._api = api
        self._events = events
        self._picture = Picture(events.snapshot)
        self._folded = 0
        self.looks = 0
        """How often both were compared."""
        self.wrong: list[str] = []
        """Where they differed, with the number of the event and what came last."""

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[None]:
        """Look again and again while the block runs, and once more at its end."""
        looking = asyncio.get_running_loop().create_task(self._look_again_and_again(), name="picture watch")
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        await self.look()

    async def _look_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Compare once; a hotline that is away, or has begun another stream, is left alone."""
        try:
            live = await self._api.get("live")
        except (NoHotlineError, ProblemError):
            return
        try:
            await eventually(lambda: self._is_there(live), within=_EVENTS_SECONDS, what=f"no event {live['seq']}")
        except NotInTimeError as late:
            self.wrong.append(str(late))
            return
        if live["stream"] != self._events.stream or self._events.is_over:
            return
        self.looks += 1
        last = self._fold_up_to(live["seq"])
        self.wrong += [f"at {live['seq']}, after {last}: {line}" for line in self._picture.differences(live)]

    def _is_there(self, live: Json) -> bool:
        return self._events.last >= live["seq"] or self._events.is_over or live["stream"] != self._events.stream

    def _fold_up_to(self, seq: int) -> str:
        last = "the snapshot"
        while self._folded < len(self._events.all) and self._events.all[self._folded].seq <= seq:
            event = self._events.all[self._folded]
            self._picture.fold(event.type, event.data)
            self._folded, last = self._folded + 1, event.type
        return last
