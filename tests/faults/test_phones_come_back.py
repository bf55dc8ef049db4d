"""Asterisk was killed and started again: a phone that is there is soon shown so, and its seat is offered calls.

Each story is told several times, since Asterisk asks phones at moments of chance; the slowest one counts.
"""

import asyncio
import os
import signal
import socket
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from scripts.phones.digest import Credentials
from scripts.phones.phone import Phone
from scripts.phones.sound import Sound
from tests.faults.closing_look import HEAR, closing_look
from tests.faults.results import TellResult
from tests.support.asterisk_console import asterisk_says
from tests.support.hotline import OPERATOR, Citizen, Hotline, Seat
from tests.support.mortality import asterisk_back

pytestmark = [pytest.mark.alone, pytest.mark.timeout(200)]  # seconds are measured

SOON = 3.0  # seconds
TIMES = 3
WRITTEN = 10.0  # seconds for Asterisk to have written down a registration: it does once in a second
REGISTRATIONS = "SELECT value FROM astdb WHERE key LIKE '/registrar/contact/%'"
EXTENSION = "8001"
WORDS = 3
"""How often Asterisk sends one question within the 3 s of qualify_timeout: at once, after 0.5 and 1.5 s (RFC 3261)."""


@dataclass
class Seconds:
    """What was measured, in seconds."""

    shown: list[float] = field(default_factory=list)
    """From when the phone could be known until its seat was shown to have one."""
    offered: list[float] = field(default_factory=list)
    """From then, or from when a caller came into the line, until it rang for him."""

    def figures(self) -> dict[str, object]:
        """Give the worst of them, in words."""
        return {
            "shown registered after at most": f"{max(self.shown):.1f} s",
            "offered a caller after at most": f"{max(self.offered):.1f} s",
        }


async def _killed(hotline: Hotline) -> float:
    """Kill Asterisk, and wait until another is heard; gives when it was."""
    before = hotline.running.pid("asterisk")
    os.kill(before, signal.SIGKILL)
    await asterisk_back(hotline, before)
    return time.monotonic()


async def _shown(seat: Seat, since: float) -> float:
    """Wait until its phone is shown to be there; gives the seconds since then."""
    await seat.is_("ready", within=20, phone="registered")
    return time.monotonic() - since


async def _waits(hotline: Hotline) -> Citizen:
    """Dial, and be in the line."""
    citizen = await hotline.caller_dials()
    await citizen.until("call.queued", within=HEAR)
    return citizen


async def _is_offered(citizen: Citizen, seat: Seat, since: float) -> float:
    """Wait until the seat rings for him; they talk, and he hangs up. Gives the seconds until it rang."""
    call = await seat.rings(within=20)
    seconds = time.monotonic() - since
    await call.answer()
    await citizen.call.hears_tone(seat.tone, within=HEAR)
    await citizen.hangs_up()
    await seat.is_("ready", within=10)
    return seconds


async def _kept(hotline: Hotline, port: int) -> None:
    """Wait until Asterisk has this registration in its database, where a kill cannot take it away any more."""
    [database] = (hotline.running.folder / "asterisk").rglob("astdb.sqlite3")

    async def read() -> dict[str, list[str]]:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as looking:
            return {"kept": [value for (value,) in looking.execute(REGISTRATIONS)]}

    await hotline.until_true(
        read, lambda now: any(f":{port}" in value for value in now["kept"]), within=WRITTEN, what="written down"
    )


async def _another_phone(hotline: Hotline, seat: Seat, *, port: int = 0) -> Phone:
    """Switch on a phone of this seat, at this SIP port; it is not registered yet."""
    seat.phone = await hotline.switched_on(Phone(EXTENSION, port=port, sound=Sound.tone(OPERATOR)))
    return seat.phone


def _credentials(hotline: Hotline) -> Credentials:
    account = next(each for each in hotline.home.seats if each.extension == EXTENSION)
    return Credentials(EXTENSION, account.password)


async def _over(hotline: Hotline, citizens: list[Citizen]) -> None:
    await closing_look(hotline, ended=dict.fromkeys(citizens, "answered"))


async def test_a_registration_that_outlived_it(mortal: Hotline, tell_result: TellResult) -> None:
    """The phone does nothing: Asterisk has kept where it is, and has to ask whether it is still there."""
    seconds, citizens = Seconds(), list[Citizen]()
    seat = await mortal.seat(EXTENSION)
    for _ in range(TIMES):
        await _kept(mortal, seat.phone.address[1])
        back = await _killed(mortal)
        seconds.shown.append(await _shown(seat, back))
        citizens.append(await _waits(mortal))
        seconds.offered.append(await _is_offered(citizens[-1], seat, time.monotonic()))

    assert max(seconds.shown) < SOON
    assert max(seconds.offered) < SOON
    await _over(mortal, citizens)
    tell_result(
        fault="Asterisk is killed (SIGKILL)", what="a seat's phone stays where it was", figures=seconds.figures()
    )


async def test_a_phone_that_registers_from_another_place(mortal: Hotline, tell_result: TellResult) -> None:
    """As a soft phone that was started anew; its old registration has outlived Asterisk and answers no more."""
    seconds, citizens = Seconds(), list[Citizen]()
    seat = await mortal.seat(EXTENSION)
    for _ in range(TIMES):
        await _kept(mortal, seat.phone.address[1])
        seat.phone.dies()
        await _killed(mortal)
        citizens.append(await _waits(mortal))
        phone = await _another_phone(mortal, seat)
        began = time.monotonic()
        await phone.register(mortal.home.sip, _credentials(mortal))
        seconds.shown.append(await _shown_or_ringing(seat, began))
        seconds.offered.append(await _is_offered(citizens[-1], seat, began))

    assert max(seconds.shown) < SOON
    assert max(seconds.offered) < SOON
    await _over(mortal, citizens)
    tell_result(
        fault="Asterisk is killed (SIGKILL)",
        what="a seat's phone registers from another place",
        figures=seconds.figures(),
    )


async def test_a_phone_that_comes_back_to_its_place(mortal: Hotline, tell_result: TellResult) -> None:
    """As a desk phone after a power cut: for Asterisk nothing has changed but that it had given the phone up."""
    seconds, citizens = Seconds(), list[Citizen]()
    seat = await mortal.seat(EXTENSION)
    for _ in range(TIMES):
        port = seat.phone.address[1]
        await _kept(mortal, port)
        seat.phone.dies()
        await _killed(mortal)
        citizens.append(await _waits(mortal))
        await _given_up(mortal)
        await _asked_in_vain(port)
        phone = await _another_phone(mortal, seat, port=port)
        began = time.monotonic()
        await phone.register(mortal.home.sip, _credentials(mortal))
        seconds.shown.append(await _shown_or_ringing(seat, began))
        seconds.offered.append(await _is_offered(citizens[-1], seat, began))

    assert max(seconds.shown) < SOON
    assert max(seconds.offered) < SOON
    await _over(mortal, citizens)
    tell_result(
        fault="Asterisk is killed (SIGKILL)", what="a seat's phone comes back to its place", figures=seconds.figures()
    )


async def _shown_or_ringing(seat: Seat, since: float) -> float:
    """Wait until its phone is shown to be there: it may ring for the one who waits before we have looked."""
    hotline = seat.hotline
    await hotline.until_true(
        seat.record, lambda now: bool(now["phone"] == "registered"), within=20, what="shown registered"
    )
    return time.monotonic() - since


async def _given_up(hotline: Hotline) -> None:
    """Wait until Asterisk has asked the phone in vain."""

    async def read() -> dict[str, list[str]]:
        return {"contacts": await asterisk_says(hotline.running.folder, "pjsip show contacts")}

    await hotline.until_true(
        read, lambda now: any("Unavail" in line for line in now["contacts"]), within=15, what="given up"
    )


async def _asked_in_vain(port: int) -> None:
    """Wait until Asterisk has said its last word of one more question to nobody; the next comes seconds later."""
    said: Counter[bytes] = Counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.settimeout(0.0)
        nobody.bind(("127.0.0.1", port))
        async with asyncio.timeout(15):
            while not said or max(said.values()) < WORDS:
                datagram = await asyncio.get_running_loop().sock_recv(nobody, 4096)
                said[datagram.lower().partition(b"\ncall-id:")[2].partition(b"\r\n")[0]] += 1
