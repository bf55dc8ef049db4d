"""The one task that decides: events, requests and time go in one after the other, facts and wishes come out."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

import structlog

from callcenter.domain import facts
from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call
from callcenter.domain.errors import CallcenterError, UnavailableError
from callcenter.domain.exchange import Command, Decision, Exchange, Moment
from callcenter.domain.exchange.commands import NoteNotes, NoteUtterance
from callcenter.domain.fact_data import to_data
from callcenter.domain.facts import Fact, OfCall
from callcenter.domain.fold import apply
from callcenter.domain.recall_view import recall_view
from callcenter.domain.telephony import LinkRestored, TelephonyEvent
from callcenter.domain.views import (
    Json,
    QueueView,
    alarm_view,
    call_view,
    leg_view,
    moment,
    queue_view,
    seat_view,
    trunk_view,
    utterance_view,
)
from callcenter.domain.wishes import StartFlow
from callcenter.office.ports import Clock, Journal, Telephone
from callcenter.office.stream import Stream

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.1  # how late a wrap-up may end or an announcement begin
PICTURE_SECONDS = 0.05  # on a busy day queue and trunk change with every event; nobody sees more than twenty a second
BEAT_SECONDS = 1.0
FROZEN_SECONDS = 2.5  # the dialplan gives up on us after 3: whoever was away for longer must not decide on old news
BROKEN_SECONDS = 10.0  # by then every caller is in Asterisk's own queue, since no beat told that we decide
LOOK_AGAIN_SECONDS = 30.0  # a mistake that meets every look must not keep callers in the menu from getting on

Noticed = Callable[[Fact, Call | None], None]
"""Is told each fact, with the whole call after it, in the moment it is noted; must not wait."""


LateFact = facts.UtteranceHeard | facts.NotesChanged
"""What may be found out about a call when it is long over."""


class FrozenError(CallcenterError):
    """This process was stopped for so long that Asterisk has taken the callers back; it must end and begin anew."""


class BrokenError(CallcenterError):
    """Our own code fails whenever time passes; Asterisk's own queue serves the callers until we begin anew."""


class Switchboard:
    """Owns the exchange. `telephone` and `start_flow` are set before `run`."""

    telephone: Telephone
    start_flow: Callable[[StartFlow], None]

    def __init__(self, exchange: Exchange, *, journal: Journal, stream: Stream, clock: Clock) -> None:
        self._exchange = exchange
        self._journal = journal
        self._stream = stream
        self._clock = clock
        self._inbox: deque[TelephonyEvent] = deque()  # the link bounds it: it hands over no more than its own inbox
        self._stirred = asyncio.Event()
        self._noticed: list[Noticed] = []
        self._turned: float | None = None
        self._beat_at = self._tick_at = self._told_at = 0.0
        self._queues: Sequence[tuple[object, ...]] = [_shape(queue) for queue in exchange.queues()]
        self._trunk = exchange.trunk()
        self._is_told = True
        self._next_pulse: asyncio.TimerHandle | None = None
        self._next_picture: asyncio.TimerHandle | None = None
        self._corrected = 0
        self._looked_again: float | None = None
        self._undecided_since: float | None = None
        self.told = 0
        """Events of the telephone system taken in, since the start."""
        self.failures = 0
        """Events and ticks that our own code failed on; shown on /health."""

    @property
    def exchange(self) -> Exchange:
        """The picture, to look at."""
        return self._exchange

    def when_noted(self, noticed: Noticed) -> None:
        """Tell this part of every fact."""
        self._noticed.append(noticed)

    def tell(self, event: TelephonyEvent) -> None:
        """Take in what the telephone system tells; decided in the order of telling."""
        self._inbox.append(event)
        self.told += 1
        self._stirred.set()

    def ask(self, command: Command) -> None:
        """Do what is asked, on the newest picture.

        Raises:
            NotFoundError: no such call or seat.
            RefusedError: not possible in this state; says what is.
            UnavailableError: this process was away for too long, and is about to end.

        """
        if self._away_for() > FROZEN_SECONDS:
            raise UnavailableError("the controller was away and begins anew; ask again in a moment")
        self.settle()
        self._decide(self._exchange.ask(command, self._now()))

    def note_settled(self, call: Call, fact: LateFact) -> Call:
        """Add what was found out afterwards to a call that may have been let go of; the call after it.

        `call` is its newest state; it is overruled where the exchange still has the call. A fact dated before the
        call's newest one is dated with it, so that the journal stays in order.
        """
        self.settle()
        if self._exchange.call(call.id) is not None:
            self.ask(_command(fact))
            return self._exchange.call(call.id) or call
        fact = replace(fact, at=max(fact.at, call.last_at))
        after = apply(call, fact)
        self._note(fact, after)
        return after

    def note_ticket(self, fact: facts.TicketStands) -> None:
        """Add to the journal how a ticket stands; whoever works on tickets publishes the ticket itself.

        It is never dated before what its call was told of last: a clock may have been set back since.
        """
        self.settle()
        if fact.call_id is not None:
            fact = replace(fact, at=self._exchange.date_ticket(fact.call_id, fact.at))
        self._note(fact, None)

    def note_clock(self, fact: facts.ClockStepped) -> None:
        """Add to the journal that the clock was stepped or taken over, and tell the dialplan the new time at once."""
        self.settle()
        self._note(fact, None)
        self._decide(self._exchange.set_clock(fact.seconds, self._now(), taken_over=fact.taken_over))
        self._beat_at = self._clock.monotonic()
        self._stirred.set()

    async def run(self) -> None:
        """Decide until cancelled.

        Raises:
            FrozenError: this process was away for too long.
            BrokenError: nothing could be decided for too long.

        """
        self._beat_at = self._clock.monotonic()
        decides = True
        self._pulse()
        try:
            while True:
                await self._stirred.wait()
                self._stirred.clear()
                self._look_at_the_clock()
                self.settle()
                if not self._is_told:
                    self._publish_soon()
                if self._clock.monotonic() >= self._tick_at:
                    self._tick_at = self._clock.monotonic() + TICK_SECONDS
                    decides = self._tick()
                if decides and self._exchange.linked and self._clock.monotonic() >= self._beat_at:
                    self._beat_at = self._clock.monotonic() + BEAT_SECONDS
                    self.telephone.beat(self._clock.epoch())
        finally:
            for timer in (self._next_pulse, self._next_picture):
                if timer is not None:
                    timer.cancel()

    def _pulse(self) -> None:
        """Wake `run` ten times a second: a limit for each of its waits were a timer for each event."""
        self._stirred.set()
        self._next_pulse = asyncio.get_running_loop().call_later(TICK_SECONDS, self._pulse)

    def _publish_soon(self) -> None:
        """Tell the picture now, or as soon as the one before it is old enough."""
        if (wait := self._told_at + PICTURE_SECONDS - self._clock.monotonic()) <= 0:
            self.publish_changes()
        elif self._next_picture is None:
            self._next_picture = asyncio.get_running_loop().call_later(wait, self._picture_is_due)

    def _picture_is_due(self) -> None:
        self._next_picture = None  # a timer may be a moment early; then there is one more
        self._stirred.set()

    def _look_at_the_clock(self) -> None:
        if (away := self._away_for()) > FROZEN_SECONDS:
            raise FrozenError(f"this process was away for {away:.1f} s")
        self._turned = self._clock.monotonic()

    def _away_for(self) -> float:
        """Give the seconds since `run` last took its turn; 0 before its first."""
        return 0.0 if self._turned is None else self._clock.monotonic() - self._turned

    def _now(self) -> Moment:
        return Moment(wall=self._clock.now(), mono=self._clock.monotonic())

    def settle(self) -> None:
        """Decide on everything that was told so far; on nothing where this process was away for too long.

        Whoever wakes first, an answer at the API or the link, must not decide on old news before `run` has seen it.
        """
        while self._inbox and self._away_for() <= FROZEN_SECONDS:
            event = self._inbox.popleft()
            try:
                decision = self._exchange.handle(event, self._now())
            except Exception:
                # One event that we cannot decide on must not stop the others; its call goes on in Asterisk.
                # What it told is told again in another way, by a fresh look at what exists.
                call_id = getattr(event, "call_id", None)
                log.exception("the exchange failed on an event", event_kind=type(event).__name__, call_id=call_id)
                self.failures += 1
                self._look_again()
            else:
                self._decide(decision)
                if isinstance(event, LinkRestored):
                    self._tick_at = (
                        0.0  # with it came all that the lists tell: who waits, or clicks, need not wait for time
                    )

    def _look_again(self) -> None:
        now = self._clock.monotonic()
        if self._looked_again is None or now - self._looked_again > LOOK_AGAIN_SECONDS:
            self._looked_again = now
            self.telephone.look_again()

    def _tick(self) -> bool:
        """Let time pass; False where our own code failed, and then Asterisk must not be told that we decide."""
        now = self._now()
        try:
            decision = self._exchange.tick(now)
        except Exception as error:
            self.failures += 1
            if self._undecided_since is None:
                self._undecided_since = now.mono
                log.exception("the exchange failed as time passed")
            elif now.mono - self._undecided_since > BROKEN_SECONDS:
                raise BrokenError(f"nothing could be decided for {BROKEN_SECONDS:.0f} s") from error
            return False
        self._undecided_since = None
        self._carry_out(decision)
        self.publish_changes()
        if (corrected := self._exchange.corrected) > self._corrected:
            log.warning("the picture was put right: something that should have been told was not", times=corrected)
            self._corrected = corrected
        return True

    def _decide(self, decision: Decision) -> None:
        self._carry_out(decision)
        if decision.facts:
            self._is_told = False
            self._stirred.set()

    def _carry_out(self, decision: Decision) -> None:
        for fact, call in decision.facts:
            self._note(fact, call)
        for wish in decision.wishes:
            if isinstance(wish, StartFlow):
                self.start_flow(wish)
            else:
                self.telephone.carry_out(wish)

    def _note(self, fact: Fact, call: Call | None) -> None:
        self._journal.append(fact, call)
        self._publish(fact, call)
        if isinstance(fact, facts.CallEnded):
            _log_end(fact, call)
        for noticed in self._noticed:
            noticed(fact, call)

    def _publish(self, fact: Fact, call: Call | None) -> None:
        if not isinstance(fact, UNTOLD):
            self._stream.publish(fact.kind, fact.at, partial(event_data, fact, call))

    def publish_changes(self) -> None:
        """Tell what follows from facts, and what changed without one: a line at a seat, a pause that is over.

        Once for all that came in one moment: only the last picture counts.
        """
        self._is_told, self._told_at = True, self._clock.monotonic()
        if self._next_picture is not None:
            self._next_picture.cancel()
            self._next_picture = None
        trunk = self._exchange.trunk()
        if trunk != self._trunk:
            self._stream.publish("trunk.changed", self._clock.now(), partial(trunk_view, trunk))
            self._trunk = trunk
        queues = self._exchange.queues()
        shapes = [_shape(queue) for queue in queues]
        for queue, shape in zip(queues, shapes, strict=True):
            if shape not in self._queues:
                self._stream.publish("queue.changed", self._clock.now(), partial(queue_view, queue))
        self._queues = shapes


def _command(fact: LateFact) -> Command:
    match fact:
        case facts.UtteranceHeard():
            return NoteUtterance(call_id=fact.call_id, utterance=fact.utterance)
        case facts.NotesChanged():
            return NoteNotes(call_id=fact.call_id, notes=fact.notes)
        case _:
            assert_never(fact)


def _log_end(fact: facts.CallEnded, call: Call | None) -> None:
    """Write the one line that tells a whole call; nothing of who called."""
    assert call is not None
    log.info(
        "a call ended",
        call_id=call.id,
        outcome=fact.outcome.value,
        ended_by=fact.ended_by,
        where=fact.where,
        seat=call.seat,
        seconds=round((fact.at - call.t0).total_seconds(), 3),
        recovered=call.recovered,
    )


def _shape(queue: QueueView) -> tuple[object, ...]:
    """What makes a queue another one; that time passes does not."""
    return (queue.name, queue.waiting, queue.ready, queue.talking)


def _of_call(fact: OfCall) -> Json:
    """Whose it is; and that the call is marked from now on as one of which something was only found out."""
    return {"call_id": fact.call_id} | ({"recovered": True} if fact.recovered else {})


UNTOLD = (facts.TicketChanged, facts.TicketStands, facts.ClockStepped)
"""Facts that watchers are not told: the ticket itself is published by whoever works on it."""


def event_data(fact: Fact, call: Call | None) -> Json:
    """Give a fact as watchers see it: the whole object after the change, and what is special to it."""
    match fact:
        case facts.SeatChanged():
            return seat_view(fact.seat)
        case facts.RecallChanged():
            return recall_view(fact.recall, now=fact.at)
        case facts.AlarmRaised():
            return alarm_view(Alarm(name=fact.name, detail=fact.detail, since=fact.at))
        case facts.AlarmCleared():
            return {"name": fact.name}
        case facts.LegChanged():
            return {**leg_view(fact.leg), **_of_call(fact)}
        case facts.UtteranceHeard():
            return {**utterance_view(fact.utterance), **_of_call(fact)}
        case facts.NotesChanged():
            return {"state": fact.notes.state.value, **_of_call(fact)}
        case facts.RecordingChanged():
            recording = fact.recording
            return {
                "state": recording.state.value,
                "started": moment(recording.started),
                "seconds": recording.seconds,
                **_of_call(fact),
            }
        case _:
            assert call is not None
            special = to_data(fact)
            special.pop("recording_path", None)
            return {**special, **call_view(call)} | {
                key: special[key] for key in ("seat", "queue") if special.get(key) is not None
            }
