"""Raw sound becomes a WAV where it lies: room for a header is made before it, and nothing is copied.

Of a talk of three minutes six megabytes need not be written once more. Not every file system can do it (ext4 and XFS
can, says fallocate(2)), and it is done only to a file that nobody has open and that is ours; otherwise it is copied.
"""

import ctypes
import errno
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from callcenter.storage.wav import ROOM_BYTES, header

_INSERT_RANGE = 0x20  # FALLOC_FL_INSERT_RANGE, fallocate(2)
_SET_SIGNAL = 10  # F_SETSIG, fcntl(2)
_NOT_HERE = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS, errno.EPERM})
# None where the C library lacks it (it is glibc's own name): then sound is copied, and the hotline starts all the same
_fallocate = getattr(ctypes.CDLL(None, use_errno=True), "fallocate64", None)
if _fallocate is not None:
    _fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


def claim(raw: Path, own: Path) -> bool:
    """Take a raw file into a folder of our own, under this name; False where it must be copied, and lies as it lay.

    Asterisk's user owns the folder that it comes from: what was taken is looked at when it can be changed no more.

    Raises:
        OSError: it cannot be read, or not be put back.

    """
    try:
        raw.rename(own)
    except FileNotFoundError:
        own.parent.mkdir(mode=0o700, exist_ok=True)
        raw.rename(own)
    try:
        with _opened(own) as descriptor:
            claimed = _becomes_ours(descriptor)
    except OSError:
        own.rename(raw)
        raise
    if not claimed:
        own.rename(raw)
    return claimed


def turn(own: Path, target: Path, size: int, behind: bytes) -> bool:
    """Make a WAV of a claimed file, `size` bytes of sound with these marks behind them; False where it cannot be done.

    Goes on where it was cut off before. The folder it comes into is not yet synced.

    Raises:
        OSError: the disk does not do its part; to be tried again.

    """
    with _opened(own) as descriptor:
        if os.fstat(descriptor).st_size < size + ROOM_BYTES and not _make_room(descriptor):
            return False
        os.pwrite(descriptor, header(size, len(behind), length=ROOM_BYTES), 0)
        os.pwrite(descriptor, behind, ROOM_BYTES + size)
        os.ftruncate(descriptor, ROOM_BYTES + size + len(behind))
        os.fsync(descriptor)
    own.replace(target)
    return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _becomes_ours(descriptor: int) -> bool:
    """Have the file belong to us alone; False where another name leads to it, or somebody has it open."""
    status = os.fstat(descriptor)
    if status.st_nlink != 1 or not _is_open_here_only(descriptor):
        return False
    if status.st_uid != os.geteuid():
        try:
            os.fchown(descriptor, os.geteuid(), os.getegid())
        except PermissionError:
            return False
    return True


def _is_open_here_only(descriptor: int) -> bool:
    """Ask the kernel, which grants a lease to write on nothing that is open elsewhere."""
    try:
        fcntl.fcntl(descriptor, _SET_SIGNAL, signal.SIGURG)  # whoever opens it meanwhile must not end us
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False
    return True


def _make_room(descriptor: int) -> bool:
    if _fallocate is None:
        return False
    if _fallocate(descriptor, _INSERT_RANGE, 0, ROOM_BYTES) == 0:
        return True
    if (number := ctypes.get_errno()) in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number))
