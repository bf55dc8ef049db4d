"""A unit is brought into the talk, and the talk is never touched while it is dialled, rings, or does not come."""

import asyncio

import pytest

from scripts.hotline_client import ProblemError
from scripts.phones.call import Call
from scripts.phones.phone import Reaction, declines, is_busy, is_dumb
from scripts.phones.sip import user_of
from tests.support.hotline import CITIZEN, OPERATOR, UNIT, Citizen, Hotline, Seat


async def talk(hotline: Hotline) -> tuple[Seat, Citizen, Call]:
    """Citizen and operator talk."""
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    operator = await seat.rings(within=10)
    await operator.answer()
    await citizen.until("call.talking", within=3)
    await asyncio.gather(citizen.call.hears_tone(OPERATOR, within=3), operator.hears_tone(CITIZEN, within=3))
    return seat, citizen, operator


async def test_all_three_hear_each_other_and_the_unit_is_dropped(hotline: Hotline) -> None:
    _, citizen, operator = await talk(hotline)
    unit = await hotline.unit("water")

    leg_id = await citizen.calls_unit("water")
    called = await unit.rings(within=3)
    assert (called.dialled, user_of(called.caller.uri)) == (unit.number, hotline.home.hotline)
    await citizen.leg(leg_id, "ringing", within=3, party="water", number=unit.number)
    await asyncio.gather(
        citizen.call.hears_tone(OPERATOR, within=2, lasting=1.0), operator.hears_tone(CITIZEN, within=2, lasting=1.0)
    )
    hotline.tells("the unit rings; citizen and operator talk on")
    with pytest.raises(ProblemError, match="drop is possible"):
        await citizen.calls_unit("housing")

    await called.answer()
    await citizen.leg(leg_id, "joined", within=3, outcome="answered")
    await asyncio.gather(
        *(ear.hears_tone(tone, within=3) for ear in (citizen.call, operator, called) for tone in heard_by(ear, citizen))
    )
    hotline.tells("all three hear each other")

    await citizen.changes_unit(leg_id, "drop")
    await called.ended(within=3)
    await citizen.leg(leg_id, "ended", within=3, outcome="answered")
    await asyncio.gather(citizen.call.hears_tone(OPERATOR, within=3), operator.hears_tone(CITIZEN, within=3))
    hotline.tells("the unit was dropped; the two talk on")
    over = await citizen.hangs_up()
    assert over["outcome"] == "answered"
    await operator.ended(within=3)


def heard_by(ear: Call, citizen: Citizen) -> list[int]:
    """Everybody's tone but the listener's own."""
    own = {citizen.call.name: CITIZEN, "8001": OPERATOR, "water": UNIT}[ear.name]
    return [tone for tone in (CITIZEN, OPERATOR, UNIT) if tone != own]


@pytest.mark.parametrize(
    ("reaction", "outcome"),
    [(is_busy, "busy"), (declines, "refused"), (is_dumb, "failed")],
)
async def test_a_unit_that_does_not_come_is_told_with_its_reason(
    hotline: Hotline, reaction: Reaction, outcome: str
) -> None:
    _, citizen, operator = await talk(hotline)
    await hotline.unit("water", reaction=reaction)

    leg_id = await citizen.calls_unit("water")
    await citizen.leg(leg_id, "ended", within=5, outcome=outcome)

    hotline.tells(f"the unit: {outcome}")
    await asyncio.gather(citizen.call.hears_tone(OPERATOR, within=2), operator.hears_tone(CITIZEN, within=2))
    await citizen.hangs_up()


async def test_a_caller_who_hangs_up_frees_all_at_once(hotline: Hotline) -> None:
    seat, citizen, operator = await talk(hotline)
    unit = await hotline.unit("water")
    await citizen.calls_unit("water")
    called = await unit.rings(within=3)

    over = await citizen.hangs_up()

    ending = await called.ended(within=2)
    await operator.ended(within=2)
    hotline.tells(f"the caller hung up; the unit stopped ringing ({ending.how})")
    assert over["outcome"] == "answered"
    await seat.is_("ready", within=5)
    [leg] = [leg for leg in (await citizen.record())["legs"] if leg["kind"] == "unit"]
    assert (leg["state"], leg["outcome"]) == ("ended", "cancelled")
