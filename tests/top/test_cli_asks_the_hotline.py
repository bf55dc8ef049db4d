"""Commands that ask the hotline: what they show and change, and what is told where it does not answer."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from callcenter.api.server import make_server
from callcenter.domain.calls import CallState
from callcenter.domain.seats import SeatState
from callcenter.domain.tickets import TicketState
from callcenter.home import Home
from callcenter.home_secrets import Secrets, write_demo
from tests.support.fake_desk import NOON, FakeDesk, call_id
from tests.support.office_fakes import FakeClock
from tests.top.conftest import Said

pytestmark = pytest.mark.usefixtures("no_settings_of_this_machine")

CALLER = "13800001234"
Ask = Callable[..., Coroutine[Any, Any, Said]]


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
