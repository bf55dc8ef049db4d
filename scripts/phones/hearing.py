"""What a phone heard, judged after the fact: tones, breaks in the stream, key presses.

Sound is judged twice: as the packets arrived, and as a strict phone would play them, by RTP timestamp. Where the two
differ, packets came but a real phone stays deaf.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

from scripts.phones.g711 import CODECS
from scripts.phones.rtp import Packet, read_key_press
from scripts.phones.sound import FRAME_SAMPLES, SENT_AMPLITUDE
from scripts.phones.tones import SAMPLE_RATE, amplitude_of, loudness_of
from scripts.phones.wav import write_wav

HEARS = 0.5
"""A tone with at least this part of the amplitude it was sent with is heard."""
HEARS_NOT = 0.1
"""With less than this part it is not heard; in between nothing can be said."""

Window = tuple[float, float]
"""From and to, in seconds on the monotonic clock."""

STRICT_DELAY = 0.06
"""Seconds that the first packet waits, as in a small jitter buffer."""
_STRICT_EARLY = 0.34  # what comes so much before its time is thrown away
_HALF = 1 << 31
_WHOLE = 1 << 32


class UnclearError(AssertionError):
    """A tone was neither heard nor not heard in a window, most often because it changed in it."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Pieces of sound with the moment of each, in order."""

    moments: tuple[float, ...]
    packets: tuple[Packet, ...]

    def samples(self, between: Window) -> "array[int]":
        """Give what was there between two moments, holes filled up with silence at the end."""
        first, last = (bisect_left(self.moments, moment) for moment in between)
        found = _decoded(self.packets[first:last])
        missing = round((between[1] - between[0]) * SAMPLE_RATE) - len(found)
        # A packet more or less falls into a window by chance; a hole counts as silence.
        if missing >= FRAME_SAMPLES:
            found.extend([0] * missing)
        return found

    def amplitude(self, hz: int, *, between: Window) -> float:
        """Give how loud a tone was, as a part of what phones send it with: 1.0 is all of it."""
        return amplitude_of(hz, self.samples(between)) / SENT_AMPLITUDE

    def loudness(self, *, between: Window) -> float:
        """Give how loud it was on the whole: root mean square, 0 to 32767."""
        return loudness_of(self.samples(between))

    def hears(self, hz: int, *, between: Window) -> bool:
        """Tell whether a tone was there all the time (True) or never (False); raises UnclearError."""
        amplitude = self.amplitude(hz, between=between)
        if HEARS_NOT <= amplitude < HEARS:
            raise UnclearError(f"{hz} Hz at {amplitude:.2f} of what was sent: neither heard nor not heard")
        return amplitude >= HEARS

    def tones(self, cast: Collection[int], *, between: Window) -> set[int]:
        """Give which tones of a cast were heard."""
        return {hz for hz in cast if self.hears(hz, between=between)}

    def write_wav(self, path: Path) -> None:
        """Write all of it, each piece at its moment, 8 kHz."""
        whole = array("h")
        for moment, packet in zip(self.moments, self.packets, strict=True):
            start = round((moment - self.moments[0]) * SAMPLE_RATE)
            # Packets come a little early or late; only a real hole is filled up.
            if start - len(whole) > 2 * FRAME_SAMPLES:
                whole.extend([0] * (start - len(whole)))
            whole.extend(_decoded([packet]))
        write_wav(path, whole)


class Break(StrEnum):
    """A way in which a packet does not follow the one before."""

    SSRC = "ssrc"
    SEQUENCE = "sequence"
    TIMESTAMP = "timestamp"
    MARKER = "marker"
    PAUSE = "pause"


_DEAFENING = {Break.SSRC, Break.SEQUENCE, Break.TIMESTAMP}


@dataclass(frozen=True, slots=True)
class Jump:
    """One break; `step` is from the packet before (SSRC: the new one; pause: milliseconds)."""

    kind: Break
    at: float
    step: int


@dataclass(frozen=True, slots=True)
class Heard:
    """All packets that one call brought."""

    packets: Sequence[Packet]

    @property
    def sounds(self) -> list[Packet]:
        """Those that hold sound."""
        return [packet for packet in self.packets if packet.payload_type in CODECS]

    @property
    def arrived(self) -> Timeline:
        """Sound at the moments it arrived."""
        sounds = sorted(self.sounds, key=lambda packet: packet.arrived)
        return Timeline(moments=tuple(packet.arrived for packet in sounds), packets=tuple(sounds))

    def strict(self, *, new_ssrc_restarts: bool = False, delay: float = STRICT_DELAY) -> Timeline:
        """Sound at the moments a strict phone plays it; what is late or 340 ms too early is not played.

        `new_ssrc_restarts` for a phone that begins anew with each SSRC; others count on from the first packet. `delay`
        is how long, in seconds, the first packet waits: what comes so much later than its time is still played.
        """
        played: list[tuple[float, Packet]] = []
        base: Packet | None = None
        for packet in sorted(self.sounds, key=lambda packet: packet.arrived):
            if base is None or (new_ssrc_restarts and packet.ssrc != base.ssrc):
                base = packet
            steps = signed_steps(packet.timestamp - base.timestamp)
            moment = base.arrived + delay + steps / SAMPLE_RATE
            if 0 <= moment - packet.arrived <= delay + _STRICT_EARLY:
                played.append((moment, packet))
        played.sort(key=lambda piece: piece[0])
        return Timeline(moments=tuple(at for at, _ in played), packets=tuple(packet for _, packet in played))

    def hears(self, hz: int, *, between: Window) -> bool:
        """Tell whether a tone arrived in a window all the time (True) or never (False); raises UnclearError."""
        return self.arrived.hears(hz, between=between)

    def deaf_to(self, hz: int, *, between: Window) -> bool:
        """Tell whether a tone arrived that a strict phone did not play, with SSRC restarts or without."""
        if not self.hears(hz, between=between):
            return False
        return not all(
            self.strict(new_ssrc_restarts=restarts).amplitude(hz, between=between) >= HEARS
            for restarts in (False, True)
        )

    def jumps(self, *, pause: float = 0.06) -> list[Jump]:
        """List every break in the stream; `pause` seconds without a packet are one."""
        found: list[Jump] = []
        for before, packet in pairwise(self.sounds):
            at = packet.arrived
            step = signed_steps(packet.timestamp - before.timestamp)
            sequence = (packet.sequence - before.sequence + 0x8000) % 0x10000 - 0x8000
            if packet.ssrc != before.ssrc:
                found.append(Jump(kind=Break.SSRC, at=at, step=packet.ssrc))
            if sequence != 1:
                found.append(Jump(kind=Break.SEQUENCE, at=at, step=sequence))
            if step != len(before.payload):
                found.append(Jump(kind=Break.TIMESTAMP, at=at, step=step))
            if packet.marker:
                found.append(Jump(kind=Break.MARKER, at=at, step=1))
            if at - before.arrived >= pause:
                found.append(Jump(kind=Break.PAUSE, at=at, step=round((at - before.arrived) * 1000)))
        return found

    def deafening(self, *, since: float) -> list[Jump]:
        """List the breaks after which a strict phone may stay deaf, from a moment on.

        Timestamps that skipped just as long as nothing came are none: the phone is silent for that long and plays on.
        """
        found = [jump for jump in self.jumps() if jump.at > since and jump.kind in _DEAFENING]
        pauses = {jump.at: jump.step / 1000 for jump in self.jumps() if jump.kind is Break.PAUSE}
        return [
            jump
            for jump in found
            if jump.kind is not Break.TIMESTAMP
            or abs(jump.step / SAMPLE_RATE - pauses.get(jump.at, 0.0)) > STRICT_DELAY
        ]

    def keys(self) -> str:
        """Give the keys that the other side pressed (RFC 4733), in order."""
        pressed: dict[tuple[int, int], str] = {}
        for packet in self.packets:
            if packet.payload_type not in CODECS and (key := read_key_press(packet.payload)) is not None:
                pressed.setdefault((packet.ssrc, packet.timestamp), key)
        return "".join(pressed.values())

    def begins(self, hz: int, *, after: float = 0.0) -> float | None:
        """Give the arrival of the first packet that holds a tone, from a moment on; None when there is none."""
        for packet in self.arrived.packets:
            if packet.arrived >= after and amplitude_of(hz, _decoded([packet])) >= HEARS * SENT_AMPLITUDE:
                return packet.arrived
        return None


def _decoded(packets: Sequence[Packet]) -> "array[int]":
    samples = array("h")
    for packet in packets:
        samples.extend(CODECS[packet.payload_type].decode(packet.payload))
    return samples


def signed_steps(step: int) -> int:
    """Give a step of a 32-bit counter the short way round."""
    return (step + _HALF) % _WHOLE - _HALF
