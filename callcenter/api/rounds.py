"""Sends the same events to all who keep up, in one go: a task of his own is only for one who lags.

With 200 who watch, to wake 200 tasks for each event took most of the loop's time. So where many watch, whoever has
everything is handed over to the rounds, which write the same piece to all of them some fifty times a second.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from callcenter.office.stream import Stream, StreamEvent, Watcher

GATHER_SECONDS = 0.02
GATHER_EVENTS = 100  # a burst is not gathered whole: who takes nothing must be noticed before he is sent all of it

Written = Callable[[Iterable[StreamEvent]], bytes]
"""Writes events out as frames."""


@dataclass(slots=True, eq=False)
class _Follower:
    """One who keeps up."""

    watcher: Watcher
    transport: asyncio.Transport
    is_gone: Callable[[], bool]
    after: int
    """The newest event he was sent."""
    lags: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Rounds:
    """Owns those who keep up with one stream."""

    def __init__(self, stream: Stream, written: Written) -> None:
        self.stream = stream
        self._written = written
        self._followers: set[_Follower] = set()
        self._news: list[StreamEvent] = []
        self._due: asyncio.TimerHandle | None = None
        stream.when_published(self._published)

    async def follow(self, watcher: Watcher, transport: asyncio.Transport, is_gone: Callable[[], bool]) -> None:
        """Send this watcher, who was sent everything, what happens from now on; until he is gone or lags.

        Then whatever he was not sent waits at his watcher. Raises whatever goes wrong as events are written.
        """
        follower = _Follower(watcher, transport, is_gone, self.stream.seq)
        self.stream.set_aside(watcher)
        self._followers.add(follower)
        try:
            await follower.lags
        finally:
            self._followers.discard(follower)

    def _published(self, event: StreamEvent) -> None:
        if not self._followers:
            return
        self._news.append(event)
        if len(self._news) >= GATHER_EVENTS:
            self._send()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._send)

    def _send(self) -> None:
        if self._due is not None:
            self._due.cancel()
        news, self._news, self._due = self._news, [], None
        piece = b""
        for follower in tuple(self._followers):
            try:
                piece = piece or self._written(news)
                keeps_up = self._serve(follower, news, piece)
            except Exception as error:  # noqa: BLE001 - his own task raises it, and logs it; the others go on
                self._lags(follower, error)
            else:
                if not keeps_up:
                    self._lags(follower)

    def _serve(self, follower: _Follower, news: Sequence[StreamEvent], piece: bytes) -> bool:
        """Send one what he lacks of this; False where he is gone, or what he was sent before has not left yet."""
        first, last = news[0].seq, news[-1].seq
        if follower.after >= last:
            return True  # he came when all of this had happened
        rest = piece if follower.after < first else self._written(e for e in news if e.seq > follower.after)
        follower.after = last
        if follower.transport.is_closing() or follower.is_gone():
            return False
        follower.transport.write(rest)
        return follower.transport.get_write_buffer_size() <= len(rest)

    def _lags(self, follower: _Follower, error: Exception | None = None) -> None:
        """Give him what is published from here on, until he has it all; his own task sees to that."""
        self._followers.discard(follower)
        self.stream.take_back(follower.watcher)
        if follower.lags.done():
            return  # his task was cancelled, and has not come to its end yet
        if error is None:
            follower.lags.set_result(None)
        else:
            follower.lags.set_exception(error)
