"""Everybody on the hotline's side of a soak: seats that answer and do what is planned, and units that are called."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.hotline_client import Home
from scripts.phones.call import Call
from scripts.phones.digest import Credentials
from scripts.phones.outcome import CallEndedError
from scripts.phones.sip import user_of
from scripts.phones.waiting import NotInTimeError
from tests.soak.operators_desk import GaveUpError, OperatorsDesk
from tests.soak.plan import Course, Step
from tests.soak.quiet_phone import DeafEar, QuietPhone
from tests.soak.seen import Seen

UNITS = 8
_UNIT_ANSWERS = 0.3  # seconds
_LONGEST_PART = 60.0  # seconds that any part of a talk may last, waits for a controller among them
_LATE = 10.0  # seconds in which a call that is over must have told so to everybody


def write_roster(folder: Path, seats: int) -> Path:
    """Write so many seats and a few units that are always on duty; gives the folder, for `agents_folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    people = "".join(f'  - {{extension: "{8000 + at}", operator: 话务员{at}}}\n' for at in range(1, seats + 1))
    units = "".join(f'  - {{id: office_{at}, name: 第{at}处, number: "4{at:02}"}}\n' for at in range(1, UNITS + 1))
    (folder / "seats.yaml").write_text(f"seats:\n{people}", encoding="utf-8")
    (folder / "units.yaml").write_text(f"units:\n{units}", encoding="utf-8")
    return folder


class Staff:
    """Seats and units, on duty for as long as the block runs."""

    def __init__(
        self, home: Home, trunk_port: int, desk: OperatorsDesk, book: Mapping[str, Seen], ear: DeafEar
    ) -> None:
        self._home, self._desk, self._book = home, desk, book
        self._units = QuietPhone("units", ear, port=trunk_port, taken=self._unit_called)
        self._seats: Sequence[QuietPhone] = [
            QuietPhone(seat.extension, ear, taken=partial(self._rings, seat.extension)) for seat in home.seats
        ]
        self._stack = AsyncExitStack()
        self._at_work: set[asyncio.Task[None]] = set()
        self._next_unit = 0
        self.failures: list[BaseException] = []
        """What went wrong in the staff itself: none of the hotline's faults."""
        self.strangers = 0
        """Calls at a seat from somebody who has not dialled."""

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._units)
        for phone, account in zip(self._seats, self._home.seats, strict=True):
            await self._stack.enter_async_context(phone)
            await phone.register(self._home.sip, Credentials(account.extension, account.password))
            await self._desk.goes(account.extension, "ready")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
        await self._stack.aclose()

    @property
    def still_up(self) -> int:
        """Calls at seats and units that have not ended."""
        return sum(phone.still_up for phone in (self._units, *self._seats))

    def _rings(self, extension: str, call: Call) -> None:
        """Let a seat ring; its operator does what is planned for this caller."""
        call.ring()
        seen = self._book.get(user_of(call.caller.uri))
        if seen is None:
            self.strangers += 1
            call.refuse(486)
            return
        seen.rang.append(extension)
        seen.rings.set()
        if seen.plan.step is not Step.RINGING:
            self._work(self._serve(extension, call, seen))

    def _unit_called(self, call: Call) -> None:
        call.ring()
        self._work(self._answers_at_unit(call))

    async def _answers_at_unit(self, call: Call) -> None:
        await asyncio.sleep(_UNIT_ANSWERS)
        with suppress(CallEndedError, NotInTimeError):
            await call.answer(within=_LATE)
        await call.ended(within=2 * _LONGEST_PART)
        await asyncio.sleep(_LATE)  # its BYE may be said again
        self._units.forget(call)

    async def _serve(self, extension: str, call: Call, seen: Seen) -> None:
        await asyncio.sleep(seen.plan.answer_after)
        try:
            await call.answer(within=_LATE)
        except CallEndedError:
            return  # he gave up, or was given to somebody else
        seen.answered.append(extension)
        seen.reached.set()
        try:
            await self._talk(extension, call, seen)
        except GaveUpError as trouble:
            seen.troubles.append(str(trouble))
        seen.done.set()
        try:
            await call.ended(within=_LATE + seen.plan.talk)
        except NotInTimeError:
            seen.troubles.append("the seat's call did not end with the talk")
            await call.hang_up()

    async def _talk(self, extension: str, call: Call, seen: Seen) -> None:
        plan = seen.plan
        await asyncio.sleep(plan.talk)
        if plan.seat_ends:
            await call.hang_up()
        if plan.course not in (Course.TRANSFERRED, Course.THREE_WAY):
            return
        call_id = await self._desk.call_at(extension, plan.number)
        self._next_unit = self._next_unit % UNITS + 1
        await self._desk.brings_in(call_id, f"office_{self._next_unit}")
        seen.unit_joined = True
        if plan.course is Course.TRANSFERRED:
            await self._desk.leaves(call_id)
            seen.left_alone = True
            await call.hang_up()
        await asyncio.sleep(plan.talk)

    def _work(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._at_work.add(task)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failures.append(failure)
