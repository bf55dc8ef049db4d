"""Asterisk's own logs, kept from filling the disk: it writes on and on and never tidies up.

With a hundred phones that sign on anew every minute its security log alone grows by some 100 MB a day. A log that has
grown too long is copied to `NAME.1`, in the place of the one before, and emptied; Asterisk appends, so it writes on at
the beginning. What it writes between the two is lost, a few lines at most.
"""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

LONGEST_BYTES = 20_000_000


def trim(folder: Path, *, longest: int = LONGEST_BYTES) -> None:
    """Shorten every log in this folder that is longer than `longest` bytes. Blocking.

    The folder is Asterisk's, so what lies there is not trusted: no link is followed and no odd file touched.
    """
    paths: list[Path] = []
    with suppress(FileNotFoundError):  # somebody removed the folder: nothing grows there
        paths = sorted(folder.iterdir())
    for path in paths:
        if path.suffix != ".1":
            with suppress(OSError):  # a link, or gone meanwhile; an unwritable disk is told by whoever must write
                _trim(path, longest)


def _trim(path: Path, longest: int) -> None:
    with open(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as log:  # noqa: PTH123  # opened without links
        status = os.fstat(log.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size <= longest:
            return
        before = path.with_name(f"{path.name}.1")
        before.unlink(missing_ok=True)
        with open(os.open(before, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:  # noqa: PTH123  # never another's file
            os.fchown(kept.fileno(), status.st_uid, status.st_gid)
            shutil.copyfileobj(log, kept)
        os.ftruncate(log.fileno(), 0)
