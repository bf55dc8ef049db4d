"""How a ticket stands is told to the number it belongs to, and to nobody else."""

import pytest

from tests.support.hotline import Citizen, Hotline
from tests.support.words import hears_words

pytestmark = pytest.mark.timeout(150)

OWNER, STRANGER = "13711112222", "13733334444"


async def _asks_for(menu: Hotline, number: str, ticket: str) -> Citizen:
    citizen = await menu.caller_dials(number, tone=None)
    heard = await hears_words(citizen, "main_menu", within=15)
    citizen.call.presses("3")
    await hears_words(citizen, "ticket_number_ask", within=10, since=heard)
    citizen.call.presses(f"{ticket}#")
    return citizen


async def _ticket_of(menu: Hotline, number: str) -> str:
    """Have a call, and the ticket that is drafted from it."""
    seat = await menu.seat("8001")
    citizen = await menu.caller_dials(number)
    await hears_words(citizen, "main_menu", within=15)
    citizen.call.presses("2")
    talk = await seat.rings(within=10)
    await talk.answer()
    changed = await citizen.hotline.events.until("ticket.changed", within=10)
    await citizen.hangs_up()
    await seat.is_("ready", within=5)  # behind the wrap-up
    await seat.goes("offline")
    assert changed.data["caller_phone"] == number
    return str(changed.data["number"])


async def test_only_the_owner_of_a_ticket_hears_how_it_stands(menu: Hotline) -> None:
    ticket = await _ticket_of(menu, OWNER)

    owner = await _asks_for(menu, OWNER, ticket)
    heard = await hears_words(owner, "ticket_drafted", within=30)
    await hears_words(owner, "after_progress", within=15, since=heard)
    menu.tells("the owner hears that his ticket is registered")
    await owner.hangs_up()

    stranger = await _asks_for(menu, STRANGER, ticket)
    await hears_words(stranger, "ticket_not_yours", within=15)
    menu.tells("another number hears nothing of it")
    await stranger.hangs_up()

    nobody = await _asks_for(menu, OWNER, "20200101000001")
    await hears_words(nobody, "ticket_unknown", within=15)
    menu.tells("a number that does not exist is told so")
    await nobody.hangs_up()


async def test_a_filed_ticket_is_said_to_be_in_hand(menu: Hotline) -> None:
    ticket = await _ticket_of(menu, OWNER)
    [found] = [item for item in await menu.api.all_of("tickets", q=ticket) if item["number"] == ticket]
    edited = await menu.api.patch(
        f"tickets/{found['id']}",
        {"kind": "complaint", "category": "物业管理", "matter": "小区西门被锁"},
        version=found["version"],
    )
    filed = await menu.api.post(f"tickets/{found['id']}/file")
    assert (edited["version"] < filed["version"], filed["state"]) == (True, "filed")

    owner = await _asks_for(menu, OWNER, ticket)

    await hears_words(owner, "ticket_filed", within=30)
    await owner.hangs_up()
