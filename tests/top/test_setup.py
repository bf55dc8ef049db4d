"""The set-up of scripts/setup.sh where things go wrong, with a Python that only plays at making packages."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
LIMIT_SECONDS = 20.0
RUN = f'set -euo pipefail; . "{CHECKOUT}/scripts/setup.sh"; environment run "$FAKE"; "$PYTHON" --works'

# -c: which Python it is; -m venv DIR: makes DIR; -m pip: does what $PIP says
FAKE = """#!/bin/bash
case "$1 $2" in
    "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip") echo "Collecting aiohttp==1"; echo made >>"$MADE"; eval "$PIP" ;;
    *) echo "works" ;;
esac
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Give a way to start the set-up: `pip` is what pip does, in bash."""
    fake = tmp_path / "python3"
    fake.write_text(FAKE)
    fake.chmod(0o755)

    def begin(pip: str = "true", cache: Path = tmp_path / "my cache 缓存") -> "subprocess.Popen[str]":
        known = {"FAKE": str(fake), "PIP": pip, "MADE": str(tmp_path / "made"), "XDG_CACHE_HOME": str(cache)}
        return subprocess.Popen(
            ["bash", "-c", RUN],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **known},
            text=True,
            start_new_session=True,
        )

    return begin


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    said, _ = process.communicate(timeout=LIMIT_SECONDS)
    return process.returncode, said


def wait_for(path: Path) -> None:
    until = time.monotonic() + LIMIT_SECONDS
    while not path.exists():
        assert time.monotonic() < until, f"no {path.name}"
        time.sleep(0.02)


def times_made(tmp_path: Path) -> int:
    return len((tmp_path / "made").read_text().splitlines())


def test_what_was_made_once_is_not_made_again(start: Start, tmp_path: Path) -> None:
    first, second = ended(start()), ended(start())

    assert first[0] == 0
    assert second == (0, "works\n")
    assert times_made(tmp_path) == 1
    assert not list(tmp_path.glob("*/callcenter/*.making*"))


def test_of_two_starts_at_once_the_second_waits_and_finds_it_made(start: Start, tmp_path: Path) -> None:
    go = tmp_path / "go"
    first = start(f"while [ ! -e '{go}' ]; do sleep 0.05; done")
    wait_for(tmp_path / "made")
    second = start()
    assert second.stdout is not None
    waiting = second.stdout.readline()
    go.touch()

    assert "waiting: another start" in waiting
    assert ended(first)[0] == 0
    assert ended(second) == (0, "works\n")
    assert times_made(tmp_path) == 1


@pytest.mark.parametrize(
    ("pip", "told"),
    [
        ("echo 'WARNING: Retrying: NewConnectionError: name resolution'; exit 1", "cannot be reached; is there a net"),
        ("echo 'ERROR: [Errno 28] No space left on device'; exit 1", r"is full; make room"),
        ("echo 'SSLError: CERTIFICATE_VERIFY_FAILED'; exit 1", "certificate is not trusted"),
        ("echo 'ERROR: No matching distribution found for x'; exit 1", "No matching distribution found for x"),
        ("echo 'odd words'; exit 1", "it said: odd words"),
    ],
)
def test_packages_that_cannot_be_had_are_told_in_one_line_and_the_next_start_goes_on(
    start: Start, pip: str, told: str
) -> None:
    code, said = ended(start(pip))

    assert code == 2
    *_, last = said.splitlines()
    assert told in last
    assert "Start again, it goes on from there" in last
    assert ended(start())[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_stop_in_the_middle_ends_what_was_started(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    process = start(f"echo $$ >'{tmp_path}/pip.pid'; touch '{tmp_path}/there'; sleep 60; touch '{tmp_path}/late'")
    wait_for(tmp_path / "there")
    pip = int((tmp_path / "pip.pid").read_text())

    process.send_signal(number)

    code, said = ended(process)  # back only when nobody holds its output any more
    assert code == 130
    assert "the next start goes on from there" in said
    assert not Path(f"/proc/{pip}").exists()
    assert ended(start())[0] == 0


def test_what_a_killed_set_up_left_running_does_not_write_into_the_next(start: Start, tmp_path: Path) -> None:
    late = f"touch '{tmp_path}/there'; while [ ! -e '{tmp_path}/go' ]; do sleep 0.05; done; rm -rf \"${{0%/*}}\""
    killed = start(late)
    wait_for(tmp_path / "there")
    killed.kill()
    killed.wait(LIMIT_SECONDS)

    assert ended(start())[0] == 0
    (tmp_path / "go").touch()
    killed.communicate(timeout=LIMIT_SECONDS)  # what it left has ended, too

    assert ended(start()) == (0, "works\n")


def test_a_cache_that_cannot_be_written_is_named(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    code, said = ended(start(cache=tmp_path / "file"))

    assert code == 2
    assert said == (
        f"callcenter: {tmp_path}/file/callcenter cannot be written; set XDG_CACHE_HOME to a folder that can\n"
    )


def test_a_cache_is_found_without_home_and_made_whole_where_it_is_relative(tmp_path: Path) -> None:
    look = f'. "{CHECKOUT}/scripts/setup.sh"; echo "$CACHE"'

    done = subprocess.run(
        ["bash", "-euc", f"{look}; XDG_CACHE_HOME=a; {look}"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        text=True,
        timeout=LIMIT_SECONDS,
    )

    first, second = done.stdout.splitlines()
    assert first.startswith("/")
    assert first.endswith("/.cache/callcenter")
    assert second == f"{tmp_path}/a/callcenter"


def test_only_who_fetches_a_model_gets_the_recognisers_and_keeps_them(tmp_path: Path) -> None:
    script = f"""set -euo pipefail; . "{CHECKOUT}/scripts/setup.sh"
        debian_packages() {{ :; }}; find_python() {{ echo python3; }}
        environment() {{ echo "$1"; mkdir -p "$CACHE"; PYTHON=true; }}
        prepare run; prepare dev test; prepare_speech; prepare run; prepare dev test"""

    made = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        check=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )

    assert made.stdout.split() == ["run", "dev", "speech", "speech", "dev"]
