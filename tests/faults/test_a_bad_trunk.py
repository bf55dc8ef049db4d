"""The trunk loses packets and delays others: calls succeed, both hear each other, keys and the end arrive, once."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from scripts.phones import datagrams, line, transactions
from scripts.phones.call import Call
from scripts.phones.phone import Phone
from scripts.phones.sound import Sound
from tests.faults.closing_look import HEAR, Expected, closing_look
from tests.faults.results import TellResult
from tests.support.hotline import CITIZEN, Citizen, Hotline, Seat
from tests.support.lossy_wire import Weather, Wire

WEATHERS = {
    "127.0.0.11": Weather(loss=0.01),
    "127.0.0.12": Weather(loss=0.03),
    "127.0.0.13": Weather(loss=0.05),
    "127.0.0.14": Weather(loss=0.05, first_is_lost=True),
}
"""By the address of who calls over it."""

KEYS = "12345#"
TONE = Sound.tone(CITIZEN)


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Wire]]:
    """The phones at these addresses have a bad wire each."""
    wires = {host: Wire(weather, seed=seed) for seed, (host, weather) in enumerate(WEATHERS.items())}

    def open_socket(host: str, port: int = 0) -> socket.socket:
        return wires[host].open_socket(host, port) if host in wires else datagrams.open_socket(host, port)

    monkeypatch.setattr(transactions, "open_socket", open_socket)
    monkeypatch.setattr(line, "open_socket", open_socket)
    yield wires
    for wire in wires.values():
        wire.close()


async def test_calls_over_it(mortal: Hotline, wires: dict[str, Wire], tell_result: TellResult) -> None:
    seats = {extension: await mortal.seat(extension) for extension in ("8001", "8002", "8003", "8004")}
    ended: dict[Citizen | str, Expected] = {}

    async with AsyncExitStack() as stack:
        phones = {host: await stack.enter_async_context(Phone(host, host=host, sound=TONE)) for host in wires}
        for who in ("the caller", "the operator"):
            calls = []
            for host, phone in phones.items():
                citizen = await mortal.caller_dials(phone=phone)
                rings = await citizen.until("call.ringing", within=10)
                seat = seats[rings.data["seat"]]
                at_seat = await seat.rings(within=10)
                await at_seat.answer()
                calls.append((host, citizen, seat, at_seat))
                ended[citizen] = "answered"
            async with asyncio.TaskGroup() as tasks:
                for host, citizen, seat, at_seat in calls:
                    tasks.create_task(a_talk(citizen, seat, at_seat, hangs_up=who), name=host)
            mortal.tells(f"all were heard, their keys arrived; {who} hung up, and the other side was told")
            for _, _, seat, _ in calls:
                await seat.is_("ready", within=10)
        await closing_look(mortal, ended=ended)

    assert len(mortal.events.of("call.arrived")) == len(ended), "a call that is said again is the same call"
    for wire in wires.values():
        weather, lost = wire.weather, wire.lost
        assert lost["sound"] > 0
        assert lost["sip"] > 0 or not weather.first_is_lost
        first = ", and the first copy of each SIP message" if weather.first_is_lost else ""
        tell_result(
            fault=f"the trunk loses {weather.loss:.0%}, 40 ms jitter{first}",
            what="two calls, keys in the talk, each side hangs up once",
            figures={"lost": f"{lost['sound']} packets of sound, {lost['sip']} of SIP"},
        )


async def a_talk(citizen: Citizen, seat: Seat, at_seat: Call, *, hangs_up: str) -> None:
    """They hear each other, the caller's keys arrive, one of them hangs up and the other is told."""
    await asyncio.gather(citizen.call.hears_tone(seat.tone, within=HEAR), at_seat.hears_tone(CITIZEN, within=HEAR))
    citizen.call.presses(KEYS)
    assert await at_seat.hears_keys(KEYS, within=HEAR) == KEYS
    ends, other = (citizen.call, at_seat) if hangs_up == "the caller" else (at_seat, citizen.call)
    await ends.hang_up()
    await other.ended(within=HEAR)
