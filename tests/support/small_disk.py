"""A disk of a few megabytes, which is soon full: a file system in memory, mounted where the hotline writes."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_BALLAST = "ballast"
_LIMIT_SECONDS = 10
_PIECE = 4096


class NoDiskError(Exception):
    """Nothing can be mounted here; says why."""


class SmallDisk:
    """The disk that is mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave not one byte free."""
        handle = os.open(self.folder / _BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            for piece in (1 << 20, _PIECE, 1):
                try:
                    while True:
                        os.write(handle, bytes(piece))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        finally:
            os.close(handle)

    def fill_page_of(self, name: str) -> None:
        """Of a full disk a file has what is left of its last page still: fill that with empty lines."""
        with suppress(OSError), (self.folder / name).open("ab", buffering=0) as file:
            while True:
                file.write(b"\n")

    def leave(self, free_bytes: int) -> None:
        """Leave so much free: what is written from now on still is."""
        with (self.folder / _BALLAST).open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, self.free_bytes - free_bytes)

    def make_room(self) -> None:
        """Give back what `fill` or `leave` took."""
        (self.folder / _BALLAST).unlink(missing_ok=True)

    @property
    def free_bytes(self) -> int:
        """What can still be written."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    @contextmanager
    def filled(self) -> Iterator[None]:
        """Be full for as long as the block takes."""
        self.fill()
        try:
            yield
        finally:
            self.make_room()

    def mount(self, megabytes: int) -> None:
        """Begin to be there. Raises NoDiskError where only root may mount, and this is not root."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = f"size={megabytes}m,mode=0700,nosuid,nodev,noexec"
        try:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)],
                check=True,
                capture_output=True,
                timeout=_LIMIT_SECONDS,
            )
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            why = error.stderr.decode().strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
            raise NoDiskError(f"nothing can be mounted here: {why}") from error

    def unmount(self) -> None:
        """Be gone, with all that is on it; whoever still writes there does so until he ends."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True, capture_output=True, timeout=_LIMIT_SECONDS)
