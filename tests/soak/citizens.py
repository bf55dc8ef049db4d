"""One citizen after the other: each dials, does what is planned for him, and says what he saw."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

from scripts.phones.call import Call
from scripts.phones.outcome import CallEndedError
from scripts.phones.waiting import NotInTimeError
from tests.soak.plan import Step
from tests.soak.quiet_phone import DeafEar, QuietPhone
from tests.soak.seen import Seen

_GREETED = 15.0  # seconds; three rings, promised by the contract
_REACHED = 90.0  # seconds in line, on a busy machine with a controller that is killed
_TALK = 120.0  # seconds that a talk may last, waits for a controller among them
_GOOD_BYE = 15.0


async def calls_the_hotline(uri: str, seen: Seen, ear: DeafEar) -> None:
    """Dial and stay to the end; whatever goes wrong is in `seen.troubles`."""
    async with QuietPhone("citizen", ear) as phone:
        call = await phone.calls(uri, number=seen.plan.number)
        try:
            await _goes_through(call, seen)
        except (NotInTimeError, CallEndedError) as trouble:
            seen.troubles.append(str(trouble))
        with suppress(NotInTimeError):
            await call.hang_up()
        seen.over = datetime.now(UTC)


async def _goes_through(call: Call, seen: Seen) -> None:
    plan = seen.plan
    if plan.step is Step.DIALLED:
        await asyncio.sleep(plan.patience / 4)
        return
    await call.answered(within=_GREETED)
    seen.greeted = True
    if plan.step is Step.GREETED:
        await asyncio.sleep(plan.patience / 2)
        return
    if plan.step is Step.RINGING:
        await _until(call, seen.rings, "no seat rang for him", within=_REACHED)
        await asyncio.sleep(plan.patience)
        return
    await _until(call, seen.reached, "nobody answered him", within=_REACHED)
    if plan.seat_ends:
        await call.ended(within=_TALK)
        return
    await _until(call, seen.done, "his talk did not go on", within=_TALK)


async def _until(call: Call, event: asyncio.Event, otherwise: str, *, within: float) -> None:
    """Wait for something that the end of his call makes impossible."""
    waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(call.ended(within=within))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=within)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    if call.ending is not None:
        raise CallEndedError(f"{otherwise}: the hotline ended his call ({call.ending.how})")
    if not event.is_set():
        raise NotInTimeError(f"{otherwise} within {within:g} s")
