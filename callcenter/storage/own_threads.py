"""Threads for a disk that may hang: what hangs there delays neither the pool of all others nor the process's end.

They are daemons, since the interpreter waits at its end for those of a `ThreadPoolExecutor`, and `asyncio.run` for
those of `asyncio.to_thread`.
"""

import asyncio
import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class OwnThreads:
    """Runs work in threads of its own, at most so many at a time: `OwnThreads("recordings", most=4)`."""

    def __init__(self, name: str, *, most: int) -> None:
        self._name = name
        self._room = asyncio.Semaphore(most)

    async def run(self, work: Callable[[], T]) -> T:
        """Give what `work` gives, or raise what it raises; wait while all threads are at work.

        Work that nobody waits for any more is done to its end, and has its thread until then.
        """
        await self._room.acquire()
        try:
            working = _begun(work, self._name)
        except BaseException:
            self._room.release()
            raise
        working.add_done_callback(lambda _: self._room.release())
        return await asyncio.shield(working)


class Shared(Generic[T]):
    """Work that is done once for all who ask while it lasts, in a thread of its own."""

    def __init__(self, work: Callable[[], T], *, name: str, limit_seconds: float) -> None:
        """`limit_seconds`: from its beginning on; after that whoever asks is refused until it has come to its end."""
        self._work = work
        self._name = name
        self._limit_seconds = limit_seconds
        self._working: asyncio.Future[T] | None = None
        self._due = 0.0

    async def __call__(self) -> T:
        """Give what the work gives, or raise what it raises; TimeoutError where it takes too long."""
        if self._working is None or self._working.done():
            self._working = _begun(self._work, self._name)
            self._due = asyncio.get_running_loop().time() + self._limit_seconds
        try:
            async with asyncio.timeout_at(self._due):
                return await asyncio.shield(self._working)
        except TimeoutError as error:
            raise TimeoutError(errno.ETIMEDOUT, "it does not answer") from error


def _begun(work: Callable[[], T], name: str) -> "asyncio.Future[T]":
    """Have this done in a new thread from now on."""
    loop = asyncio.get_running_loop()
    working: asyncio.Future[T] = loop.create_future()
    working.add_done_callback(lambda done: done.exception())  # nobody may be left to hear of it

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised again where the work was asked for
            _tell(loop, working.set_exception, error)
        else:
            _tell(loop, working.set_result, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return working


def _tell(loop: asyncio.AbstractEventLoop, tell: Callable[[T], None], what: T) -> None:
    with suppress(RuntimeError):  # the loop has ended meanwhile, and whoever asked with it
        loop.call_soon_threadsafe(tell, what)
