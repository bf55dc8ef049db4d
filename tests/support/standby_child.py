"""A program that is run as a controller is: it waits for the word where it is told to, then says so and runs on."""

import os
import signal
import sys
from pathlib import Path

from callcenter.standby import STAND_BY, wait_for_the_word

if __name__ == "__main__":
    Path(f"loaded-{os.getpid()}").touch()
    if STAND_BY not in sys.argv or wait_for_the_word():
        begun = Path("begun")
        begun.write_text(begun.read_text("ascii") + "begun\n" if begun.exists() else "begun\n", "ascii")
        signal.pause()
