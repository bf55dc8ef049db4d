"""A recogniser for engines that decode a whole utterance at once: it cuts them, orders the work and tells the words.

Knows no engine: a decoder and a voice detector are given to it.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from callcenter.speech.decoding import DecodeThreads, Urgency
from callcenter.speech.recogniser import Heard
from callcenter.speech.turns import FRAME_SECONDS, Turn, Turns

_PARTIAL_EVERY = 40  # frames of an open utterance, 0.8 s: with the decoding told at least every 1.3 s
_SPEAKING = 3  # frames without a voice that are no pause yet
_CLOSING_SECONDS = 0.5  # what a live utterance waits for anyway


@dataclass(frozen=True, slots=True)
class Decoded:
    """What an engine made of the sound of one utterance."""

    text: str
    """As it is told; empty when nobody spoke."""
    confidence: float | None


class Decoder(Protocol):
    """Turns the sound of one utterance into text."""

    def __call__(self, pcm: bytes, *, final: bool) -> Decoded:
        """Decode 8 kHz 16-bit sound, a final one with more care. Called by several threads."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """The text of the open utterance, as it is if its pause is its end."""

    number: int
    end: int
    decoded: Decoded


class TurnRecogniser:
    """One loaded model and its threads."""

    def __init__(
        self, name: str, decoder: Decoder, *, detector: Callable[[], Callable[[bytes], bool]], threads: int = 1
    ) -> None:
        """`detector` makes a voice detector for one stream, `threads` decode at the same time."""
        self._name = name
        self._decoder = decoder
        self._detector = detector
        self._threads = DecodeThreads(name, threads)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    def stream(
        self, on_heard: Callable[[Heard], None], *, on_finished: Callable[[], None], live: bool = True
    ) -> "TurnStream":
        """Begin to hear one party."""
        turns = Turns(self._detector())
        stream = TurnStream(self._threads, self._decoder, turns, on_heard=on_heard, on_finished=on_finished, live=live)
        self._threads.add(stream)
        return stream

    def close(self) -> None:
        """End all streams without a further word, then let the model go."""
        self._threads.close()


class TurnStream:
    """One party's voice.

    An utterance that has paused for 0.22 s is decoded as if it were over. If it is, 0.5 s after its last sound, the
    text is there already; if they go on, it was a partial.
    """

    def __init__(
        self,
        threads: DecodeThreads,
        decoder: Decoder,
        turns: Turns,
        *,
        on_heard: Callable[[Heard], None],
        on_finished: Callable[[], None],
        live: bool,
    ) -> None:
        self._threads = threads
        self._decoder = decoder
        self._turns = turns
        self._on_heard = on_heard
        self._on_finished = on_finished
        self._live = live
        self._closed: deque[tuple[Turn, float]] = deque()  # not yet told for good, with when each was closed
        self._draft: _Draft | None = None
        self._drafted_until = 0  # frame up to which the open utterance was last decoded
        self._pausing_since: float | None = None
        self._partial_since: float | None = None
        self._shown: dict[int, str] = {}  # the partials of utterances that are not told for good
        self._finishing = False
        self._over = False
        self._telling = threading.RLock()  # who holds it may call back; taken before the threads' lock

    def feed(self, pcm: bytes) -> None:
        """Take the next sound."""
        self._threads.check()
        frames = self._turns.frames(pcm)
        with self._threads.lock:
            for frame, voiced in frames:
                self._close(self._turns.take(frame, voiced=voiced))
            self._look_at_open()
            if self.wants():
                self._threads.lock.notify()

    def finish(self) -> None:
        """Say that no more sound comes."""
        self._threads.check()
        with self._threads.lock:
            self._close(self._turns.finish())
            self._look_at_open()
            self._finishing = True
            self._threads.lock.notify()

    def abandon(self) -> None:
        """Forget the stream."""
        with self._telling:
            self._over = True
        self._threads.remove(self)

    @property
    def settled(self) -> float:
        """Everything said before this second has been told for good."""
        with self._threads.lock:
            if self._closed:
                frame = self._closed[0][0].start
            elif self._turns.open is not None:
                frame = self._turns.open.start
            else:
                frame = self._turns.at if self._finishing else self._turns.quiet_until
            return frame * FRAME_SECONDS

    @property
    def behind(self) -> float:
        """Seconds of sound that wait for the engine."""
        with self._threads.lock:
            if not self._closed:
                return 0.0
            oldest = self._closed[0][0]
            if self._live:
                return max(0.0, (self._turns.at - oldest.end) * FRAME_SECONDS - _CLOSING_SECONDS)
            return (self._turns.at - oldest.start) * FRAME_SECONDS

    def wants(self) -> tuple[Urgency, float] | None:
        """Give how urgent its next piece of work is, and since when."""
        if self._over:
            return None
        if self._closed:
            return (Urgency.FINAL if self._live else Urgency.LATER), self._closed[0][1]
        if self._finishing:
            return Urgency.FINAL, 0.0
        if self._pausing_since is not None:
            return Urgency.DRAFT, self._pausing_since
        if self._partial_since is not None:
            return Urgency.PARTIAL, self._partial_since
        return None

    def work(self) -> None:
        """Decode the most urgent utterance and tell it; without any, say that all is told."""
        with self._threads.lock:
            turn, final = self._most_urgent()
            if turn is not None:
                draft = self._draft
                drafted = draft is not None and (draft.number, draft.end) == (turn.number, turn.end)
                ready = draft.decoded if final and draft and drafted else None
                pcm, end, place = (turn.sound() if final else bytes(turn.pcm)), turn.end, turn.loud()
        if turn is None:
            self._end()
            return
        decoded = ready or self._decoder(pcm, final=final)
        with self._telling:
            with self._threads.lock:
                over = final and turn.closed and turn.end == end  # it may have ended while it was decoded, or gone on
                heard = self._heard(turn, decoded, place, over=over)
                if not over:
                    self._draft = _Draft(turn.number, end, decoded) if final else self._draft
                    self._look_at_open()
            if heard is not None and not self._over:
                self._on_heard(heard)
            if over:
                with self._threads.lock:
                    self._closed.popleft()  # settled, now that it is told
                    self._shown.pop(turn.number, None)

    def _heard(self, turn: Turn, decoded: Decoded, place: tuple[int, int], *, over: bool) -> Heard | None:
        """Give what is to be told of what was decoded."""
        shown, text = self._shown.get(turn.number, ""), decoded.text
        if not over:
            text = text or shown
        if not text and not shown:
            return None
        if not over:
            self._shown[turn.number] = text  # told again though it is the same: its end has moved, they are still heard
        start, end = place
        return Heard(
            number=turn.number,
            start=start * FRAME_SECONDS,
            end=end * FRAME_SECONDS,
            text=text,
            confidence=decoded.confidence,
            final=over,
        )

    def _most_urgent(self) -> tuple[Turn | None, bool]:
        """Give the utterance to decode, and whether as if it were over."""
        if self._closed:
            return self._closed[0][0], True
        paused = self._pausing_since is not None
        self._pausing_since = self._partial_since = None
        self._drafted_until = self._turns.at
        return self._turns.open, paused

    def _look_at_open(self) -> None:
        """See whether the open utterance is worth decoding now."""
        turn = self._turns.open
        pausing = partial = False
        if self._live and turn is not None and turn.is_voice:
            drafted = self._draft is not None and (self._draft.number, self._draft.end) == (turn.number, turn.end)
            pausing = self._turns.pausing and not drafted
            decoded = max(self._drafted_until, turn.start)
            speaking = self._turns.at - turn.end <= _SPEAKING  # else it may be over, and its final text comes first
            partial = speaking and self._turns.at - decoded >= _PARTIAL_EVERY
        now = time.monotonic()
        self._pausing_since = (self._pausing_since or now) if pausing else None
        self._partial_since = (self._partial_since or now) if partial else None

    def _close(self, turn: Turn | None) -> None:
        if turn is not None and (turn.is_voice or turn.number in self._shown):
            self._closed.append((turn, time.monotonic()))

    def _end(self) -> None:
        """Everything is told, if it was for that."""
        with self._telling:
            with self._threads.lock:
                if self._over or not self._finishing or self._closed:
                    return
                self._over = True
            self._threads.remove(self)
            self._on_finished()
