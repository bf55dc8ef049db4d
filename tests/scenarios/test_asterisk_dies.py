"""Asterisk is killed: it is said within seconds, its calls are closed as lost, and it is started again."""

import os
import signal
import time

import pytest

from tests.support.hotline import Hotline
from tests.support.mortality import asterisk_back

pytestmark = pytest.mark.timeout(120)


async def test_its_calls_are_lost_and_the_next_caller_is_served(mortal: Hotline) -> None:
    seat = await mortal.seat("8001")
    talking = await mortal.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    await talking.call.hears_tone(seat.tone, within=3)
    waiting = await mortal.caller_dials(tone=1100)
    await waiting.until("call.queued", within=10)
    killed, before = time.monotonic(), mortal.running.pid("asterisk")

    os.kill(before, signal.SIGKILL)
    await mortal.until_true(
        mortal.api.health,
        lambda health: bool(health["components"]["asterisk"]["status"] == "down"),
        within=5,
        what="said to be down",
    )
    mortal.tells(f"/health says it {time.monotonic() - killed:.1f} s later")

    await asterisk_back(mortal, before)
    mortal.tells(f"Asterisk is back after {time.monotonic() - killed:.1f} s")
    assert (await talking.is_over(within=5))["outcome"] == "answered"
    over = await waiting.is_over(within=5)
    assert (over["outcome"], over["recovered"]) == ("lost", True)
    await mortal.until_true(
        talking.record, lambda call: bool(call["recording"]["state"] == "kept"), within=10, what="kept"
    )
    for citizen in (talking, waiting):
        citizen.phone.dies()
    seat.phone.dies()

    again = await mortal.seat("8002")
    citizen = await mortal.caller_dials()
    talk = await again.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(again.tone, within=3)
    assert (await citizen.hangs_up())["outcome"] == "answered"
