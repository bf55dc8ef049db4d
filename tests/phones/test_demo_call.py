"""The demonstration says in one line why it cannot begin. That it works is a scenario's business."""

import json
from pathlib import Path

import pytest

from scripts import demo_call
from scripts.phones.wav import read_speech

DEMO = {
    "hotline": "12345",
    "sip": "127.0.0.1:9",
    "http": "http://127.0.0.1:9",
    "ami": "127.0.0.1:9",
    "trunk": "127.0.0.1:9",
    "api_token": "t",
    "seats": [{"extension": "8001", "sip_password": "p", "operator": "张三"}],
    "units": [],
}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "start the hotline first"),
        ("{", "damaged"),
        (json.dumps({**DEMO, "seats": [{}]}), "damaged"),
        (json.dumps(DEMO), "no hotline answers at http://127.0.0.1:9"),
    ],
    ids=["no home", "no json", "no seats", "not running"],
)
def test_without_a_hotline_it_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str | None, said: str
) -> None:
    if written is not None:
        (tmp_path / "demo.json").write_text(written, "utf-8")

    code = demo_call.main(["--home", str(tmp_path)])

    shown = capsys.readouterr()
    assert code == 1
    assert said in shown.err
    assert len(shown.err.strip().splitlines()) == 1


def test_every_sentence_of_the_talk_has_its_sound() -> None:
    folder = Path(demo_call.__file__).parent / "demo_audio"

    for words in demo_call.TALK:
        assert 2.0 < len(read_speech(folder / f"{words.file}.wav")) / 8000 < 6.0
        assert words.chinese in (folder / "README.md").read_text("utf-8")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000
