"""The controller is killed while three talk, or two of them consult: it comes back to what is, and nobody is lost."""

import asyncio

import pytest

from tests.scenarios.test_a_unit_joins import brought_in, hears, talk
from tests.support.hotline import CITIZEN, OPERATOR, UNIT, Hotline
from tests.support.mortality import controller_dead

pytestmark = pytest.mark.timeout(120)


async def test_while_all_three_talk(mortal: Hotline) -> None:
    _, citizen, operator = await talk(mortal)
    leg_id, unit = await brought_in(mortal, citizen)

    async with controller_dead(mortal):
        await asyncio.gather(
            hears(citizen.call, OPERATOR, UNIT), hears(operator, CITIZEN, UNIT), hears(unit, CITIZEN, OPERATOR)
        )
        mortal.tells("the controller is dead; all three talk on")

    await citizen.leg(leg_id, "joined", within=10, party="water")
    await asyncio.gather(hears(citizen.call, OPERATOR, UNIT), hears(operator, CITIZEN, UNIT))
    await citizen.changes_unit(leg_id, "consult")
    await asyncio.gather(hears(operator, UNIT, not_=(CITIZEN,)), hears(citizen.call, not_=(OPERATOR, UNIT)))
    await citizen.changes_unit(leg_id, "drop")
    await asyncio.gather(hears(operator, CITIZEN), hears(citizen.call, OPERATOR), unit.ended(within=3))
    mortal.tells("the new one knows them: consult, drop, and the two talk")
    await citizen.call.hang_up()
    await operator.ended(within=3)


async def test_in_a_consult_the_caller_is_kept_at_the_music_given_back_or_first_in_the_line(mortal: Hotline) -> None:
    """Which of the three it is depends on how long the new controller takes: the dialplan waits for it for 3 s."""
    seat, citizen, operator = await talk(mortal)
    leg_id, unit = await brought_in(mortal, citizen, private=True)
    await hears(operator, UNIT, not_=(CITIZEN,))

    async with controller_dead(mortal):
        mortal.tells("the controller was killed in a consult, and is started again at once")

    async def legs() -> dict[str, str]:
        return {leg["kind"]: leg["state"] for leg in (await citizen.record())["legs"]}

    consult = {"caller": "held", "seat": "private", "unit": "private"}
    given_back = {"caller": "joined", "seat": "joined", "unit": "ended"}
    first_in_line = {"caller": "held", "seat": "ringing", "unit": "ended"}

    def settled(found: dict[str, str]) -> bool:
        return found in (consult, given_back, first_in_line)

    found = await mortal.until_true(legs, settled, within=20, what="a consult, a talk of two or the head of the line")
    mortal.tells(f"it found {found}")
    if found == first_in_line:
        await operator.ended(within=3)
        operator = await seat.rings(within=5)
        await operator.answer()
    elif found == consult:
        await hears(operator, UNIT, not_=(CITIZEN,))
        await citizen.changes_unit(leg_id, "drop")
    await asyncio.gather(hears(operator, CITIZEN), hears(citizen.call, OPERATOR), unit.ended(within=3))
    await citizen.call.hang_up()
    await operator.ended(within=3)
