"""A caller may hang up at any node of a flow: it is noticed at once, and the next caller finds nothing changed."""

import pytest

from tests.support.hotline import Citizen, Hotline

WAY_TO = {
    "welcome": "",
    "main": "",
    "ticket_number": "3",
    "ticket_unknown": "3" + "20260101000001" + "#",
    "information": "4",
    "consultation": "1",
    "complaint": "2",
    "person": "0",
}
"""What is pressed to come there from the beginning."""


@pytest.mark.parametrize("node", WAY_TO)
async def test_he_hangs_up_at(menu: Hotline, node: str) -> None:
    citizen = await menu.caller_dials(tone=None)
    await citizen.call.answered(within=5)
    await citizen.call.hears_sound(within=5)
    if node == "main":
        await citizen.call.hears_silence(within=15, lasting=0.25)
        await citizen.call.hears_sound(within=10)
    await _presses(citizen, WAY_TO[node])

    over = await citizen.hangs_up()

    menu.tells(f"hung up at {node}: {over['outcome']}, keys {over['digits']}")
    waits = node in {"consultation", "complaint", "person"}
    assert over["outcome"] == ("abandoned_queue" if waits else "abandoned_ivr")
    assert [entry["node"] for entry in over["digits"]][:1] == (["main"] if WAY_TO[node] else [])


async def _presses(citizen: Citizen, keys: str) -> None:
    for at, key in enumerate(keys):
        citizen.call.presses(key)
        if at == 0:
            await citizen.hotline.events.until(
                "call.digits", "call.queued", within=15, id=citizen.id, where=lambda call: bool(call["digits"])
            )
    if len(keys) > 1:
        await citizen.hotline.events.until(
            "call.digits", within=20, id=citizen.id, where=lambda call: call["digits"][-1]["node"] == "ticket_number"
        )
