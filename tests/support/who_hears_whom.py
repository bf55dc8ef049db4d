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
from scripts.phones.hearing import HEARS, HEARS_NOT, Heard, Timeline, Window, signed_steps
from scripts.phones.sound import SENT_AMPLITUDE
from scripts.phones.tones import PIECE_SAMPLES, SAMPLE_RATE

MUSIC = "music"
"""What is heard between 100 and 600 Hz, where nobody of the house says anything."""

_MUSIC_LOUDNESS = 700.0  # root mean square; the hotline's own piece has more than 1000
_MUSIC_BAND = slice(10, 61)  # in steps of 10 Hz
_SETTLED = 0.2  # seconds of what is expected, before it is looked at closely
_LOOK_EVERY = 0.1
_LOOKS = 6
_ON_ITS_WAY = 0.04
_PATIENCE = 2.0  # seconds a strict phone waits for what is late: sound is a tenth later with each change of its source,
# and half a second on a busy machine; where timestamps jump, it is hours
_LEAK_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """What one listener heard in one phase."""

    phase: str
    listener: str
    expected: frozenset[str]
    arrived: frozenset[str]
    strict: frozenset[str]
    packets: int
    """How many came, whatever was in them."""
    why: str = ""
    """What came instead, where a strict phone is deaf."""

    @property
    def is_right(self) -> bool:
        """Everybody expected was heard by any phone, and nobody else."""
        return self.expected == self.arrived == self.strict

    @property
    def has_only_holes(self) -> bool:
        """Nobody else was heard, but somebody who was expected only now and then."""
        expected = self.expected | {f"{name}?" for name in self.expected}
        return (
            not self.is_right and self.arrived - {MUSIC} <= expected and any(name[-1] == "?" for name in self.arrived)
        )

    def __str__(self) -> str:
        mark = "" if self.is_right else "   <-- WRONG"
        strict = "" if self.strict == self.arrived else f"; a strict phone: {_names(self.strict)}, {self.why}"
        return (
            f"  {self.phase:<34} {self.listener:<8} hears {_names(self.arrived):<22}"
            f" (expected {_names(self.expected)}; {self.packets} packets){strict}{mark}"
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

        What is expected may take `within` seconds to begin; then it has to be so without a break. A look that only
        had holes, as a busy machine makes them, is taken again, and one in which not one packet came to anybody, as
        when the whole machine stands still; one in which somebody else was heard is not.
        """
        for _ in range(_LOOKS):
            await self._until_begun(expected, within)
            start = time.monotonic()
            await asyncio.sleep(seconds + _ON_ITS_WAY)
            rows = [self._row(phase, who, frozenset(whom), (start, start + seconds)) for who, whom in expected.items()]
            if any(row.packets for row in rows) and not any(row.has_only_holes for row in rows):
                break
        self.rows += rows
        assert all(row.is_right for row in rows), f"not everybody hears whom he should:\n{self}"

    async def _until_begun(self, expected: Mapping[str, Collection[str]], within: float) -> None:
        end = time.monotonic() + within
        while time.monotonic() < end:
            await asyncio.sleep(_LOOK_EVERY)
            now = time.monotonic() - _ON_ITS_WAY
            if all(
                self._tells(self._ears[who].heard.arrived, (now - _SETTLED, now)) == set(whom)
                for who, whom in expected.items()
            ):
                return

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
        played = [self._tells(_played(heard, new_ssrc_restarts=restarts), window) for restarts in (False, True)]
        strict = played[0] if played[0] == played[1] else played[0] & played[1]
        arrived = self._tells(heard.arrived, window)
        packets = sum(window[0] <= moment < window[1] for moment in heard.arrived.moments)
        why = "" if strict == arrived else _lateness(heard, window)
        return Row(phase, listener, expected, frozenset(arrived), frozenset(strict), packets, why)

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
        if _below_all_tones(samples) > _MUSIC_LOUDNESS:
            found.add(MUSIC)
        return found


def _played(heard: Heard, *, new_ssrc_restarts: bool) -> Timeline:
    """Give the sound that a strict phone plays at all, at the moments it arrived."""
    packets = sorted(
        heard.strict(new_ssrc_restarts=new_ssrc_restarts, delay=_PATIENCE).packets, key=lambda packet: packet.arrived
    )
    return Timeline(moments=tuple(packet.arrived for packet in packets), packets=tuple(packets))


def _lateness(heard: Heard, window: Window) -> str:
    """Say how far sound that arrived in a window is from where its timestamps put it, and which breaks came before."""
    sounds = heard.sounds
    firsts = {packet.ssrc: packet for packet in reversed(sounds)}
    firsts_of_all = dict.fromkeys(firsts, sounds[0])
    told = []
    for of_what, first in (("all", firsts_of_all), ("its stream", firsts)):
        late = [
            packet.arrived
            - first[packet.ssrc].arrived
            - signed_steps(packet.timestamp - first[packet.ssrc].timestamp) / SAMPLE_RATE
            for packet in sounds
            if window[0] <= packet.arrived < window[1]
        ]
        told.append(f"late {min(late) * 1000:.0f} to {max(late) * 1000:.0f} ms by the first of {of_what}")
    jumps = [jump for jump in heard.jumps() if jump.at < window[1]]
    return "; ".join([*told, *(f"{jump.kind} {jump.step:+} at {jump.at - window[0]:+.2f} s" for jump in jumps[-12:])])


def _pieces(samples: Collection[int]) -> NDArray[np.float64]:
    whole = len(samples) // PIECE_SAMPLES * PIECE_SAMPLES
    return np.array(samples, dtype=np.float64)[:whole].reshape(-1, PIECE_SAMPLES)


def _amplitudes(samples: Collection[int], tones: list[int]) -> NDArray[np.float64]:
    """Give how loud each tone is in each piece of 100 ms, as a part of what phones send it with."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(PIECE_SAMPLES), tones) / SAMPLE_RATE)
    found: NDArray[np.float64] = np.abs(_pieces(samples) @ turns) * 2 / PIECE_SAMPLES / SENT_AMPLITUDE
    return found


def _below_all_tones(samples: Collection[int]) -> float:
    """Give how loud a middling piece is where no tone of the house is: root mean square."""
    pieces = _pieces(samples)
    if not len(pieces):
        return 0.0
    amplitudes = np.abs(np.fft.rfft(pieces, axis=1)[:, _MUSIC_BAND]) * 2 / PIECE_SAMPLES
    return float(np.median(np.sqrt((amplitudes**2 / 2).sum(axis=1))))


def _names(who: Collection[str]) -> str:
    return ", ".join(sorted(who)) or "nobody"
