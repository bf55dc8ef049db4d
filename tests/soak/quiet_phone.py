"""A phone that signals like any other and has no sound: hundreds of them cost less than one that speaks.

Sound for it is sent to a port that nobody reads. It sends none itself: Asterisk hangs up on such a leg after a minute.
"""

import socket
from collections.abc import Callable
from contextlib import ExitStack

from scripts.phones.call import Call
from scripts.phones.line import Line
from scripts.phones.phone import Phone, rings
from scripts.phones.rtp import StreamStart

_TRIES = 50


class DeafEar:
    """A pair of UDP ports, for sound and its reports, that nobody reads: the kernel throws away what comes."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._sockets = _neighbours(host)

    def start(self) -> None:
        """Nothing has to begin."""

    def stop(self) -> None:
        """Other phones have it, too: `close` ends it."""

    def close(self) -> None:
        """Give the ports back."""
        for each in self._sockets:
            each.close()

    def open_line(self, start: StreamStart) -> Line:
        """Give a call its place to send sound to."""
        return Line(socket=self._sockets[0], start=start)


def _neighbours(host: str) -> tuple[socket.socket, socket.socket]:
    """Open an even port and the next one."""
    for _ in range(_TRIES):
        with ExitStack() as opened:
            first = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            second = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            first.bind((host, 0))
            port = first.getsockname()[1]
            try:
                second.bind((host, port + 1))
            except (OSError, OverflowError):
                continue
            if port % 2 == 0:
                opened.pop_all()
                return first, second
    raise AssertionError("no two free ports beside each other")


class QuietPhone(Phone):
    """A phone without sound; `taken` is told of each call that comes in."""

    def __init__(self, name: str, ear: DeafEar, *, port: int = 0, taken: Callable[[Call], None] = rings) -> None:
        super().__init__(name, port=port, reaction=self._taken, media=ear)
        self._tell = taken

    def _taken(self, call: Call) -> None:
        self._arrivals.get_nowait()  # it is told of here, and only a thousand have room there
        self._tell(call)

    def forget(self, call: Call) -> None:
        """Think no more of a call that is over: whatever comes is looked up among those that are thought of."""
        self._calls.remove(call)
        if call in self.calls_taken:
            self.calls_taken.remove(call)

    @property
    def still_up(self) -> int:
        """How many calls that came in have not ended."""
        return sum(call.ending is None for call in self.calls_taken)
