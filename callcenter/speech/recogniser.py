"""The recogniser port: sound of one party in, what was heard out. The engines behind it are chosen in `engines`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one person said without a longer pause, as far as it is known."""

    number: int
    """Counts the utterances of a stream from 0, rising; the partials of an utterance and its final share it."""
    start: float
    end: float
    """Seconds since the stream's first sample, `start` <= `end`."""
    text: str
    """Simplified characters, no spaces between Chinese words. Empty in a final: nothing was said after all, so a
    partial with this number is withdrawn."""
    confidence: float | None
    """0 to 1; None where the engine gives none."""
    final: bool


class Stream(Protocol):
    """One party's voice, 8 kHz 16-bit little-endian mono. All of it is called from one thread, which never waits."""

    def feed(self, pcm: bytes) -> None:
        """Take the next sound, any length; it is decoded elsewhere."""

    def finish(self) -> None:
        """Say that no more sound comes: what is open is closed and told, then `on_finished` is called."""

    def abandon(self) -> None:
        """Forget the stream: nothing more is decoded or told, also not `on_finished`."""

    @property
    def settled(self) -> float:
        """Everything said before this second of the stream has been told for good."""

    @property
    def behind(self) -> float:
        """Seconds of sound that wait for the engine: fed and not settled, beyond an open utterance and its pause."""


class Recogniser(Protocol):
    """One loaded model, shared by all streams of a process."""

    @property
    def name(self) -> str:
        """The model's name, for people."""

    def stream(
        self, on_heard: Callable[[Heard], None], *, on_finished: Callable[[], None], live: bool = True
    ) -> Stream:
        """Begin to hear one party. A stream that is not `live` is decoded only when no live one wants to be.

        The callbacks come from a thread of the recogniser, one at a time for each stream; they must not wait.
        """

    def close(self) -> None:
        """End all streams without a further word, then let the model go. No callback comes after it has returned."""
