"""Eight callers come and go while no controller lives: Asterisk serves them alone, and all of them are known later."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scripts.hotline_client import Json
from scripts.phones.call import Call
from tests.faults.closing_look import HEAR, SETTLE, closing_look, moment
from tests.faults.results import TellResult
from tests.support.hotline import OPERATOR, Hotline, Seat
from tests.support.mortality import controller_dead

SHORT = 1.0  # seconds; less than `recall_short_seconds`, so that no call is owed
PATIENCE = 11.0  # seconds; four in the menu that nobody drives, and then a wait that is long enough
NEAR = timedelta(seconds=0.5)  # from a moment at a phone to the same at a busy Asterisk


@dataclass(slots=True)
class Caller:
    """One who dialled while nobody of ours was there, with the moments at his own phone."""

    number: str
    call: Call
    dialled: datetime
    talked: datetime | None = None
    left: datetime | None = None
    outcome: str = "abandoned_queue"

    async def gives_up(self, after: float) -> None:
        await asyncio.sleep(max(0.0, (self.dialled - datetime.now(UTC)).total_seconds() + after))  # his own patience
        await self.leaves()

    async def leaves(self) -> None:
        self.left = datetime.now(UTC)
        await self.call.hang_up()


async def test_eight_callers_come_and_go_while_no_controller_lives(mortal: Hotline, tell_result: TellResult) -> None:
    seats = [await mortal.seat(extension, tone=OPERATOR) for extension in ("8001", "8002")]
    async with controller_dead(mortal):
        hasty, *patient = [await _dials(mortal, number) for number in range(8)]
        hasty.outcome = "abandoned_ivr"  # Asterisk still believes in the controller, which would ask what he wants
        impatient, served = patient[:3], patient[3:]
        await asyncio.gather(hasty.gives_up(SHORT), *(caller.gives_up(PATIENCE) for caller in impatient))
        waiting = {caller.number: caller for caller in served}
        await asyncio.gather(*(_serves(seat, waiting, 2) for seat in seats))
        assert not waiting, "somebody was never offered"

    everybody = [hasty, *impatient, *served]
    for caller in everybody:
        await _is_known_truly(mortal, caller)
    await closing_look(mortal, ended={caller.number: caller.outcome for caller in everybody})
    for caller in everybody:
        owed = await mortal.api.all_of("recalls", caller=caller.number, state="open")
        assert len(owed) == (caller in impatient), "who waited and gave up is owed a call, and nobody else"
    figures = {"served": len(served), "gave up": 4, "owed a call": len(impatient), "unknown": 0}
    tell_result(fault="the controller is killed (SIGKILL)", what="callers come and go meanwhile", figures=figures)


async def _dials(hotline: Hotline, number: int) -> Caller:
    phone, called_from = await hotline.citizen(), f"1390009800{number}"
    dialled = datetime.now(UTC)
    call = await phone.calls(hotline.uri, number=called_from)
    await call.answered(within=3)
    return Caller(called_from, call, dialled)


async def _serves(seat: Seat, waiting: dict[str, Caller], count: int) -> None:
    """Answer so many of those who wait, one after the other; each is heard, and hangs up."""
    while count:
        ringing = await seat.rings(within=20)
        caller = next((found for number, found in waiting.items() if number in ringing.caller.uri), None)
        if ringing.ending is not None or caller is None:
            continue  # it rang for one who gave up
        del waiting[caller.number]
        await ringing.answer()
        caller.talked, caller.outcome = datetime.now(UTC), "answered"
        await caller.call.hears_tone(seat.tone, within=HEAR)
        await caller.leaves()
        count -= 1


async def _is_known_truly(hotline: Hotline, caller: Caller) -> None:
    """The journal has his call with its outcome and with moments that are those at his own phone."""

    async def read() -> Json:
        return {"calls": await hotline.api.all_of("calls", caller=caller.number)}

    known = await hotline.until_true(read, lambda found: bool(found["calls"]), within=SETTLE, what="in the journal")
    (call,) = known["calls"]
    assert (call["state"], call["outcome"], call["recovered"]) == ("ended", caller.outcome, True)
    for name, at_his_phone in (("t0", caller.dialled), ("t4", caller.talked), ("t5", caller.left)):
        if at_his_phone is None:
            assert call[name] is None
        else:
            assert abs(moment(call[name]) - at_his_phone) < NEAR, f"{name} is not when it was"
    assert (call["t2"] is None) == (caller.outcome == "abandoned_ivr")
