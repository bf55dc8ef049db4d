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


def only_progresses(call: Call) -> None:
    """Say nothing but that the call goes on (183), as many networks do while they look for a phone."""
    assert call.taken is not None
    call._respond(call.taken, 183, "Session Progress")  # a phone of ours would say 180


async def test_a_unit_whose_network_only_says_that_it_goes_on_is_waited_for(hotline: Hotline) -> None:
    _, citizen, operator = await talk(hotline)
    unit = await hotline.unit("water", reaction=only_progresses)

    leg_id = await citizen.calls_unit("water")
    called = await unit.rings(within=3)
    await citizen.leg(leg_id, "ringing", within=1)
    await operator.hears_tone(CITIZEN, within=4, lasting=2.5)  # longer than a phone without a sign of life is given
    await called.answer()
    await citizen.leg(leg_id, "joined", within=3)
    await hears(called, CITIZEN, OPERATOR)
    await citizen.hangs_up()
    await called.ended(within=2)


async def hears(ear: Call, *tones: int, not_: tuple[int, ...] = ()) -> None:
    """Wait until one ear hears these, and none of those."""
    await asyncio.gather(
        *(ear.hears_tone(tone, within=3) for tone in tones), *(ear.hears_no_tone(tone, within=3) for tone in not_)
    )


async def brought_in(hotline: Hotline, citizen: Citizen, *, private: bool = False) -> tuple[str, Call]:
    """The unit has answered."""
    unit = await hotline.unit("water")
    leg_id = await citizen.calls_unit("water", private=private)
    called = await unit.rings(within=3)
    await called.answer()
    await citizen.leg(leg_id, "private" if private else "joined", within=3)
    return leg_id, called


async def test_a_private_consult_and_back(hotline: Hotline) -> None:
    _, citizen, operator = await talk(hotline)
    leg_id, unit = await brought_in(hotline, citizen, private=True)

    await asyncio.gather(
        hears(operator, UNIT, not_=(CITIZEN,)),
        hears(unit, OPERATOR, not_=(CITIZEN,)),
        hears(citizen.call, not_=(OPERATOR, UNIT)),
        citizen.call.hears_sound(within=4),
    )
    assert {leg["kind"]: leg["state"] for leg in (await citizen.record())["legs"]} == {
        "caller": "held", "seat": "private", "unit": "private",
    }  # fmt: skip
    hotline.tells("operator and unit consult; the caller hears music")

    await citizen.changes_unit(leg_id, "join")
    await citizen.leg(leg_id, "joined", within=3)
    await asyncio.gather(
        hears(operator, UNIT, CITIZEN), hears(unit, OPERATOR, CITIZEN), hears(citizen.call, OPERATOR, UNIT)
    )
    hotline.tells("all three talk")

    await citizen.changes_unit(leg_id, "consult")
    await asyncio.gather(hears(operator, UNIT, not_=(CITIZEN,)), hears(citizen.call, not_=(OPERATOR, UNIT)))
    await unit.hang_up()
    await asyncio.gather(hears(operator, CITIZEN, not_=(UNIT,)), hears(citizen.call, OPERATOR))
    hotline.tells("the unit hung up in the second consult; operator and citizen talk")
    assert (await citizen.record())["state"] == "talking"
    await operator.hang_up()
    assert (await citizen.is_over(within=5))["outcome"] == "answered"


async def test_the_operator_leaves_and_comes_back(hotline: Hotline) -> None:
    seat, citizen, operator = await talk(hotline)
    _, unit = await brought_in(hotline, citizen)

    await citizen.operator("leave")
    await citizen.until("call.seat_left", within=2)
    await asyncio.gather(hears(citizen.call, UNIT, not_=(OPERATOR,)), hears(unit, CITIZEN, not_=(OPERATOR,)))
    assert (await seat.record())["state"] == "talking"
    hotline.tells("the operator left; caller and unit talk")
    await citizen.operator("return")
    await citizen.until("call.seat_returned", within=2)
    await asyncio.gather(hears(operator, CITIZEN, UNIT), hears(citizen.call, OPERATOR, UNIT))
    hotline.tells("the operator is back")

    await citizen.operator("leave")
    await hears(citizen.call, UNIT, not_=(OPERATOR,))
    await unit.hang_up()
    await asyncio.gather(hears(operator, CITIZEN), hears(citizen.call, OPERATOR))
    hotline.tells("the unit hung up while the operator was out; he has the caller back")
    assert len(await citizen.times(2, "call.seat_returned", within=2)) == 2
    await citizen.hangs_up()
    await operator.ended(within=2)


async def test_a_freed_seat_takes_its_next_call_and_is_rung_back(hotline: Hotline) -> None:
    seat, citizen, operator = await talk(hotline)
    _, unit = await brought_in(hotline, citizen)

    await operator.hang_up()
    await asyncio.gather(hears(citizen.call, UNIT, not_=(OPERATOR,)), hears(unit, CITIZEN))
    other = await hotline.caller_dials(tone=1320)
    next_talk = await seat.rings(within=5)
    await next_talk.answer()
    await next_talk.hears_tone(1320, within=3)
    hotline.tells("the seat has its next call; caller and unit talk on")
    with pytest.raises(ProblemError, match="in another call"):
        await citizen.operator("return")
    await other.hangs_up()
    await seat.is_("wrap_up", within=3)

    await citizen.operator("return")
    again = await seat.rings(within=3)
    await seat.is_("ringing", within=2)
    await again.answer()
    await asyncio.gather(hears(again, CITIZEN, UNIT), hears(citizen.call, OPERATOR, UNIT), hears(unit, OPERATOR))
    await seat.is_("talking", within=2, call_id=citizen.id)
    hotline.tells("the operator was rung and is with them again")
    await citizen.hangs_up()
    await asyncio.gather(again.ended(within=2), unit.ended(within=2))


async def test_an_operator_who_hangs_up_in_a_consult_leaves_the_caller_at_the_head(hotline: Hotline) -> None:
    seat, citizen, operator = await talk(hotline)
    _, unit = await brought_in(hotline, citizen, private=True)
    await hears(citizen.call, not_=(OPERATOR, UNIT))

    await operator.hang_up()

    await citizen.until("call.requeued", within=2)
    await unit.ended(within=2)
    again = await seat.rings(within=6)
    await again.answer()
    await asyncio.gather(hears(again, CITIZEN), hears(citizen.call, OPERATOR))
    await citizen.hangs_up()


async def test_a_hold_with_a_unit_keeps_caller_and_unit_in_talk(hotline: Hotline) -> None:
    _, citizen, operator = await talk(hotline)
    leg_id, unit = await brought_in(hotline, citizen)

    await hotline.api.post(f"calls/{citizen.id}/hold")
    await asyncio.gather(
        hears(citizen.call, UNIT, not_=(OPERATOR,)),
        hears(unit, CITIZEN, not_=(OPERATOR,)),
        hears(operator, not_=(CITIZEN, UNIT)),
    )
    await citizen.changes_unit(leg_id, "drop")
    await unit.ended(within=2)
    await citizen.call.hears_no_tone(UNIT, within=3)
    await citizen.call.hears_sound(within=4)
    hotline.tells("the unit left in the hold: the caller hears music")
    await hotline.api.post(f"calls/{citizen.id}/resume")
    await asyncio.gather(hears(citizen.call, OPERATOR), hears(operator, CITIZEN))
    await citizen.hangs_up()
