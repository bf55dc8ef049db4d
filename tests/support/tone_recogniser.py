"""A recogniser that hears tones: each sign of its alphabet is one tone, so what it hears is exact.

It decodes the sound it is given and nothing else, in a thread of its own as a real one does. A worker loads it by
`tests.support.tone_recogniser:load`. Three tones are poison: one ends the process, one hangs the decoding for ever, one
makes it slower than people speak, for some seconds, where it was heard live.
"""

import os
import threading
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator

import numpy as np

from callcenter.speech.recogniser import Heard
from scripts.phones.sound import SENT_AMPLITUDE, Sound
from scripts.phones.tones import SAMPLE_RATE, tone

ALPHABET = "天地人和山水风云日月星火土木金石江河湖海花草树竹松梅兰菊春夏秋冬东西南北桥路门窗"
"""No numeral is among them: those would be written otherwise."""
CRASHES, HANGS, SLOWS = "✝", "∞", "龟"
SLOW_SECONDS = 8.0
_SLOW_FRAME_SECONDS = 0.05  # for 20 ms of sound
_HZ = {sign: 400 + 65 * number for number, sign in enumerate(ALPHABET)} | {CRASHES: 3150, HANGS: 3350, SLOWS: 3550}
_SIGN_SECONDS, _PAUSE_SECONDS = 0.2, 0.16  # so long that a busy machine's lost packets take no sign away
_FRAME = 160  # 20 ms
_QUIET = 400.0
_CLOSING_FRAMES = 20  # 0.4 s of silence end an utterance
_PARTIAL_FRAMES = 25
_SHORTEST_FRAMES = 3
_HOLE_FRAMES = 4  # so short a silence is a lost packet, no pause between two signs

_STEPS = np.arange(_FRAME) / SAMPLE_RATE
_WAVES = np.exp(-2j * np.pi * np.outer(list(_HZ.values()), _STEPS))
_SIGNS = list(_HZ)


def spoken(text: str, *, after: float = 0.0, seconds: float | None = None) -> Sound:
    """Say this text in tones, after a silence; with `seconds` silence follows until then."""
    samples = array("h", bytes(2 * round(after * SAMPLE_RATE)))
    for sign in text:
        samples += tone(_HZ[sign], amplitude=SENT_AMPLITUDE)[: round(_SIGN_SECONDS * SAMPLE_RATE)]
        samples += array("h", bytes(2 * round(_PAUSE_SECONDS * SAMPLE_RATE)))
    if seconds is not None:
        samples += array("h", bytes(2 * max(0, round(seconds * SAMPLE_RATE) - len(samples))))
    return Sound(samples=samples)


class ToneStream:
    """One party's tones."""

    def __init__(
        self, recogniser: "ToneRecogniser", on_heard: Callable[[Heard], None], on_finished: Callable[[], None]
    ) -> None:
        self._recogniser = recogniser
        self._on_heard, self._on_finished = on_heard, on_finished
        self._fed = 0
        self._rest = b""
        self._frame = 0
        self._number = 0
        self._signs: list[str] = []
        self._run: list[str] = []
        self._agreed: list[float] = []
        self._began: int | None = None
        self._spoke_at = 0
        self._abandoned = False

    def feed(self, pcm: bytes) -> None:
        self._fed += len(pcm) // 2
        self._recogniser.put(self, pcm)

    def finish(self) -> None:
        self._recogniser.put(self, None)

    def abandon(self) -> None:
        self._abandoned = True

    @property
    def settled(self) -> float:
        frame = self._frame if self._began is None else self._began
        return frame * _FRAME / SAMPLE_RATE

    @property
    def behind(self) -> float:
        return max(0.0, self._fed / SAMPLE_RATE - self._frame * _FRAME / SAMPLE_RATE)

    def decode(self, pcm: bytes | None) -> None:
        """Take the next sound, on the recogniser's thread."""
        if self._abandoned:
            return
        if pcm is None:
            self._close()
            self._on_finished()
            return
        self._rest += pcm
        for samples in self._frames():
            if self._abandoned:
                return
            self._recogniser.dawdle(self)
            self._take(samples)
            self._frame += 1

    def _frames(self) -> "Iterator[np.ndarray[tuple[int], np.dtype[np.float64]]]":
        while len(self._rest) >= 2 * _FRAME:
            piece, self._rest = self._rest[: 2 * _FRAME], self._rest[2 * _FRAME :]
            yield np.frombuffer(piece, dtype="<i2").astype(np.float64)

    def _take(self, samples: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
        if float(np.sqrt(np.mean(samples**2))) < _QUIET:
            if self._frame - self._spoke_at >= _HOLE_FRAMES:
                self._end_sign()
            if self._began is not None and self._frame - self._spoke_at >= _CLOSING_FRAMES:
                self._close()
            return
        if self._began is None:
            self._began = self._frame
        self._spoke_at = self._frame
        self._run.append(_SIGNS[int(np.argmax(np.abs(_WAVES @ samples)))])
        if (self._frame - self._began) % _PARTIAL_FRAMES == _PARTIAL_FRAMES - 1 and self._signs:
            self._tell(final=False)

    def _end_sign(self) -> None:
        run, self._run = self._run, []
        if len(run) < _SHORTEST_FRAMES:
            return
        sign, count = Counter(run).most_common(1)[0]
        if sign == CRASHES:
            os._exit(9)
        if sign == HANGS:
            threading.Event().wait()
        if sign == SLOWS:
            self._recogniser.slow_down(self)
        self._signs.append(sign)
        self._agreed.append(count / len(run))

    def _close(self) -> None:
        self._end_sign()
        if self._began is None:
            return
        self._tell(final=True)
        self._number += 1
        self._began = None
        self._signs, self._agreed = [], []

    def _tell(self, *, final: bool) -> None:
        assert self._began is not None
        self._on_heard(
            Heard(
                number=self._number,
                start=self._began * _FRAME / SAMPLE_RATE,
                end=(self._spoke_at + 1) * _FRAME / SAMPLE_RATE,
                text="".join(self._signs),
                confidence=sum(self._agreed) / len(self._agreed) if self._agreed else None,
                final=final,
            )
        )


class ToneRecogniser:
    """Decodes on one thread: live streams first."""

    name = "tones"

    def __init__(self) -> None:
        self._live: deque[tuple[ToneStream, bytes | None]] = deque()
        self._later: deque[tuple[ToneStream, bytes | None]] = deque()
        self._is_live: dict[ToneStream, bool] = {}
        self._work = threading.Condition()
        self._closed = False
        self._slow_until = 0.0
        self._thread = threading.Thread(target=self._decode, name="tones", daemon=True)
        self._thread.start()

    def stream(
        self, on_heard: Callable[[Heard], None], *, on_finished: Callable[[], None], live: bool = True
    ) -> ToneStream:
        stream = ToneStream(self, on_heard, on_finished)
        self._is_live[stream] = live
        return stream

    def put(self, stream: ToneStream, pcm: bytes | None) -> None:
        """Have some sound decoded."""
        with self._work:
            (self._live if self._is_live[stream] else self._later).append((stream, pcm))
            self._work.notify()

    def slow_down(self, stream: ToneStream) -> None:
        """Be slow from now on for a while, if this was heard live."""
        if self._is_live[stream]:
            self._slow_until = time.monotonic() + SLOW_SECONDS

    def dawdle(self, stream: ToneStream) -> None:
        """Take the time of a machine that is too slow for it, while it is."""
        if self._is_live[stream] and time.monotonic() < self._slow_until:
            time.sleep(_SLOW_FRAME_SECONDS)

    def close(self) -> None:
        with self._work:
            self._closed = True
            self._work.notify()
        self._thread.join(5)

    def _decode(self) -> None:
        while True:
            with self._work:
                while not (self._live or self._later or self._closed):
                    self._work.wait()
                if self._closed:
                    return
                stream, pcm = (self._live or self._later).popleft()
            stream.decode(pcm)


def load() -> ToneRecogniser:
    """Give the recogniser, as a worker asks for it."""
    return ToneRecogniser()


def load_nothing(why: str) -> ToneRecogniser:
    """Have no model, as a site that has not fetched one."""
    from callcenter.domain.errors import UnavailableError  # noqa: PLC0415 - only for this

    raise UnavailableError(why)
