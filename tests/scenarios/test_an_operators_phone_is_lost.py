"""An operator's phone that dies in mid-talk brings the caller back to the head of the line."""

import pytest

from tests.support.hotline import OTHER_OPERATOR, Hotline


@pytest.mark.timeout(120)
async def test_the_caller_is_the_first_in_line_again(hotline: Hotline) -> None:
    dying = await hotline.seat("8001")
    citizen = await hotline.caller_dials(tone=440)
    talk = await dying.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(dying.tone, within=3)
    later = await hotline.caller_dials(tone=1100)
    await later.until("call.queued", within=10)

    dying.phone.dies()
    back = await citizen.until("call.requeued", within=30)
    hotline.tells("the operator's phone died; the caller is back in the line")
    assert back.data["t2"] < (await later.record())["t2"]
    await citizen.call.hears_sound(within=5)
    queues = await hotline.api.all_of("queues")
    assert [w["call_id"] for queue in queues for w in queue["waiting"]] == [citizen.id, later.id]
    other = await hotline.seat("8002", tone=OTHER_OPERATOR)
    second_talk = await other.rings(within=5)
    await second_talk.answer()
    await second_talk.hears_tone(440, within=3)
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)

    over = await citizen.hangs_up()
    assert (over["outcome"], over["seat"]) == ("answered", "8002")
    await later.hangs_up()
