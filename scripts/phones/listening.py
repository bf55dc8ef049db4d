"""Waiting for what the other side lets be heard."""

import asyncio
import time
from collections.abc import Callable, Sequence

from scripts.phones.hearing import HEARS, HEARS_NOT, Heard, Timeline, Window
from scripts.phones.line import Line
from scripts.phones.outcome import CallEndedError
from scripts.phones.rtp import Packet
from scripts.phones.sound import FRAME_SECONDS, SENT_AMPLITUDE
from scripts.phones.tones import PIECE_SAMPLES, amplitude_of, loudness_of
from scripts.phones.waiting import eventually

_SHORTEST = 0.12  # seconds; one whole piece, even where a packet falls outside
_ON_ITS_WAY = 0.04  # seconds; what was sent by then has arrived


class Listening:
    """The listening half of a call; times are monotonic seconds."""

    __slots__ = ()

    line: Line
    _ended: asyncio.Event

    @property
    def name(self) -> str:
        """Whose ear it is."""
        raise NotImplementedError

    @property
    def heard(self) -> Heard:
        """What has been heard up to now."""
        return Heard(packets=tuple(self.line.packets))

    async def hears_tone(self, hz: int, *, within: float, lasting: float = 0.3) -> float:
        """Wait until a tone has been heard without a break; gives when it began."""
        return await self._until_heard(
            lambda samples: all(amplitude_of(hz, piece) >= HEARS * SENT_AMPLITUDE for piece in _pieces(samples)),
            within=within,
            lasting=lasting,
            what=f"did not hear {hz} Hz",
        )

    async def hears_no_tone(self, hz: int, *, within: float, lasting: float = 0.5) -> float:
        """Wait until a tone has been away for a while; gives when it went."""
        return await self._until_heard(
            lambda samples: all(amplitude_of(hz, piece) < HEARS_NOT * SENT_AMPLITUDE for piece in _pieces(samples)),
            within=within,
            lasting=lasting,
            what=f"went on hearing {hz} Hz",
        )

    async def hears_sound(self, *, within: float, lasting: float = 0.3, louder_than: float = 300.0) -> float:
        """Wait until there is any sound: words, music, a tone; `louder_than` as root mean square."""
        return await self._until_heard(
            lambda samples: loudness_of(samples) > louder_than, within=within, lasting=lasting, what="heard nothing"
        )

    async def hears_silence(self, *, within: float, lasting: float = 0.5, quieter_than: float = 100.0) -> float:
        """Wait until packets come that hold nothing."""
        return await self._until_heard(
            lambda samples: loudness_of(samples) < quieter_than,
            within=within,
            lasting=lasting,
            what="did not hear silence",
            needs_packets=True,
        )

    async def hears_keys(self, keys: str, *, within: float) -> str:
        """Wait until the other side has pressed as many keys (RFC 4733); gives what was pressed."""

        def pressed() -> str | None:
            heard = self.heard.keys()
            if len(heard) < len(keys):
                self._fail_when_over(f"got the keys {heard!r}, not {keys!r}")
                return None
            return heard

        return await eventually(pressed, within=within, what=f"{self.name}: did not get the keys {keys}")

    async def _until_heard(
        self,
        judge: Callable[[Sequence[int]], bool],
        *,
        within: float,
        lasting: float,
        what: str,
        needs_packets: bool = False,
    ) -> float:
        if lasting < _SHORTEST:
            raise ValueError(f"nothing can be said of less than {_SHORTEST} s")
        began = time.monotonic()

        def look() -> float | None:
            end = time.monotonic() - _ON_ITS_WAY
            start = end - lasting
            if start < began - lasting:
                return None
            packets = _latest(self.line.packets, since=start)
            sound = Heard(packets=packets).arrived
            enough = len(sound.packets) * FRAME_SECONDS >= lasting / 2
            if (enough or not needs_packets) and judge(sound.samples((start, end))):
                return start
            self._fail_when_over(what)
            return None

        return await eventually(look, within=within, what=lambda: f"{self.name}: {what}{self._impression()}")

    def _fail_when_over(self, what: str) -> None:
        if self._ended.is_set():
            raise CallEndedError(f"{self.name}: {what}: the call ended before")

    def _impression(self) -> str:
        """Say what there was instead, for whoever reads the failed test."""
        now = time.monotonic()
        packets = _latest(self.line.packets, since=now - 1.0)
        sound: Timeline = Heard(packets=packets).arrived
        window: Window = (now - 1.0, now)
        return f" (in the last second {len(packets)} packets, loudness {sound.loudness(between=window):.0f})"


def _latest(packets: list[Packet], *, since: float) -> list[Packet]:
    """Give the newest packets without looking at all of a long call."""
    found: list[Packet] = []
    for packet in reversed(packets):
        if packet.arrived < since - _ON_ITS_WAY:
            break
        found.append(packet)
    found.reverse()
    return found


def _pieces(samples: Sequence[int]) -> list[Sequence[int]]:
    """Cut into whole pieces of 100 ms: what is true of each of them was true without a break."""
    return [samples[at : at + PIECE_SAMPLES] for at in range(0, len(samples) - PIECE_SAMPLES + 1, PIECE_SAMPLES)]
