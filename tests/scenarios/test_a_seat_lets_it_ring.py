"""A seat that does not answer loses the caller to the next, and is set aside after three in a row."""

import pytest

from tests.support.hotline import OTHER_OPERATOR, Hotline


@pytest.mark.timeout(90)
async def test_a_seat_that_lets_three_offers_ring_is_set_aside_and_the_caller_gets_another(hotline: Hotline) -> None:
    sleeper = await hotline.seat("8001")
    citizen = await hotline.caller_dials()

    for count in (1, 2, 3):
        ringing = await sleeper.rings(within=10)
        await citizen.times(count, "call.ringing", within=3, seat="8001")
        ending = await ringing.ended(within=8)
        rang = ending.at - (ringing.times.ringing or 0)
        hotline.tells(f"seat 8001 rang {rang:.1f} s without answer ({ending.how})")
        assert ending.how == "CANCEL"
        assert 4.5 < rang < 6.5
        await citizen.times(count, "call.missed", within=3, seat="8001")
        await hotline.events.until("seat.changed", within=3, extension="8001", missed=count)

    await sleeper.is_("break", within=3, reason="missed", missed=3)
    hotline.tells("it is set aside: break, missed")
    assert citizen.call.is_up
    await citizen.call.hears_sound(within=10)

    other = await hotline.seat("8002", tone=OTHER_OPERATOR)
    talk = await other.rings(within=3)
    await talk.answer()
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)
    hotline.tells("seat 8002 signs in, rings and answers; the caller hears it")
    over = await citizen.hangs_up()
    assert (over["outcome"], over["seat"]) == ("answered", "8002")
    outcomes = [leg["outcome"] for leg in over["legs"] if leg["kind"] == "seat"]
    assert outcomes == ["no_answer", "no_answer", "no_answer", "answered"]


async def test_an_offer_missed_once_goes_to_the_next_seat(hotline: Hotline) -> None:
    sleeper = await hotline.seat("8001")
    other = await hotline.seat("8002", tone=OTHER_OPERATOR, state="offline")
    citizen = await hotline.caller_dials()
    ringing = await sleeper.rings(within=10)
    await other.goes("ready")

    await ringing.ended(within=8)
    talk = await other.rings(within=2)
    await talk.answer()
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)

    await sleeper.is_("ready", within=2, missed=1)
    assert (await citizen.hangs_up())["seat"] == "8002"
