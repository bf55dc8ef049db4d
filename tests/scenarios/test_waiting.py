"""A caller who waits hears music, and between it his place in the line in the hotline's own words."""

from tests.support.hotline import OPERATOR, Hotline
from tests.support.words import hears_words

MUSIC = 60.0
"""Loudness, as a phone measures it: music is quieter than words, and silence is neither."""


async def test_he_is_told_his_place_and_a_seat_that_answers_cuts_it_short(hotline: Hotline) -> None:
    seat = await hotline.seat("8001", state="break")
    citizen = await hotline.caller_dials()
    await citizen.until("call.queued", within=10)
    await hears_words(citizen, "welcome", within=10)
    await citizen.call.hears_sound(within=5, lasting=0.4, louder_than=MUSIC)
    hotline.tells("behind the greeting the caller hears music")

    await hears_words(citizen, "position_next", within=12)
    hotline.tells("he is told that he is the next")
    await seat.goes("ready")
    talk = await seat.rings(within=2)
    answered = await talk.answer()
    heard = await citizen.call.hears_tone(OPERATOR, within=3)

    hotline.tells(f"the seat answered; {heard - answered:.2f} s later he hears the operator, and nothing else")
    assert heard - answered < 1.0, "the words are cut at once, not heard to their end"
    assert (await citizen.hangs_up())["outcome"] == "answered"


async def test_those_who_wait_are_told_in_the_order_of_their_coming(hotline: Hotline) -> None:
    first = await hotline.caller_dials()
    await first.until("call.queued", within=10)
    second = await hotline.caller_dials()
    await second.until("call.queued", within=10)

    [queue] = await hotline.api.all_of("queues")

    places = [(waiting["call_id"], waiting["position"]) for waiting in queue["waiting"]]
    assert places == [(first.id, 1), (second.id, 2)]
    assert (queue["ready"], queue["talking"]) == (0, 0)
    assert queue["longest_wait"] > 0
    await hears_words(second, "position_lead", within=20)
    hotline.tells("the second is told how many are before him")
    over = await first.hangs_up()
    assert over["outcome"] == "abandoned_queue"
    assert over["waited_ms"] > 0
    await second.hangs_up()
