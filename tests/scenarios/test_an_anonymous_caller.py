"""Who a call is from is the network's word, then the phone's; nobody is turned away for his From."""

import pytest

from tests.support.hotline import Hotline

FROM = {
    "anonymous": ('"Anonymous" <sip:anonymous@anonymous.invalid>', None),
    "no user": ("<sip:127.0.0.1>", None),
    "tel": ("<tel:+8613800138000>", "13800138000"),
    "plus": ("<sip:+8613800138001@127.0.0.1>", "13800138001"),
    "a seat's number": ("<sip:8001@127.0.0.1>", "8001"),
}


@pytest.mark.parametrize("case", FROM)
async def test_he_is_greeted_like_any_other(hotline: Hotline, case: str) -> None:
    from_, number = FROM[case]

    citizen = await hotline.caller_dials(from_=from_)
    await citizen.call.hears_sound(within=5)

    record = await citizen.record()
    hotline.tells(f"From {from_} is {record['caller']}")
    assert record["caller"] == number
    await citizen.hangs_up()


async def test_he_talks_to_a_person_and_a_ticket_without_a_number_is_drafted(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials(from_=FROM["anonymous"][0])
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)

    assert (await citizen.hangs_up())["outcome"] == "answered"
    drafted = await hotline.events.until(
        "ticket.changed", within=5, where=lambda ticket: citizen.id in ticket["call_ids"]
    )
    assert not drafted.data["caller_phone"]


async def test_the_networks_word_counts_more_than_the_phones(hotline: Hotline) -> None:
    citizen = await hotline.caller_dials(
        from_="<sip:10086@127.0.0.1>", headers=(("P-Asserted-Identity", "<sip:+8613800138002@127.0.0.1>"),)
    )

    assert (await citizen.record())["caller"] == "13800138002"
    await citizen.hangs_up()
