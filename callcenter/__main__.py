"""`python -m callcenter` is the command line."""

import gc
import os
import signal
import sys
from types import FrameType


def _stopped(number: int, _: FrameType | None) -> None:
    """End at once and without a word: nothing has been started yet."""
    os._exit(0 if sys.argv[1:2] == ["run"] else 128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _stopped)  # loading takes a second or two, and a traceback would tell nobody anything
    signal.signal(signal.SIGTERM, _stopped)
    gc.disable()  # of what is loaded nothing goes, and looking for it takes a fifth of the time
    from callcenter.cli import main

    gc.enable()
    sys.exit(main())
