"""The red button: the offer goes to the next seat."""

from scripts.phones.phone import declines
from tests.support.hotline import OTHER_OPERATOR, Hotline


async def test_a_declined_offer_goes_to_the_next_seat(hotline: Hotline) -> None:
    decliner = await hotline.seat("8001", reaction=declines)
    other = await hotline.seat("8002", tone=OTHER_OPERATOR)

    citizen = await hotline.caller_dials()
    refused = await citizen.until("call.refused", within=10, seat="8001")
    assert refused.data["cause"] == "refused"
    talk = await other.rings(within=2)
    await talk.answer()
    await citizen.call.hears_tone(OTHER_OPERATOR, within=3)
    hotline.tells("seat 8001 declines, seat 8002 answers")

    await decliner.is_("ready", within=2, missed=0)
    over = await citizen.hangs_up()
    assert [leg["outcome"] for leg in over["legs"] if leg["kind"] == "seat"] == ["refused", "answered"]
