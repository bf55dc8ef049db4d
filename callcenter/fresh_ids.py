"""Fresh ids (RFC 9562, version 4), for which the system is asked for chance many at a time.

Whoever asks it lets the interpreter go, and a thread that waits for it may then keep it for five milliseconds: on a
busy day one id for each offer cost the controller's loop a fiftieth of its time.
"""

import os
from uuid import UUID

_BYTES = 16
_AT_ONCE = 256


class FreshIds:
    """Gives a UUID in its usual spelling each time it is called; of one process alone."""

    def __init__(self) -> None:
        self._chance = b""

    def __call__(self) -> str:
        """Give the next."""
        if not self._chance:
            self._chance = os.urandom(_BYTES * _AT_ONCE)
        own, self._chance = self._chance[:_BYTES], self._chance[_BYTES:]
        return str(UUID(bytes=own, version=4))
