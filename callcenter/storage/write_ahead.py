"""What the journal has taken in and nothing lasting holds yet, in a file that outlives the controller's end.

A commit takes milliseconds, on a busy machine hundreds of them; a controller that is killed meanwhile leaves here what
it had been told, and the next one goes on from it.
"""

import os
from collections.abc import Sequence

import structlog

from callcenter.storage.chain import Chained
from callcenter.storage.spool import entry_of, line_of

_log = structlog.get_logger(__name__)

_LONG_BYTES = 1_000_000  # from here on what is lasting already is cut off, though newer entries still wait


class WriteAhead:
    """Entries in the file behind this descriptor, which must be quick: memory. Without one (None) it holds nothing."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self._end = 0 if descriptor is None else os.fstat(descriptor).st_size
        self._long = _LONG_BYTES
        self._is_full = False

    def add(self, entry: Chained) -> None:
        """Hold one more entry."""
        if self._descriptor is not None:
            self._write(self._descriptor, line_of(entry))

    def entries(self) -> list[Chained]:
        """Give what is held, oldest first; a last line that a kill tore off is left out."""
        if self._descriptor is None:
            return []
        lines = os.pread(self._descriptor, self._end, 0).split(b"\n")
        return [entry for line in lines if (entry := entry_of(line)) is not None]

    @property
    def is_long(self) -> bool:
        """Much of it is lasting by now, and should be let go of though newer entries still wait."""
        return self._end >= self._long

    def hold(self, waiting: Sequence[Chained]) -> None:
        """Let go of everything but these."""
        if self._descriptor is None or not (self._end or waiting):
            return
        os.ftruncate(self._descriptor, 0)
        self._end = 0
        self._write(self._descriptor, b"".join(map(line_of, waiting)))
        self._long = max(_LONG_BYTES, 2 * self._end)

    def _write(self, descriptor: int, data: bytes) -> None:
        try:
            self._end += os.pwrite(descriptor, data, self._end)
        except OSError as error:  # the machine has no memory left; the commit is under way all the same
            if not self._is_full:
                _log.warning("what waits for the database would not outlive a kill", error=type(error).__name__)
            self._is_full = True
