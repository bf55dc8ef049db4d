"""Ctrl-C in the second in which the program is still being loaded."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
LIMIT_SECONDS = 20.0
SLOW = "import pathlib, time\npathlib.Path({!r}).touch()\ntime.sleep(60)\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("command", "code"), [(["run"], 0), (["calls", "list"], None)])
def test_it_ends_at_once_and_without_a_traceback(
    tmp_path: Path, number: signal.Signals, command: list[str], code: int | None
) -> None:
    there = tmp_path / "there"
    (tmp_path / "typer.py").write_text(SLOW.format(str(there)))  # in the place of a library that takes its time
    program = subprocess.Popen(
        [sys.executable, "-m", "callcenter", *command],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until = time.monotonic() + LIMIT_SECONDS
        while not there.exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        program.send_signal(number)
        said, _ = program.communicate(timeout=LIMIT_SECONDS)
    finally:
        program.kill()

    assert said == ""
    assert program.returncode == (128 + number if code is None else code)
