"""Hotlines that many tests share: started once, and at the end they must stop as they should."""

from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.support.running_hotline import Ports, RunningHotline

RunningT = TypeVar("RunningT", bound=RunningHotline)

SHORT: dict[str, object] = {"wrap_up_seconds": 1, "ring_seconds": 5, "no_ring_seconds": 2, "announce_first_seconds": 5}
"""Times that a story need not wait for."""


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
