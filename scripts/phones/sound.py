"""What a phone says into its line: a tone, speech from a file, or silence."""

from array import array
from dataclasses import dataclass, field
from pathlib import Path

from scripts.phones.g711 import Codec
from scripts.phones.tones import SAMPLE_RATE, tone
from scripts.phones.wav import read_speech

FRAME_SAMPLES = 160
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE
"""One packet: 20 ms."""

SENT_AMPLITUDE = 8000
"""Of 32767: three tones in one bridge still fit together without being cut off."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples at 8 kHz, said once or again and again."""

    samples: "array[int]" = field(repr=False)
    repeats: bool = False

    @classmethod
    def tone(cls, hz: int) -> "Sound":
        """Say one tone without pause; whole Hz."""
        return cls(samples=tone(hz, amplitude=SENT_AMPLITUDE), repeats=True)

    @classmethod
    def speech(cls, path: Path) -> "Sound":
        """Say the words of a WAV file (8 kHz, one channel) once; silence follows."""
        return cls(samples=read_speech(path))

    @classmethod
    def silence(cls) -> "Sound":
        """Send packets that hold nothing."""
        return cls(samples=array("h", bytes(2 * FRAME_SAMPLES)), repeats=True)

    @property
    def seconds(self) -> float:
        """How long it lasts when said once."""
        return len(self.samples) / SAMPLE_RATE

    def payloads(self, codec: Codec) -> list[bytes]:
        """Give the payloads of its packets, the last one filled up with silence."""
        encoded = codec.encode(self.samples)
        encoded += codec.encode([0]) * (-len(encoded) % FRAME_SAMPLES)
        return [encoded[at : at + FRAME_SAMPLES] for at in range(0, len(encoded), FRAME_SAMPLES)]
