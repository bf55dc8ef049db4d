"""Hotlines that many tests share: started when the first asks for one, and at the end it must stop as it should."""

from collections.abc import Callable, Iterator
from typing import TypeVar, cast

import pytest

from tests.support.running_hotline import Ports, RunningHotline

RunningT = TypeVar("RunningT", bound=RunningHotline)

SHORT: dict[str, object] = {"wrap_up_seconds": 1, "ring_seconds": 5, "no_ring_seconds": 2, "announce_first_seconds": 5}
"""Times that a story need not wait for."""


MOST_RUNNING = 2
"""Of one worker at a time: one that nobody asks for still costs a few per cent of a core."""


class Shelf:
    """The hotlines that run now. One that is asked for again is the same; the one used longest ago makes room."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[RunningHotline, Iterator[RunningHotline]]] = {}

    def take(self, name: str, make: Callable[[], Iterator[RunningT]]) -> RunningT:
        """Give the hotline of this name, started by `make` (as by `running`) where it does not run."""
        kept = self._running.pop(name, None)
        if kept is None:
            while len(self._running) >= MOST_RUNNING:
                self._stop(next(iter(self._running)))
            making = make()
            kept = next(making), making
        self._running[name] = kept
        return cast("RunningT", kept[0])

    def clear(self) -> None:
        """Stop all."""
        while self._running:
            self._stop(next(iter(self._running)))

    def _stop(self, name: str) -> None:
        _, making = self._running.pop(name)
        for _ in making:  # goes on behind its `yield`, which stops it and looks how it ended
            raise AssertionError("a hotline is made once")


def running(number: int, *flags: str, **settings: object) -> Iterator[RunningHotline]:
    """Run the hotline with this number of ports (0 to 9), for a session fixture."""
    yield from running_as(RunningHotline, number, *flags, **settings)


def running_as(of: type[RunningT], number: int, *flags: str, **settings: object) -> Iterator[RunningT]:
    """Run a hotline of this kind. What it says at its end is shown where it did not end well."""
    hotline = of(Ports.number(number), *flags, **(SHORT | settings))
    try:
        hotline.start()
        yield hotline
        code = hotline.stop()
        assert code == 0, f"the hotline ended with {code}:\n{hotline.said}"
    finally:
        hotline.kill()
        hotline.remove()


def need_asterisk(items: list[pytest.Item], folder: str, *, seconds: float) -> None:
    """Mark the tests of this folder as those of a real Asterisk, with a limit of so many seconds where none is given.

    The limit is the story's own: the first one that needs a hotline also starts it, which has its own limit.
    """
    for item in items:
        if folder in str(item.path):
            item.add_marker(pytest.mark.asterisk)
            given = item.get_closest_marker("timeout")
            item.add_marker(pytest.mark.timeout(given.args[0] if given else seconds, func_only=True), append=False)
