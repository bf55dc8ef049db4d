"""What a sender needs of the outbox: its own place there. What keeps it is `storage/outbox.py`."""

from collections.abc import Sequence
from typing import Protocol

from callcenter.domain.letters import DeadLetter, Letter

BROKER = "mqtt"
"""The broker's name among those who are told; no webhook may have it."""


class Letters(Protocol):
    """The letters that one sender is to tell, in order.

    `done` follows each `take`, in their order, or one `put_back` all that were not done.
    """

    is_live: bool
    """Set by the sender while it keeps pace with what happens."""
    hears_fleeting: bool
    """Set by a sender that tells partial words, while it does."""
    dropped: int
    """Letters that grew too old or too many before they were told, since the start."""
    next: int
    """Place of the next letter that is taken."""

    @property
    def waiting(self) -> int:
        """How many are not told yet."""
        ...

    @property
    def newest(self) -> int:
        """Place of the newest letter."""
        ...

    async def opened(self) -> None:
        """Wait until it is known what an earlier run has left to be told."""
        ...

    async def take(self, most: int, *, wait: bool = True) -> Sequence[Letter]:
        """Take the oldest; wait for one where there is none, or give none then."""
        ...

    def done(self) -> None:
        """What was taken first of all that is under way has arrived."""
        ...

    def put_back(self) -> None:
        """What is under way may not have arrived: it is taken again, marked as redelivered."""
        ...

    async def bury(self, *, attempts: int, reason: str) -> None:
        """Put the one letter under way among the dead. Raises UnavailableError."""
        ...


class DeadLetters(Protocol):
    """The letters that one receiver did not take. All raise UnavailableError."""

    async def get(self, position: int) -> DeadLetter | None:
        """One of them, by its place in the outbox."""
        ...

    async def remove(self, position: int) -> None:
        """It was taken after all."""
        ...

    async def failed_again(self, position: int, *, attempts: int, reason: str) -> None:
        """It was sent once more, in vain."""
        ...
