"""A caller may leave at any moment; the journal says where and after how long, and the seat stops ringing."""

import asyncio

import pytest

from scripts.hotline_client import Json
from scripts.phones.call import Call
from scripts.phones.sip import user_of
from scripts.phones.waiting import in_time
from tests.support.hotline import Citizen, Hotline


async def _gave_up(citizen: Citizen, *, outcome: str, where: str) -> float:
    over = await citizen.hangs_up()
    assert over["outcome"] == outcome
    assert over["t4"] is None
    ended = [entry for entry in await citizen.journal() if entry["kind"] == "call.ended"]
    assert len(ended) == 1
    assert ended[0]["data"]["ended_by"] == "caller"
    assert ended[0]["data"]["where"] == where
    waited: float = ended[0]["data"]["waited_ms"]
    citizen.hotline.tells(f"he gave up in {where} after {waited:.0f} ms")
    return waited


async def test_he_hangs_up_in_the_menu(menu: Hotline) -> None:
    citizen = await menu.caller_dials()
    await citizen.call.answered(within=5)
    await citizen.call.hears_sound(within=5)

    assert 0 < await _gave_up(citizen, outcome="abandoned_ivr", where="ivr") < 20_000


async def test_he_hangs_up_while_he_waits(hotline: Hotline) -> None:
    citizen = await hotline.caller_dials()
    await citizen.until("call.queued", within=10)
    await citizen.call.hears_sound(within=5)

    assert 0 < await _gave_up(citizen, outcome="abandoned_queue", where="queued") < 20_000


async def test_he_hangs_up_while_a_seat_rings_and_it_stops(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    ringing = await seat.rings(within=10)
    await citizen.until("call.ringing", within=3)

    await _gave_up(citizen, outcome="abandoned_ringing", where="ringing")

    assert (await ringing.ended(within=2)).how == "CANCEL"
    await seat.is_("ready", within=3, missed=0)


async def test_he_hangs_up_before_anybody_answers(hotline: Hotline) -> None:
    citizen = await hotline.caller_dials()

    over = await citizen.hangs_up()

    assert over["outcome"] in {"abandoned_ivr", "abandoned_queue"}


@pytest.mark.timeout(120)
async def test_he_hangs_up_at_the_very_moment_of_the_answer_twenty_times(hotline: Hotline) -> None:
    offers: asyncio.Queue[Call] = asyncio.Queue()

    def ring(call: Call) -> None:
        call.ring()
        offers.put_nowait(call)

    seats = [await hotline.seat(extension, reaction=ring) for extension in ("8001", "8002", "8003", "8004")]
    outcomes: dict[str, int] = {}
    for turn in range(5):
        citizens = await asyncio.gather(*(hotline.caller_dials() for _ in seats))
        waiting = {citizen.number: citizen for citizen in citizens}
        leaving = []
        for number in range(4):
            offer, citizen = await _offered(offers, waiting)
            # From 20 ms before the answer to 18 ms behind it.
            leaves = _leaves_at_the_answer(offer, citizen, later=(4 * turn + number - 10) * 0.002)
            leaving.append(asyncio.ensure_future(leaves))
        for over in await asyncio.gather(*leaving):
            assert over["outcome"] in {"answered", "abandoned_ringing", "abandoned_queue"}
            if over["outcome"] == "abandoned_queue":  # kpis.md §0.2: no seat rang any more when he was gone
                states = {leg["state"] for leg in over["legs"] if leg["kind"] == "seat"}
                assert states <= {"ended", "dialing"}, "the next seat was asked already, but no phone rang"
            assert (over["outcome"] == "answered") == (over["t4"] is not None)
            outcomes[over["outcome"]] = outcomes.get(over["outcome"], 0) + 1
        assert await hotline.live_calls() == []
        for seat in seats:
            await seat.is_("ready", within=5)
    hotline.tells(f"twenty times: {outcomes}")
    assert sum(outcomes.values()) == 20
    assert 0 < outcomes["answered"] < 20, "the moment was always missed on the same side"


async def _offered(offers: asyncio.Queue[Call], waiting: dict[str, Citizen]) -> tuple[Call, Citizen]:
    """Await a seat that rings for one of those who wait; a phone asked for somebody already gone is passed over."""
    while True:
        offer = await in_time(offers.get(), within=15, what="no seat rang")
        if (citizen := waiting.pop(user_of(offer.caller.uri), None)) is not None:
            return offer, citizen


async def _leaves_at_the_answer(ringing: Call, citizen: Citizen, *, later: float) -> Json:
    """Answer where it rings for him, and let him hang up so much later (in seconds; earlier when below 0)."""
    await citizen.until("call.ringing", within=3)
    if later >= 0:
        ringing.answer_at_once()
        await asyncio.sleep(later)
        await citizen.call.hang_up()
    else:
        leaving = asyncio.ensure_future(citizen.call.hang_up())
        await asyncio.sleep(-later)
        ringing.answer_at_once()
        await leaving
    over = await citizen.is_over(within=5)
    await ringing.ended(within=5)
    return over
