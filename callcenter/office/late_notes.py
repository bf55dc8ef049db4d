"""What was not heard while people talked is made from the recording, in order of age, when live calls leave time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import structlog
from structlog.contextvars import bound_contextvars

from callcenter.domain.alarms import NOTES_FAILED
from callcenter.domain.calls import Call, RecordingState
from callcenter.domain.errors import CallcenterError, UnavailableError
from callcenter.domain.exchange.commands import ClearAlarm, RaiseAlarm
from callcenter.domain.facts import CallEnded, Fact, NotesChanged, RecordingChanged, UtteranceHeard
from callcenter.domain.hearing_again import MARGIN, Piece, Said, noted_afterwards, pieces
from callcenter.domain.ids import CallId
from callcenter.domain.notes import Notes, NotesState, Utterance, Words
from callcenter.domain.views import utterance_view
from callcenter.office.notes import written
from callcenter.office.ports import Calls, Clock, Hearing, Recordings
from callcenter.office.recovery import at_once
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
BUSY_SECONDS = 2.0  # between two tries, where no worker has time
MOST_TRIES = 3  # of a recording in which a worker breaks off
LIMIT_FACTOR = 20.0  # times the length of a piece: live calls come first, but not for ever
LIMIT_LEAST = 120.0


class LateNotes:
    """Makes the missing words of ended calls. `unfinished` is what the NoteTaker left open, by call."""

    def __init__(
        self,
        calls: Calls,
        recordings: Recordings,
        hearing: Hearing,
        switchboard: Switchboard,
        *,
        unfinished: Mapping[CallId, list[Utterance]],
        stream: Stream,
        clock: Clock,
        write: Callable[[str], str] = lambda text: text,
        known: Callable[[], Awaitable[None]] = at_once,
    ) -> None:
        """`known` waits until it is known what was before: what is noted sooner would be overruled by it."""
        self._calls = calls
        self._recordings = recordings
        self._hearing = hearing
        self._switchboard = switchboard
        self._unfinished = unfinished
        self._stream = stream
        self._clock = clock
        self._write = write
        self._known = known
        self._tries: dict[CallId, int] = {}
        self._arrived = asyncio.Event()
        self.waiting = 0
        """Calls whose words are still to be made, as of the last look."""
        switchboard.when_noted(self._noted)

    def _noted(self, fact: Fact, call: Call | None) -> None:
        if call is not None and isinstance(fact, NotesChanged | RecordingChanged | CallEnded) and not call.is_live:
            self._arrived.set()

    async def run(self) -> None:
        """Make notes until cancelled."""
        await self._known()
        while True:
            self._arrived.clear()
            pause = LOOK_SECONDS
            try:
                if not await self._make_all():
                    pause = BUSY_SECONDS
            except CallcenterError as error:
                log.warning("calls whose words are missing cannot be read", why=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._arrived.wait()

    async def _make_all(self) -> bool:
        """Make the words of all calls that can be heard now; False where no worker has time."""
        wanted = await self._calls.notes_wanted()
        self.waiting = len(wanted)
        self._tries = {call_id: tries for call_id, tries in self._tries.items() if any(c.id == call_id for c in wanted)}
        for call in wanted:
            state = None if call.recording is None else call.recording.state
            if state in (RecordingState.RECORDING, RecordingState.FAILED):
                continue  # it may be kept yet
            path = None if state is not RecordingState.KEPT else await self._recordings.path(call.id)
            if path is None:
                self._give_up(call, "there is no recording of what was not heard")
            elif self._hearing.room <= 0:
                return False
            else:
                with bound_contextvars(call_id=call.id):
                    await self._make(call, path)
            self.waiting -= 1
        return True

    async def _make(self, call: Call, path: Path) -> None:
        unfinished = self._unfinished.get(call.id, [])
        try:
            for piece in pieces(call):
                said = await self._hear(path, piece)
                call = await self._calls.get(call.id) or call
                for utterance in noted_afterwards(call, piece, said, unfinished):
                    fact = UtteranceHeard(
                        at=self._clock.now(), call_id=call.id, utterance=written(utterance, self._write)
                    )
                    call = self._switchboard.note_settled(call, fact)
        except UnavailableError as error:
            tries = self._tries[call.id] = self._tries.get(call.id, 0) + 1
            log.warning("a recording was not heard to its end", call_id=call.id, why=str(error), tries=tries)
            if tries >= MOST_TRIES:
                self._give_up(call, "a recording could not be turned into words")
            return
        self._take_back(call, unfinished)
        self._tell(call, Notes(state=NotesState.COMPLETE))
        self._switchboard.ask(ClearAlarm(name=NOTES_FAILED))

    async def _hear(self, path: Path, piece: Piece) -> Sequence[Said]:
        begins, ends = piece.begins, piece.ends + MARGIN
        try:
            async with asyncio.timeout(max(LIMIT_LEAST, LIMIT_FACTOR * (ends - begins))):
                words = await self._hearing.transcribe(path, channel=piece.channel, begins=begins, ends=ends)
        except TimeoutError:
            raise UnavailableError("it took too long") from None
        return [_said(each) for each in words]

    def _give_up(self, call: Call, why: str) -> None:
        gaps = () if call.notes is None else call.notes.gaps
        self._take_back(call, self._unfinished.get(call.id, []))
        self._tell(call, Notes(state=NotesState.FAILED, gaps=gaps))
        self._switchboard.ask(RaiseAlarm(name=NOTES_FAILED, detail=why))

    def _take_back(self, call: Call, unfinished: Sequence[Utterance]) -> None:
        """Take back what was shown and never said to its end, as far as it did not become a note."""
        noted = {utterance.id for utterance in call.utterances}
        for utterance in unfinished:
            if utterance.id not in noted:
                data = {**utterance_view(utterance), "text": "", "call_id": call.id}
                self._stream.publish("utterance.partial", self._clock.now(), data)

    def _tell(self, call: Call, notes: Notes) -> None:
        self._switchboard.note_settled(call, NotesChanged(at=self._clock.now(), call_id=call.id, notes=notes))


def _said(words: Words) -> Said:
    zero = datetime.fromtimestamp(0, UTC)
    return Said(
        begins=(words.begins - zero).total_seconds(),
        ends=(words.ends - zero).total_seconds(),
        text=words.text,
        confidence=words.confidence,
    )
