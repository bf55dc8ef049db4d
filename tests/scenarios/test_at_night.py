"""At night the hotline says its hours and where else to turn; 0 rings the seat on duty."""

import asyncio

import pytest

from scripts.hotline_client import Json
from tests.support.hotline import CITIZEN, Hotline
from tests.support.words import hears_words


@pytest.mark.timeout(150)
async def test_a_caller_hears_the_hours_and_0_rings_the_seat_on_duty(night: Hotline) -> None:
    seat = await night.seat("8001")
    on_duty, silent, leaving = await asyncio.gather(*(night.caller_dials(tone=CITIZEN) for _ in range(3)))

    async def reaches_a_person() -> Json:
        await hears_words(on_duty, "night_hours", within=15)
        on_duty.call.presses("0")
        talk = await seat.rings(within=10)
        await talk.answer()
        await on_duty.call.hears_tone(seat.tone, within=3)
        night.tells("0 brought him to the seat on duty")
        return await on_duty.hangs_up()

    async def hears_it_all() -> Json:
        heard = await hears_words(silent, "night_hours", within=15)
        for words in ("night_elsewhere", "night_duty"):
            heard = await hears_words(silent, words, within=30, since=heard)
        await hears_words(silent, "goodbye", within=90, since=heard)
        night.tells("who presses nothing hears where else to turn, and a good-bye")
        return await silent.is_over(within=10)

    async def hangs_up_in_it() -> Json:
        await hears_words(leaving, "night_elsewhere", within=30)
        return await leaving.hangs_up()

    answered, completed, abandoned = await asyncio.gather(reaches_a_person(), hears_it_all(), hangs_up_in_it())

    assert (answered["outcome"], answered["seat"]) == ("answered", "8001")
    assert (completed["outcome"], completed["t2"]) == ("completed_in_ivr", None)
    assert (abandoned["outcome"], abandoned["t2"]) == ("abandoned_ivr", None)
