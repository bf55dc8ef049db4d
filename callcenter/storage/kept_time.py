"""The time that is told, in a memory that outlives the controller: the next one tells the same.

Else a caller who waits while the machine's clock is stepped, and then the controller is killed, would have waited an
hour too long or less than nothing. The memory ends with the machine, as its monotonic clock does.
"""

import zlib
from datetime import timedelta

import structlog

from callcenter.domain.steady_time import Kept
from callcenter.storage.kept_memory import KeptMemory

log = structlog.get_logger(__name__)

_ONE_READING = 0.1  # seconds; a step is ten times as much


class KeptTime:
    """Behind this descriptor; without one (None) nothing is kept."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._memory = None if descriptor is None else KeptMemory(descriptor)
        self._written: Kept | None = None
        self._is_full = False

    def read(self) -> Kept | None:
        """Give what the process before has left; None where it left nothing, or was killed while it wrote."""
        return None if self._memory is None else _kept_of(self._memory.text)

    def write(self, kept: Kept) -> None:
        """Leave this, in place of what was written before."""
        if self._memory is None or (self._written is not None and _is_as_good(self._written, kept)):
            return
        line = _line_of(kept)
        try:
            if self._memory.size == len(line):
                self._memory.put(line)
            else:  # nothing, or what a kill tore
                self._memory.clear()
                self._memory.add(line)
        except OSError as error:
            if not self._is_full:
                log.warning("the time that is told would not outlive a kill", why=type(error).__name__)
            self._is_full = True
            return
        self._written = kept


def _is_as_good(written: Kept, kept: Kept) -> bool:
    """The two clocks were only read a moment apart."""
    return written.shift == kept.shift and abs(written.apart - kept.apart) < _ONE_READING


def _line_of(kept: Kept) -> bytes:
    numbers = b"%+021.6f %+021.6f" % (kept.apart, kept.shift.total_seconds())
    return b"%s %08x\n" % (numbers, zlib.crc32(numbers))


def _kept_of(text: bytes) -> Kept | None:
    numbers, _, check = text.rstrip(b"\n").rpartition(b" ")
    if not numbers or check != b"%08x" % zlib.crc32(numbers):
        return None
    apart, shift = map(float, numbers.split())
    return Kept(apart, timedelta(seconds=shift))
