"""Which recogniser is used, and loading it. The engines' own modules are loaded only with a model."""

import os
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from callcenter.domain.errors import UnavailableError
from callcenter.speech.models import MODELS, Engine, engine_of, fetch_command, find_model
from callcenter.speech.recogniser import Recogniser

_PACKAGES = {
    Engine.VOSK: ("vosk", "webrtcvad"),
    Engine.WHISPER: ("ctranslate2", "faster_whisper", "numpy", "opencc", "webrtcvad"),
}
_MODULES = {
    Engine.VOSK: "callcenter.speech.vosk_engine",
    Engine.WHISPER: "callcenter.speech.whisper_engine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An engine with a model that is on disk."""

    engine: Engine
    model: Path


def choose(engine: str, model: str | None, models: Path) -> Choice | None:
    """Find what recognises speech: `engine` is a name, `auto` or `off`, `model` a name, a folder, or None for any.

    `models` is the folder that fetched ones lie in. None: off, or auto and nothing is there. Looks at files only.
    Raises UnavailableError: what was asked for is not there; the message holds the command that helps.
    """
    if engine == "off":
        return None
    wanted = [one for one in Engine if engine in ("auto", one)]
    if not wanted:
        raise UnavailableError(f"there is no speech engine '{engine}'; there are {', '.join(Engine)}")
    if model is not None:
        folder = find_model(model, models)
        fits = engine_of(folder)
        assert fits is not None
        if fits not in wanted:
            raise UnavailableError(f"the model in {folder} is one for {fits}, not for {engine}")
        return _with_packages(Choice(engine=fits, model=folder))
    there = [
        Choice(engine=one.engine, model=models / one.name)
        for one in MODELS
        if one.engine in wanted and engine_of(models / one.name) is one.engine
    ]
    if engine == "auto":
        return next((choice for choice in there if not missing_packages(choice.engine)), None)
    if not there:
        first = next(one for one in MODELS if one.engine == engine)
        raise UnavailableError(f"there is no model for {engine}; fetch one: {fetch_command(first.name)}")
    return _with_packages(there[0])


def missing_packages(engine: Engine) -> list[str]:
    """Name the engine's Python packages that are not installed."""
    return [package for package in _PACKAGES[engine] if find_spec(package) is None]


def load(engine: str, model: str | Path, *, threads: int = 1) -> Recogniser:
    """Load a recogniser; blocks for seconds. In a process of its own, never in the controller.

    `threads` pieces are decoded at the same time, each on one core.
    Raises UnavailableError: packages or model are not there, or cannot be used.
    """
    folder = Path(model).absolute()
    choice = _with_packages(Choice(engine=Engine(engine), model=find_model(str(folder), folder.parent)))
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a library of whisper's would ask the network for what it misses
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for each thread, as they are counted
    loaded: Recogniser = import_module(_MODULES[choice.engine]).load(folder.name, folder, threads=threads)
    return loaded


def _with_packages(choice: Choice) -> Choice:
    if missing := missing_packages(choice.engine):
        packages = ", ".join(missing)
        raise UnavailableError(
            f"{choice.engine} needs Python packages that are not installed ({packages});"
            f" they come with the model: scripts/{fetch_command(choice.model.name)}"
        )
    return choice
