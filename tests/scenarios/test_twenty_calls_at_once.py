"""Twenty citizens at once: four talk, sixteen wait, and afterwards nothing is left of any of them."""

import asyncio

import pytest

from scripts.phones.phone import answers
from tests.support.hotline import Hotline


@pytest.mark.timeout(180)
async def test_nothing_is_left_of_twenty_calls(hotline: Hotline) -> None:
    seats = [
        await hotline.seat(extension, tone=tone, reaction=answers)
        for extension, tone in (("8001", 660), ("8002", 880), ("8003", 1100), ("8004", 1320))
    ]
    citizens = await asyncio.gather(*(hotline.caller_dials(tone=440) for _ in range(20)))
    hotline.tells("twenty citizens have dialled")
    assert len({citizen.id for citizen in citizens}) == 20
    await asyncio.gather(*(citizen.call.answered(within=10) for citizen in citizens))
    await asyncio.gather(*(citizen.call.hears_sound(within=15) for citizen in citizens))
    hotline.tells("every one of them hears the hotline")
    assert len(await hotline.live_calls()) == 20

    served = 0
    waiting = list(citizens)
    while waiting:
        talking = await hotline.events.until(
            "call.talking", within=15, where=lambda call: call["id"] in {citizen.id for citizen in waiting}
        )
        citizen = next(each for each in waiting if each.id == talking.data["id"])
        seat = next(each for each in seats if each.extension == talking.data["seat"])
        await citizen.call.hears_tone(seat.tone, within=5)
        served += 1
        waiting.remove(citizen)
        over = await citizen.hangs_up()
        assert over["outcome"] == "answered"
    hotline.tells(f"{served} were served one after the other, each heard by the right seat")

    pairs = [(call["id"], call["seat"]) for call in (event.data for event in hotline.events.of("call.talking"))]
    assert len(pairs) == len({call_id for call_id, _ in pairs}) == 20
    assert await hotline.live_calls() == []
