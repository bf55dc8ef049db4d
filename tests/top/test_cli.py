import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from callcenter.api.server import make_server
from callcenter.cli import main
from callcenter.domain.calls import CallState
from callcenter.domain.seats import SeatState
from callcenter.domain.tickets import TicketState
from callcenter.home import Home, write_pid
from callcenter.home_secrets import Secrets, write_demo
from tests.support.fake_desk import NOON, FakeDesk, call_id
from tests.support.office_fakes import FakeClock

CHECKOUT = Path(__file__).parents[2]
CALLER = "13800001234"

Ask = Callable[..., Coroutine[Any, Any, "Said"]]


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


@pytest.fixture(autouse=True)
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


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def ask(desk: FakeDesk, tmp_path: Path, say: Callable[..., Said]) -> AsyncIterator[Ask]:
    """Give a command in the home of a running hotline."""
    async with make_server(desk, host="127.0.0.1", port=0, token="right", clock=FakeClock(), version="9.9.9") as server:
        tell_demo(tmp_path, server.url, "right")

        async def command(*words: str) -> Said:
            with structlog.testing.capture_logs():  # the server's lines are not what the command prints
                return await asyncio.to_thread(say, *words)

        yield command


def tell_demo(folder: Path, url: str, token: str) -> None:
    write_demo(
        Home(folder),
        hotline="12345",
        sip="127.0.0.1:5060",
        http=url,
        ami="127.0.0.1:5038",
        trunk="127.0.0.1:5080",
        secrets=Secrets(api_token=token, ami_secret="", seat_passwords={}),
        operators={},
        units=[],
    )


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


async def test_a_reload_tells_the_mistakes(ask: Ask, desk: FakeDesk) -> None:
    good = await ask("reload")
    desk.mistakes = ["menu.yaml:3: wrong; right"]
    bad = await ask("reload")

    assert (good.code, good.out) == (0, "ok: all flows are in force\n")
    assert (bad.code, bad.out) == (1, "menu.yaml:3: wrong; right\n")


# A hotline that does not answer


def test_without_a_first_start_there_is_no_hotline_to_ask(say: Callable[..., Said], tmp_path: Path) -> None:
    said = say("calls", "list")

    assert said.code == 2
    assert said.err == (
        f"callcenter: no hotline was started from {tmp_path}; start it with scripts/run, or name its home with --home\n"
    )


def test_a_hotline_that_was_stopped_is_told(say: Callable[..., Said], tmp_path: Path) -> None:
    tell_demo(tmp_path, "http://127.0.0.1:9", "right")

    said = say("seats", "list")

    assert said.code == 2
    assert "the hotline does not answer at http://127.0.0.1:9; start it with scripts/run" in said.err


async def test_a_wrong_token_is_told(ask: Ask, tmp_path: Path) -> None:
    demo = json.loads((tmp_path / "demo.json").read_text())
    tell_demo(tmp_path, demo["http"], "wrong")

    said = await ask("calls", "list")

    assert said.code == 1
    assert "the hotline does not know this home's token; it was started from another home" in said.err
    assert "wrong" not in said.err


async def test_something_else_on_the_port_is_told(say: Callable[..., Said], tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        tell_demo(tmp_path, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "right")
        said = await asyncio.to_thread(say, "calls", "list")

    assert said.code == 2
    assert "is no hotline" in said.err


# Calls, seats, tickets


async def test_calls_are_listed_newest_first_with_masked_callers(ask: Ask, desk: FakeDesk) -> None:
    desk.has_call(1, CallState.ENDED, caller=CALLER)
    desk.has_call(2, caller=None, seat="8001")

    said = await ask("calls", "list")
    live = await ask("calls", "list", "--live")
    full = await ask("calls", "list", "--full")

    head, first, second = said.out.splitlines()
    assert head.split() == ["id", "begun", "caller", "state", "outcome", "seat", "ticket"]
    assert first.startswith(call_id(2))
    assert second.startswith(call_id(1))
    assert "*******1234" in second
    assert CALLER not in said.out
    assert call_id(1) not in live.out
    assert CALLER in full.out


async def test_a_long_list_is_read_page_by_page(ask: Ask, desk: FakeDesk) -> None:
    for number in range(450):
        desk.has_call(number)

    said = await ask("calls", "list", "--most", "420")

    listed = [line.split()[0] for line in said.out.splitlines()[1:]]
    assert listed == [call_id(number) for number in range(449, 29, -1)]


async def test_a_call_is_shown_with_its_times(ask: Ask, desk: FakeDesk) -> None:
    desk.has_call(1, CallState.ENDED, caller=CALLER, t4=NOON + timedelta(seconds=9))

    said = await ask("calls", "show", call_id(1))
    raw = await ask("calls", "show", call_id(1), "--json")

    assert said.code == 0
    assert re.search(r"^t4 +2026-11-24T04:00:09\.000Z +a person answered$", said.out, re.MULTILINE)
    assert re.search(r"^rings +voice in ring \d, (within|later than) the promised 3$", said.out, re.MULTILINE)
    assert CALLER not in said.out
    assert json.loads(raw.out)["caller"] == CALLER


async def test_an_unknown_call_is_no_failure_of_ours(ask: Ask) -> None:
    said = await ask("calls", "show", call_id(7))

    assert (said.code, said.err) == (1, "callcenter: there is no such call\n")


async def test_a_unit_is_brought_in_and_let_go(ask: Ask, desk: FakeDesk) -> None:
    call = desk.has_call(1)

    early = await ask("calls", "join", call.id)
    called = await ask("calls", "three-way", call.id, "housing", "--private")
    joined = await ask("calls", "join", call.id)
    left = await ask("calls", "leave", call.id)
    back = await ask("calls", "return", call.id)
    dropped = await ask("calls", "drop", call.id)
    unknown = await ask("calls", "consult", call.id, "--leg", "nothing")

    assert early.code == 1
    assert "three-way" in early.err
    assert desk.asked[0] == {"unit": "housing", "private": True}
    assert re.fullmatch(r"housing \S+: dialing\n", called.out)
    assert [said.code for said in (joined, left, back)] == [0, 0, 0]
    assert joined.out.endswith(": joined\n")
    assert dropped.out.endswith(": ended\n")
    assert [asked["seat"].value for asked in desk.asked[1:]] == ["leave", "return"]
    assert (unknown.code, "leg" in unknown.err) == (1, True)


async def test_a_secret_is_switched_on_and_off(ask: Ask, desk: FakeDesk) -> None:
    call = desk.has_call(1)

    on = await ask("calls", "secret", call.id, "on")
    off = await ask("calls", "secret", call.id, "off")

    assert on.out == f"{call.id}: recording and notes are paused\n"
    assert off.out == f"{call.id}: recording and notes are going on\n"


async def test_the_words_of_a_citizen_are_shown_to_those_who_ask_for_them(ask: Ask, desk: FakeDesk) -> None:
    heard = desk.has_ticket(1, notes="市民：我叫王小明")
    written = desk.has_ticket(2, notes="市民反映停水", notes_edited=True)

    assert "王小明" not in (await ask("tickets", "show", heard.id)).out
    assert "王小明" in (await ask("tickets", "show", heard.id, "--full")).out
    assert "停水" in (await ask("tickets", "show", written.id)).out


async def test_a_seat_is_signed_in(ask: Ask, desk: FakeDesk) -> None:
    desk.known_seats["8001"] = replace(desk.known_seats["8001"], state=SeatState.OFFLINE)

    done = await ask("seats", "set", "8001", "ready")
    seats = await ask("seats", "list")
    unknown = await ask("seats", "set", "9999", "break", "--reason", "培训")
    wrong = await ask("seats", "set", "8001", "asleep")

    assert (done.code, done.out) == (0, "8001 话务员1: ready\n")
    assert desk.known_seats["8001"].state is SeatState.READY
    assert re.search(r"^8001 +话务员1 +ready", seats.out, re.MULTILINE)
    assert (unknown.code, unknown.err) == (1, "callcenter: there is no such seat\n")
    assert wrong.code == 2
    assert "asleep" in wrong.err


async def test_a_ticket_is_found_completed_and_filed(ask: Ask, desk: FakeDesk) -> None:
    ticket = desk.has_ticket(17, caller_phone=CALLER, caller_name="张三", address="和平里三号楼")

    early = await ask("tickets", "file", ticket.number)
    done = await ask("tickets", "set", ticket.number, "kind=complaint", "category=供水", "matter=停水两天")
    filed = await ask("tickets", "file", ticket.number)
    shown = await ask("tickets", "show", ticket.number)
    full = await ask("tickets", "show", ticket.id, "--full")

    assert early.code == 1
    assert all(field in early.err for field in ("kind", "category", "matter"))
    assert (done.code, done.out) == (0, f"{ticket.number} is changed\n")
    assert (filed.code, filed.out) == (0, f"{ticket.number} is filed\n")
    assert desk.known_tickets[ticket.id].state is TicketState.FILED
    assert "停水两天" in shown.out
    assert not any(private in shown.out for private in (CALLER, "张三", "和平里"))
    assert all(private in full.out for private in (CALLER, "张三", "和平里"))


async def test_tickets_are_listed_and_unknown_ones_told(ask: Ask, desk: FakeDesk) -> None:
    desk.has_ticket(1, caller_phone=CALLER)
    desk.has_ticket(2, state=TicketState.FILED)

    drafted = await ask("tickets", "list", "--state", "drafted")
    unknown = await ask("tickets", "show", "20261124000099")
    wrong = await ask("tickets", "set", "20261124000001", "matter")
    misnamed = await ask("tickets", "set", "20261124000001", "mater=x")

    assert "20261124000001" in drafted.out
    assert "20261124000002" not in drafted.out
    assert CALLER not in drafted.out
    assert (unknown.code, unknown.err) == (1, "callcenter: there is no ticket 20261124000099\n")
    assert (wrong.code, wrong.err) == (2, "callcenter: 'matter' has no =; write FIELD=VALUE\n")
    assert misnamed.code == 1
    assert "matter" in misnamed.err


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
