"""A phone that says busy is asked again later and later; the caller goes to another seat and hears no break."""

from itertools import pairwise

from scripts.phones.phone import is_busy
from tests.support.hotline import OTHER_OPERATOR, Hotline


async def test_a_busy_seat_is_passed_over_for_the_next(hotline: Hotline) -> None:
    await hotline.seat("8001", reaction=is_busy)
    other = await hotline.seat("8002", tone=OTHER_OPERATOR)

    citizen = await hotline.caller_dials()
    refused = await citizen.until("call.refused", within=10, seat="8001")
    assert refused.data["cause"] == "busy"
    hotline.tells("seat 8001 is busy")
    talk = await other.rings(within=2)
    await talk.answer()
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)
    hotline.tells("seat 8002 rings at once and answers")

    over = await citizen.hangs_up()
    assert [leg["outcome"] for leg in over["legs"] if leg["kind"] == "seat"] == ["busy", "answered"]


async def test_a_seat_that_goes_on_being_busy_is_asked_after_one_and_then_two_seconds(hotline: Hotline) -> None:
    seat = await hotline.seat("8001", reaction=is_busy)
    citizen = await hotline.caller_dials()

    tries = [(await seat.rings(within=10)).times.invited for _ in range(3)]
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    hotline.tells(f"asked again after {', '.join(f'{pause:.2f} s' for pause in pauses)}")

    assert 0.9 < pauses[0] < 2.0
    assert 1.9 < pauses[1] < 3.2
    await citizen.call.hears_sound(within=5)
    assert (await citizen.hangs_up())["outcome"] in {"abandoned_queue", "abandoned_ringing"}
