"""What a start does about what an earlier one left."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter import startup
from callcenter.home import Home, read_pid, write_pid


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "var")
    home.make()
    return home


@pytest.fixture
def other_process() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


async def test_an_earlier_controller_is_ended_and_waited_for(
    home: Home, other_process: "subprocess.Popen[bytes]", capsys: pytest.CaptureFixture[str]
) -> None:
    write_pid(home.controller_pid, other_process.pid)

    await startup._end_earlier_controller(home)

    assert other_process.wait(1) != 0
    assert "an earlier controller of this home is still there" in capsys.readouterr().out


async def test_a_stranger_who_was_given_its_process_id_is_left_alone(
    home: Home, other_process: "subprocess.Popen[bytes]", capsys: pytest.CaptureFixture[str]
) -> None:
    write_pid(home.controller_pid, other_process.pid)
    beside = home.controller_pid.with_suffix(".began")
    pid, at = beside.read_text().split()
    beside.write_text(f"{pid} {int(at) - 100}\n")
    began = time.monotonic()

    await startup._end_earlier_controller(home)

    assert read_pid(home.controller_pid) is None
    assert time.monotonic() - began < 1
    assert capsys.readouterr().out == ""
    with pytest.raises(subprocess.TimeoutExpired):
        other_process.wait(0.3)  # a signal would have ended it
