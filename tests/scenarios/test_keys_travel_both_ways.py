"""Keys by RFC 4733 and by SIP INFO mean the same."""

import pytest

from tests.support.hotline import Citizen, Hotline
from tests.support.words import hears_words

WAYS = ["rfc4733", "info"]


async def _presses(citizen: Citizen, keys: str, way: str) -> None:
    if way == "info":
        await citizen.call.presses_by_info(keys)
    else:
        citizen.call.presses(keys)


@pytest.mark.parametrize("way", WAYS)
async def test_the_menu_takes_a_key(menu: Hotline, way: str) -> None:
    citizen = await menu.caller_dials(tone=None)
    await hears_words(citizen, "main_menu", within=15)

    await _presses(citizen, "1", way)

    queued = await citizen.until("call.queued", within=5)
    assert queued.data["digits"] == [{"node": "main", "digits": "1"}]
    menu.tells(f"1 by {way} leads to the queue")
    await citizen.hangs_up()


@pytest.mark.parametrize("way", WAYS)
async def test_a_ticket_number_is_taken_whole(menu: Hotline, way: str) -> None:
    citizen = await menu.caller_dials(tone=None)
    await hears_words(citizen, "main_menu", within=15)
    await _presses(citizen, "3", way)
    await hears_words(citizen, "ticket_number_ask", within=5)

    await _presses(citizen, "20260101000001#", way)

    await hears_words(citizen, "ticket_unknown", within=15)
    pressed = {entry["node"]: entry["digits"] for entry in (await citizen.record())["digits"]}
    menu.tells(f"by {way}: {len(pressed['ticket_number'])} keys at ticket_number")
    assert pressed["ticket_number"] == "20260101000001"
    await citizen.hangs_up()
