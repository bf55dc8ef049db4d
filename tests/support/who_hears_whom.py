"""Who hears whom: the table of one talk, phase by phase, judged by the tones that everybody says without pause.

Twice for each listener: as the packets arrived, and as a strict phone plays them, by RTP timestamp. Who hears
somebody on arrival alone is deaf on a real phone. Everybody else's tone, of other talks too, must not be heard at all.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.phones.call import Call
from scripts.phones.hearing import HEARS, HEARS_NOT, Heard, Timeline, Window
from scripts.phones.sound import SENT_AMPLITUDE
from scripts.phones.tones import PIECE_SAMPLES, SAMPLE_RATE

MUSIC = "music"
"""What is left of the sound when all tones of the house are taken away."""

_MUSIC_LOUDNESS = (
    400.0  # root mean square; the hotline's own piece has 1200 to 2400, what A-law adds to tones under 150
)
_SETTLED = 0.2  # seconds of what is expected, before it is looked at closely
_LOOK_EVERY = 0.1
_STRICT_LATER = 0.08  # a strict phone plays 60 ms after the arrival
_LEAK_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """What one listener heard in one phase."""

    phase: str
    listener: str
    expected: frozenset[str]
    arrived: frozenset[str]
    strict: frozenset[str]

    @property
    def is_right(self) -> bool:
        """Everybody expected was heard by any phone, and nobody else."""
        return self.expected == self.arrived == self.strict

    def __str__(self) -> str:
        mark = "" if self.is_right else "   <-- WRONG"
        strict = "" if self.strict == self.arrived else f"; a strict phone: {_names(self.strict)}"
        return (
            f"  {self.phase:<34} {self.listener:<8} hears {_names(self.arrived):<22}"
            f" (expected {_names(self.expected)}){strict}{mark}"
        )


class WhoHearsWhom:
    """The table of one talk.

    `tones` are those of everybody in the house, by name; names of this talk's own parties are those that `during`
    is given.
    """

    def __init__(self, tones: Mapping[str, int]) -> None:
        self._tones = dict(tones)
        self._ears: dict[str, Call] = {}
        self.rows: list[Row] = []

    def listens(self, name: str, call: Call) -> None:
        """Say whose ear is at this call; a new call of the same party takes the place of the one before."""
        self._ears[name] = call

    async def during(
        self, phase: str, expected: Mapping[str, Collection[str]], *, within: float = 4.0, seconds: float = 0.6
    ) -> None:
        """Look for a while at who hears whom; raises AssertionError with the table when it is not as expected.

        What is expected may take `within` seconds to begin; from then on it has to be so without a break.
        """
        end = time.monotonic() + within
        while time.monotonic() < end:
            await asyncio.sleep(_LOOK_EVERY)
            now = time.monotonic() - 0.04
            if all(
                self._tells(self._ears[who].heard.arrived, (now - _SETTLED, now)) == set(whom)
                for who, whom in expected.items()
            ):
                break
        start = time.monotonic()
        await asyncio.sleep(seconds + _STRICT_LATER)
        window = (start, start + seconds)
        rows = [self._row(phase, who, frozenset(whom), window) for who, whom in expected.items()]
        self.rows += rows
        assert all(row.is_right for row in rows), f"not everybody hears whom he should:\n{self}"

    def never(self, listener: str, whom: str, *, between: Window) -> None:
        """See that this listener got not one twentieth of a second of somebody; raises AssertionError."""
        sound = self._ears[listener].heard.arrived
        moments = np.arange(between[0], between[1] - 2 * _LEAK_STEP, _LEAK_STEP)
        loudest = max(
            (
                float(_amplitudes(sound.samples((at, at + 2 * _LEAK_STEP)), [self._tones[whom]]).max(initial=0.0))
                for at in moments
            ),
            default=0.0,
        )
        assert loudest < HEARS_NOT, f"{listener} got a piece of {whom}, {loudest:.2f} of what was said:\n{self}"

    def __str__(self) -> str:
        return "\n".join(map(str, self.rows))

    def _row(self, phase: str, listener: str, expected: frozenset[str], window: Window) -> Row:
        heard: Heard = self._ears[listener].heard
        played = [self._tells(heard.strict(new_ssrc_restarts=restarts), window) for restarts in (False, True)]
        strict = played[0] if played[0] == played[1] else played[0] & played[1]
        return Row(phase, listener, expected, frozenset(self._tells(heard.arrived, window)), frozenset(strict))

    def _tells(self, sound: Timeline, window: Window) -> set[str]:
        """Name who is heard; one who is only heard now and then, or only faintly, has a question mark."""
        names, hz = list(self._tones), list(self._tones.values())
        amplitudes = _amplitudes(samples := sound.samples(window), hz)
        found: set[str] = set()
        for name, pieces in zip(names, amplitudes.T, strict=True):
            if len(pieces) == 0 or float(pieces.max()) < HEARS_NOT:
                continue
            gone = int((pieces < HEARS).sum())
            # one packet may come late on a busy machine, and leaves a hole in one piece
            found.add(name if gone <= len(pieces) // 5 else f"{name}?")
        if _rest(samples, amplitudes) > _MUSIC_LOUDNESS:
            found.add(MUSIC)
        return found


def _pieces(samples: Collection[int]) -> NDArray[np.float64]:
    whole = len(samples) // PIECE_SAMPLES * PIECE_SAMPLES
    return np.array(samples, dtype=np.float64)[:whole].reshape(-1, PIECE_SAMPLES)


def _amplitudes(samples: Collection[int], tones: list[int]) -> NDArray[np.float64]:
    """Give how loud each tone is in each piece of 100 ms, as a part of what phones send it with."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(PIECE_SAMPLES), tones) / SAMPLE_RATE)
    found: NDArray[np.float64] = np.abs(_pieces(samples) @ turns) * 2 / PIECE_SAMPLES / SENT_AMPLITUDE
    return found


def _rest(samples: Collection[int], amplitudes: NDArray[np.float64]) -> float:
    """Give how loud a middling piece is without the tones: root mean square."""
    pieces = _pieces(samples)
    if not len(pieces):
        return 0.0
    power = (pieces**2).mean(axis=1) - ((amplitudes * SENT_AMPLITUDE) ** 2 / 2).sum(axis=1)
    return float(np.median(np.sqrt(np.maximum(power, 0.0))))


def _names(who: Collection[str]) -> str:
    return ", ".join(sorted(who)) or "nobody"
