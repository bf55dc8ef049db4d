"""The controller is killed, once in each state: who talks talks on, who waits reaches a seat, and it comes back.

Asterisk's own queue is the net. It catches a caller 3 to 7 s after the last sign of life.
"""

import asyncio
import os
import signal
from typing import Any

import pytest

from scripts.phones.call import Call
from tests.support.hotline import CITIZEN, OPERATOR, Citizen, Hotline, Seat
from tests.support.mortality import controller_back, controller_dead, entered_the_net, in_the_net

pytestmark = pytest.mark.timeout(120)

NET_SECONDS = 12.0  # 7 s, and the greeting that a caller hears to its end


async def _talks(seat: Seat, citizen: Citizen, talk: Call, *, tone: int = CITIZEN) -> None:
    await asyncio.gather(citizen.call.hears_tone(seat.tone, within=5), talk.hears_tone(tone, within=5))


async def _talk(hotline: Hotline, seat: Seat, *, tone: int = CITIZEN) -> tuple[Citizen, Call]:
    citizen = await hotline.caller_dials(tone=tone)
    talk = await seat.rings(within=15)
    await talk.answer()
    await citizen.until("call.talking", within=3)
    await _talks(seat, citizen, talk, tone=tone)
    return citizen, talk


async def _ended(hotline: Hotline, citizen: Citizen) -> dict[str, Any]:
    def over(call: dict[str, Any]) -> bool:
        return bool(call["state"] == "ended")

    return await hotline.until_true(citizen.record, over, within=10, what="ended")


async def _is(hotline: Hotline, citizen: Citizen, state: str) -> dict[str, Any]:
    return await hotline.until_true(citizen.record, lambda call: call["state"] == state, within=15, what=state)


async def _journal_is_whole(citizen: Citizen) -> list[str]:
    """The journal holds one arrival and one end, in the order of time."""
    entries = await citizen.journal()
    kinds = [entry["kind"] for entry in entries]
    assert kinds.count("call.arrived") == 1
    assert kinds.count("call.ended") == 1
    times = [entry["time"] for entry in entries]
    assert times == sorted(times)
    return kinds


async def test_in_the_greeting(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    citizen = await mortal.caller_dials()
    await citizen.until("call.voice", within=5)

    async with controller_dead(mortal):
        mortal.tells("the controller died while the caller heard the greeting")
        talk = await seat.rings(within=NET_SECONDS)
        await talk.answer()
        await _talks(seat, citizen, talk)
        mortal.tells("Asterisk's own queue rang the seat; they talk")

    call = await _is(mortal, citizen, "talking")
    assert (call["seat"], call["recovered"]) == ("8001", True)
    await citizen.call.hang_up()
    assert (await _ended(mortal, citizen))["outcome"] == "answered"
    await _journal_is_whole(citizen)


async def test_while_he_waits_and_a_seat_is_freed_meanwhile(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    first, first_talk = await _talk(mortal, seat)
    second = await mortal.caller_dials(tone=1100)
    await second.until("call.queued", within=10)
    before = len(entered_the_net(mortal))

    async with controller_dead(mortal):
        await in_the_net(mortal, 1, since=before, within=NET_SECONDS)
        mortal.tells("the controller died; the waiting caller is in Asterisk's own queue")
        await _talks(seat, first, first_talk)
        await first.call.hang_up()
        talk = await seat.rings(within=NET_SECONDS)
        await talk.answer()
        await _talks(seat, second, talk, tone=1100)
        mortal.tells("the seat was freed and talks to him")

    assert (await _ended(mortal, first))["outcome"] == "answered"
    call = await _is(mortal, second, "talking")
    assert call["seat"] == "8001"
    await talk.hang_up()
    assert (await _ended(mortal, second))["outcome"] == "answered"
    await _journal_is_whole(second)


async def test_those_who_wait_come_back_in_their_order(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    first, first_talk = await _talk(mortal, seat)
    second = await mortal.caller_dials(tone=1100)
    await second.until("call.queued", within=10)
    third = await mortal.caller_dials(tone=1320)
    await third.until("call.queued", within=10)
    before = len(entered_the_net(mortal))

    async with controller_dead(mortal):
        await in_the_net(mortal, 2, since=before, within=NET_SECONDS)
    mortal.tells("the controller is back")

    queue = (await mortal.api.get("queues"))["items"][0]
    assert [waiting["call_id"] for waiting in queue["waiting"]] == [second.id, third.id]
    await first.call.hang_up()
    talk = await seat.rings(within=15)
    await talk.answer()
    await _talks(seat, second, talk, tone=1100)
    mortal.tells("the one who waited longest has the seat")
    await second.call.hang_up()
    last = await seat.rings(within=15)
    await last.answer()
    await _talks(seat, third, last, tone=1320)
    await third.call.hang_up()
    for citizen in (first, second, third):
        assert (await _ended(mortal, citizen))["outcome"] == "answered"
        await _journal_is_whole(citizen)
    assert first_talk.ending is not None


@pytest.mark.parametrize("answered_after", ["at once", "in the net"])
async def test_while_the_seat_rings(mortal: Hotline, answered_after: str) -> None:
    seat = await mortal.seat("8001")
    citizen = await mortal.caller_dials()
    talk = await seat.rings(within=10)
    before = len(entered_the_net(mortal))

    async with controller_dead(mortal):
        if answered_after == "in the net":
            await in_the_net(mortal, 1, since=before, within=NET_SECONDS)
            mortal.tells("the controller died; the caller is in Asterisk's own queue, and the seat still rings")
        await talk.answer()
        await _talks(seat, citizen, talk)
        mortal.tells("the seat answered the dead controller's offer; they talk")
        assert len(seat.phone.calls_taken) == 1, "no phone rings twice for one call"

    assert (await _is(mortal, citizen, "talking"))["seat"] == "8001"
    await citizen.call.hang_up()
    assert (await _ended(mortal, citizen))["outcome"] == "answered"
    await _journal_is_whole(citizen)


async def test_in_a_talk(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    citizen, talk = await _talk(mortal, seat)

    async with controller_dead(mortal):
        await _talks(seat, citizen, talk)
    await _talks(seat, citizen, talk)
    mortal.tells("they talked all the time")

    call = await _is(mortal, citizen, "talking")
    assert call["recovered"] is False, "nothing about this call was found out later"
    await citizen.call.hang_up()
    assert (await _ended(mortal, citizen))["outcome"] == "answered"
    await seat.is_("ready", within=10)
    recording = await mortal.until_true(
        citizen.record, lambda call: call["recording"]["state"] == "kept", within=10, what="kept"
    )
    assert recording["recording"]["seconds"] > 5
    await _journal_is_whole(citizen)


async def test_in_a_talk_that_ends_before_it_is_back(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    citizen, talk = await _talk(mortal, seat)

    async with controller_dead(mortal):
        await talk.hang_up()
        await citizen.call.ended(within=5)
        mortal.tells("the operator ended the talk while no controller lived")

    call = await _ended(mortal, citizen)
    assert (call["outcome"], call["recovered"]) == ("answered", True)
    assert call["ticket_id"] is not None
    await seat.is_("ready", within=10)
    await _journal_is_whole(citizen)


async def test_on_hold(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    citizen, talk = await _talk(mortal, seat)
    await mortal.api.post(f"calls/{citizen.id}/hold")
    await citizen.call.hears_no_tone(OPERATOR, within=4)

    async with controller_dead(mortal):
        await citizen.call.hears_tone(OPERATOR, within=9)
        await talk.hears_tone(CITIZEN, within=3)
        mortal.tells("the controller died in a hold; both talk again")

    call = await _is(mortal, citizen, "talking")
    assert call["held"] is False
    await citizen.call.hang_up()
    assert (await _ended(mortal, citizen))["outcome"] == "answered"


async def test_in_the_wrap_up(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    citizen, _ = await _talk(mortal, seat)
    await citizen.hangs_up()
    await seat.is_("wrap_up", within=3)

    async with controller_dead(mortal):
        pass

    await seat.is_("ready", within=10)


async def test_a_new_caller_is_greeted_and_served_without_it(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    async with controller_dead(mortal):
        await asyncio.sleep(4)  # the heartbeat must be stale when he dials: that is what is tried here
        phone = await mortal.citizen()
        call = await phone.calls(mortal.uri, number="13900099999")
        await call.answered(within=2)
        await call.hears_sound(within=3)
        mortal.tells("the dialplan greets him by itself")
        talk = await seat.rings(within=NET_SECONDS)
        await talk.answer()
        await call.hears_tone(OPERATOR, within=3)

    found = await mortal.until_true(
        lambda: _first_live(mortal), lambda call: call.get("state") == "talking", within=10, what="known"
    )
    assert (found["caller"], found["recovered"]) == ("13900099999", True)
    await call.hang_up()


async def _first_live(hotline: Hotline) -> dict[str, Any]:
    calls = await hotline.live_calls()
    return calls[0] if calls else {}


async def test_it_is_frozen_for_some_seconds(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    first, first_talk = await _talk(mortal, seat)
    second = await mortal.caller_dials(tone=1100)
    await second.until("call.queued", within=10)
    before, entered = mortal.running.pid("controller"), len(entered_the_net(mortal))

    os.kill(before, signal.SIGSTOP)
    try:
        await in_the_net(mortal, 1, since=entered, within=NET_SECONDS)
    finally:
        os.kill(before, signal.SIGCONT)
    await controller_back(mortal, before)
    mortal.tells("the controller saw that it had been frozen, ended, and a new one took its place")

    await _talks(seat, first, first_talk)
    await first.call.hang_up()
    talk = await seat.rings(within=15)
    await talk.answer()
    await _talks(seat, second, talk, tone=1100)
    await second.call.hang_up()
    assert (await _ended(mortal, second))["outcome"] == "answered"
    await _journal_is_whole(second)
