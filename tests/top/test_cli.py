"""What the command line does by itself: it teaches, shows the settings, starts or says why not, and checks flows."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from callcenter.home import Home, write_pid
from tests.top.conftest import Said

pytestmark = pytest.mark.usefixtures("no_settings_of_this_machine")

CHECKOUT = Path(__file__).parents[2]


# What the command line teaches


@pytest.mark.parametrize(
    "words",
    [
        (), ("run",), ("check-flows",), ("calls", "list"), ("calls", "show"), ("calls", "three-way"),
        ("calls", "consult"), ("calls", "join"), ("calls", "drop"), ("calls", "leave"), ("calls", "return"),
        ("calls", "secret"), ("tickets", "list"), ("tickets", "show"),
        ("tickets", "set"), ("tickets", "file"), ("seats", "list"), ("seats", "set"), ("journal", "verify"),
        ("recalls", "list"), ("recalls", "dial"),
        ("journal", "rebuild"), ("journal", "show"), ("settings", "show"), ("doctor",), ("reload",),
    ],
)  # fmt: skip
def test_every_command_explains_itself(say: Callable[..., Said], words: tuple[str, ...]) -> None:
    said = say(*words, "--help", home=False)

    assert said.code == 0
    assert f"Usage: callcenter {' '.join(words)}".strip() in said.out
    assert len(said.out.splitlines()) >= 5


def test_a_mistyped_command_is_answered_with_the_nearest(say: Callable[..., Said]) -> None:
    said = say("check-flow", home=False)

    assert said.code == 2
    assert "check-flows" in said.err


# Settings and start


def test_settings_are_shown_with_their_origin(say: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "callcenter.toml").write_text("flow = 'menu'\n")

    said = say("settings", "show", "--set", "database_url=postgresql://me:hush@db/x")

    assert said.code == 0
    assert re.search(r"^flow +menu +.*callcenter\.toml:1$", said.out, re.MULTILINE)
    assert "postgresql://me:***@db/x" in said.out
    assert "hush" not in said.out + said.err


def test_a_wrong_setting_stops_every_command(
    say: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLCENTER_FLO", "menu")
    (tmp_path / "callcenter.toml").write_text("\nmiss_limit = 0\n")

    for words in (("run",), ("settings", "show"), ("calls", "list"), ("doctor",), ("check-flows",)):
        said = say(*words)

        assert said.code == 2
        assert said.err.splitlines() == [
            "callcenter: environment variable CALLCENTER_FLO: there is no such setting; write CALLCENTER_FLOW",
            f"callcenter: {tmp_path}/callcenter.toml:2: miss_limit is 0; write 1 to 20",
        ]


def free_ports(tmp_path: Path) -> list[str]:
    """Flags of a hotline on ports that are free."""
    with socket.socket() as http, socket.socket() as ami, socket.socket(type=socket.SOCK_DGRAM) as sip:
        for one in (http, ami, sip):
            one.bind(("127.0.0.1", 0))
        return [
            "--http", f"127.0.0.1:{http.getsockname()[1]}", "--ami", str(ami.getsockname()[1]),
            "--sip", f"127.0.0.1:{sip.getsockname()[1]}", "--rtp", "21600-21699",
        ]  # fmt: skip


def test_a_port_in_use_stops_the_start_naming_port_and_flag(say: Callable[..., Said], tmp_path: Path) -> None:
    flags = free_ports(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        said = say("run", *flags, "--http", f"127.0.0.1:{port}")

    assert said.code == 2
    assert said.err == (
        f"callcenter: port {port} (TCP) on 127.0.0.1 is in use by another program; end it, or choose another port with"
        " --http\n"
    )


def test_a_home_in_use_stops_the_start(say: Callable[..., Said], tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    with home.held():
        said = say("run", *free_ports(tmp_path))

    assert said.code == 2
    assert said.err.startswith(
        f"callcenter: {tmp_path} is in use by another run (process {os.getpid()}); stop it first"
    )


def test_a_wrong_roster_stops_the_start(say: Callable[..., Said], tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    (agents / "seats.yaml").write_text("seats:\n  - extension: 8001\n    operator: x\n")
    (agents / "units.yaml").write_text("units: []\n")

    said = say("run", "--set", f"agents_folder={agents}")

    assert said.code == 2
    assert said.err.startswith(
        f"callcenter: {agents}/seats.yaml:2: 'extension' cannot be the number 8001; write 3 to 6"
    )


def test_a_missing_folder_of_flows_stops_the_start(say: Callable[..., Said], tmp_path: Path) -> None:
    said = say("run", "--set", f"flows_folder={tmp_path}/flows")

    assert said.code == 2
    assert f"there is no folder {tmp_path}/flows" in said.err


def test_a_home_that_cannot_be_made_stops_the_start(say: Callable[..., Said], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    said = say("run", "--home", str(tmp_path / "file" / "var"), home=False)

    assert said.code == 2
    assert "cannot be made" in said.err


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callcenter", "settings", "show", "--home", str(tmp_path)],
        capture_output=True, text=True, timeout=30, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "LANG": "C.UTF-8"},
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert "hotline" in done.stdout


# Flows


def test_the_shipped_flows_are_without_mistakes(say: Callable[..., Said]) -> None:
    said = say("check-flows")

    assert (said.code, said.out) == (0, "ok: 3 flows without mistakes\n")


def test_mistakes_in_flows_are_told_by_file_and_line(say: Callable[..., Said], tmp_path: Path) -> None:
    folder = tmp_path / "flows"
    folder.mkdir()
    good = (CHECKOUT / "ivr_flows/direct.yaml").read_text()
    (folder / "direct.yaml").write_text(good)
    (folder / "broken.yaml").write_text(
        good.replace("next: person", "next: persn").replace("name: direct", "name: broken")
    )

    whole, one, other = (
        say("check-flows", str(folder)),
        say("check-flows", str(folder / "direct.yaml")),
        say("check-flows", str(folder / "broken.yaml")),
    )

    assert whole.code == other.code == 1
    assert re.match(rf"{folder}/broken\.yaml:\d+: .*persn.*; write 'person'", whole.out)
    assert whole.out == other.out
    assert (one.code, one.out) == (0, "ok: 1 flow without mistakes\n")


def test_a_path_without_flows_is_told(say: Callable[..., Said], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    assert say("check-flows", str(tmp_path / "no.yaml")).code == 2
    assert say("check-flows", str(empty)).code == 1


# The journal


def test_a_database_that_is_away_is_told(say: Callable[..., Said]) -> None:
    said = say("journal", "verify", "--set", "database_url=postgresql://me:hush@127.0.0.1:9/x")

    assert said.code == 1
    assert said.err.startswith("callcenter: ")
    assert "hush" not in said.err


def test_the_id_of_this_process_counts_as_a_running_part(tmp_path: Path, say: Callable[..., Said]) -> None:
    home = Home(tmp_path)
    home.make()
    write_pid(home.controller_pid, os.getpid())
    flags = free_ports(tmp_path)

    said = say("doctor", *[word for word in flags if word.startswith("--set")])

    assert "not looked at: this home's hotline runs" in said.out
