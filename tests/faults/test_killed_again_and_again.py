"""The controller is killed again and again, each time when it ran well: it is never kept waiting for that."""

import asyncio
import os
import signal
import time

import pytest

from callcenter.back_off import WELL_SECONDS
from tests.faults.closing_look import InTalk, closing_look, still_talk
from tests.faults.results import TellResult
from tests.support.hotline import Hotline
from tests.support.mortality import controller_back

pytestmark = pytest.mark.alone  # how soon it is back is measured

KILLS = 5
LIFE = WELL_SECONDS + 1.5
BACK = 4.0  # seconds; a controller without a standby loads for most of it


async def test_it_is_back_as_soon_after_the_last_kill_as_after_the_first(
    mortal: Hotline, tell_result: TellResult
) -> None:
    seat = await mortal.seat("8001")
    citizen = await mortal.caller_dials()
    at_seat = await seat.rings(within=10)
    await at_seat.answer()
    talk = InTalk(citizen, seat, at_seat)
    said_before = len(mortal.running.said.splitlines())
    await mortal.until_true(mortal.api.health, lambda health: bool(health["status"] == "ok"), within=10, what="healthy")

    away = []
    for _ in range(KILLS):
        await asyncio.sleep(LIFE)  # so long it runs well
        before, killed = mortal.running.pid("controller"), time.monotonic()
        os.kill(before, signal.SIGKILL)
        await controller_back(mortal, before)
        away.append(time.monotonic() - killed)
    await mortal.listens_again()
    await still_talk(talk)

    said = mortal.running.said.splitlines()[said_before:]
    assert said == ["callcenter: controller ended (SIGKILL); starting it again at once"] * KILLS
    assert max(away) < BACK
    await closing_look(mortal, talking=[talk])
    tell_result(
        fault=f"the controller is killed {KILLS} times, every {LIFE:g} s",
        what="a talk",
        figures={"away for at most": f"{max(away):.1f} s", "for the last kill": f"{away[-1]:.1f} s"},
    )
