"""Memory that outlives the process which writes it: a file in the machine's memory (`journal_memory`).

It is mapped, so that writing is no call of the system: one for each entry made a busy controller wait for the
processor each time. A kill may tear what is being written, so whoever reads it must be able to tell a torn line.
"""

import mmap
import os
from contextlib import suppress

_LEAST_BYTES = 1 << 16
_MOST_SPARE_BYTES = 1 << 22


class KeptMemory:
    """Text without zero bytes, behind this descriptor; what an earlier process wrote is there."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        size = os.fstat(descriptor).st_size
        self._mapped = mmap.mmap(descriptor, size) if size else None
        if self._mapped is None:
            with suppress(OSError):  # tried again when something is to be written
                self._grown(None, 0)
        self.size = 0 if self._mapped is None else len(self._mapped[:].rstrip(b"\0"))
        """Bytes that are written."""

    @property
    def text(self) -> bytes:
        """All that is written."""
        return b"" if self._mapped is None else self._mapped[: self.size]

    def add(self, text: bytes) -> None:
        """Write this behind it. Raises OSError where the machine has no memory left; then nothing of it is there."""
        end = self.size + len(text)
        mapped = self._mapped
        if mapped is None or end > len(mapped):
            mapped = self._grown(mapped, end)
        mapped[self.size : end] = text
        self.size = end

    def put(self, text: bytes, *, at: int = 0) -> None:
        """Write this over as many bytes of what is written."""
        assert self._mapped is not None
        assert at + len(text) <= self.size
        self._mapped[at : at + len(text)] = text

    def clear(self, *, keeping: int = 0) -> None:
        """Let go of all but so many bytes at its beginning, and of memory that was needed once."""
        mapped = self._mapped
        if mapped is None or self.size <= keeping:
            return
        mapped[keeping : self.size] = bytes(self.size - keeping)
        self.size = keeping
        if len(mapped) > _MOST_SPARE_BYTES:
            mapped.resize(max(_LEAST_BYTES, keeping))

    def _grown(self, mapped: mmap.mmap | None, size: int) -> mmap.mmap:
        size = max(_LEAST_BYTES, 2 * size)
        os.posix_fallocate(self._descriptor, 0, size)  # or else a write beyond the machine's memory would end us
        if mapped is None:
            mapped = self._mapped = mmap.mmap(self._descriptor, size)
        else:
            mapped.resize(size)
        return mapped
