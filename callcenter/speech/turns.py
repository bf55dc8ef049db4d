"""Cuts one party's sound into utterances: where a voice begins, where it has paused, and where a long one may be cut.

Pure: whether 20 ms are a voice is asked of a function. Everything is counted in frames of 20 ms from the first sample.
"""

from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import mul

FRAME_SECONDS = 0.02
FRAME_BYTES = 320
"""20 ms at 8 kHz, 16 bit."""

_ONSET_FRAMES = 5  # of these
_ONSET_VOICED = 3  # must be a voice to open an utterance: a click is shorter
_BEFORE = 10  # frames kept before the voice: soft first sounds that the detector misses
_BEHIND = 10  # and behind it
_CLOSING = 25  # frames without a voice close it, 0.5 s: shorter makes more and worse pieces
_PAUSING = 11  # after these it may be over, 0.22 s: time to begin with the final text
_LONGEST = 700  # 14 s, the most that is recognised well at once
_CUT_WITHIN = 150  # and the last 3 s of them, in which the quietest place is looked for
_QUIET_FRAMES = 5
_QUIETER = 1000  # 30 dB below its loudest 20 ms is none of its words
LEAST_VOICED = 6
"""Fewer frames of voice, 0.12 s, are a click or a breath."""


@dataclass(slots=True, eq=False)
class Turn:
    """One utterance, open or closed."""

    number: int
    start: int
    """Frame of its first voice."""
    end: int
    """Frame behind its last voice."""
    first: int
    """Frame that `pcm` begins with; before `start`, as far as there is sound."""
    pcm: bytearray
    voiced: bytearray = field(default_factory=bytearray)
    """1 for each frame of `pcm` that is a voice."""
    closed: bool = False

    def sound(self) -> bytes:
        """Give its sound, with a little before and behind the voice."""
        return bytes(self.pcm[: (self.end + _BEHIND - self.first) * FRAME_BYTES])

    def loud(self) -> tuple[int, int]:
        """Give the frames that it begins with and ends before, by its loudness.

        What the detector takes for a voice also holds breath and noise before the first word.
        """
        powers = _powers(self.pcm, self.start - self.first, self.end - self.first)
        least = max(powers, default=0) / _QUIETER
        loud = [at for at, power in enumerate(powers) if power >= least]
        return (self.start + loud[0], self.start + loud[-1] + 1) if loud else (self.start, self.end)

    @property
    def is_voice(self) -> bool:
        """There is enough of a voice in it to be words."""
        return sum(self.voiced) >= LEAST_VOICED


class Turns:
    """The utterances of one party, found while the sound comes."""

    def __init__(self, is_voice: Callable[[bytes], bool]) -> None:
        """`is_voice` is given each frame of FRAME_BYTES once, in order."""
        self._is_voice = is_voice
        self._rest = b""
        self._next_number = 0
        self._before: deque[tuple[bytes, bool]] = deque(maxlen=_BEFORE + _ONSET_FRAMES)
        self.at = 0
        """Frames taken."""
        self.open: Turn | None = None

    @property
    def pausing(self) -> bool:
        """The open utterance may be over: its voice has paused, though not yet long enough to say so."""
        return self.open is not None and self.at - self.open.end >= _PAUSING

    @property
    def quiet_until(self) -> int:
        """Give the frame before which no utterance can begin any more, when none is open."""
        return max(0, self.at - _ONSET_FRAMES)

    def frames(self, pcm: bytes) -> list[tuple[bytes, bool]]:
        """Split the next sound into frames, with whether each is a voice; a rest is kept for the next time."""
        sound = self._rest + pcm
        whole = len(sound) // FRAME_BYTES * FRAME_BYTES
        self._rest = sound[whole:]
        cut = (sound[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES))
        return [(frame, self._is_voice(frame)) for frame in cut]

    def take(self, frame: bytes, *, voiced: bool) -> Turn | None:
        """Take the next frame; gives the utterance that is closed by it."""
        self.at += 1
        if self.open is None:
            self._before.append((frame, voiced))
            latest = list(self._before)[-_ONSET_FRAMES:]
            if voiced and sum(flag for _, flag in latest) >= _ONSET_VOICED:
                self._begin()
            return None
        turn = self.open
        turn.pcm += frame
        turn.voiced.append(voiced)
        if voiced:
            turn.end = self.at
        if self.at - turn.end >= _CLOSING:
            return self._close()
        if self.at - turn.start >= _LONGEST:
            return self._cut()
        return None

    def finish(self) -> Turn | None:
        """Say that no more comes; gives the utterance that is closed by it."""
        return self._close() if self.open else None

    def _begin(self) -> None:
        frames = list(self._before)
        first = self.at - len(frames)
        onset = next(at for at in range(max(0, len(frames) - _ONSET_FRAMES), len(frames)) if frames[at][1])
        kept = max(0, onset - _BEFORE)
        self.open = Turn(
            self._number(),
            first + onset,
            self.at,
            first + kept,
            bytearray(b"".join(frame for frame, _ in frames[kept:])),
            bytearray(flag for _, flag in frames[kept:]),
        )
        self._before.clear()

    def _close(self) -> Turn:
        turn = self.open
        assert turn is not None
        turn.closed = True
        self.open = None
        spare = max(turn.end + _BEHIND - turn.first, 0)
        for at in range(spare, self.at - turn.first):  # what lies behind it may be the beginning of the next
            self._before.append((bytes(turn.pcm[at * FRAME_BYTES : (at + 1) * FRAME_BYTES]), False))
        return turn

    def _cut(self) -> Turn:
        """Cut the open utterance in two, where it is quietest; the later part stays open."""
        turn = self.open
        assert turn is not None
        frames = self.at - turn.first
        place = _quietest(turn.pcm, frames - _CUT_WITHIN, frames)
        voiced = turn.voiced
        begin = voiced.find(1, place)
        if begin < 0:  # it has paused anyway
            return self._close()
        self.open = Turn(
            self._number(),
            turn.first + begin,
            turn.end,
            turn.first + place,
            turn.pcm[place * FRAME_BYTES :],
            voiced[place:],
        )
        turn.end, turn.closed = turn.first + voiced.rfind(1, 0, place) + 1, True
        del turn.pcm[place * FRAME_BYTES :], voiced[place:]
        return turn

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number - 1


def _quietest(pcm: bytearray, first: int, behind: int) -> int:
    """Give the frame in [first, behind) around which 0.1 s has the least power."""
    powers = _powers(pcm, first, behind)
    sums = [sum(powers[at : at + _QUIET_FRAMES]) for at in range(len(powers) - _QUIET_FRAMES + 1)]
    return first + sums.index(min(sums)) + _QUIET_FRAMES // 2


def _powers(pcm: bytearray, first: int, behind: int) -> list[int]:
    frames = (array("h", bytes(pcm[at * FRAME_BYTES : (at + 1) * FRAME_BYTES])) for at in range(first, behind))
    return [sum(map(mul, samples, samples)) for samples in frames]
