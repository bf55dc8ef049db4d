"""A citizen who was called back talks as one who called: his words become notes, and a unit is brought in."""

import asyncio

import pytest

from scripts.phones.call import Call
from scripts.phones.sound import Sound
from tests.scenarios.test_a_unit_joins import hears
from tests.support.calling_back import calls_back, gives_up, recall_of
from tests.support.hotline import CITIZEN, OPERATOR, UNIT, Citizen, Hotline, Seat
from tests.support.mortality import controller_dead
from tests.support.tone_recogniser import spoken


async def called_back(hotline: Hotline, *, silent: bool = False) -> tuple[Seat, Citizen, Call]:
    """Citizen and operator talk, since a seat has called him back. His phone stands where the units' phones stand."""
    owed = await gives_up(hotline)
    recall = await recall_of(hotline, owed.number)
    seat = await hotline.seat("8001", tone=None if silent else OPERATOR)
    home = await hotline.unit("water", tone=None if silent else CITIZEN)
    attempt = await calls_back(hotline, recall, seat)
    operator = await seat.rings(within=5)
    await operator.answer()
    called = await home.rings(within=5)
    await called.answer()
    citizen = Citizen(hotline, home.phone, called, attempt["call_id"], owed.number)
    await citizen.until("call.talking", within=3)
    if not silent:
        await asyncio.gather(hears(citizen.call, OPERATOR), hears(operator, CITIZEN))
    return seat, citizen, operator


async def brought_in(citizen: Citizen, *, private: bool = False, silent: bool = False) -> tuple[str, Call]:
    """The unit has answered."""
    leg_id = await citizen.calls_unit("water", private=private)
    called = await citizen.phone.called(within=3)  # there all numbers outside are reached
    await called.answer()
    if not silent:
        called.says(Sound.tone(UNIT))
    await citizen.leg(leg_id, "private" if private else "joined", within=3)
    return leg_id, called


async def test_what_is_said_becomes_notes_and_stands_in_the_ticket(noting: Hotline) -> None:
    seat, citizen, operator = await called_back(noting, silent=True)
    await citizen.until("notes.changed", within=5, state="live")

    await operator.speaks(spoken("山水", after=0.5, seconds=1.5))
    await citizen.call.speaks(spoken("风云日月星火", seconds=2.0))
    _, unit = await brought_in(citizen, silent=True)
    await unit.speaks(spoken("江河湖海", after=0.5, seconds=2.0))
    await citizen.until("utterance.final", within=5, side="unit")

    said = (await citizen.record())["utterances"]
    assert [(each["side"], each["text"], each["live"]) for each in said] == [
        ("seat", "山水", True),
        ("caller", "风云日月星火", True),
        ("unit", "江河湖海", True),
    ]
    assert [each["start"] for each in said] == sorted(each["start"] for each in said)
    await citizen.hangs_up()
    await citizen.until("notes.changed", within=10, state="complete")
    await asyncio.gather(unit.ended(within=3), operator.ended(within=3))
    call = await noting.until_true(
        citizen.record, lambda call: call["ticket_id"] is not None, within=10, what="with a ticket"
    )
    ticket = await noting.api.get(f"tickets/{call['ticket_id']}")
    assert all(text in ticket["notes"] for text in ("山水", "风云日月星火", "江河湖海"))
    await seat.is_("wrap_up", within=3)


async def test_a_secret_is_neither_noted_nor_recorded(noting: Hotline) -> None:
    _, citizen, _ = await called_back(noting, silent=True)
    await citizen.until("notes.changed", within=5, state="live")
    await citizen.call.speaks(spoken("天地人和", after=0.3, seconds=2.0))
    await citizen.until("utterance.final", within=5, side="caller")

    await noting.api.put(f"calls/{citizen.id}/secret", {"on": True})
    await citizen.call.speaks(spoken("土木金石", after=0.3, seconds=2.5))
    await noting.api.put(f"calls/{citizen.id}/secret", {"on": False})
    await citizen.call.speaks(spoken("春夏秋冬", after=0.3, seconds=2.0))
    await citizen.until("utterance.final", within=5, side="caller", text="春夏秋冬")

    await citizen.hangs_up()
    await citizen.until("notes.changed", within=10, state="complete")
    assert [each["text"] for each in (await citizen.record())["utterances"]] == ["天地人和", "春夏秋冬"]


async def test_all_three_hear_each_other_and_the_unit_is_dropped(noting: Hotline) -> None:
    _, citizen, operator = await called_back(noting)
    leg_id, unit = await brought_in(citizen)

    await asyncio.gather(
        hears(citizen.call, OPERATOR, UNIT), hears(operator, CITIZEN, UNIT), hears(unit, OPERATOR, CITIZEN)
    )
    noting.tells("all three hear each other")
    await citizen.changes_unit(leg_id, "drop")
    await unit.ended(within=3)
    await asyncio.gather(hears(citizen.call, OPERATOR, not_=(UNIT,)), hears(operator, CITIZEN))
    over = await citizen.hangs_up()
    assert (over["direction"], over["outcome"]) == ("outbound", "answered")
    await operator.ended(within=3)


async def test_a_private_consult_and_back_and_the_operator_leaves_and_returns(noting: Hotline) -> None:
    _, citizen, operator = await called_back(noting)
    leg_id, unit = await brought_in(citizen, private=True)
    await asyncio.gather(
        hears(operator, UNIT, not_=(CITIZEN,)),
        hears(unit, OPERATOR, not_=(CITIZEN,)),
        hears(citizen.call, not_=(OPERATOR, UNIT)),
        citizen.call.hears_sound(within=4),
    )
    noting.tells("operator and unit consult; the citizen hears music")

    await citizen.changes_unit(leg_id, "join")
    await citizen.leg(leg_id, "joined", within=3)
    await asyncio.gather(
        hears(operator, UNIT, CITIZEN), hears(unit, OPERATOR, CITIZEN), hears(citizen.call, OPERATOR, UNIT)
    )
    await citizen.operator("leave")
    await asyncio.gather(hears(citizen.call, UNIT, not_=(OPERATOR,)), hears(unit, CITIZEN, not_=(OPERATOR,)))
    await citizen.operator("return")
    await asyncio.gather(hears(operator, CITIZEN, UNIT), hears(citizen.call, OPERATOR, UNIT))
    noting.tells("the operator was away and is back")

    await citizen.changes_unit(leg_id, "consult")
    await asyncio.gather(hears(operator, UNIT, not_=(CITIZEN,)), hears(citizen.call, not_=(OPERATOR, UNIT)))
    await unit.hang_up()
    await asyncio.gather(hears(operator, CITIZEN, not_=(UNIT,)), hears(citizen.call, OPERATOR))
    await operator.hang_up()
    assert (await citizen.is_over(within=5))["outcome"] == "answered"


async def test_an_operator_who_hangs_up_leaves_him_to_the_unit_and_is_rung_to_come_back(noting: Hotline) -> None:
    seat, citizen, operator = await called_back(noting)
    _, unit = await brought_in(citizen)

    await operator.hang_up()
    await asyncio.gather(hears(citizen.call, UNIT, not_=(OPERATOR,)), hears(unit, CITIZEN))
    await seat.is_("ready", within=5)
    await citizen.operator("return")
    again = await seat.rings(within=3)
    await again.answer()
    await asyncio.gather(hears(again, CITIZEN, UNIT), hears(citizen.call, OPERATOR, UNIT), hears(unit, OPERATOR))
    await citizen.hangs_up()
    await asyncio.gather(again.ended(within=2), unit.ended(within=2))


@pytest.mark.parametrize("consulted", ["now", "before", "never"])
async def test_whose_operator_is_lost_waits_at_the_head_for_another(noting: Hotline, consulted: str) -> None:
    """In a consult the operator hangs up; or his phone is dead in a talk of two, whether there was a consult or not."""
    seat, citizen, operator = await called_back(noting)
    if consulted != "never":
        leg_id, unit = await brought_in(citizen, private=True)
        await asyncio.gather(hears(operator, UNIT), hears(citizen.call, not_=(OPERATOR, UNIT)))
    if consulted == "before":
        await citizen.changes_unit(leg_id, "join")
        await citizen.leg(leg_id, "joined", within=3)
        await citizen.changes_unit(leg_id, "drop")
        await unit.ended(within=3)
        await asyncio.gather(hears(operator, CITIZEN), hears(citizen.call, OPERATOR, not_=(UNIT,)))
    if consulted == "now":
        await operator.hang_up()
        await unit.ended(within=3)
    else:
        seat.phone.dies()

    await citizen.until("call.requeued", within=40)
    other = await noting.seat("8002") if consulted != "now" else seat
    again = await other.rings(within=6)
    await again.answer()
    await asyncio.gather(hears(again, CITIZEN), hears(citizen.call, OPERATOR))
    noting.tells("he waited, and was given a seat again")
    call = await citizen.record()
    assert (call["t2"], call["direction"]) == (None, "outbound"), "he asked for nobody"
    assert (await citizen.hangs_up())["outcome"] == "answered"


@pytest.mark.timeout(120)
async def test_the_controller_dies_while_three_talk(noting: Hotline) -> None:
    _, citizen, operator = await called_back(noting)
    leg_id, unit = await brought_in(citizen)

    async with controller_dead(noting):
        await asyncio.gather(hears(citizen.call, OPERATOR, UNIT), hears(unit, CITIZEN, OPERATOR))
    await noting.listens_again()

    await citizen.leg(leg_id, "joined", within=10, party="water")
    await citizen.changes_unit(leg_id, "consult")
    await asyncio.gather(hears(operator, UNIT, not_=(CITIZEN,)), hears(citizen.call, not_=(OPERATOR, UNIT)))
    await citizen.changes_unit(leg_id, "drop")
    await asyncio.gather(hears(operator, CITIZEN), hears(citizen.call, OPERATOR), unit.ended(within=3))
    over = await citizen.hangs_up()
    assert (over["direction"], over["outcome"]) == ("outbound", "answered")
    await operator.ended(within=3)
