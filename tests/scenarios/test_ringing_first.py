"""Arrival policy `ring`: the caller hears ringing while seats are offered, and never a fourth ring."""

import pytest

from tests.support.hotline import Hotline


@pytest.mark.article("TN-11a", "JJ-4.3.4-3")
async def test_a_person_answers_and_no_machine_speaks(ringing: Hotline) -> None:
    seat = await ringing.seat("8001")

    citizen = await ringing.caller_dials()
    await citizen.call.rings(within=3)
    talk = await seat.rings(within=5)
    assert not citizen.call.is_up, "the caller is not answered while the seat rings"
    await talk.answer()
    await citizen.call.answered(within=3)
    await citizen.call.hears_tone(seat.tone, within=3)

    over = await citizen.hangs_up()
    waited = (citizen.call.times.answered or 0) - citizen.call.times.invited
    ringing.tells(f"a person answered after {waited:.2f} s")
    assert over["t1"] == over["t4"]
    assert waited < 10


@pytest.mark.timeout(90)
@pytest.mark.article("TN-11a", "JJ-4.3.4-3")
async def test_without_a_free_seat_the_hotline_itself_answers_within_ten_seconds(ringing: Hotline) -> None:
    citizen = await ringing.caller_dials()
    await citizen.call.rings(within=3)

    await citizen.call.answered(within=12)
    heard = await citizen.call.hears_sound(within=4)
    answered = (citizen.call.times.answered or 0) - citizen.call.times.invited
    words = heard - citizen.call.times.invited
    ringing.tells(f"rang {answered:.2f} s, its own words after {words:.2f} s")

    assert 8.0 < answered < 12.0
    assert words < 15.0
    voice = await citizen.until("call.voice", within=3)
    assert voice.data["t1"] is not None
    await citizen.hangs_up()


async def test_a_caller_who_gives_up_while_it_rings_was_never_answered(ringing: Hotline) -> None:
    seat = await ringing.seat("8001")
    citizen = await ringing.caller_dials()
    offered = await seat.rings(within=5)

    over = await citizen.hangs_up()

    assert (over["outcome"], over["t1"]) == ("abandoned_ringing", None)
    await offered.ended(within=3)
    await seat.is_("ready", within=3)
