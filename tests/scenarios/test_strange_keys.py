"""Wrong keys, no keys, far too many keys: nobody is lost in the menu, everybody reaches a person."""

import asyncio

import pytest

from tests.support.hotline import Hotline
from tests.support.words import hears_words


async def test_a_key_cuts_the_words_short(menu: Hotline) -> None:
    citizen = await menu.caller_dials(tone=None)
    await hears_words(citizen, "main_menu", within=15)

    citizen.call.presses("2")

    queued = await citizen.until("call.queued", within=3)
    assert queued.data["digits"] == [{"node": "main", "digits": "2"}]
    menu.tells("2 leads to a person while the menu still speaks")
    await citizen.hangs_up()


@pytest.mark.timeout(120)
async def test_wrong_keys_and_silence_lead_to_a_person(menu: Hotline) -> None:
    await asyncio.gather(_presses_wrong_keys_and_then_nothing(menu), _presses_nothing(menu))


async def _presses_wrong_keys_and_then_nothing(menu: Hotline) -> None:
    citizen = await menu.caller_dials(tone=None)
    heard = await hears_words(citizen, "main_menu", within=15)
    for key in "79":
        citizen.call.presses(key)
        told = await hears_words(citizen, "key_invalid", within=5, since=heard)
        menu.tells(f"{key}: he hears that this key means nothing")
        heard = await hears_words(citizen, "main_menu", within=10, since=told)

    await hears_words(citizen, "connecting", within=30, since=heard)
    menu.tells("then he presses nothing, and hears that he is put through")
    queued = await citizen.until("call.queued", within=10)
    assert [entry["digits"] for entry in queued.data["digits"]] == ["7", "9"]
    await citizen.hangs_up()


async def _presses_nothing(menu: Hotline) -> None:
    citizen = await menu.caller_dials(tone=None)
    heard = await hears_words(citizen, "main_menu", within=15)
    heard = await hears_words(citizen, "key_missing", within=25, since=heard)
    await hears_words(citizen, "main_menu", within=10, since=heard)

    queued = await citizen.until("call.queued", within=60)
    menu.tells("who presses nothing is led to a person")
    assert queued.data["digits"] == []
    await citizen.hangs_up()


@pytest.mark.timeout(120)
async def test_forty_keys_at_once_lead_to_a_person(menu: Hotline) -> None:
    seat = await menu.seat("8001")
    citizen = await menu.caller_dials(tone=None)
    await hears_words(citizen, "main_menu", within=15)

    citizen.call.presses("3" + "98765432" * 5)

    talk = await seat.rings(within=60)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)
    pressed = (await citizen.record())["digits"]
    menu.tells(f"forty keys came to {[(entry['node'], len(entry['digits'])) for entry in pressed]} and to a person")
    assert all(len(entry["digits"]) <= 14 for entry in pressed)
    await citizen.hangs_up()


async def test_nought_is_a_person_at_any_time(menu: Hotline) -> None:
    seat = await menu.seat("8001")
    citizen = await menu.caller_dials(tone=None)
    await hears_words(citizen, "main_menu", within=15)

    citizen.call.presses("0")

    talk = await seat.rings(within=5)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)
    await citizen.hangs_up()
