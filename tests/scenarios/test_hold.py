"""Hold by the API and by the phone's own button: the caller hears music, and both talk on afterwards."""

import asyncio
import time

from scripts.phones.call import Call
from tests.support.hotline import CITIZEN, OPERATOR, Citizen, Hotline, Seat


async def _talk(hotline: Hotline) -> tuple[Seat, Citizen, Call]:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.until("call.talking", within=3)
    await asyncio.gather(citizen.call.hears_tone(OPERATOR, within=3), talk.hears_tone(CITIZEN, within=3))
    return seat, citizen, talk


async def _hears_music(citizen: Citizen) -> None:
    await citizen.call.hears_no_tone(OPERATOR, within=4)
    await citizen.call.hears_sound(within=6, louder_than=100.0)


async def test_hold_by_the_api(hotline: Hotline) -> None:
    _, citizen, talk = await _talk(hotline)
    began = time.monotonic()

    held = await hotline.api.post(f"calls/{citizen.id}/hold")
    assert held["id"] == citizen.id
    await citizen.until("call.held", within=3)
    await asyncio.gather(_hears_music(citizen), talk.hears_no_tone(CITIZEN, within=4))
    hotline.tells("on hold: the caller hears music, the operator does not hear him")
    assert (await citizen.record())["state"] == "talking"

    await hotline.api.post(f"calls/{citizen.id}/resume")
    await citizen.until("call.resumed", within=3)
    await asyncio.gather(citizen.call.hears_tone(OPERATOR, within=3), talk.hears_tone(CITIZEN, within=3))
    hotline.tells("resumed: both hear each other")
    assert citizen.call.heard.deafening(since=began) == [], "a strict phone would have gone deaf"
    assert (await citizen.hangs_up())["outcome"] == "answered"
    await talk.ended(within=3)


async def test_hold_by_the_phones_own_button(hotline: Hotline) -> None:
    _, citizen, talk = await _talk(hotline)

    await talk.hold()
    await citizen.until("call.held", within=3)
    await _hears_music(citizen)
    hotline.tells("the operator pressed hold: the caller hears music")

    await talk.resume()
    await citizen.until("call.resumed", within=3)
    await asyncio.gather(citizen.call.hears_tone(OPERATOR, within=3), talk.hears_tone(CITIZEN, within=3))
    assert (await citizen.hangs_up())["outcome"] == "answered"


async def test_a_held_caller_who_hangs_up_frees_the_seat(hotline: Hotline) -> None:
    seat, citizen, talk = await _talk(hotline)
    await hotline.api.post(f"calls/{citizen.id}/hold")
    await _hears_music(citizen)

    over = await citizen.hangs_up()

    assert (over["outcome"], over["held"]) == ("answered", False)
    await talk.ended(within=3)
    await seat.is_("ready", within=5)


async def test_an_operator_who_hangs_up_while_holding_ends_the_call(hotline: Hotline) -> None:
    seat, citizen, talk = await _talk(hotline)
    await hotline.api.post(f"calls/{citizen.id}/hold")
    await _hears_music(citizen)

    await talk.hang_up()

    over = await citizen.is_over(within=5)
    assert over["outcome"] == "answered"
    await citizen.call.ended(within=5)
    await seat.is_("ready", within=5)
