"""Work that is done in a process of its own, with a limit: it may hang, crash or hold the interpreter."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import callcenter
from callcenter.domain.errors import UnavailableError

_ROOT = Path(callcenter.__file__).parent.parent
_KILL_SECONDS = 5.0


class ChildFailed(UnavailableError):  # noqa: N818  # it reads as what happened
    """The process did not do its work; the message is its own last line, or that it took too long."""


async def run_child(module: str, arguments: Sequence[str], *, text: str = "", limit_seconds: float) -> None:
    """Run this module with these arguments and the text at its standard input, and await its end.

    Raises ChildFailed; the process is gone by then, also when the caller of this is cancelled.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            start_new_session=True,  # Ctrl-C is for the hotline, which ends its children itself
        )
    except OSError as error:
        raise ChildFailed(f"no process could be started ({error.strerror})") from error
    try:
        async with asyncio.timeout(limit_seconds):
            _, errors = await process.communicate(text.encode())
    except TimeoutError:
        raise ChildFailed(f"it took more than {limit_seconds:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            async with asyncio.timeout(_KILL_SECONDS):
                await process.wait()
    if process.returncode:
        raise ChildFailed(_last_line(errors, process.returncode))


def _last_line(errors: bytes, code: int) -> str:
    lines = errors.decode(errors="replace").split("\n")
    told = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if told:
        return told
    return f"the process was ended by {signal.Signals(-code).name}" if code < 0 else f"the process ended with {code}"
