"""Where entries wait while the database is locked, full or away: a file that is only added to, and synced.

One line per entry, `CHECKSUM JSON`. A line that a crash tore off at the end was never said to be safe; it is cut
away. Calls here block: the journal makes them off the event loop.
"""

import contextlib
import json
import os
import threading
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from callcenter.storage.chain import START, Chained, Link, moved, said_by
from callcenter.storage.tables import from_microseconds

SPOOL_NAME = "journal.spool"
MARK_NAME = "journal.mark"
DAMAGED_NAME = "journal.damaged"


class Spool:
    """The spool of one home: `Spool(folder)`. Only one program may use a folder at a time.

    Beside it stands the mark: how far the database had come when it was last written to. A start at which the
    database is away numbers on from there, and a journal that ends before its mark has lost its end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / SPOOL_NAME
        self._mark_path = folder / MARK_NAME
        self._lock = threading.Lock()
        self._newest: Link | None = None
        self.count = 0
        """Entries that wait."""
        self.damaged = 0
        """Lines that could not be read; they are kept in a file of their own."""

    def open(self) -> Link | None:
        """Make the folder, cut away a torn last line, and give the newest entry that waits, if any. Raises OSError."""
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._cut_torn_line()
            self._keep_damaged_lines()
            self.count, self._newest = 0, None
            for entry in self._read(0):
                self.count += 1
                self._newest = entry.link
            return self._newest

    def add(self, entries: Sequence[Chained]) -> None:
        """Add entries and wait until the disk has them. Raises OSError; then none of them is there."""
        with self._lock:
            new = [entry for entry in entries if self._newest is None or entry.seq > self._newest.seq]
            if not new:
                return
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = not self._path.exists()
            self._append(self._path, b"".join(map(line_of, new)))
            if fresh:
                _sync_folder(self._folder)
            self.count += len(new)
            self._newest = new[-1].link

    def read(self, limit: int, *, place: int) -> tuple[list[Chained], int]:
        """Give at most `limit` waiting entries, oldest first, from a place in the file (0: its beginning) on.

        Beside them stands the place where the next ones begin. Raises OSError.
        """
        found: list[Chained] = []
        with self._lock:
            try:
                lines = self._path.open("rb")
            except FileNotFoundError:
                return found, place
            with lines:
                lines.seek(place)
                while len(found) < limit and (line := lines.readline()):
                    entry = entry_of(line)
                    if entry is not None and (not found or entry.seq > found[-1].seq):
                        found.append(entry)
                return found, lines.tell()

    def clear(self) -> None:
        """Forget what waits: the database has it all. Raises OSError."""
        with self._lock:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
            self.count, self._newest = 0, None

    def move(self, after: Link, *, committed: int) -> Link:
        """Hang what waits on the end of another chain, in one step; gives its new end. Raises OSError.

        Entries up to `committed` are left out: the database has them.
        """
        with self._lock:
            link, lines = after, []
            for entry in self._read(committed):
                entry_moved = moved(entry, link)
                link = entry_moved.link
                lines.append(line_of(entry_moved))
            self._replace(self._path, b"".join(lines), sync=True)
            self.count, self._newest = len(lines), link if lines else None
            return link

    def read_mark(self) -> Link | None:
        """Give the end of the chain as last written down, or None where that is not known."""
        try:
            checksum, _, text = self._mark_path.read_bytes().rstrip(b"\n").partition(b" ")
            if checksum != _checksum(text):
                return None
            seq, digest = json.loads(text)
            return Link(int(seq), str(digest))
        except (OSError, ValueError, TypeError):
            return None

    def write_mark(self, link: Link) -> None:
        """Write down how far the database has come. Raises OSError."""
        text = json.dumps([link.seq, link.hash]).encode("ascii")
        with self._lock:
            self._replace(self._mark_path, _checksum(text) + b" " + text + b"\n", sync=False)

    def _read(self, after: int) -> Iterator[Chained]:
        """Entries in order; those written twice by a crash in between count once."""
        newest = after
        try:
            lines = self._path.open("rb")
        except FileNotFoundError:
            return
        with lines:
            for line in lines:
                entry = entry_of(line)
                if entry is not None and entry.seq > newest:
                    newest = entry.seq
                    yield entry

    def _append(self, path: Path, data: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            before = os.fstat(descriptor).st_size
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(descriptor, left) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)

    def _replace(self, path: Path, data: bytes, *, sync: bool) -> None:
        fresh = path.with_name(path.name + ".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(path)
        if sync:
            _sync_folder(self._folder)

    def _cut_torn_line(self) -> None:
        try:
            with self._path.open("r+b") as file:
                size = file.seek(0, os.SEEK_END)
                end = size
                while end > 0:
                    start = max(0, end - 65536)
                    file.seek(start)
                    at = file.read(end - start).rfind(b"\n")
                    if at >= 0:
                        end = start + at + 1
                        break
                    end = start
                if end < size:
                    file.truncate(end)
                    os.fsync(file.fileno())
        except FileNotFoundError:
            pass  # nothing waits

    def _keep_damaged_lines(self) -> None:
        try:
            with self._path.open("rb") as lines:
                damaged = [line for line in lines if entry_of(line) is None]
        except FileNotFoundError:
            return
        self.damaged = len(damaged)
        if damaged:
            self._replace(self._folder / DAMAGED_NAME, b"".join(damaged), sync=True)


def newest_of(*links: Link | None) -> Link:
    """Give the one that is furthest along."""
    return max((link for link in links if link is not None), key=lambda link: link.seq, default=START)


def line_of(entry: Chained) -> bytes:
    """Write one entry as a line: what is hashed of it, with its hash as one more element."""
    text = f'{said_by(entry)[:-1]}, "{entry.hash}"]'.encode("ascii")
    return _checksum(text) + b" " + text + b"\n"


def entry_of(line: bytes) -> Chained | None:
    """Read one line; None where it is torn or damaged."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if not text or checksum != _checksum(text):
        return None
    seq, time, call_id, kind, data, recovered, previous, digest = json.loads(text)
    return Chained(
        seq=seq,
        time=from_microseconds(time),
        call_id=call_id,
        kind=kind,
        data=data,
        recovered=recovered,
        previous=previous,
        hash=digest,
    )


def _checksum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
