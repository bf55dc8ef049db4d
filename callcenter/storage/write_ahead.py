"""What the journal has taken in and nothing lasting holds yet, in a memory that outlives the controller's end.

A commit takes milliseconds, on a busy machine hundreds of them; a controller that is killed meanwhile leaves here what
it had been told, and the next one goes on from it.
"""

from collections.abc import Sequence

import structlog

from callcenter.storage.chain import Chained
from callcenter.storage.handover import Handover
from callcenter.storage.kept_memory import KeptMemory
from callcenter.storage.spool import entry_of, line_of

_log = structlog.get_logger(__name__)

_LONG_BYTES = 1_000_000  # from here on what is lasting already is cut off, though newer entries still wait


class WriteAhead:
    """Entries in the memory behind this descriptor. Without one (None) it holds nothing.

    `handover` is told every entry too, so that what is open outlives a kill also when it has become lasting.
    """

    def __init__(self, descriptor: int | None = None, *, handover: Handover | None = None) -> None:
        self._memory = None if descriptor is None else KeptMemory(descriptor)
        self._handover = handover
        self._long = _LONG_BYTES
        self._is_full = False

    def add(self, entry: Chained) -> None:
        """Hold one more entry."""
        if self._memory is None:
            return
        line = line_of(entry)
        self._add(self._memory, line)
        if self._handover is not None:
            self._handover.add(entry, line)

    def entries(self) -> list[Chained]:
        """Give what is held, oldest first; lines that a kill tore are left out."""
        if self._memory is None:
            return []
        return [entry for line in self._memory.text.split(b"\n") if (entry := entry_of(line)) is not None]

    @property
    def is_long(self) -> bool:
        """Much of it is lasting by now, and should be let go of though newer entries still wait."""
        return self._memory is not None and self._memory.size >= self._long

    def hold(self, waiting: Sequence[Chained]) -> None:
        """Let go of everything but these."""
        if self._memory is None:
            return
        self._memory.clear()
        if waiting:
            self._add(self._memory, b"".join(map(line_of, waiting)))
        self._long = max(_LONG_BYTES, 2 * self._memory.size)

    def _add(self, memory: KeptMemory, text: bytes) -> None:
        try:
            memory.add(text)
        except OSError as error:  # the machine has no memory left; the commit is under way all the same
            if not self._is_full:
                _log.warning("what waits for the database would not outlive a kill", error=type(error).__name__)
            self._is_full = True
