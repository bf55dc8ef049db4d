"""The process that speaks one text into one file, and ends. The text comes by standard input.

pyttsx3 tells little of what goes wrong: a wrong voice speaks English instead, a bad path writes nothing, and its
run returns before the file is there. So everything is looked at, and every failure is one line of standard error.
"""

import argparse
import difflib
import math
import os
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from callcenter.speech.sound import SoundError, finished, read_any, write_telephone

_CHINESE_AS_ENGLISH = frozenset({"sit/cmn", "cmn", "zh", "zh-cmn"})
"""Chinese voices of espeak-ng that read Chinese characters as English letters; nobody understands them."""
_RIGHT = "cmn-latn-pinyin"
_NICE = 10  # the calls come first


def main() -> None:
    """Speak standard input into a file."""
    options = argparse.ArgumentParser()
    options.add_argument("--voice", required=True)
    options.add_argument("--rate", type=int, required=True)
    options.add_argument("--limit", type=float, required=True)
    options.add_argument("--to", type=Path, required=True)
    chosen = options.parse_args()
    os.nice(_NICE)
    signal.alarm(math.ceil(chosen.limit) + 1)  # whoever started this may be gone
    text = sys.stdin.buffer.read().decode()
    if not text.strip():
        sys.exit("there is no text to speak")
    wide = chosen.to.with_suffix(".wide.wav")
    _speak(text, chosen.voice, chosen.rate, chosen.limit, wide)
    try:
        write_telephone(chosen.to, finished(read_any(wide)))
    except SoundError as error:
        sys.exit(f"the voice made no sound of it: {error}")


def _speak(text: str, voice: str, rate: int, limit_seconds: float, to: Path) -> None:
    import pyttsx3  # noqa: PLC0415 - slow, and of no use before the arguments are known to be right

    try:
        engine = pyttsx3.init("espeak")
    except (OSError, RuntimeError, ImportError) as error:
        sys.exit(f"espeak-ng cannot be used ({error}); install Debian's packages espeak-ng and libespeak-ng1")
    engine.setProperty("voice", _voice_id(voice, (one.id for one in engine.getProperty("voices"))))
    engine.setProperty("rate", rate)
    done = threading.Event()
    failed: list[str] = []
    engine.connect("finished-utterance", lambda **_: done.set())
    engine.connect("error", lambda exception=None, **_: failed.append(str(exception)))
    engine.save_to_file(text, str(to))
    engine.runAndWait()
    if not done.wait(limit_seconds):
        sys.exit(f"the voice did not finish within {limit_seconds:g} s")
    if failed:
        sys.exit(f"the voice failed: {failed[0]}")


def _voice_id(wanted: str, known: Iterable[str]) -> str:
    """Give the voice's own id; ends the process with the nearest name when there is no such voice."""
    by_name: dict[str, str] = {}
    for voice_id in known:
        by_name |= {voice_id.lower(): voice_id, voice_id.rpartition("/")[2].lower(): voice_id}
    name = wanted.lower()
    if name in _CHINESE_AS_ENGLISH:
        sys.exit(f"the voice '{wanted}' reads Chinese characters as English letters; use '{_RIGHT}'")
    if name in by_name:
        return by_name[name]
    near = difflib.get_close_matches(name, by_name, n=1, cutoff=0.5)
    sys.exit(f"espeak-ng has no voice '{wanted}'; the nearest is '{near[0] if near else _RIGHT}'")


if __name__ == "__main__":
    main()
