"""The `whisper` engine: faster-whisper, one utterance at a time in a window of its own length.

Whisper was made for 30 s of sound; a short window is decoded three times as fast and as well. It invents text where
nobody speaks, so it is given only what the voice detector takes for one, and what it is not sure of is dropped.
"""

from math import exp
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import opencc
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

from callcenter.domain.errors import UnavailableError
from callcenter.speech.by_turns import Decoded, TurnRecogniser
from callcenter.speech.detector import detector
from callcenter.speech.resample import TELEPHONE_RATE, polyphase
from callcenter.speech.spelling import is_invented, told

_PROMPT = "以下是普通话的句子。"
"""Makes it write simplified Chinese, mostly."""
_LEAST_LOGPROB = -1.5  # mean over a text's tokens: speech lies above -1.05; silence, noise and tones under -2.1
_LEAST_PARTIAL_LOGPROB = -2.0  # a sentence cut short is less likely, and its final text corrects what was wrong
_TOKENS_PER_SECOND = 7  # nobody speaks faster; more is a loop
_TOKENS_BESIDES = 10
_FEATURES_PER_SECOND = 100
_MOST_WINDOW = 3000
_LEAST_WINDOW = 1000
_BESIDES = 300  # features of silence behind the utterance
_LEAST_PARTIAL_WINDOW = 400
_PARTIAL_BESIDES = 150
_BEAM = 5
_WHISPER_RATE = 16_000
_FULL = 32768.0
_HALF, _TAPS = polyphase(TELEPHONE_RATE, _WHISPER_RATE)


class WhisperDecoder:
    """Decodes single utterances with one model, also by several threads at once."""

    def __init__(self, model: Any) -> None:
        """Wrap a `faster_whisper.WhisperModel`."""
        self._model = model
        self._tokenizer = Tokenizer(model.hf_tokenizer, multilingual=True, task="transcribe", language="zh")
        self._prompt = model.get_prompt(self._tokenizer, self._tokenizer.encode(_PROMPT), without_timestamps=True)
        self._simplified = opencc.OpenCC("t2s")

    def __call__(self, pcm: bytes, *, final: bool) -> Decoded:
        """Decode 8 kHz 16-bit sound, at most 27 s; partials with a narrower search and a shorter window."""
        sound = doubled(np.frombuffer(pcm, dtype="<i2"))
        seconds = len(pcm) / 2 / TELEPHONE_RATE
        features = self._model.feature_extractor(sound, padding=0)
        least, besides = (_LEAST_WINDOW, _BESIDES) if final else (_LEAST_PARTIAL_WINDOW, _PARTIAL_BESIDES)
        window = min(_MOST_WINDOW, max(least, int(seconds * _FEATURES_PER_SECOND) + besides))
        features = features[:, :window]
        silence = ((0, 0), (0, window - features.shape[1]))
        features = np.pad(features, silence, constant_values=features.min())
        encoded = self._model.model.encode(ctranslate2.StorageView.from_array(features[None].astype(np.float32)))
        result = self._model.model.generate(
            encoded,
            [self._prompt],
            beam_size=_BEAM if final else 1,
            max_length=len(self._prompt) + int(seconds * _TOKENS_PER_SECOND) + _TOKENS_BESIDES,
            return_scores=True,
        )[0]
        logprob = float(result.scores[0])
        if logprob < (_LEAST_LOGPROB if final else _LEAST_PARTIAL_LOGPROB):
            return Decoded("", None)
        text = told(self._simplified.convert(self._tokenizer.decode(result.sequences_ids[0])))
        if is_invented(text, _PROMPT):
            return Decoded("", None)
        return Decoded(text, min(1.0, exp(logprob)))


def load(name: str, model: Path, *, threads: int = 1) -> TurnRecogniser:
    """Load a model in CTranslate2's form from a folder; blocks for a second or two.

    `threads` utterances are decoded at the same time, each on one core. Raises UnavailableError: it cannot be loaded.
    """
    try:
        loaded = WhisperModel(
            str(model), device="cpu", compute_type="int8", cpu_threads=1, num_workers=threads, local_files_only=True
        )
        decoder = WhisperDecoder(loaded)
        decoder(bytes(2 * TELEPHONE_RATE), final=True)  # the first is slow; what cannot decode is found now
    except (RuntimeError, ValueError, OSError) as error:
        raise UnavailableError(f"the whisper model in {model} cannot be loaded ({error})") from error
    return TurnRecogniser(name, decoder, detector=detector, threads=threads)


def doubled(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Give 8 kHz sound at 16 kHz, from -1 to 1, by a filter that leaves no mirror of it above 4 kHz."""
    sound = samples.astype(np.float32) / _FULL
    padded = np.pad(sound, (_HALF - 1, _HALF))
    spread = np.empty(2 * len(sound), dtype=np.float32)
    for place, taps in enumerate(_TAPS):
        spread[place::2] = np.correlate(padded, np.asarray(taps, dtype=np.float32), mode="valid")
    return spread
