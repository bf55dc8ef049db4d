"""Who came first is served first, and the freed seat rings at once."""

import asyncio

from tests.support.hotline import Hotline


async def test_the_second_caller_waits_with_music_and_gets_the_seat_when_it_is_free(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    first = await hotline.caller_dials(tone=440)
    talk = await seat.rings(within=10)
    await talk.answer()
    await first.until("call.talking", within=3)
    second = await hotline.caller_dials(tone=1100)
    await second.until("call.queued", within=10)
    queues = await hotline.api.all_of("queues")
    assert [waiting["call_id"] for queue in queues for waiting in queue["waiting"]] == [second.id]
    await second.call.hears_sound(within=5)
    hotline.tells("the second caller waits and hears the hotline")
    assert seat.phone.calls_taken == [talk], "a seat in a call was rung"

    since = hotline.events.now
    await first.hangs_up()
    await hotline.events.until("seat.changed", within=3, since=since, extension="8001", state="wrap_up")
    freed = await hotline.events.until("seat.changed", within=5, since=since, extension="8001", state="ready")
    next_talk = await seat.rings(within=2)
    hotline.tells("the first caller hangs up; the seat wraps up, is ready, and rings")
    await next_talk.answer()
    await asyncio.gather(second.call.hears_tone(660, within=3), next_talk.hears_tone(1100, within=3))
    assert freed.data["call_id"] is None
    assert (await second.hangs_up())["outcome"] == "answered"


async def test_three_callers_are_served_in_the_order_in_which_they_came(hotline: Hotline) -> None:
    tones = {(await hotline.caller_dials(tone=tone)): tone for tone in (440, 1100, 1540)}
    # Who came first is who asked for a person first: greetings that end together may end in any order.
    asked = {citizen: (await citizen.until("call.queued", within=10)).data["t2"] for citizen in tones}
    citizens = sorted(tones, key=lambda citizen: asked[citizen])
    queues = await hotline.api.all_of("queues")
    assert [w["call_id"] for queue in queues for w in queue["waiting"]] == [citizen.id for citizen in citizens]
    assert [w["position"] for queue in queues for w in queue["waiting"]] == [1, 2, 3]

    seat = await hotline.seat("8001")
    for citizen in citizens:
        talk = await seat.rings(within=5)
        await talk.answer()
        await talk.hears_tone(tones[citizen], within=3)
        hotline.tells(f"the seat hears {tones[citizen]} Hz")
        await citizen.hangs_up()
