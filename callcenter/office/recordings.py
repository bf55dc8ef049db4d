"""The truth about recordings: that the file exists and grows while people talk, and what became of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from structlog.contextvars import bound_contextvars

from callcenter.domain.alarms import DISK_LOW, RECORDING_FAILED, Threshold
from callcenter.domain.calls import Call, Recording, RecordingState
from callcenter.domain.errors import CallcenterError
from callcenter.domain.exchange.commands import ClearAlarm, NoteRecording, RaiseAlarm
from callcenter.domain.facts import CallEnded, Fact
from callcenter.domain.ids import CallId
from callcenter.domain.listening import seconds_into
from callcenter.domain.records import SoundSeen, Stretches
from callcenter.office.ports import Calls, Clock, Recordings
from callcenter.office.recovery import at_once
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

LOOK_SECONDS = 3.0
GROWN_AFTER = timedelta(seconds=6)  # Asterisk writes in blocks; so long without a byte is no recording
HEARABLE = timedelta(seconds=1)  # who hangs up sooner may be gone before there was any sound to write
CLOSE_SECONDS = 0.25  # between two looks at a file that is being closed
CLOSE_LOOKS = 20
MOST_AT_ONCE = 100  # after an absence thousands may be due; the hotline must be able to end meanwhile
RETRY_SECONDS = 30.0
LIST_SECONDS = 5.0  # between two tries to list what earlier controllers left; those that end now need no list
RETENTION_SECONDS = 6 * 3600.0


@dataclass(slots=True)
class _Ended:
    """A call that has ended, and what was last seen of its file."""

    call: Call
    seen: SoundSeen | None = None
    looks: int = 0
    due: float = 0.0
    """When it is looked at next, by the loop's clock."""
    has_failed: bool = False
    """It could not be kept at the last try, and waits for the next."""


class RecordingKeeper:
    """Looks at running recordings, keeps ended ones, and raises an alarm where there is none."""

    def __init__(
        self,
        recordings: Recordings,
        calls: Calls,
        switchboard: Switchboard,
        *,
        clock: Clock,
        minimum_free_bytes: int,
        retention_days: int | None,
        known: Callable[[], Awaitable[None]] = at_once,
    ) -> None:
        """`known` waits until it is known what was before: a recording that is settled sooner would not be noted."""
        self._recordings = recordings
        self._calls = calls
        self._switchboard = switchboard
        self._clock = clock
        self._minimum_free_bytes = minimum_free_bytes
        self._room = Threshold(raise_at=minimum_free_bytes - 1, clear_at=minimum_free_bytes + minimum_free_bytes // 10)
        self._retention_days = retention_days
        self._known = known
        self._sizes: dict[CallId, int] = {}
        self._ended: dict[CallId, _Ended] = {}
        self._arrived = asyncio.Event()
        switchboard.when_noted(self._noted)

    def _noted(self, fact: Fact, call: Call | None) -> None:
        if isinstance(fact, CallEnded) and call is not None and call.recording_path is not None:
            self._ended[call.id] = _Ended(call)
            self._arrived.set()

    async def run(self) -> None:
        """Look and keep until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(LOOK_SECONDS, self._look_at_all), name="recordings: look")
            tasks.create_task(self._keep_ended(), name="recordings: keep")
            tasks.create_task(self._take_up_earlier(), name="recordings: earlier ones")
            if self._retention_days is not None:
                tasks.create_task(self._every(RETENTION_SECONDS, self._expire), name="recordings: retention")

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await act()
            except TimeoutError:
                pass  # a disk that does not answer is told by the alarm of the recordings' folder, once it lasts
            except OSError as error:
                self._failed(f"the recordings' folder cannot be used: {error.strerror}")
            await asyncio.sleep(seconds)

    async def _look_at_all(self) -> None:
        free = await self._recordings.free_bytes()
        stands = any(alarm.name == DISK_LOW for alarm in self._switchboard.exchange.alarms)
        if self._room.is_bad(free, stands=stands):
            detail = f"{free // 2**20} MB are free for recordings, less than {self._minimum_free_bytes // 2**20} MB"
            self._switchboard.ask(RaiseAlarm(name=DISK_LOW, detail=detail))
        else:
            self._switchboard.ask(ClearAlarm(name=DISK_LOW))
        if not self._switchboard.exchange.linked:
            return  # an Asterisk that is not heard may have died, and its calls with it: that is told by others
        live = {call.id: call for call in self._switchboard.exchange.calls}
        self._sizes = {call_id: size for call_id, size in self._sizes.items() if call_id in live}
        recorded = {call_id: call.recording for call_id, call in live.items() if call.recording is not None}
        due = {call_id: recording for call_id, recording in recorded.items() if self._is_due(recording)}
        seen = await self._recordings.look(due)
        if not self._switchboard.exchange.linked:
            return
        healthy = [self._grows(call_id, recording, seen[call_id]) for call_id, recording in due.items()]
        if recorded and all(healthy):
            self._works()

    def _is_due(self, recording: Recording) -> bool:
        return recording.started is not None and self._clock.now() - recording.started >= GROWN_AFTER

    def _grows(self, call_id: CallId, recording: Recording, seen: SoundSeen) -> bool:
        grown = seen.exists and seen.size_bytes > self._sizes.get(call_id, -1)
        self._sizes[call_id] = seen.size_bytes
        if grown:
            self._note(call_id, replace(recording, state=RecordingState.RECORDING))
        else:
            state = RecordingState.FAILED if seen.exists else RecordingState.MISSING
            self._note(call_id, replace(recording, state=state))
            self._failed("a call in progress is not being recorded")
        return grown

    async def _take_up_earlier(self) -> None:
        """Have those kept as well that an earlier controller left, as soon as they can be known."""
        await self._known()
        while True:
            try:
                for call in [*await self._calls.unsettled_recordings(), *await self._left_behind()]:
                    self._ended.setdefault(call.id, _Ended(call))
            except (CallcenterError, OSError) as error:
                log.warning("unsettled recordings could not be listed", why=str(error))
                await asyncio.sleep(LIST_SECONDS)
            else:
                self._arrived.set()
                return

    async def _keep_ended(self) -> None:
        """Go round by round through those that have ended: many a second cost little more than one."""
        loop = asyncio.get_running_loop()
        while True:
            self._arrived.clear()
            now = loop.time()
            if due := [ended for ended in self._ended.values() if ended.due <= now]:
                await self._keep_closed(due[:MOST_AT_ONCE])
                await asyncio.sleep(CLOSE_SECONDS)
                continue
            next_due = min((ended.due for ended in self._ended.values()), default=None)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_due):
                    await self._arrived.wait()

    async def _left_behind(self) -> Sequence[Call]:
        """Give ended calls whose file an earlier controller did not come to take away: also who was never answered."""
        known = await self._calls.several(await self._recordings.incoming())
        return [call for call in known.values() if not call.is_live]

    async def _keep_closed(self, due: Sequence[_Ended]) -> None:
        """Keep those which Asterisk has written the last of: no event tells, but the file stays as it was."""
        if not due:
            return
        try:
            seen = await self._recordings.look([ended.call.id for ended in due])
        except OSError as error:
            for ended in due:
                self._settle(ended, error)
            return
        closed = []
        for ended in due:
            before, ended.seen = ended.seen, seen[ended.call.id]
            ended.looks += 1
            if ended.seen == before or ended.looks > CLOSE_LOOKS:
                closed.append(ended)
        kept = await self._recordings.keep({ended.call.id: _secrets(ended.call) for ended in closed})
        for ended in closed:
            with bound_contextvars(call_id=ended.call.id):
                self._settle(ended, kept[ended.call.id])

    def _settle(self, ended: _Ended, kept: float | OSError | None) -> None:
        """Note what became of one ended call's recording: its seconds, None without sound, or why it must wait."""
        call = ended.call
        if isinstance(kept, OSError):
            ended.due, ended.looks = asyncio.get_running_loop().time() + RETRY_SECONDS, 0
            ended.has_failed = True
            self._failed(f"a recording could not be kept: {kept.strerror}")
            if call.recording is not None:
                self._note(call.id, replace(call.recording, state=RecordingState.FAILED))
            return
        self._ended.pop(call.id, None)
        if call.recording is None:
            return  # never answered: there was nothing to hear
        state = RecordingState.MISSING if kept is None else RecordingState.KEPT
        self._note(call.id, replace(call.recording, state=state, seconds=kept))
        if kept is not None:
            self._works()
        elif _could_be_heard(call):
            self._failed("an answered call has no recording")

    async def _expire(self) -> None:
        assert self._retention_days is not None
        if deleted := await self._recordings.expire(self._retention_days):
            log.info("recordings past their retention were deleted", recordings=deleted)

    def _note(self, call_id: CallId, recording: Recording) -> None:
        call = self._switchboard.exchange.call(call_id)
        if call is not None and call.recording == recording:
            return  # as it is for nearly every call at every look
        self._switchboard.ask(NoteRecording(call_id=call_id, recording=recording))

    def _failed(self, detail: str) -> None:
        self._switchboard.ask(RaiseAlarm(name=RECORDING_FAILED, detail=detail))

    def _works(self) -> None:
        """Know of a recording that is well; it is none of those that still cannot be kept."""
        if not any(ended.has_failed for ended in self._ended.values()):
            self._switchboard.ask(ClearAlarm(name=RECORDING_FAILED))


def _secrets(call: Call) -> Stretches:
    """Give the stretches of the recording that were kept secret, in its seconds."""
    return [
        (seconds_into(call, secret.began), seconds_into(call, secret.ended or call.t5 or secret.began))
        for secret in call.secrets
    ]


def _could_be_heard(call: Call) -> bool:
    """Tell whether an ended call was open for long enough to leave sound."""
    assert call.recording is not None
    started, ended = call.recording.started, call.t5
    return started is None or ended is None or ended - started >= HEARABLE
