"""The file that names the webhooks: what is taken, and how each mistake is told without repeating a secret."""

from pathlib import Path

import pytest

from callcenter.webhook_list import WebhookListError, load_webhooks

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
GOOD = f"""
[[webhook]]
id = "city"
url = "https://events.city.example/hook?token=hush-hush"
secret = "{SECRET}"
kinds = ["call.ended", "alarm."]

[[webhook]]
id = "board"
url = "http://127.0.0.1:9000/"
secret = "{SECRET}"
private = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "webhooks.toml"
    path.touch(mode=0o600)
    return path


def mistakes(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with pytest.raises(WebhookListError) as error:
        load_webhooks(file)
    assert "hush" not in str(error.value)
    assert SECRET[6:20] not in str(error.value)
    return [line.removeprefix(f"{file}: ") for line in error.value.lines]


def test_what_is_written_is_taken(file: Path) -> None:
    file.write_text(GOOD)

    city, board = load_webhooks(file)

    assert (city.id, city.kinds, city.private, city.shown) == (
        "city",
        ("call.ended", "alarm."),
        False,
        "https://events.city.example",
    )
    assert (board.id, board.kinds, board.private, board.secret) == ("board", (), True, bytes(range(32)))
    assert "hush" not in f"{city!r}"
    assert load_webhooks(None) == ()


def test_every_mistake_is_told_and_no_secret_repeated(file: Path) -> None:
    found = mistakes(
        file,
        GOOD.replace('"city"', '"mqtt"').replace("call.ended", "call.endet").replace(SECRET, "hush", 1)
        + '[[webhook]]\nid = "board"\nurl = "http://city.example/hush"\nsecret = 3\ncolour = "red"\nprivate = 1\n',
    )

    for line in found:
        print(line)
    assert [line.partition(" ")[2].split(" ")[0] for line in found] == ["1:"] * 3 + ["3:"] * 5
    assert [line.split("`")[1] for line in found] == [
        "id",
        "kinds",
        "secret",
        "colour",
        "id",
        "private",
        "url",
        "secret",
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('secret = "hush\n', "is not TOML near line 1"),
        ('[other]\nsecret = "hush"\n', "holds something else than [[webhook]] tables"),
        ("webhook = [3]\n", "webhook 1: is no table; begin it with [[webhook]]"),
    ],
)
def test_a_file_that_is_something_else_is_refused(file: Path, text: str, wrong: str) -> None:
    assert mistakes(file, text) == [wrong]


def test_a_file_that_others_may_read_or_that_is_not_there_is_refused(file: Path) -> None:
    file.chmod(0o640)
    assert mistakes(file, GOOD) == ["others may read it, and it holds secrets; chmod 600 it"]
    file.unlink()
    with pytest.raises(WebhookListError, match="cannot be read: no such file"):
        load_webhooks(file)
