"""*1 ready, *2 break, *3 offline, from the seat's own phone."""

from tests.support.hotline import Hotline


async def test_a_seat_signs_in_pauses_and_signs_off_by_its_phone(hotline: Hotline) -> None:
    seat = await hotline.seat("8001", state="offline")

    for code, state in (("*1", "ready"), ("*2", "break"), ("*1", "ready"), ("*3", "offline")):
        call = await seat.phone.calls(f"sip:{code}@{hotline.home.sip}")
        await call.answered(within=5)
        await seat.is_(state, within=3)
        await call.hears_tone(1100, within=3, lasting=0.12)
        hotline.tells(f"{code}: {state}, and the phone hears it acknowledged")
        await call.hang_up()

    assert hotline.events.of("call.arrived") == []


async def test_a_seat_made_ready_by_its_phone_is_offered_the_waiting_caller(hotline: Hotline) -> None:
    seat = await hotline.seat("8001", state="break")
    citizen = await hotline.caller_dials()
    await citizen.until("call.queued", within=10)

    code = await seat.phone.calls(f"sip:*1@{hotline.home.sip}")
    await code.ended(within=5)
    talk = await seat.rings(within=5)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)

    await citizen.hangs_up()
