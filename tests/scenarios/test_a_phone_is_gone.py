"""A seat's phone that is gone, ready or not, is seen within ten seconds, and no caller is offered to it."""

import time

import pytest

from tests.support.hotline import OTHER_OPERATOR, Hotline


@pytest.mark.timeout(120)
async def test_a_phone_that_dies_while_it_is_ready_is_seen(hotline: Hotline) -> None:
    dying = await hotline.seat("8001")
    other = await hotline.seat("8002", tone=OTHER_OPERATOR)

    dying.phone.dies()
    died = time.monotonic()
    await hotline.until_true(
        dying.record, lambda seat: bool(seat["phone"] == "missing"), within=10, what="seen to be missing"
    )
    hotline.tells(f"the phone's death was seen after {time.monotonic() - died:.1f} s")

    citizen = await hotline.caller_dials()
    talk = await other.rings(within=8)
    await talk.answer()
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)
    offered = {event.data["seat"] for event in citizen.events("call.offered")}
    assert offered == {"8002"}
    await citizen.hangs_up()
