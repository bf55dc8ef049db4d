"""Keys by RFC 4733 and by SIP INFO mean the same."""

import pytest

from tests.support.hotline import Hotline


@pytest.mark.parametrize("way", ["rfc4733", "info"])
async def test_the_menu_takes_a_key(menu: Hotline, way: str) -> None:
    citizen = await menu.caller_dials(tone=None)
    await citizen.call.answered(within=5)
    await citizen.call.hears_sound(within=5)

    if way == "info":
        await citizen.call.presses_by_info("1")
    else:
        citizen.call.presses("1")

    queued = await citizen.until("call.queued", within=15)
    assert queued.data["digits"] == [{"node": "main", "digits": "1"}]
    menu.tells(f"1 by {way} leads to the queue")
    await citizen.hangs_up()


@pytest.mark.parametrize("way", ["rfc4733", "info"])
async def test_a_ticket_number_is_taken_whole(menu: Hotline, way: str) -> None:
    citizen = await menu.caller_dials(tone=None)
    await citizen.call.answered(within=5)
    await citizen.call.hears_sound(within=5)
    citizen.call.presses("3")
    await menu.events.until("call.digits", within=15, id=citizen.id)

    if way == "info":
        await citizen.call.presses_by_info("20260101000001#")
    else:
        citizen.call.presses("20260101000001#")

    taken = await menu.events.until(
        "call.digits", within=20, id=citizen.id, where=lambda call: call["digits"][-1]["node"] == "ticket_number"
    )
    assert taken.data["digits"][-1]["digits"].strip("#") == "20260101000001"
    await citizen.hangs_up()
