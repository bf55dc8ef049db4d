"""The voice detector: whether 20 ms of telephone sound are a voice. WebRTC's, which knows 8 kHz."""

from collections.abc import Callable

import webrtcvad

from callcenter.speech.resample import TELEPHONE_RATE

_STRICTEST = 3  # of its four modes: the others take noise on the line for a voice


def detector() -> Callable[[bytes], bool]:
    """Make one for a stream; it is given each frame of 320 bytes once, in order."""
    vad = webrtcvad.Vad(_STRICTEST)
    return lambda frame: bool(vad.is_speech(frame, TELEPHONE_RATE))
