"""Wrong keys, no keys, far too many keys: nobody is lost in the menu, everybody reaches a person."""

import pytest

from scripts.phones.rtp import KEYS
from tests.support.hotline import Citizen, Hotline


async def _menu_is_open(citizen: Citizen) -> None:
    await citizen.call.answered(within=5)
    await citizen.call.hears_sound(within=5)


async def test_a_key_cuts_the_words_short(menu: Hotline) -> None:
    citizen = await menu.caller_dials(tone=None)
    await citizen.until("call.voice", within=5)
    await _menu_is_open(citizen)
    await citizen.call.hears_silence(within=15, lasting=0.4)  # between welcome and menu, or behind both
    await citizen.call.hears_sound(within=10)

    citizen.call.presses("2")

    queued = await citizen.until("call.queued", within=4)
    assert queued.data["digits"] == [{"node": "main", "digits": "2"}]
    menu.tells("2 leads to a person while the menu still speaks")
    await citizen.hangs_up()


@pytest.mark.timeout(120)
async def test_wrong_keys_and_then_silence_lead_to_a_person(menu: Hotline) -> None:
    citizen = await menu.caller_dials(tone=None)
    await _menu_is_open(citizen)

    for key in "7#":
        citizen.call.presses(key)
        await citizen.call.hears_silence(within=20, lasting=0.4)
        await citizen.call.hears_sound(within=10)

    await citizen.until("call.queued", within=60)
    menu.tells("after two wrong keys and a silence he is led to a person")
    await citizen.hangs_up()


@pytest.mark.timeout(120)
async def test_silence_leads_to_a_person(menu: Hotline) -> None:
    citizen = await menu.caller_dials(tone=None)
    await _menu_is_open(citizen)

    await citizen.until("call.queued", within=80)

    assert (await citizen.record())["digits"] == []
    menu.tells("who presses nothing is led to a person")
    await citizen.hangs_up()


@pytest.mark.timeout(120)
async def test_forty_keys_at_once_do_no_harm(menu: Hotline) -> None:
    seat = await menu.seat("8001")
    citizen = await menu.caller_dials(tone=None)
    await _menu_is_open(citizen)

    citizen.call.presses("3" + "".join(KEYS[n % 10] for n in range(38)) + "#")
    await citizen.call.hears_sound(within=20)
    citizen.call.presses("0")
    talk = await seat.rings(within=60)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)

    pressed = (await citizen.record())["digits"]
    menu.tells(f"forty keys came to {len(pressed)} entries")
    assert all(len(entry["digits"]) <= 40 for entry in pressed)
    await citizen.hangs_up()


async def test_nought_is_a_person_at_any_time(menu: Hotline) -> None:
    seat = await menu.seat("8001")
    citizen = await menu.caller_dials(tone=None)
    await citizen.call.answered(within=5)

    citizen.call.presses("0")

    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)
    await citizen.hangs_up()
