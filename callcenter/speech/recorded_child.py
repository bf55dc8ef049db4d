"""The process that makes a recorded WAV of another kind into telephone sound, and ends."""

import argparse
import os
import sys
from pathlib import Path

from callcenter.speech.sound import SoundError, read_any, write_telephone

_NICE = 10  # the calls come first


def main() -> None:
    """Convert one file."""
    options = argparse.ArgumentParser()
    options.add_argument("--recorded", type=Path, required=True)
    options.add_argument("--to", type=Path, required=True)
    chosen = options.parse_args()
    os.nice(_NICE)
    try:
        write_telephone(chosen.to, read_any(chosen.recorded))
    except SoundError as error:
        sys.exit(f"the recorded sound cannot be played: {error}")


if __name__ == "__main__":
    main()
