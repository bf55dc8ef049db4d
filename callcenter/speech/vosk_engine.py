"""The `vosk` engine: a streaming Kaldi recogniser for each stream, one model for all of them.

The sound is decoded as it comes; the model's own `conf/model.conf` says which pause ends an utterance.
"""

import contextlib
import importlib.util
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from callcenter.domain.errors import UnavailableError
from callcenter.speech.decoding import DecodeThreads, Urgency
from callcenter.speech.detector import detector
from callcenter.speech.recogniser import Heard
from callcenter.speech.resample import TELEPHONE_RATE
from callcenter.speech.spelling import told
from callcenter.speech.turns import FRAME_BYTES, FRAME_SECONDS, LEAST_VOICED

if importlib.util.find_spec("srt") is None:  # a module for subtitles that vosk loads and only they need; no wheel of it
    sys.modules.setdefault("srt", ModuleType("srt"))

import vosk

_SECOND_BYTES = 2 * TELEPHONE_RATE
_PIECE_BYTES = _SECOND_BYTES // 5
"""Decoded at once, 0.2 s: partials come soon, and a stream does not keep the others waiting.

Always the same, however the sound was fed: other pieces give other words.
"""
_LEAST_SHARE = 0.2  # of what it heard words in must be a voice; the edges of a tone that comes and goes look like one
_FEATURES = Path("conf/mfcc.conf")


class VoskRecogniser:
    """A Kaldi model and the threads that decode with it."""

    def __init__(self, name: str, model: Any, *, threads: int) -> None:
        """Wrap a `vosk.Model`."""
        self._name = name
        self._model = model
        self._threads = DecodeThreads(name, threads)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    def stream(
        self, on_heard: Callable[[Heard], None], *, on_finished: Callable[[], None], live: bool = True
    ) -> "VoskStream":
        """Begin to hear one party."""
        kaldi = vosk.KaldiRecognizer(self._model, TELEPHONE_RATE)
        kaldi.SetWords(True)  # noqa: FBT003 - the library's own form
        kaldi.SetPartialWords(True)  # noqa: FBT003
        stream = VoskStream(self._threads, kaldi, on_heard=on_heard, on_finished=on_finished, live=live)
        self._threads.add(stream)
        return stream

    def close(self) -> None:
        """End all streams without a further word, then let the model go."""
        self._threads.close()


class VoskStream:
    """One party's voice."""

    def __init__(
        self,
        threads: DecodeThreads,
        kaldi: Any,
        *,
        on_heard: Callable[[Heard], None],
        on_finished: Callable[[], None],
        live: bool,
    ) -> None:
        self._threads = threads
        self._kaldi = kaldi
        self._on_heard = on_heard
        self._on_finished = on_finished
        self._live = live
        self._is_voice = detector()
        self._voiced = bytearray()  # 1 for each 20 ms of the stream that are a voice
        self._waiting = bytearray()  # sound that is not decoded yet
        self._fed_at = 0.0
        self._fed = self._decoded = self._told = 0  # bytes of the stream
        self._number = 0
        self._shown = ""  # the partial of the open utterance
        self._finishing = False
        self._over = False
        self._telling = threading.RLock()  # who holds it may call back; taken before the threads' lock

    def feed(self, pcm: bytes) -> None:
        """Take the next sound."""
        self._threads.check()
        with self._threads.lock:
            self._waiting += pcm
            self._fed += len(pcm)
            self._fed_at = time.monotonic()
            if self.wants():
                self._threads.lock.notify()

    def finish(self) -> None:
        """Say that no more sound comes."""
        self._threads.check()
        with self._threads.lock:
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
        return self._told / _SECOND_BYTES

    @property
    def behind(self) -> float:
        """Seconds of sound that wait for the engine."""
        return (self._fed - self._decoded) / _SECOND_BYTES

    def wants(self) -> tuple[Urgency, float] | None:
        """Give how urgent its next piece of work is, and since when."""
        if self._over:
            return None
        if not self._finishing and self._fed - self._decoded < _PIECE_BYTES:
            return None
        return (Urgency.FINAL if self._live else Urgency.LATER), self._fed_at - self.behind

    def work(self) -> None:
        """Decode the next piece, and tell what has changed by it."""
        with self._threads.lock:
            pcm = bytes(self._waiting[:_PIECE_BYTES])
            del self._waiting[:_PIECE_BYTES]
            last = self._finishing and not self._waiting
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        self._voiced += bytes(self._is_voice(pcm[at : at + FRAME_BYTES]) for at in range(0, whole, FRAME_BYTES))
        ended = bool(pcm) and self._kaldi.AcceptWaveform(pcm) == 1
        with self._threads.lock:
            self._decoded += len(pcm)
        if ended:
            self._tell_final(self._kaldi.Result())
        elif not last and self._live:
            self._tell_partial(self._kaldi.PartialResult())
        if last:
            self._tell_final(self._kaldi.FinalResult())
            self._end()

    def _tell_partial(self, result: str) -> None:
        found = json.loads(result)
        words = found.get("partial_result", [])
        text = told(found.get("partial", ""))
        if text and text != self._shown and self._is_spoken(words):
            self._shown = text
            self._tell(text, words, final=False)

    def _tell_final(self, result: str) -> None:
        found = json.loads(result)
        words = found.get("result", [])
        text = told(found.get("text", "")) if self._is_spoken(words) else ""
        if text or self._shown:
            self._tell(text, words, final=True)
            self._number += 1
            self._shown = ""
        self._told = self._decoded

    def _is_spoken(self, words: list[dict[str, Any]]) -> bool:
        """Whether there was a voice where it heard words: tones and loud noise make it invent some."""
        if not words:
            return False
        first, behind = int(words[0]["start"] / FRAME_SECONDS), int(words[-1]["end"] / FRAME_SECONDS) + 1
        return sum(self._voiced[first:behind]) >= max(LEAST_VOICED, _LEAST_SHARE * (behind - first))

    def _tell(self, text: str, words: list[dict[str, Any]], *, final: bool) -> None:
        at = self._decoded / _SECOND_BYTES
        sure = [word["conf"] for word in words if "conf" in word]
        heard = Heard(
            number=self._number,
            start=max(0.0, words[0]["start"] if words else self.settled),
            end=min(at, words[-1]["end"]) if words else at,
            text=text,
            confidence=min(1.0, sum(sure) / len(sure)) if text and sure else None,
            final=final,
        )
        with self._telling:
            if not self._over:
                self._on_heard(heard)

    def _end(self) -> None:
        with self._telling:
            if self._over:
                return
            self._over = True
            self._threads.remove(self)
            self._on_finished()


def load(name: str, model: Path, *, threads: int = 1) -> VoskRecogniser:
    """Load a model from its folder; blocks for some seconds.

    `threads` streams are decoded at the same time, each on one core. Raises UnavailableError: it cannot be loaded.
    """
    vosk.SetLogLevel(-1)
    try:
        with repeatable(model) as copy:
            loaded = vosk.Model(str(copy))
    except Exception as error:  # the library knows no other for a model it cannot read
        raise UnavailableError(f"the vosk model in {model} cannot be loaded ({error})") from error
    return VoskRecogniser(name, loaded, threads=threads)


@contextlib.contextmanager
def repeatable(model: Path) -> Iterator[Path]:
    """Give a copy of a model that hears the same in the same sound: as shipped, random noise is added to it first.

    Links for all but one small file; gone afterwards, the model is then in memory.
    """
    with tempfile.TemporaryDirectory(prefix="callcenter-model-") as folder:
        copy = Path(folder) / model.name
        copy.mkdir()
        for entry in model.iterdir():
            if entry.name != _FEATURES.parent.name:
                (copy / entry.name).symlink_to(entry.resolve())
        (copy / _FEATURES.parent).mkdir()
        for entry in (model / _FEATURES.parent).iterdir():
            if entry.name != _FEATURES.name:
                (copy / _FEATURES.parent / entry.name).symlink_to(entry.resolve())
        lines = (model / _FEATURES).read_text(encoding="utf-8").splitlines()
        lines = [line for line in lines if not line.strip().startswith("--dither")]
        (copy / _FEATURES).write_text("\n".join([*lines, "--dither=0", ""]), encoding="utf-8")
        yield copy
