"""Asterisk is killed, frozen, frozen for good, or restarted: said within 5 s, an alarm once, calls closed as lost."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scripts.hotline_client import Json
from scripts.phones.call import Call
from scripts.phones.digest import Credentials
from tests.faults.closing_look import InTalk, closing_look, moment
from tests.faults.results import TellResult
from tests.support.asterisk_console import asterisk_says
from tests.support.hotline import Citizen, Hotline, Seat
from tests.support.mortality import asterisk_back

NOTICED = 5.0  # seconds
NOTICED_BEFORE = timedelta(seconds=1)  # so much later /health may say what the controller knows
ALARM = "asterisk"


@dataclass(frozen=True, slots=True)
class Calls:
    """One who talks, and one who waits."""

    seat: Seat
    talking: Citizen
    at_seat: Call
    waiting: Citizen

    @property
    def talk(self) -> InTalk:
        return InTalk(self.talking, self.seat, self.at_seat)

    def phones_die(self) -> None:
        """Nobody tells a phone that its Asterisk was killed."""
        for phone in (self.seat.phone, self.talking.phone, self.waiting.phone):
            phone.dies()


async def _calls(hotline: Hotline) -> Calls:
    seat = await hotline.seat("8001")
    talking = await hotline.caller_dials()
    at_seat = await seat.rings(within=15)
    await at_seat.answer()
    await talking.until("call.talking", within=5)
    waiting = await hotline.caller_dials(tone=1100)
    await waiting.until("call.queued", within=10)
    return Calls(seat, talking, at_seat, waiting)


async def _noticed(hotline: Hotline, began: float) -> float:
    """Wait until /health says that Asterisk is not heard; gives the seconds until then."""
    await hotline.until_true(
        hotline.api.health, lambda health: _asterisk(health) == "down", within=NOTICED * 2, what="said to be down"
    )
    return time.monotonic() - began


def _asterisk(health: Json) -> str:
    return str(health["components"]["asterisk"]["status"])


async def _alarm_came_and_went(hotline: Hotline, since: int) -> None:
    """It was raised once and cleared once."""
    await hotline.events.until("alarm.cleared", within=30, since=since, name=ALARM)
    assert len(hotline.events.of("alarm.raised", since=since, name=ALARM)) == 1
    assert len(hotline.events.of("alarm.cleared", since=since, name=ALARM)) == 1


async def _lost(calls: Calls, noticed_at: datetime) -> None:
    """Who waited is lost, who talked was answered; both ended when it was noticed, and that was found out later."""
    for citizen, outcome in ((calls.talking, "answered"), (calls.waiting, "lost")):
        call = await citizen.hotline.until_true(
            citizen.record, lambda call: call["state"] == "ended", within=20, what="closed"
        )
        assert (call["outcome"], call["recovered"]) == (outcome, True)
        assert timedelta() <= noticed_at - moment(call["t5"]) < NOTICED_BEFORE, "never later than it was noticed"


async def _next_caller_is_served(hotline: Hotline) -> InTalk:
    """A phone that comes back is found, and its seat is as it was."""
    seat = await hotline.seat("8002")
    citizen = await hotline.caller_dials()
    call = await seat.rings(within=15)
    await call.answer()
    await citizen.until("call.talking", within=5)
    return InTalk(citizen, seat, call)


async def test_it_is_killed(mortal: Hotline, tell_result: TellResult) -> None:
    calls = await _calls(mortal)
    on_break = await mortal.seat("8003")
    await on_break.goes("break", "training")
    since, pid = mortal.events.now, mortal.running.pid("asterisk")
    began = time.monotonic()

    os.kill(pid, signal.SIGKILL)
    noticed, noticed_at = await _noticed(mortal, began), datetime.now(UTC)
    assert noticed < NOTICED
    await asterisk_back(mortal, pid)
    back = time.monotonic() - began
    await _lost(calls, noticed_at)
    calls.phones_die()
    assert (await on_break.record())["state"] == "break", "a seat's state is its own, not Asterisk's"
    account = next(seat for seat in mortal.home.seats if seat.extension == "8003")
    await on_break.phone.register(mortal.home.sip, Credentials("8003", account.password))  # as phones do
    await on_break.is_("break", within=15, phone="registered")
    talk = await _next_caller_is_served(mortal)
    await _alarm_came_and_went(mortal, since)

    await closing_look(mortal, talking=[talk], ended={calls.talking: "answered", calls.waiting: "lost"})
    figures = {
        "noticed after": f"{noticed:.1f} s",
        "back after": f"{back:.1f} s",
        "lost": 1,
        "alarms": "1 raised, 1 cleared",
    }
    tell_result(fault="Asterisk is killed (SIGKILL)", what="one talks, one waits", figures=figures)


async def test_it_is_frozen_for_a_while(mortal: Hotline, tell_result: TellResult) -> None:
    """It thaws before anybody loses patience: the same calls go on."""
    calls = await _calls(mortal)
    since, pid = mortal.events.now, mortal.running.pid("asterisk")
    began = time.monotonic()

    os.kill(pid, signal.SIGSTOP)
    try:
        noticed = await _noticed(mortal, began)
        await mortal.events.until("alarm.raised", within=NOTICED, since=since, name=ALARM)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert noticed < NOTICED
    await mortal.until_true(mortal.api.health, lambda health: _asterisk(health) == "ok", within=20, what="heard again")
    assert mortal.running.pid("asterisk") == pid, "it was given time"
    await _alarm_came_and_went(mortal, since)

    await closing_look(mortal, talking=[calls.talk], waiting=[calls.waiting])
    figures = {"noticed after": f"{noticed:.1f} s", "lost": 0, "alarms": "1 raised, 1 cleared"}
    tell_result(fault="Asterisk is frozen and thaws", what="one talks, one waits", figures=figures)


async def test_it_is_frozen_for_good(mortal: Hotline, tell_result: TellResult) -> None:
    """One that never thaws serves nobody: it is ended by force and started anew."""
    calls = await _calls(mortal)
    since, pid = mortal.events.now, mortal.running.pid("asterisk")
    began = time.monotonic()

    os.kill(pid, signal.SIGSTOP)
    noticed, noticed_at = await _noticed(mortal, began), datetime.now(UTC)
    assert noticed < NOTICED
    await asterisk_back(mortal, pid)
    back = time.monotonic() - began
    await _lost(calls, noticed_at)
    calls.phones_die()
    talk = await _next_caller_is_served(mortal)
    await _alarm_came_and_went(mortal, since)

    await closing_look(mortal, talking=[talk], ended={calls.talking: "answered", calls.waiting: "lost"})
    figures = {"noticed after": f"{noticed:.1f} s", "restarted, and back after": f"{back:.1f} s", "lost": 1}
    tell_result(fault="Asterisk is frozen and never thaws", what="one talks, one waits", figures=figures)


async def test_it_is_restarted(mortal: Hotline, tell_result: TellResult) -> None:
    """`core restart now` at its console: it says good-bye to everybody, and another is there."""
    calls = await _calls(mortal)
    since = mortal.events.now
    began = time.monotonic()

    asking = asyncio.ensure_future(asterisk_says(mortal.running.folder, "core restart now"))
    await mortal.events.until("alarm.raised", within=NOTICED, since=since, name=ALARM)
    noticed = time.monotonic() - began
    await asyncio.gather(asking, return_exceptions=True)  # it ends before it has answered
    await mortal.until_true(mortal.api.health, lambda health: _asterisk(health) == "ok", within=30, what="heard again")
    back = time.monotonic() - began
    await asyncio.gather(calls.talking.call.ended(within=5), calls.waiting.call.ended(within=5))
    await calls.seat.is_("ready", within=15, phone="registered")
    talk = await _next_caller_is_served(mortal)
    await _alarm_came_and_went(mortal, since)

    await closing_look(mortal, talking=[talk], ended={calls.talking: "answered", calls.waiting: "lost"})
    figures = {"noticed after": f"{noticed:.1f} s", "back after": f"{back:.1f} s", "lost": 1}
    tell_result(fault="Asterisk is restarted (core restart now)", what="one talks, one waits", figures=figures)
