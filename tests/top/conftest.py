"""A command as somebody gives it at the shell, in a home of the test."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from callcenter.cli import main


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


@pytest.fixture
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CALLCENTER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Said]:
    """Give a command in a home of the test."""

    def command(*words: str, home: bool = True) -> Said:
        code = main([*words, *(["--home", str(tmp_path)] if home else [])])
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return command
