"""Which model is used, and what helps where there is none; and what the list of those to be had says of each."""

import subprocess
import sys
from pathlib import Path

import pytest

from callcenter.domain.errors import UnavailableError
from callcenter.speech.engines import choose
from callcenter.speech.models import MODELS, Download, Engine, Packaged, find_model, known


def put(models: Path, name: str, engine: Engine) -> Path:
    """Put what looks like a model into a folder."""
    files = {
        Engine.VOSK: ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf"),
        Engine.WHISPER: ("model.bin", "config.json", "tokenizer.json"),
    }
    for file in files[engine]:
        (models / name / file).parent.mkdir(parents=True, exist_ok=True)
        (models / name / file).touch()
    return models / name


@pytest.fixture
def all_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callcenter.speech.engines.find_spec", lambda name: name)


@pytest.mark.usefixtures("all_packages")
def test_auto_is_off_where_nothing_is_there_and_takes_what_is(tmp_path: Path) -> None:
    assert choose("auto", None, tmp_path) is None
    assert choose("off", None, tmp_path) is None

    whisper = put(tmp_path, "whisper-base", Engine.WHISPER)
    chosen = choose("auto", None, tmp_path)
    assert chosen is not None
    assert (chosen.engine, chosen.model) == (Engine.WHISPER, whisper)

    vosk = put(tmp_path, "vosk-model-small-cn-0.22", Engine.VOSK)
    chosen = choose("auto", None, tmp_path)
    assert chosen is not None
    assert (chosen.engine, chosen.model) == (Engine.VOSK, vosk)


@pytest.mark.usefixtures("all_packages")
def test_a_model_on_disk_is_used_from_where_it_is(tmp_path: Path) -> None:
    mine = put(tmp_path / "elsewhere", "of-our-own", Engine.VOSK)

    for engine in ("auto", "vosk"):
        chosen = choose(engine, str(mine), tmp_path / "models")
        assert chosen is not None
        assert (chosen.engine, chosen.model) == (Engine.VOSK, mine)
    with pytest.raises(UnavailableError, match="is one for vosk, not for whisper"):
        choose("whisper", str(mine), tmp_path / "models")


@pytest.mark.usefixtures("all_packages")
@pytest.mark.parametrize(
    ("engine", "model", "told"),
    [
        ("vosk", None, "no model for vosk; fetch one: callcenter speech fetch vosk-model-small-cn-0.22"),
        ("whisper", None, "no model for whisper; fetch one: callcenter speech fetch whisper-base"),
        ("auto", "whisper-base", "no model whisper-base; fetch it: callcenter speech fetch whisper-base"),
        ("auto", "whisper-bass", "no model whisper-bass; name a folder, or fetch one: callcenter speech fetch"),
        ("vosk", "/srv/models/none", "no model /srv/models/none; name the folder that holds one, or fetch one"),
        ("kaldi", None, "no speech engine 'kaldi'; there are vosk, whisper"),
    ],
)
def test_what_is_missing_is_told_with_the_command_that_helps(
    tmp_path: Path, engine: str, model: str | None, told: str
) -> None:
    with pytest.raises(UnavailableError) as refusal:
        choose(engine, model, tmp_path)

    assert told in str(refusal.value)


def test_missing_packages_are_told_with_the_command_that_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "vosk-model-cn-0.22", Engine.VOSK)
    monkeypatch.setattr("callcenter.speech.engines.find_spec", lambda name: None if name == "vosk" else name)

    assert choose("auto", None, tmp_path) is None
    with pytest.raises(UnavailableError, match=r"\(vosk\).*scripts/callcenter speech fetch vosk-model-cn-0.22"):
        choose("vosk", None, tmp_path)


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "whisper-base").mkdir()

    with pytest.raises(UnavailableError, match="holds no model of vosk or whisper"):
        find_model("whisper-base", tmp_path)


def test_every_model_of_the_list_can_be_found_again_and_says_where_it_is_from() -> None:
    assert [known(model.name) for model in MODELS] == list(MODELS)
    for model in MODELS:
        match model.source:
            case Download(url=url):
                assert url == f"https://alphacephei.com/vosk/models/{model.name}.zip"
            case Packaged(pieces=pieces):
                assert all(len(piece.sha256) == 64 for piece in pieces)
        assert model.licence in ("Apache-2.0", "MIT")


def test_the_list_and_the_choice_need_no_engine_and_no_numpy() -> None:
    heavy = ("numpy", "vosk", "ctranslate2", "faster_whisper", "webrtcvad")
    code = f"import sys, callcenter.cli.speech; print([name for name in {heavy} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=30).stdout

    assert loaded.strip() == "[]"
