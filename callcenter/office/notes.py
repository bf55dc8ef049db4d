"""The words of live calls: who is listened to, whose words they are, and what of them is missing."""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import structlog
from structlog.contextvars import bound_contextvars

from callcenter.domain.calls import Call
from callcenter.domain.errors import CallcenterError, UnreadableError
from callcenter.domain.exchange.commands import NoteNotes, NoteUtterance
from callcenter.domain.fact_data import from_data
from callcenter.domain.facts import CallEnded, Fact, NotesChanged, OfCall, RecordingChanged, UtteranceHeard
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.listening import Attention, attend, gaps_of, legs_to_hear, remembered, seconds_into
from callcenter.domain.notes import Gap, Notes, NotesState, TapId, Utterance, UtteranceId, Words
from callcenter.domain.views import utterance_view
from callcenter.office.ears import Ear, Listening, Tap
from callcenter.office.ports import Calls, Clock, Hearing, Taps
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
BEGIN_SECONDS = 3.0  # a tap takes a fifth of a second to begin; one that takes longer has failed
ROOM_SECONDS = 2.0  # between two looks for room, where there was none
RETRY_FIRST = 0.3
RETRY_MOST = 5.0
MOST_ATTEMPTS = 8  # of a tap that dies again and again; from then on the leg is noted afterwards
LIVED_SECONDS = 10.0  # a tap that lived so long and died is no hopeless one
LAST_WORDS_SECONDS = 15.0  # how long an ended call waits for them
RECALL_SECONDS = 10.0  # between two tries to read the journal of a call that an earlier controller had
MOST_UNFINISHED = 1000


class NoteTaker:
    """Listens to the legs of live calls and notes their words, each with its own call.

    `write` gives a heard text as people write it. Fills the audience of the speech workers.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        calls: Calls,
        *,
        taps: Taps,
        hearing: Hearing,
        stream: Stream,
        clock: Clock,
        write: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._switchboard = switchboard
        self._calls = calls
        self._taps = taps
        self._hearing = hearing
        self._stream = stream
        self._clock = clock
        self._write = write
        self._listening: dict[CallId, Listening] = {}
        self._tap: dict[TapId, Tap] = {}
        self._stirred = asyncio.Event()
        self.stray = 0
        """Words of a tap that nobody knows: they are thrown away, whoever said them."""
        self.unfinished: dict[CallId, list[Utterance]] = {}
        """Of ended calls: what was told as it was said, and never came to its end."""
        switchboard.when_noted(self._noted)
        taps.on_ended = self._tap_ended

    @property
    def not_live(self) -> int:
        """Legs that are to be heard at this moment and are not."""
        now = self._clock.monotonic()
        return sum(
            ear.wanted and (ear.tap is None or (ear.tap.begun is None and now - ear.tap.made > BEGIN_SECONDS))
            for listening in self._listening.values()
            for ear in listening.ears.values()
        )

    def listens(self, call_id: CallId) -> bool:
        """Tell whether words of this call are noted, or its last ones are waited for."""
        return call_id in self._listening

    async def run(self) -> None:
        """Begin taps again that died, and tell how the notes stand, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._stirred.wait()
            self._stirred.clear()
            self._adopt()
            for listening in list(self._listening.values()):
                if not listening.recalled and self._clock.monotonic() >= listening.recall_at:
                    await self._recall(listening)
                self._try_again(listening)
                self._finish(listening)
                self._tell_how_it_stands(listening)

    # Whose words are wanted

    def _noted(self, fact: Fact, call: Call | None) -> None:
        """Listen to others, or to nobody, in the moment in which a fact says so."""
        if call is None or isinstance(fact, UtteranceHeard | NotesChanged | RecordingChanged):
            return
        listening = self._listening.get(call.id)
        if listening is None:
            forgotten = isinstance(fact, CallEnded) and call.notes is not None and call.notes.state is NotesState.LIVE
            if not legs_to_hear(call) and not forgotten:
                return
            listening = self._begin_listening(call)
        self._attend(listening, call, at=fact.at)
        if isinstance(fact, CallEnded):
            listening.ended = self._clock.monotonic()
        self._stirred.set()

    def _begin_listening(self, call: Call) -> Listening:
        listening = Listening(call=call, noted=call.notes, recalled=call.notes is None)
        self._listening[call.id] = listening
        return listening

    def _adopt(self) -> None:
        """Listen to calls that were there before this controller."""
        if not self._switchboard.exchange.linked:
            return
        for call in self._switchboard.exchange.calls:
            if call.id not in self._listening and legs_to_hear(call):
                self._attend(self._begin_listening(call), call, at=self._clock.now())

    async def _recall(self, listening: Listening) -> None:
        """Find out what an earlier controller left unheard of a call."""
        began = min((each.since for each in listening.attentions.values() if each.since), default=self._clock.now())
        try:
            before = await attentions_before(self._calls, listening.call.id, until=began)
        except UnreadableError:
            log.error("what was heard before is not known: its journal does not add up", call_id=listening.call.id)
            before = {}
        except CallcenterError as error:
            listening.recall_at = self._clock.monotonic() + RECALL_SECONDS
            log.warning("what was heard before cannot be read", call_id=listening.call.id, why=str(error))
            return
        listening.recalled = listening.changed = True
        for leg_id, attention in before.items():
            known = listening.attentions.setdefault(leg_id, Attention(leg_id=leg_id, side=attention.side))
            known.wanted += attention.wanted
            known.heard += attention.heard

    def _attend(self, listening: Listening, call: Call, *, at: datetime) -> None:
        listening.call = call
        attend(listening.attentions, call, at)
        to_hear = legs_to_hear(call)
        for leg_id, side in to_hear.items():
            ear = listening.ears.setdefault(leg_id, Ear(call_id=call.id, leg_id=leg_id, side=side))
            if not ear.wanted:
                ear.wanted, ear.attempts, ear.retry_at = True, 0, 0.0
                self._begin_tap(listening, ear)
        for leg_id, ear in listening.ears.items():
            if ear.wanted and leg_id not in to_hear:
                ear.wanted = False
                self._drop_tap(ear, at=at)

    # Taps

    def _begin_tap(self, listening: Listening, ear: Ear) -> None:
        tap = Tap(id=TapId(str(uuid.uuid4())), ear=ear, made=self._clock.monotonic())
        if not self._hearing.place(tap.id, ear.call_id):
            ear.retry_at = self._clock.monotonic() + ROOM_SECONDS
            return
        ear.tap = self._tap[tap.id] = listening.taps[tap.id] = tap

    def _drop_tap(self, ear: Ear, *, at: datetime) -> None:
        """Want no more of a tap; its last words still come."""
        if ear.tap is not None:
            ear.tap.dropped_at = at
            with bound_contextvars(call_id=ear.call_id):
                self._taps.end(ear.tap.id)
            self._hearing.forget(ear.tap.id)
            ear.tap = None

    def _try_again(self, listening: Listening) -> None:
        now = self._clock.monotonic()
        for ear in listening.ears.values():
            if ear.wanted and ear.tap is None and now >= ear.retry_at and ear.attempts < MOST_ATTEMPTS:
                self._begin_tap(listening, ear)

    def _tap_ended(self, tap_id: TapId) -> None:
        """Asterisk has ended a tap. The worker notices by itself, save where it was never connected."""
        tap = self._tap.get(tap_id)
        if tap is not None and tap.begun is None:
            self._hearing.forget(tap_id)

    def _gone(self, tap: Tap, until: datetime | None) -> None:
        """Take note of the end of a tap, and of how far it has heard."""
        ear = tap.ear
        listening = self._listening.get(ear.call_id)
        self._tap.pop(tap.id, None)
        if listening is None:
            return
        listening.taps.pop(tap.id, None)
        if tap.begun is not None and until is not None and ear.leg_id in listening.attentions:
            listening.attentions[ear.leg_id].heard.append((tap.begun, until))
        if tap.open:
            self.unfinished.setdefault(ear.call_id, []).extend(tap.open.values())
            while len(self.unfinished) > MOST_UNFINISHED:
                del self.unfinished[next(iter(self.unfinished))]
        if ear.tap is tap:
            ear.tap = None
            now = self._clock.monotonic()
            ear.attempts = 1 if now - tap.made > LIVED_SECONDS else ear.attempts + 1
            ear.retry_at = now + min(RETRY_MOST, RETRY_FIRST * 2 ** (ear.attempts - 1))
            if ear.attempts == MOST_ATTEMPTS:
                log.warning("a leg cannot be listened to; it is noted afterwards", call_id=ear.call_id)
        self._stirred.set()

    # What the speech workers tell

    def tap_ready(self, tap_id: TapId, port: int) -> None:
        """A worker waits for this tap: have Asterisk send it."""
        tap = self._tap.get(tap_id)
        if tap is None or tap.dropped_at is not None:
            self._hearing.forget(tap_id)
            return
        try:
            with bound_contextvars(call_id=tap.ear.call_id):  # also for what Asterisk answers later
                self._taps.begin(tap_id, tap.ear.leg_id, port)
        except CallcenterError as error:
            log.warning("a leg cannot be listened to now", call_id=tap.ear.call_id, why=str(error))
            self._hearing.forget(tap_id)

    def tap_begun(self, tap_id: TapId, at: datetime) -> None:
        """The first sound of this tap was said at this moment."""
        if (tap := self._tap.get(tap_id)) is not None:
            tap.begun = tap.settled = tap.ear.heard_from = at
            if (listening := self._listening.get(tap.ear.call_id)) is not None:
                listening.changed = True
                self._stirred.set()

    def tap_settled(self, tap_id: TapId, until: datetime) -> None:
        """All that was said before this moment has been told."""
        if (tap := self._tap.get(tap_id)) is not None and tap.settled is not None:
            tap.settled = max(tap.settled, until)

    def tap_over(self, tap_id: TapId, until: datetime | None) -> None:
        """This tap has told all and is over."""
        if (tap := self._tap.get(tap_id)) is not None:
            self._gone(tap, until)

    def tap_lost(self, tap_id: TapId) -> None:
        """The worker is gone, and with it what was said last."""
        if (tap := self._tap.get(tap_id)) is not None:
            self._taps.end(tap_id)
            self._gone(tap, tap.settled)

    def tap_heard(self, tap_id: TapId, words: Words) -> None:
        """Somebody said something: note it with the one call that this tap was made for."""
        tap = self._tap.get(tap_id)
        listening = None if tap is None else self._listening.get(tap.ear.call_id)
        if tap is None or listening is None:
            self.stray += 1
            return
        call = self._switchboard.exchange.call(tap.ear.call_id) or listening.call
        unwanted = tap.dropped_at is not None and words.begins >= tap.dropped_at
        utterance = Utterance(
            id=UtteranceId(str(uuid.uuid5(uuid.UUID(tap_id), str(words.number)))),
            side=tap.ear.side,
            leg_id=tap.ear.leg_id,
            start=round(seconds_into(call, words.begins), 3),
            end=round(seconds_into(call, words.ends), 3),
            text="" if unwanted else words.text,
            confidence=words.confidence,
            final=words.final,
        )
        if words.final and tap.settled is not None:
            tap.settled = max(tap.settled, words.ends)  # one utterance is told after the other
        if not words.final:
            if not unwanted:
                tap.open[words.number] = utterance
                self._publish(call.id, utterance)
            return
        told = tap.open.pop(words.number, None)
        if utterance.text:
            self._switchboard.ask(NoteUtterance(call_id=call.id, utterance=written(utterance, self._write)))
        elif told is not None:
            self._publish(call.id, replace(utterance, final=False))

    def _publish(self, call_id: CallId, utterance: Utterance) -> None:
        """Show words that may still change; an empty text takes them back."""
        data = {**utterance_view(utterance), "call_id": call_id}
        self._stream.publish("utterance.partial", self._clock.now(), data)

    # How the notes stand

    def _finish(self, listening: Listening) -> None:
        """Close the notes of an ended call as soon as its last words are told."""
        if listening.ended is None or not listening.recalled:
            return
        if listening.taps and self._clock.monotonic() - listening.ended < LAST_WORDS_SECONDS:
            return
        for tap in list(listening.taps.values()):
            self._gone(tap, tap.settled)
        call = self._switchboard.exchange.call(listening.call.id) or listening.call
        gaps = gaps_of(call, listening.attentions.values(), call.t5 or self._clock.now())
        self._tell(listening, Notes(state=NotesState.LATER if gaps else NotesState.COMPLETE, gaps=gaps))
        del self._listening[call.id]
        if not gaps:
            self.unfinished.pop(call.id, None)

    def _tell_how_it_stands(self, listening: Listening) -> None:
        """Say that the words are being noted, and what is known to be missing: another controller may need it."""
        if not listening.changed or listening.ended is not None or not listening.recalled:
            return
        listening.changed = False
        self._tell(listening, Notes(state=NotesState.LIVE, gaps=self._known_gaps(listening)))

    def _known_gaps(self, listening: Listening) -> tuple[Gap, ...]:
        """Give what is missing for certain: of each leg only what lies before the tap that heard it last.

        What is missing after that is found by another controller too: nothing was noted from there on.
        """
        gaps: list[Gap] = []
        for leg_id, attention in listening.attentions.items():
            ear = listening.ears.get(leg_id)
            if ear is not None and ear.heard_from is not None:
                begun = [tap.begun for tap in listening.taps.values() if tap.ear is ear and tap.begun is not None]
                gaps += gaps_of(listening.call, [attention], min([ear.heard_from, *begun]))
        return tuple(gaps)

    def _tell(self, listening: Listening, notes: Notes) -> None:
        if notes != listening.noted:
            listening.noted = notes
            self._switchboard.ask(NoteNotes(call_id=listening.call.id, notes=notes))


def written(utterance: Utterance, write: Callable[[str], str]) -> Utterance:
    """Write what was heard as people write it; what was rewritten keeps what was heard."""
    text = write(utterance.text)
    return replace(utterance, text=text, heard=utterance.text if text != utterance.text else None)


async def attentions_before(calls: Calls, call_id: CallId, *, until: datetime) -> dict[LegId, Attention]:
    """Tell from a call's journal whose words were wanted before a moment, and heard.

    Raises UnavailableError, and UnreadableError where what it tells does not add up.
    """
    entries = await calls.journal(call_id)
    try:
        facts: Iterable[Fact] = [
            from_data(entry.kind, entry.data, at=entry.time, call_id=call_id, recovered=entry.recovered)
            for entry in entries
        ]
        return dict(remembered([fact for fact in facts if isinstance(fact, OfCall)], until))
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableError("what the journal tells of this call does not add up") from error
