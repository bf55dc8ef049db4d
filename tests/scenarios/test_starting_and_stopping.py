"""What a newcomer meets at the start: a hotline that is there in seconds, or one clear line that says why not."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.hotline import visit
from tests.support.listening import listening
from tests.support.running_hotline import Ports, RunningHotline

pytestmark = pytest.mark.timeout(120)

UNUSABLE = 2


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _started(stack: ExitStack, number: int) -> RunningHotline:
    running = RunningHotline(Ports.number(number), wrap_up_seconds=1)
    stack.callback(running.remove)
    running.start()
    stack.callback(running.stop)
    return running


def _run(folder: Path, ports: Ports, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start the hotline, for a start that is to fail."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
    command = [sys.executable, "-m", "callcenter", "run", "--home", str(folder)]
    command += ["--http", f"127.0.0.1:{ports.http}", "--sip", f"127.0.0.1:{ports.sip}", "--ami", str(ports.ami)]
    command += ["--trunk", f"127.0.0.1:{ports.trunk}", "--rtp", ports.rtp, *flags]
    return subprocess.run(
        command,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def _lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_two_homes_run_side_by_side_and_one_goes_without_the_other(stack: ExitStack) -> None:
    one = await asyncio.to_thread(_started, stack, 4)
    two = await asyncio.to_thread(_started, stack, 5)

    async with visit(one) as first, visit(two) as second:
        for hotline in (first, second):
            seat = await hotline.seat("8001")
            citizen = await hotline.caller_dials()
            talk = await seat.rings(within=10)
            await talk.answer()
            await citizen.call.hears_tone(seat.tone, within=3)
            await citizen.hangs_up()
        assert len(await first.api.all_of("calls")) == len(await second.api.all_of("calls")) == 1
    assert await asyncio.to_thread(one.stop) == 0

    async with visit(two) as second:
        assert (await second.api.health())["status"] == "ok"


@pytest.mark.alone
async def test_a_second_start_is_quick_and_keeps_what_was(stack: ExitStack) -> None:
    running = await asyncio.to_thread(_started, stack, 6)
    secrets = (running.folder / "secrets.json").read_text("ascii")
    async with visit(running) as hotline:
        citizen = await hotline.caller_dials()
        await citizen.until("call.queued", within=10)
        await citizen.hangs_up()
    assert await asyncio.to_thread(running.stop) == 0

    began, at = time.monotonic(), datetime.now(UTC)
    await asyncio.to_thread(running.start)
    took = time.monotonic() - began

    print(f"the second start took {took:.1f} s, with a load of {os.getloadavg()[0]:.1f}; where they went:")
    print("\n".join(running.log_since(at)))
    assert took < 10
    assert (running.folder / "secrets.json").read_text("ascii") == secrets
    async with visit(running) as hotline:
        assert [call["id"] for call in await hotline.api.all_of("calls")] == [citizen.id]


async def test_it_ends_within_ten_seconds_in_the_middle_of_a_call_and_leaves_nothing_running(stack: ExitStack) -> None:
    running = await asyncio.to_thread(_started, stack, 7)
    async with visit(running) as hotline:
        pids = [running.pid(of) for of in ("controller", "asterisk")]
        citizen = await hotline.caller_dials()
        await citizen.until("call.queued", within=10)

        began = time.monotonic()
        assert await asyncio.to_thread(running.stop) == 0
        print(f"it ended in {time.monotonic() - began:.1f} s, with a caller in the line")

        await citizen.call.ended(within=3)
        assert [await asyncio.to_thread(_lives, pid) for pid in pids] == [False, False]
        assert not list((running.folder / "run").glob("*.pid"))
        await asyncio.to_thread(running.start)
        call = await hotline.until_true(
            citizen.record, lambda call: bool(call["state"] == "ended"), within=10, what="ended"
        )
        assert call["outcome"] in {"abandoned_queue", "lost"}


def test_only_loopback_is_listened_on(direct_hotline: RunningHotline) -> None:
    by_controller = listening(direct_hotline.pid("controller"))
    by_supervisor = listening(direct_hotline.supervisor_pid)

    assert by_controller == {("tcp", "127.0.0.1", direct_hotline.ports.http)}
    assert by_supervisor == set()


@pytest.mark.parametrize(("flag", "kind"), [("http", "tcp"), ("ami", "tcp"), ("sip", "udp")])
def test_a_port_in_use_is_named_with_its_flag(tmp_path: Path, flag: str, kind: str) -> None:
    ports = Ports.number(8)
    port = {"http": ports.http, "ami": ports.ami, "sip": ports.sip}[flag]
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        if kind == "tcp":
            other.listen()

        ended = _run(tmp_path / "home", ports)

    assert ended.returncode == UNUSABLE
    [line] = ended.stderr.strip().splitlines()
    assert str(port) in line
    assert f"--{flag}" in line


def test_an_unknown_setting_is_named_with_the_nearest_right_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "callcenter.toml").write_text('ring_second = 12\nwrap_up_seconds = "soon"\n', encoding="utf-8")

    ended = _run(home, Ports.number(8), CALLCENTER_ARIVAL="ring")

    assert ended.returncode == UNUSABLE
    said = ended.stderr
    assert "callcenter.toml:1" in said
    assert "ring_seconds" in said
    assert "callcenter.toml:2" in said
    assert "CALLCENTER_ARRIVAL" in said or "arrival" in said
    assert "Traceback" not in said


def test_a_flow_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    ended = _run(tmp_path / "home", Ports.number(8), "--flow", "menue")

    assert ended.returncode == UNUSABLE
    assert "there is no flow 'menue'" in ended.stderr
    assert "write 'menu'" in ended.stderr


def test_a_broken_roster_is_told_with_its_line(tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    (agents / "seats.yaml").write_text('seats:\n  - extension: "8001"\n    operater: 张三\n', encoding="utf-8")
    (agents / "units.yaml").write_text("units: []\n", encoding="utf-8")

    ended = _run(tmp_path / "home", Ports.number(8), "--set", f"agents_folder={agents}")

    assert ended.returncode == UNUSABLE
    assert "seats.yaml:" in ended.stderr
    assert "operator" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_that_is_not_ours_is_refused_in_one_line(tmp_path: Path) -> None:
    ended = _run(tmp_path / "home", Ports.number(8), "--sip", "192.0.2.1:5060", "--public-address", "192.0.2.1")

    assert ended.returncode != 0
    assert "192.0.2.1" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr + ended.stdout


def test_a_second_run_in_the_same_home_is_refused(direct_hotline: RunningHotline) -> None:
    ended = _run(direct_hotline.folder, Ports.number(8))

    assert ended.returncode == UNUSABLE
    assert "in use by another run" in ended.stderr
