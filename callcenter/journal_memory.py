"""The memories of the journal: what a controller that is killed wrote there is there for the next one.

The supervisor holds them and hands them to each controller it starts. Each is a file in the machine's memory
(`/dev/shm`): no disk is touched, so to write there takes microseconds and waits for nothing. They outlive the
supervisor too, and end with the machine; where none can be had there, they are without a name and end with the
supervisor.
"""

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

VARIABLE = "JOURNAL_MEMORY"
"""The environment variable that tells the controller the descriptor of what is not lasting yet (write-ahead)."""
OPEN_VARIABLE = "JOURNAL_OPEN"
"""The one of what is still open (handover)."""
CLOCK_VARIABLE = "JOURNAL_CLOCK"
"""The one of the time that its facts are dated by (clock)."""
_VARIABLES = (VARIABLE, OPEN_VARIABLE, CLOCK_VARIABLE)
_FOLDER = Path("/dev/shm")  # noqa: S108 - Linux's own; a file of others is not taken
_NAME = "callcenter-journal"
_ONLY_OURS = 0o600


def open_memories(home: Path) -> Mapping[str, int]:
    """Give a home's memories, by variable, as an earlier supervisor left them. Raises OSError."""
    return {variable: _open(home, variable) for variable in _VARIABLES}


def forget_memories(home: Path) -> None:
    """Let go of what was left there: the home's journal is another one, or the home is gone."""
    for variable in _VARIABLES:
        try:
            _path(home, variable).unlink(missing_ok=True)
        except OSError as error:
            log.warning("what an earlier hotline held in memory could not be let go of", why=type(error).__name__)


def handed_over(environment: Mapping[str, str], variable: str = VARIABLE) -> int | None:
    """Give the descriptor that whoever started this process has handed over; None where nobody has."""
    number = environment.get(variable, "")
    if not number.isdecimal():
        return None
    try:
        is_ours = _NAME in str(Path(f"/proc/self/fd/{number}").readlink())
    except OSError:
        return None
    return int(number) if is_ours else None


def _path(home: Path, variable: str) -> Path:
    of = hashlib.sha256(bytes(home.resolve())).hexdigest()[:16]
    return _FOLDER / f"{_NAME}-{of}-{variable.rpartition('_')[2].lower()}"


def _open(home: Path, variable: str) -> int:
    try:
        descriptor = os.open(_path(home, variable), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _ONLY_OURS)
    except OSError as error:
        log.warning("what the journal holds in memory ends with the supervisor", why=type(error).__name__)
        return os.memfd_create(_NAME, os.MFD_CLOEXEC)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == _ONLY_OURS:
        return descriptor
    os.close(descriptor)
    log.warning("what the journal holds in memory ends with the supervisor", why="its file is somebody else's")
    return os.memfd_create(_NAME, os.MFD_CLOEXEC)
