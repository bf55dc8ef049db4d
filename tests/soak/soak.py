"""The soak itself: callers come by chance, in its second half the controller is killed again and again."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from callcenter.storage.verify import verify
from scripts.hotline_client import HotlineClient, NoHotlineError, ProblemError
from tests.soak.citizens import calls_the_hotline
from tests.soak.operators_desk import OperatorsDesk
from tests.soak.plan import plans
from tests.soak.quiet_phone import DeafEar
from tests.soak.report import Report
from tests.soak.seen import Absence, Seen
from tests.soak.staff import Staff
from tests.soak.truth import differences, read_journal
from tests.soak.watch import OF, Growth, Sample, growth, look
from tests.support.asterisk_console import channels, places
from tests.support.hotlines import SHORT
from tests.support.running_hotline import RunningHotline

SETTINGS: dict[str, object] = {**SHORT, "event_buffer": 500}
"""What it holds for those who watch is full after a few calls; from then on its memory must be flat."""

_BACK = 120.0  # seconds until a new controller answers; two, but on a machine that is busy with much else
_LIVES = 5.0  # seconds that a controller lives at least
_SETTLE = 75.0  # seconds while nothing of it gets less: Asterisk lets go of a phone that sends no sound after 60
_SETTLE_MOST = 150.0
_IDLE_CONNECTIONS = 25.0  # seconds that one to the API may stay open for nothing, and some more
_LOOK_EVERY = 0.1
_LOOKS = 20
_SAMPLE_EVERY = 2.0
_TELL_EVERY = 10.0
_ALL_OVER = 300.0  # seconds for the last calls to end by themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much is asked of the hotline."""

    calls: int | None = None
    """How many calls; None where time ends it."""
    seconds: float | None = None
    """How long callers come; None where their number ends it."""
    rate: float = 3.0
    """Callers each second, on the average."""
    at_once: int = 40
    """Most calls at one time: on a slow machine the next caller dials later."""
    kill_every: float = 60.0
    """Seconds from one kill to the next, in the second half; more where it takes longer to have a controller again."""
    seed: int = 1


@dataclass(slots=True)
class _Soak:
    running: RunningHotline
    api: HotlineClient
    load: Load
    tell: Callable[[str], None]
    book: dict[str, Seen] = field(default_factory=dict)
    absences: list[Absence] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    half: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> int:
        """Calls that are over."""
        return sum(seen.over is not None for seen in self.book.values())

    async def callers_come(self, uri: str, ear: DeafEar) -> None:
        """Let them dial one after the other, by chance, and wait for the end of all."""
        chance, room = random.Random(self.load.seed), asyncio.Semaphore(self.load.at_once)
        end = time.monotonic() + (self.load.seconds or float("inf"))

        async def one(seen: Seen) -> None:
            try:
                await calls_the_hotline(uri, seen, ear)
            finally:
                room.release()

        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
            for plan in islice(plans(self.load.seed), self.load.calls):
                await asyncio.sleep(chance.expovariate(self.load.rate))
                await room.acquire()
                if time.monotonic() >= end:
                    break
                if self._is_half(end):
                    self.half.set()
                seen = self.book[plan.number] = Seen(plan)
                tasks.create_task(one(seen))
            limit.reschedule(asyncio.get_running_loop().time() + _ALL_OVER)

    def _is_half(self, end: float) -> bool:
        if self.load.calls is not None:
            return 2 * len(self.book) >= self.load.calls
        return time.monotonic() >= (self.began + end) / 2

    async def controllers_die(self) -> None:
        """Kill one every minute, from the middle on."""
        await self.half.wait()
        while True:
            next_one = time.monotonic() + self.load.kill_every
            await self._kill()
            await asyncio.sleep(max(_LIVES, next_one - time.monotonic()))

    async def _kill(self) -> None:
        before, began = self.running.pid("controller"), datetime.now(UTC)
        os.kill(before, signal.SIGKILL)
        try:
            async with asyncio.timeout(_BACK):
                while not await self._is_back(before):  # noqa: ASYNC110 - another process's coming
                    await asyncio.sleep(_LOOK_EVERY)
        finally:
            self.absences.append(Absence(began, datetime.now(UTC)))

    async def _is_back(self, before: int) -> bool:
        with suppress(FileNotFoundError, ValueError, NoHotlineError):
            if self.running.pid("controller") != before:
                return bool((await self.api.health())["components"]["asterisk"]["status"] == "ok")
        return False

    async def sample(self, of: str) -> Sample:
        """Look at a process now; one that was killed in the last moment is waited for."""
        async with asyncio.timeout(_BACK):
            while (found := look(self.running, of, self.over)) is None:  # noqa: ASYNC110 - another process
                await asyncio.sleep(_LOOK_EVERY)
        return found

    async def sample_at_rest(self, of: str, before: Sample) -> Sample:
        """Look at a process once the connections to its API that nobody uses any more have ended, or did not end."""
        end = time.monotonic() + _IDLE_CONNECTIONS
        while True:
            found = await self.sample(of)
            if found.descriptors <= before.descriptors or time.monotonic() > end:
                return found
            await asyncio.sleep(_LOOK_EVERY)

    async def is_watched(self) -> None:
        """Take samples, and tell how far it is."""
        told = time.monotonic()
        while True:
            await asyncio.sleep(_SAMPLE_EVERY)
            over = self.over
            self.samples += [found for of in OF if (found := look(self.running, of, over)) is not None]
            if time.monotonic() - told >= _TELL_EVERY:
                told = time.monotonic()
                talking = sum(bool(seen.answered) and seen.over is None for seen in self.book.values())
                self.tell(
                    f"{told - self.began:5.0f} s  {len(self.book)} dialled, {over} over, {talking} in a talk, "
                    f"{len(self.absences)} kills"
                )

    async def left_over(self, staff: Staff) -> list[str]:
        """Wait until nothing of any call is left, for as long as it gets less; gives what is left then."""
        end = (now := time.monotonic()) + _SETTLE_MOST
        least, since = float("inf"), now
        while True:
            left = await self._left(staff)
            now, number = time.monotonic(), sum(left.values())
            if number < least:
                least, since = number, now
            if not left or now > end or now - since > _SETTLE:
                stay = [f"where: {place}" for place in await places(self.running.folder)] if left else []
                return [*(f"{number} {what}" for what, number in left.items()), *stay]
            await asyncio.sleep(_LOOK_EVERY)

    async def _left(self, staff: Staff) -> dict[str, int]:
        found = {
            "channels in Asterisk": len(await channels(self.running.folder)),
            "calls at seats and units": staff.still_up,
            "sounds on their way": sum(1 for _ in (self.running.folder / "recordings" / "incoming").iterdir()),
        }
        try:
            found["calls in progress"] = len(await self.api.all_of("calls", live="true"))
            seats = await self.api.all_of("seats")
            found["seats that are not ready"] = sum(seat["state"] != "ready" for seat in seats)
            found["phones that are not known"] = sum(seat["phone"] != "registered" for seat in seats)
        except (NoHotlineError, ProblemError) as problem:
            return found | {f"hotline that does not answer ({type(problem).__name__})": 1}
        return {what: number for what, number in found.items() if number}


async def soak(running: RunningHotline, load: Load, *, tell: Callable[[str], None] = print) -> Report:
    """Let callers come to a running hotline, which nobody else may use meanwhile; gives what was seen."""
    home = running.home
    ear = DeafEar()
    try:
        async with HotlineClient(home.http, home.token) as api:
            this = _Soak(running, api, load, tell)
            async with Staff(home, running.ports.trunk, OperatorsDesk(api), this.book, ear) as staff:
                before = {of: await this.sample(of) for of in OF}
                this.began = time.monotonic()
                watch = asyncio.create_task(this.is_watched(), name="watch")
                kills = asyncio.create_task(this.controllers_die(), name="kills")
                try:
                    await this.callers_come(f"sip:{home.hotline}@{home.sip}", ear)
                finally:
                    for task in (watch, kills):
                        task.cancel()
                    ended = await asyncio.gather(watch, kills, return_exceptions=True)
                seconds = time.monotonic() - this.began
                stuck = await this.left_over(staff)
                after = {of: await this.sample_at_rest(of, before[of]) for of in OF}
                growths = [growth(this.samples, of, before=before[of], after=after[of]) for of in OF]
                failures = [f"of the soak: {type(each).__name__}: {each}" for each in staff.failures]
                failures += [f"of the soak: {type(each).__name__}" for each in ended if isinstance(each, Exception)]
                if staff.strangers:
                    failures.append(f"{staff.strangers} times a seat rang for nobody")
    finally:
        ear.close()
    return await _report(running, this, seconds=seconds, stuck=stuck, growths=growths, failures=failures)


async def _report(
    running: RunningHotline,
    this: _Soak,
    *,
    seconds: float,
    stuck: list[str],
    growths: list[Growth | None],
    failures: list[str],
) -> Report:
    whole = await _is_whole(running)
    written = await read_journal(running.database_url)
    return Report(
        seconds=seconds,
        calls=list(this.book.values()),
        absences=this.absences,
        wrong=list(differences(this.book, written, this.absences)),
        stuck=stuck,
        growths=[each for each in growths if each is not None],
        journal="" if whole else "its chain is not whole",
        failures=failures,
        outcomes=Counter(call.ends[0].outcome.value for call in written.values() if call.ends),
    )


async def _is_whole(running: RunningHotline) -> bool:
    """Prove the journal; the hotline may write in this very moment, and its mark be newer than what was read."""
    for _ in range(_LOOKS):
        if (await verify(running.database_url, running.folder / "spool")).is_whole:
            return True
        await asyncio.sleep(_LOOK_EVERY)
    return False
