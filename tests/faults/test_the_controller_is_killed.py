"""The controller is killed (SIGKILL): those who talk go on talking, and nobody who waits is lost."""

from tests.faults.closing_look import InTalk, closing_look
from tests.faults.results import TellResult
from tests.support.hotline import Hotline
from tests.support.mortality import controller_dead


async def test_in_a_talk(mortal: Hotline, tell_result: TellResult) -> None:
    seat = await mortal.seat("8001")
    citizen = await mortal.caller_dials()
    talk = await seat.rings(within=15)
    await talk.answer()
    await citizen.until("call.talking", within=3)
    waits = await mortal.caller_dials(tone=1100)
    await waits.until("call.queued", within=10)

    async with controller_dead(mortal):
        pass
    await mortal.listens_again()

    calls = await closing_look(mortal, talking=[InTalk(citizen, seat, talk)], waiting=[waits])
    tell_result(fault="the controller is killed", what="a talk, and one who waits", figures={"calls": len(calls)})
