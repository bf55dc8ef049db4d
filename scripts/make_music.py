"""Makes ivr_flows/music/quiet.wav anew, byte for byte: the piece a waiting caller hears. Our own making.

Eight slow chords over 48 s, each played as a soft arpeggio of bell-like tones over a warm pad. Every tone that rings
past the end is laid over the beginning, so the piece runs round without a seam.
Pure Python and integers at the end, so that every machine makes the same file.
"""

import argparse
import math
import sys
from array import array
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from callcenter.speech.resample import TELEPHONE_RATE as RATE  # noqa: E402 - the script runs from a checkout
from callcenter.speech.sound import write_telephone  # noqa: E402

LEVEL_DB = -25.0
"""Mean level in dB below full scale: it is to be there, not to be listened to."""
CHORD_SECONDS = 6.0
TONE_SECONDS = 5.0
STEPS = 8  # tones of one arpeggio

# The chords as MIDI notes, from the bass up; all above 160 Hz, since a telephone carries little below.
CHORDS = (
    (53, 60, 65, 69, 72),  # F
    (52, 60, 64, 67, 72),  # C over E
    (57, 62, 65, 69, 74),  # D minor
    (55, 60, 64, 69, 72),  # A minor 7 over G
    (58, 62, 65, 70, 74),  # B flat
    (53, 60, 65, 69, 77),  # F
    (55, 58, 62, 67, 74),  # G minor
    (52, 58, 60, 67, 76),  # C 7
)
_ARPEGGIO = (0, 2, 3, 4, 3, 2, 1, 2)
_BELL = ((1.0, 1.0, 1.0), (2.0, 0.28, 1.8), (3.0, 0.10, 2.6))  # multiple of the tone, strength, how fast it fades


def main() -> None:
    """Write the piece."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--to", type=Path, default=ROOT / "ivr_flows" / "music" / "quiet.wav")
    chosen = options.parse_args()
    write_telephone(chosen.to, piece())


def piece() -> "array[int]":
    """Give the whole piece as telephone sound."""
    length = round(len(CHORDS) * CHORD_SECONDS * RATE)
    sound = [0.0] * length
    for at, chord in enumerate(CHORDS):
        begin = at * CHORD_SECONDS
        for note in chord[1:4]:
            _pad(sound, _hertz(note), begin)
        for step, tone in enumerate(_ARPEGGIO):
            strength = 0.9 if step in {0, 4} else 0.6
            _bell(sound, _hertz(chord[tone]), begin + step * CHORD_SECONDS / STEPS, strength)
    power = math.fsum(value * value for value in sound) / length
    gain = 10 ** (LEVEL_DB / 20) * 32768 / math.sqrt(power)
    return array("h", (round(value * gain) for value in sound))


def _hertz(note: int) -> float:
    return 440.0 * math.pow(2.0, (note - 69) / 12)


def _bell(sound: list[float], hertz: float, begin: float, strength: float) -> None:
    """Add a tone that is struck and fades."""
    first = round(begin * RATE)
    for n, value in enumerate(_struck(hertz)):
        sound[(first + n) % len(sound)] += strength * value


@cache
def _struck(hertz: float) -> list[float]:
    tone = []
    for n in range(round(TONE_SECONDS * RATE)):
        t = n / RATE
        edges = min(1.0, t / 0.02, (TONE_SECONDS - t) / 0.5)
        value = sum(
            part * math.exp(-1.1 * fades * t) * math.sin(2 * math.pi * hertz * multiple * t)
            for multiple, part, fades in _BELL
        )
        tone.append(edges * value)
    return tone


def _pad(sound: list[float], hertz: float, begin: float) -> None:
    """Add a tone that swells and ebbs into the next chord's, a little out of tune with itself for warmth."""
    first = round((begin - 0.75) * RATE)
    seconds = CHORD_SECONDS + 1.5
    for n in range(round(seconds * RATE)):
        t = n / RATE
        swell = math.sin(math.pi * t / seconds) ** 2
        value = math.sin(2 * math.pi * (hertz - 0.3) * t) + math.sin(2 * math.pi * (hertz + 0.3) * t)
        sound[(first + n) % len(sound)] += 0.11 * swell * value


if __name__ == "__main__":
    main()
