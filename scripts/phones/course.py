"""The course of a call: how far it has come and when, its end, and waiting for either."""

import asyncio
import time
from dataclasses import dataclass, field

from scripts.phones.line import Line
from scripts.phones.outcome import CallEndedError, Ending, Side, Times
from scripts.phones.waiting import NotInTimeError, in_time


@dataclass(slots=True, eq=False, kw_only=True)
class Course:
    """How far a call has come; `Call` moves it on."""

    times: Times
    line: Line
    """Falls silent at the end."""
    ending: Ending | None = None
    _ringing: asyncio.Event = field(default_factory=asyncio.Event)
    _answered: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """Whose call it is."""
        raise NotImplementedError

    @property
    def is_up(self) -> bool:
        """True between answer and end."""
        return self._answered.is_set() and not self._ended.is_set()

    async def rings(self, *, within: float) -> float:
        """Wait for the first 18x; gives its time."""
        await self._until(self._ringing, "ring", within=within)
        assert self.times.ringing is not None
        return self.times.ringing

    async def answered(self, *, within: float) -> float:
        """Wait for the answer; gives its time."""
        await self._until(self._answered, "be answered", within=within)
        assert self.times.answered is not None
        return self.times.answered

    async def ended(self, *, within: float) -> Ending:
        """Wait for the end, whoever makes it."""
        await in_time(self._ended.wait(), within=within, what=f"{self.name}: the call did not end")
        assert self.ending is not None
        return self.ending

    def _end(self, *, by: Side, how: str, at: float | None = None) -> None:
        if self.ending is None:
            self.ending = Ending(at=time.monotonic() if at is None else at, by=by, how=how)
            self.times.ended = self.ending.at
            self.line.finish()
            self._ended.set()

    async def _until(self, event: asyncio.Event, what: str, *, within: float) -> None:
        """Wait for something that the end of the call makes impossible."""
        waits = [asyncio.ensure_future(each.wait()) for each in (event, self._ended)]
        try:
            async with asyncio.timeout(within):
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            raise NotInTimeError(f"{self.name}: the call did not {what} within {within:g} s") from None
        finally:
            for wait in waits:
                wait.cancel()
        if not event.is_set():
            assert self.ending is not None
            raise CallEndedError(f"{self.name}: the call did not {what}: {self.ending.how} from {self.ending.by}")
