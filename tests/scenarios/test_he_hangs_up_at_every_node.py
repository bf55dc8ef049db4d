"""A caller may hang up at any node of a flow: it is noticed at once, and the next caller finds nothing changed."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from scripts.hotline_client import Json
from tests.support.hotline import Hotline
from tests.support.words import hears_words

OWNER, STRANGER = "13755556666", "13755557777"
ASKS = (("main_menu", "3"), ("ticket_number_ask", "TICKET#"))
WAY_TO: dict[str, tuple[tuple[str, str], ...]] = {
    "welcome": (),
    "main_menu": (("welcome", ""),),
    "ticket_number_ask": (("main_menu", "3"),),
    "ticket_number_invalid": (("main_menu", "3"), ("ticket_number_ask", "1#")),
    "ticket_unknown": (("main_menu", "3"), ("ticket_number_ask", "20200101000001#")),
    "ticket_not_yours": ASKS,
    "ticket_lead": ASKS,
    "after_progress": ASKS,
    "goodbye": (*ASKS, ("after_progress", "5"), ("after_progress", "5")),
    "information": (("main_menu", "4"),),
    "information_ask": (("main_menu", "4"),),
    "connecting": (("main_menu", "5"), ("main_menu", "6"), ("main_menu", "7")),
}
"""Prompt at which he hangs up: what he hears and presses before."""
QUEUES = {"consultation": "1", "complaint": "2", "person": "0"}


@pytest.mark.timeout(120)
async def test_he_hangs_up_at_every_node_of_the_menu(menu: Hotline) -> None:
    """All at once, a caller for each node."""
    ticket = (await menu.api.post("tickets", {"caller_phone": OWNER}))["number"]

    ended = await asyncio.gather(*(_hangs_up_at(menu, prompt, ticket) for prompt in WAY_TO))

    for prompt, over in zip(WAY_TO, ended, strict=True):
        menu.tells(f"hung up at {prompt}: {over['outcome']}, keys at {[entry['node'] for entry in over['digits']]}")
        # Who has heard the good-bye to its end has been served.
        assert over["outcome"] in ({"completed_in_ivr", "abandoned_ivr"} if prompt == "goodbye" else {"abandoned_ivr"})
        assert over["t2"] is None
    following = await menu.caller_dials(tone=None)
    await hears_words(following, "welcome", within=5)
    await following.hangs_up()


async def _hangs_up_at(menu: Hotline, prompt: str, ticket: str) -> Json:
    number = STRANGER if prompt == "ticket_not_yours" else OWNER
    citizen = await menu.caller_dials(number, tone=None)
    heard = 0.0
    for words, keys in WAY_TO[prompt]:
        heard = await hears_words(citizen, words, within=25, since=heard)
        citizen.call.presses(keys.replace("TICKET", ticket))
    await hears_words(citizen, prompt, within=30, since=heard)
    return await citizen.hangs_up()


@pytest.mark.timeout(90)
async def test_he_hangs_up_where_nothing_can_be_looked_up(menu: Hotline) -> None:
    with closing(sqlite3.connect(menu.running.folder / "callcenter.sqlite3", check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "ALTER TABLE tickets RENAME TO tickets_away")
        try:
            citizen = await menu.caller_dials(OWNER, tone=None)
            heard = await hears_words(citizen, "main_menu", within=25)
            citizen.call.presses("3")
            await hears_words(citizen, "ticket_number_ask", within=10, since=heard)
            citizen.call.presses("20200101000001#")
            await hears_words(citizen, "progress_unavailable", within=15)
            over = await citizen.hangs_up()
        finally:
            await asyncio.to_thread(other.execute, "ALTER TABLE tickets_away RENAME TO tickets")

    assert over["outcome"] == "abandoned_ivr"
    assert [entry["node"] for entry in over["digits"]] == ["main", "ticket_number"]


@pytest.mark.parametrize("node", QUEUES)
async def test_he_hangs_up_in_the_queue_of(menu: Hotline, node: str) -> None:
    citizen = await menu.caller_dials(tone=None)
    await hears_words(citizen, "main_menu", within=15)
    citizen.call.presses(QUEUES[node])
    queued = await citizen.until("call.queued", within=5)
    assert queued.data["digits"] == [{"node": "main", "digits": QUEUES[node]}]

    over = await citizen.hangs_up()

    assert over["outcome"] == "abandoned_queue"
