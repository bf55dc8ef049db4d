"""Reading what the hotline recorded."""

import io
import sys
import wave
from array import array


def read_recording(data: bytes) -> tuple["array[int]", "array[int]"]:
    """Give the two sides of a stereo WAV at 8 kHz: left the caller, right the hotline's side."""
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        samples = array("h")
        samples.frombytes(file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples[0::2], samples[1::2]
