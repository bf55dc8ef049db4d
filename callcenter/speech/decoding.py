"""The threads that do a recogniser's work: the most urgent stream first, one thread at a time on each."""

import threading
from enum import IntEnum
from typing import Protocol

import structlog

from callcenter.domain.errors import UnavailableError

_log = structlog.get_logger(__name__)


class Urgency(IntEnum):
    """What is done first; within one, what has waited longest."""

    FINAL = 0
    """Live words that are to be told for good."""
    DRAFT = 1
    """Live words that may be over, decoded ahead of time."""
    PARTIAL = 2
    """Live words that go on."""
    LATER = 3
    """Of a recording."""


class Work(Protocol):
    """What one stream wants to have done."""

    def wants(self) -> tuple[Urgency, float] | None:
        """Give how urgent its next piece of work is and since when, monotonic seconds; None: nothing to do.

        Called with the lock held.
        """

    def work(self) -> None:
        """Do that piece. Called without the lock, by one thread at a time."""


class DecodeThreads:
    """A few threads that work for many streams."""

    def __init__(self, name: str, count: int) -> None:
        """Start `count` threads, 1 or more; at most all but one of them work on recordings when there are several."""
        self.lock = threading.Condition()
        """Guards what streams and threads share."""
        self._streams: list[Work] = []
        self._busy: set[Work] = set()
        self._later = 0
        self._most_later = max(1, count - 1)
        self._ending = False
        self._failure: str | None = None
        self._threads = [
            threading.Thread(target=self._serve, name=f"{name} {number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        """Raise UnavailableError once the engine has failed or is closed."""
        if self._failure is not None or self._ending:
            raise UnavailableError(self._failure or "the recogniser is closed")

    def add(self, stream: Work) -> None:
        """Work for this stream from now on."""
        with self.lock:
            self.check()
            self._streams.append(stream)

    def remove(self, stream: Work) -> None:
        """Work for it no more. A piece that is being done comes to its end."""
        with self.lock:
            if stream in self._streams:
                self._streams.remove(stream)

    def close(self) -> None:
        """End the threads, each after the piece it has in hand."""
        with self.lock:
            self._ending = True
            self._streams.clear()
            self.lock.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _serve(self) -> None:
        while True:
            with self.lock:
                while (found := self._most_urgent()) is None and not self._ending and self._failure is None:
                    self.lock.wait()
                if found is None or self._ending or self._failure is not None:
                    return
                stream, later = found
                self._busy.add(stream)
                self._later += later
            try:
                stream.work()
            except Exception as error:  # noqa: BLE001 - an engine that failed is not trusted again, whatever it was
                _log.error("recogniser failed", error=type(error).__name__, exc_info=True)
                with self.lock:
                    self._failure = f"the recogniser failed ({type(error).__name__})"
                    self.lock.notify_all()
            finally:
                with self.lock:
                    self._busy.discard(stream)
                    self._later -= later
                    self.lock.notify()  # it may have more to do, or hold back another

    def _most_urgent(self) -> tuple[Work, bool] | None:
        best: tuple[tuple[Urgency, float], Work] | None = None
        for stream in self._streams:
            if stream in self._busy or (wants := stream.wants()) is None:
                continue
            if wants[0] is Urgency.LATER and self._later >= self._most_later:
                continue
            if best is None or wants < best[0]:
                best = wants, stream
        return None if best is None else (best[1], best[0][0] is Urgency.LATER)
