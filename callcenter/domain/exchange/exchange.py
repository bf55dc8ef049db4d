"""The one place where events, commands and time enter the exchange."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from callcenter.domain import telephony
from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call, CallState
from callcenter.domain.errors import NotFoundError, RefusedError, UnavailableError
from callcenter.domain.exchange import (
    afterwards,
    callers,
    clock,
    holds,
    legs,
    moves,
    outbound,
    recovery,
    remembering,
    returns,
    seats,
    settling,
    survey,
    units,
    waiting,
    watchdog,
)
from callcenter.domain.exchange.commands import (
    CallBack,
    CallUnit,
    ChangeSeat,
    ChangeUnit,
    ClearAlarm,
    Command,
    HangUpCall,
    HoldCall,
    NoteDigits,
    NoteFlowCompleted,
    NoteNotes,
    NoteRecording,
    NoteTicket,
    NoteUtterance,
    RaiseAlarm,
    Remember,
    ResumeCall,
    RingToCallBack,
    SetSeatState,
    SetSecret,
)
from callcenter.domain.exchange.state import Decision, Moment, Policy, State, fresh_state
from callcenter.domain.exchange.track import Track
from callcenter.domain.facts import (
    CallDigits,
    Fact,
    NotesChanged,
    RecordingChanged,
    SecretChanged,
    TicketChanged,
    UtteranceHeard,
)
from callcenter.domain.ids import CallId, NewId, RecallId
from callcenter.domain.recalls import Recall, RecallAttempt
from callcenter.domain.seats import Seat
from callcenter.domain.telephony import TelephonyEvent
from callcenter.domain.trunk import Trunk, trunk_with
from callcenter.domain.views import QueueView
from callcenter.domain.wishes import EndCall, MuteRecording

_OF_EVENT: Mapping[type[TelephonyEvent], Callable[[State, Any], None]] = {
    telephony.Arrived: callers.arrived,
    telephony.CallerUp: callers.line_opened,
    telephony.VoiceBegan: callers.voice_began,
    telephony.FlowAsked: callers.flow_asked,
    telephony.CallerWaits: moves.waits,
    telephony.CallerInFallback: callers.in_fallback,
    telephony.CallerLeft: afterwards.left,
    telephony.LegDialled: legs.dialled,
    telephony.LegRang: legs.rang,
    telephony.LegAnswered: legs.answered,
    telephony.LegEnded: legs.ended,
    telephony.PartyJoined: legs.joined,
    telephony.PartyLeft: legs.parted,
    telephony.PartyHeld: holds.held,
    telephony.PartyResumed: holds.resumed,
    telephony.CodeDialled: seats.code_dialled,
    telephony.PhoneSeen: seats.phone_seen,
    telephony.LineTaken: seats.line_taken,
    telephony.LineFreed: seats.line_freed,
    telephony.TalkOver: moves.talk_over,
    telephony.GradeAsked: survey.asked,
    telephony.GradeGiven: survey.given,
}
"""Who takes in what of a call, of a leg or of a phone."""


class Exchange:
    """All live calls and seats of one hotline.

    Feed it events, commands and time; each answers with the facts that follow and the wishes to carry out.
    """

    def __init__(self, policy: Policy, roster: Mapping[str, Seat], *, new_id: NewId, now: Moment) -> None:
        self._state = fresh_state(policy, roster, new_id=new_id, now=now)

    def handle(self, event: TelephonyEvent, now: Moment) -> Decision:
        """Take in what the telephone system tells."""
        self._state.now = now
        if not isinstance(event, telephony.LineTaken | telephony.LegRang):
            self._state.settling = False  # what the lists had to tell beside the calls has been told
        self._dispatch(event)
        seats.end_wrap_ups(self._state)  # one of no length ends with the talk: who waits need not wait for a tick
        waiting.distribute(self._state)
        return self._state.take()

    def ask(self, command: Command, now: Moment) -> Decision:
        """Do what is asked.

        Raises:
            NotFoundError: no such call or seat.
            RefusedError: not possible in this state; says what is.
            UnavailableError: not possible while Asterisk is not heard.

        """
        self._state.now = now
        self._obey(command)
        waiting.distribute(self._state)
        return self._state.take()

    def tick(self, now: Moment) -> Decision:
        """Let time pass: limits, announcements, the end of wrap-ups."""
        state = self._state
        state.now = now
        state.settling = False
        seats.end_wrap_ups(state)
        legs.watch(state)
        outbound.tell_deadlines(state)
        watchdog.watch(state)
        waiting.fetch_back(self._state)
        waiting.distribute(self._state)
        waiting.announce(self._state)
        state.note_alarms()
        settling.forget(state)
        return state.take()

    def set_clock(self, seconds: float, now: Moment, *, taken_over: bool) -> Decision:
        """Know that the machine's clock was stepped, or that `now` is told by its new time from here on."""
        self._state.now = now
        if taken_over:
            clock.take_over(self._state, seconds)
        else:
            clock.stepped(self._state, seconds)
        return self._state.take()

    def date_ticket(self, call_id: str, at: datetime) -> datetime:
        """Give the date of how a call's ticket stands; nothing that is told of the call afterwards is dated earlier."""
        call = self.call(call_id)
        if call is None:
            return at
        dated = self._state.tracks[call.id].not_before = self._state.date(call, at)
        return dated

    def restore(
        self,
        unfinished: Iterable[Sequence[Fact]],
        last_seats: Iterable[Seat],
        now: Moment,
        *,
        alarms: Iterable[Alarm] = (),
        recalls: Iterable[Recall] = (),
    ) -> Sequence[CallId]:
        """Begin where the journal ends; what Asterisk says next (LinkRestored) corrects it.

        Gives the calls whose facts do not add up: of them only what Asterisk says is known.
        """
        self._state.now = now
        self._state.alarms.restore(alarms)
        recovery.restore_recalls(self._state, recalls)
        recovery.restore_seats(self._state, last_seats)
        return recovery.restore_calls(self._state, unfinished)

    @property
    def calls(self) -> Sequence[Call]:
        """Calls whose caller is on the line, oldest first."""
        return [call for call in self.without_end if call.id not in self._state.unaccounted]

    @property
    def without_end(self) -> Sequence[Call]:
        """Calls of which no end was told, oldest first: those on the line, and those whose end is still read up."""
        return [call for call in self._state.on_line.values() if call.is_live]

    @property
    def is_settled(self) -> bool:
        """Nothing is to come of any call: none is live, and what is done behind an end is done."""
        return not self._state.calls

    def call(self, call_id: str) -> Call | None:
        """A call that is live or has just ended."""
        return self._state.calls.get(CallId(call_id))

    @property
    def seats(self) -> Sequence[Seat]:
        """All seats, by extension."""
        return [self._state.seats[extension] for extension in sorted(self._state.seats)]

    @property
    def alarms(self) -> Sequence[Alarm]:
        """Alarms that stand."""
        return self._state.alarms.standing

    @property
    def recalls(self) -> Sequence[Recall]:
        """Obligations to call back that are open, the earliest due first."""
        return self._state.outbound.book.by_due()

    def recall(self, recall_id: str) -> Recall | None:
        """An open obligation to call back."""
        return self._state.outbound.book.get(RecallId(recall_id))

    @property
    def attempts(self) -> Sequence[RecallAttempt]:
        """Attempts to call back of which no end was told."""
        return [recall.running for recall in self.recalls if recall.running is not None]

    @property
    def linked(self) -> bool:
        """We hear Asterisk."""
        return self._state.linked

    @property
    def restarts(self) -> int:
        """How often Asterisk was restarted before our eyes."""
        return self._state.restarts

    @property
    def unaccounted(self) -> Sequence[Call]:
        """Calls that are gone, and of which Asterisk's record has yet to tell how they ended."""
        return [self._state.calls[call_id] for call_id in self._state.unaccounted]

    @property
    def corrected(self) -> int:
        """How often the picture had to be put right, because an event that should have come did not."""
        return self._state.corrected

    def trunk(self) -> Trunk:
        """The lines of the trunk in use now."""
        state = self._state
        if state.trunk is None:
            state.trunk = trunk_with(line for lines in state.trunk_lines.values() for line in lines)
        return state.trunk

    def queues(self) -> Sequence[QueueView]:
        """The queue as it is now."""
        state = self._state
        line = sorted(waiting.everybody(state), key=lambda caller: (caller.since, caller.order))
        longest = max(((state.now.wall - caller.since).total_seconds() for caller in line), default=0.0)
        return [
            QueueView(
                name=state.policy.queue,
                waiting=tuple((caller.call_id, caller.since) for caller in line),
                ready=len(legs.free_seats(state)),
                talking=sum(1 for call in state.on_line.values() if call.is_talking),
                longest_wait=max(0.0, longest),
            )
        ]

    def _dispatch(self, event: TelephonyEvent) -> None:
        state = self._state
        if outbound.heard(state, event):
            return
        if (take_in := _OF_EVENT.get(type(event))) is not None:
            take_in(state, event)
        elif isinstance(event, telephony.LinkLost):
            state.linked = False
            state.lost_at = state.lost_at or event.at
        elif isinstance(event, telephony.LinkRestored | telephony.RecordRead):
            self._hear_again(event)

    def _hear_again(self, event: telephony.LinkRestored | telephony.RecordRead) -> None:
        if isinstance(event, telephony.LinkRestored):
            self._state.restarts += event.is_another
            recovery.reconcile(self._state, event, self._dispatch)
        else:
            afterwards.take_in(self._state, event, self._dispatch)

    def _obey(self, command: Command) -> None:
        state = self._state
        match command:
            case SetSeatState():
                seats.set_state(state, command)
            case HangUpCall():
                self._hang_up(command.call_id)
            case HoldCall():
                holds.hold(state, self._heard_live(command.call_id))
            case ResumeCall():
                holds.resume(state, self._heard_live(command.call_id))
            case CallUnit():
                units.call_unit(state, self._heard_live(command.call_id), command)
            case ChangeUnit():
                units.change(state, self._heard_live(command.call_id), command)
            case ChangeSeat():
                returns.change(state, self._heard_live(command.call_id), command)
            case CallBack() | RingToCallBack():
                outbound.obey(state, command)
            case SetSecret():
                self._set_secret(command)
            case NoteUtterance():
                if command.call_id in state.calls:
                    state.note(UtteranceHeard(at=state.now.wall, call_id=command.call_id, utterance=command.utterance))
            case NoteNotes():
                noted = state.calls.get(command.call_id)
                if noted is not None and noted.notes != command.notes:
                    state.note(NotesChanged(at=state.now.wall, call_id=command.call_id, notes=command.notes))
            case NoteDigits():
                if state.live(command.call_id):
                    state.note(
                        CallDigits(at=state.now.wall, call_id=command.call_id, node=command.node, digits=command.digits)
                    )
            case NoteFlowCompleted():
                if found := state.live(command.call_id):
                    found[1].flow_completed = True
            case NoteRecording():
                call_now = None if command.call_id in state.unaccounted else state.calls.get(command.call_id)
                if call_now is not None and call_now.recording != command.recording:
                    state.note(
                        RecordingChanged(at=state.now.wall, call_id=command.call_id, recording=command.recording)
                    )
            case NoteTicket():
                call_now = state.calls.get(command.call_id)
                if call_now is not None and call_now.ticket_id is None:
                    state.note(TicketChanged(at=state.now.wall, call_id=command.call_id, ticket_id=command.ticket_id))
            case RaiseAlarm() | ClearAlarm():
                self._look_at_alarm(command)
            case Remember():
                remembering.remember(state, command)
            case _:
                assert_never(command)

    def _look_at_alarm(self, command: RaiseAlarm | ClearAlarm) -> None:
        state = self._state
        if isinstance(command, RaiseAlarm):
            state.alarms.bad(command.name, command.detail, mono=state.now.mono)
        else:
            state.alarms.well(command.name, mono=state.now.mono)
        state.note_alarms()

    def _hang_up(self, call_id: CallId) -> None:
        if not outbound.hang_up(self._state, call_id):
            call, track = self._live(call_id)
            if not survey.comes_first(self._state, call, track):
                track.ending = True
                self._state.want(EndCall(call_id=call.id))

    def _live(self, call_id: CallId) -> tuple[Call, Track]:
        found = self._state.live(call_id)
        if found is not None:
            return found
        if call_id in self._state.calls:
            raise RefusedError("the call has ended")
        raise NotFoundError("there is no such call on the line")

    def _be_heard(self) -> None:
        if not self._state.linked:
            raise UnavailableError("there is no link to Asterisk; caller and seat go on talking or waiting meanwhile")

    def _heard_live(self, call_id: CallId) -> Call:
        call, _ = self._live(call_id)
        self._be_heard()
        return call

    def _set_secret(self, command: SetSecret) -> None:
        call, _ = self._live(command.call_id)
        self._be_heard()
        if call.state is not CallState.TALKING:
            raise RefusedError(f"the call is {call.state}; recording and notes can be paused while somebody talks")
        if call.is_secret == command.on:
            paused = "paused already" if command.on else "not paused"
            raise RefusedError(f"recording and notes are {paused}")
        self._state.want(MuteRecording(call_id=call.id, muted=command.on))
        self._state.note(SecretChanged(at=self._state.now.wall, call_id=call.id, on=command.on))
