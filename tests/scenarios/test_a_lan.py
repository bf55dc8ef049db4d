"""Softphones and a trunk on other hosts, as docs/operations.md describes it for a LAN."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from scripts.phones import datagrams, line, transactions
from scripts.phones.digest import Credentials
from scripts.phones.phone import Phone
from scripts.phones.sound import Sound
from tests.support.hotline import CITIZEN, OPERATOR, Hotline, visit
from tests.support.hotlines import SHORT
from tests.support.lan import Lan, NoLanError
from tests.support.running_hotline import Ports, RunningHotline


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    with ExitStack() as stack:
        try:
            found = stack.enter_context(Lan().plugged_in())
        except NoLanError as error:
            pytest.skip(f"no LAN can be made here: {error}")
        yield found


def _running(lan: Lan, number: int, sip_host: str, *flags: str) -> Iterator[RunningHotline]:
    ports = Ports.number(number)
    at = ["--sip", f"{sip_host}:{ports.sip}", "--trunk", f"{lan.trunk}:{ports.trunk}"]
    running = RunningHotline(ports, *at, *flags, **SHORT)
    try:
        running.start()
        yield running
        assert running.stop() == 0, running.said
    finally:
        running.kill()
        running.remove()


@pytest.fixture(scope="module")
def lan_hotline(lan: Lan) -> Iterator[RunningHotline]:
    """Listens at its address in the LAN."""
    yield from _running(lan, 8, lan.hotline)


@pytest.fixture(scope="module")
def everywhere_hotline(lan: Lan) -> Iterator[RunningHotline]:
    """Listens at every address of the machine."""
    yield from _running(lan, 9, "0.0.0.0", "--public-address", lan.hotline)


@pytest.fixture(autouse=True)
def phones_of_the_lan(lan: Lan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Phones whose address is one of the LAN are hosts of the LAN."""

    def open_socket(host: str, port: int = 0) -> socket.socket:
        with lan.inside():
            return datagrams.open_socket(host, port)

    monkeypatch.setattr(transactions, "open_socket", open_socket)
    monkeypatch.setattr(line, "open_socket", open_socket)


@pytest.fixture
async def at_the_lan(lan_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(lan_hotline) as hotline:
        yield hotline


@pytest.fixture
async def everywhere(everywhere_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(everywhere_hotline) as hotline:
        yield hotline


async def a_whole_talk(hotline: Hotline, lan: Lan) -> None:
    """A seat at the host `desk`, a citizen who comes by the host `trunk`."""
    account = next(seat for seat in hotline.home.seats if seat.extension == "8001")
    at_desk = Phone("desk", host=lan.desk, sound=Sound.tone(OPERATOR))
    at_trunk = Phone("trunk", host=lan.trunk, port=hotline.running.ports.trunk, sound=Sound.tone(CITIZEN))
    async with at_desk, at_trunk:
        await at_desk.register(hotline.home.sip, Credentials("8001", account.password))
        await hotline.api.put("seats/8001/state", {"state": "ready"})

        citizen = await hotline.caller_dials(phone=at_trunk)
        talk = await at_desk.called(within=10)
        await talk.answer()
        await asyncio.gather(
            citizen.call.hears_tone(OPERATOR, within=5),
            talk.hears_tone(CITIZEN, within=5),
        )
        hotline.tells(f"They hear each other: citizen from {lan.trunk}, seat at {lan.desk}.")
        await citizen.hangs_up()
        await hotline.events.until("seat.changed", within=5, extension="8001", state="wrap_up")
        await hotline.api.put("seats/8001/state", {"state": "offline"})


async def test_a_seat_of_the_lan_and_a_citizen_from_the_trunk_hear_each_other(at_the_lan: Hotline, lan: Lan) -> None:
    assert at_the_lan.home.sip == f"{lan.hotline}:{at_the_lan.running.ports.sip}"

    await a_whole_talk(at_the_lan, lan)


async def test_a_host_that_is_not_the_trunk_may_not_call_the_hotline(at_the_lan: Hotline, lan: Lan) -> None:
    async with Phone("stranger", host=lan.stranger) as stranger:
        for number in ("13800138000", "8001", "anonymous"):
            call = await stranger.calls(at_the_lan.uri, number=number)
            ending = await call.ended(within=5)
            at_the_lan.tells(f"From {number} at {lan.stranger}: {ending.how}")
            assert ending.how in {"401", "403", "404"}

    assert at_the_lan.events.of("call.arrived") == []


async def test_the_lan_reaches_neither_ami_nor_the_api(at_the_lan: Hotline, lan: Lan) -> None:
    ports = at_the_lan.running.ports
    with socket.create_server((lan.hotline, 0)) as open_to_all:
        assert lan.reaches(open_to_all.getsockname()[1])

    assert not lan.reaches(ports.ami)
    assert not lan.reaches(ports.http)


async def test_every_address_when_asked_for_by_name(everywhere: Hotline, lan: Lan) -> None:
    assert everywhere.home.sip == f"{lan.hotline}:{everywhere.running.ports.sip}"

    await a_whole_talk(everywhere, lan)

    assert not lan.reaches(everywhere.running.ports.ami)
    assert not lan.reaches(everywhere.running.ports.http)
