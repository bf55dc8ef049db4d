"""Who is listened to next, when many speak at once: a few in each turn of the loop, one address after the other.

The loop that answers HTTP is the one that decides about calls. Many requests that were all begun in one turn of it
would stop it for as long as all of them take; so only `AT_A_TIME` are begun, and then the calls have their turn again.
Those who wait are served address by address, so that a crowd at one does not keep a desk at another waiting.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable

AT_A_TIME = 4  # pieces that are read and requests that are begun: some milliseconds of work


class Turns:
    """Those who wait to be listened to. Belongs to the running loop."""

    def __init__(self, *, at_a_time: int = AT_A_TIME) -> None:
        self._at_a_time = at_a_time
        self._waiting: OrderedDict[str, deque[Callable[[], None]]] = OrderedDict()
        self._begun = 0  # in this turn of the loop
        self._next: asyncio.Handle | None = None

    def take(self) -> bool:
        """Tell whether one may be listened to at once; where not, he has to `wait`."""
        if self._waiting or self._begun >= self._at_a_time:
            return False
        self._begin()
        return True

    def wait(self, address: str, act: Callable[[], None]) -> None:
        """Have this done when it is the turn of one at this address."""
        self._waiting.setdefault(address, deque()).append(act)
        self._see_to_the_next()

    async def its_turn(self, address: str) -> None:
        """Wait until it is the turn of one at this address."""
        if self.take():
            return
        turn = asyncio.get_running_loop().create_future()
        self.wait(address, lambda: None if turn.done() else turn.set_result(None))
        await turn

    def _begin(self) -> None:
        self._begun += 1
        self._see_to_the_next()

    def _see_to_the_next(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Begin a new turn of the loop."""
        self._next = None
        self._begun = 0
        while self._waiting and self._begun < self._at_a_time:
            address, line = self._waiting.popitem(last=False)
            act = line.popleft()
            if line:
                self._waiting[address] = line  # behind the other addresses
            self._begin()
            act()
