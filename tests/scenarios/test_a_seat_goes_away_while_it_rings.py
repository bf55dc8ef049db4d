"""A phone that signs off, or dies, or never rings: the caller goes to another seat and never notices."""

import pytest

from scripts.phones.phone import is_dumb
from tests.support.hotline import OTHER_OPERATOR, Hotline


async def test_a_phone_that_unregisters_while_it_rings_loses_the_caller_at_once(hotline: Hotline) -> None:
    leaver = await hotline.seat("8001")
    other = await hotline.seat("8002", tone=OTHER_OPERATOR, state="offline")
    citizen = await hotline.caller_dials()
    ringing = await leaver.rings(within=10)
    await citizen.until("call.ringing", within=3, seat="8001")
    await other.goes("ready")

    await leaver.phone.unregister()
    ending = await ringing.ended(within=3)
    hotline.tells(f"seat 8001 unregisters while it rings; its call ends by {ending.how}")
    talk = await other.rings(within=3)
    await talk.answer()
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)

    await leaver.is_("ready", within=3, phone="missing")
    assert (await citizen.hangs_up())["seat"] == "8002"


@pytest.mark.timeout(90)
async def test_a_phone_that_dies_while_it_rings_is_noticed_within_ten_seconds(hotline: Hotline) -> None:
    dying = await hotline.seat("8001")
    other = await hotline.seat("8002", tone=OTHER_OPERATOR, state="offline")
    citizen = await hotline.caller_dials()
    await dying.rings(within=10)
    await other.goes("ready")

    dying.phone.dies()
    talk = await other.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)
    await dying.is_("ready", within=10, phone="missing")
    hotline.tells("seat 8001 died; seat 8002 has the caller")
    assert (await citizen.hangs_up())["seat"] == "8002"


async def test_a_phone_that_never_rings_counts_as_failed(hotline: Hotline) -> None:
    await hotline.seat("8001", reaction=is_dumb)
    other = await hotline.seat("8002", tone=OTHER_OPERATOR)

    citizen = await hotline.caller_dials()
    await citizen.until("call.failed", within=10, seat="8001")
    hotline.tells("seat 8001 gave no sign of ringing")
    talk = await other.rings(within=3)
    await talk.answer()
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)

    over = await citizen.hangs_up()
    assert [leg["outcome"] for leg in over["legs"] if leg["kind"] == "seat"] == ["failed", "answered"]
