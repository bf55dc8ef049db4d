"""Calling back: who is owed a call, and the seat's and the citizen's phone on their way to each other.

An attempt is no call. When citizen and seat have been joined by Asterisk a call begins, with `direction` outbound, and
everything after that (hold, units, notes, recording, ticket, end) is as in any other; see docs/recalls.md.
What became of an attempt while nobody here heard of it: `outbound_recovery`.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from callcenter.domain.calls import Call, CallState, Direction, Leg, LegKind, LegState, Outcome
from callcenter.domain.errors import NotFoundError, RefusedError, UnavailableError
from callcenter.domain.exchange import callers, legs, seats
from callcenter.domain.exchange.commands import CallBack, RingToCallBack
from callcenter.domain.exchange.outbound_line import OutboundLine
from callcenter.domain.exchange.state import State
from callcenter.domain.exchange.track import Track
from callcenter.domain.facts import CallArrived, LegChanged
from callcenter.domain.ids import CallId, LegId, RecallId
from callcenter.domain.recalls import (
    AttemptOutcome,
    GivenUp,
    Recall,
    RecallAttempt,
    attempted,
    came_through,
    came_to_nothing,
    joined,
    obliges,
    opened,
    reached,
)
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.telephony import (
    CallerLeft,
    CallerUp,
    Ending,
    LegAnswered,
    LegDialled,
    LegEnded,
    LegRang,
    PartyJoined,
    PartyLeft,
    RecallDialled,
    RecallOver,
    TelephonyEvent,
)
from callcenter.domain.wishes import DialBack, EndLeg

OUTCOME_OF = {
    Ending.BUSY: AttemptOutcome.BUSY,
    Ending.REFUSED: AttemptOutcome.REFUSED,
    Ending.NO_ANSWER: AttemptOutcome.NO_ANSWER,
    Ending.CANCELLED: AttemptOutcome.CANCELLED,
    Ending.FAILED: AttemptOutcome.FAILED,
    Ending.NORMAL: AttemptOutcome.FAILED,
}
RING_MARGIN = 10.0
"""Seconds beyond its limit after which we end a ringing: Asterisk ends it at the limit, and the seat hears a tone."""
END_SECONDS = 5.0
"""Within which a leg that we asked to end is gone; then it is asked once more, and then held for ended."""

LATE_AT_ONCE = 20
"""Deadlines told with one tick: after a night away hundreds have passed, and whoever watches must be able to follow."""

# Who is owed a call


def gave_up(state: State, call: Call, *, outcome: Outcome, at: datetime) -> None:
    """Open an obligation for a caller who is leaving without a person, or let this call join the open one.

    Told before the call's own end: a controller that dies between the two finds the call still open, ends it again,
    and knows the obligation; the other way round the caller would be forgotten.
    """
    given_up = GivenUp(call=call, outcome=outcome, at=at)
    if call.direction is Direction.OUTBOUND or not obliges(state.policy.recalls, given_up):
        return
    known = state.outbound.book.of_number(call.caller)
    if known is not None:
        state.note_recall(joined(known, given_up), at=at)
    else:
        state.note_recall(opened(state.policy.recalls, given_up, RecallId(state.new_id())), at=at)


def got_through(state: State, call: Call, *, at: datetime) -> None:
    """Close what was owed to a caller who has a person now, and stop a phone that still rings to call him back."""
    recall = state.outbound.book.of_number(call.caller)
    if recall is None or call.direction is Direction.OUTBOUND:
        return
    if recall.running is None:
        state.note_recall(came_through(recall, at), at=at)
        return
    line = state.outbound.lines.get(recall.running.call_id)
    ended = replace(recall.running, ended=max(at, recall.running.asked), outcome=AttemptOutcome.CANCELLED)
    state.note_recall(came_through(attempted(recall, ended), at), at=at)
    if line is not None:
        _end(state, line)


def he_calls(state: State, number: str | None) -> None:
    """He is on the line himself: a seat that rings in order to call him back would find him busy."""
    line = state.outbound.of_number(number)
    if number is not None and line is not None and line.caller_answered is None:
        _end(state, line)


# What is asked


def obey(state: State, command: CallBack | RingToCallBack) -> None:
    """Do what is asked. Raises NotFoundError, RefusedError, UnavailableError."""
    if isinstance(command, CallBack):
        call_back(state, command)
    else:
        ring(state, command)


def call_back(state: State, command: CallBack) -> None:
    """Note the attempt and keep the seat for it; `ring` follows as soon as the journal has it.

    Raises:
        NotFoundError: there is no such open recall, or no such seat.
        RefusedError: not possible now; says why.
        UnavailableError: Asterisk is not heard.

    """
    recall = state.outbound.book.get(command.recall_id)
    if recall is None:
        raise NotFoundError("there is no such open recall")
    if command.seat not in state.seats:
        raise NotFoundError("there is no such seat")
    if not state.linked or state.settling:
        raise UnavailableError("there is no link to Asterisk")
    _must_be_possible(state, recall, command)
    assert recall.caller is not None
    line = OutboundLine(
        call_id=command.call_id,
        recall_id=recall.id,
        number=recall.caller,
        seat=command.seat,
        seat_leg=LegId(state.new_id()),
        begun=state.now.mono,
    )
    attempt = RecallAttempt(call_id=command.call_id, seat=command.seat, asked=state.now.wall)
    state.note_recall(attempted(recall, attempt), at=state.now.wall)
    take_line(state, line)


def ring(state: State, command: RingToCallBack) -> None:
    """Ring the seat; when it answers Asterisk dials the citizen and joins the two.

    Raises:
        RefusedError: the attempt was ended meanwhile: the citizen has called himself, say.

    """
    line = state.outbound.lines.get(command.call_id)
    if line is None or line.placed or line.asked_to_end is not None:
        raise RefusedError("the attempt has ended; the recall says how")
    line.placed, line.begun = True, state.now.mono
    state.want(
        DialBack(
            call_id=line.call_id,
            leg_id=line.seat_leg,
            recall_id=line.recall_id,
            seat=line.seat,
            number=line.number,
            ring_seconds=state.policy.ring_seconds,
            caller_ring_seconds=state.policy.recalls.ring_seconds,
        )
    )


def _must_be_possible(state: State, recall: Recall, command: CallBack) -> None:
    if (running := recall.running or state.outbound.of_number(recall.caller)) is not None:
        raise RefusedError(f"seat {running.seat} is calling this number back already")
    if any(call.is_live and call.caller == recall.caller for call in state.calls.values()):
        raise RefusedError("the citizen is on the line at this moment")
    if any(call.state in (CallState.QUEUED, CallState.RINGING) for call in state.calls.values()):
        raise RefusedError("callers wait; they come first")
    if not legs.seat_free(state, command.seat):
        seat = _how_it_is(state, command.seat)
        raise RefusedError(f"the seat is {seat}; a seat that is ready can call back")
    gap = timedelta(seconds=state.policy.recalls.gap_seconds)
    if not command.again and recall.last_attempt is not None and state.now.wall - recall.last_attempt < gap:
        minutes = gap.total_seconds() / 60
        raise RefusedError(f"the last attempt was less than {minutes:g} min ago; `again` calls all the same")


def _how_it_is(state: State, extension: str) -> str:
    seat, line = state.seats[extension], state.lines[extension]
    if seat.phone is not Phone.REGISTERED:
        return f"{seat.state}, and its phone is missing"
    in_use = line.leg_id is not None or bool(line.channels)
    return f"{seat.state}, and its phone is in use" if seat.state is SeatState.READY and in_use else seat.state


def hang_up(state: State, call_id: CallId) -> bool:
    """End an attempt that has not become a call; False where there is none of this id."""
    line = state.outbound.lines.get(call_id)
    if line is not None:
        _end(state, line)
    return line is not None


def _end(state: State, line: OutboundLine) -> None:
    if not line.placed:
        ends_in_vain(state, line, AttemptOutcome.CANCELLED, at=state.now.wall)
    elif line.asked_to_end is None:
        line.asked_to_end = state.now.mono
        state.want(EndLeg(leg_id=line.seat_leg))


def take_line(state: State, line: OutboundLine) -> None:
    """Keep the seat's phone for this attempt."""
    state.outbound.lines[line.call_id] = line
    phone = state.lines[line.seat]
    phone.call_id, phone.leg_id = line.call_id, line.seat_leg


# What is heard


def heard(state: State, event: TelephonyEvent) -> bool:
    """Take in what is told of an attempt; False where the event is of something else."""
    line = state.outbound.lines.get(getattr(event, "call_id", CallId("")))
    if line is None:
        return False
    match event:
        case LegRang() if event.leg_id == line.seat_leg:
            if line.seat_answered is None:
                line.rang = True
                seats.rings(state, line.seat, line.call_id, at=event.at)
        case LegAnswered() if event.leg_id == line.seat_leg:
            line.seat_answered = line.seat_answered or event.at
        case RecallDialled():
            line.recording, line.begun = event.recording or line.recording, state.now.mono
            dialled(state, line, at=event.at)
        case CallerUp():
            line.caller_answered = line.caller_answered or event.at
        case RecallOver():
            line.told = OUTCOME_OF[event.ending]
        case PartyJoined():
            line.talks[event.leg_id] = event.talk
            if line.together:
                talk_begins(state, line, at=event.at)
        case PartyLeft():
            line.talks.pop(event.leg_id, None)
        case CallerLeft():
            line.told = line.told or AttemptOutcome.FAILED
        case LegEnded() if event.leg_id == line.seat_leg:
            ends_in_vain(state, line, _outcome(line, by_itself=event.by_itself), at=event.at)
        case LegDialled() | _:
            pass
    return True


def dialled(state: State, line: OutboundLine, *, at: datetime) -> None:
    """The citizen's phone is called; the first word of it counts."""
    attempt = attempt_of(state, line)
    if line.dialled is not None or attempt is None:
        return
    line.seat_answered = line.seat_answered or at
    line.dialled = max(at, attempt.asked)
    _note_attempt(state, line, replace(attempt, dialled=line.dialled), at=at)


def _outcome(line: OutboundLine, *, by_itself: bool) -> AttemptOutcome:
    if line.told is not None:
        return line.told
    if line.seat_answered is None:
        called_off = line.asked_to_end is not None and line.rang
        return AttemptOutcome.CANCELLED if called_off else AttemptOutcome.SEAT_NO_ANSWER
    if line.caller_answered is None and (by_itself or line.asked_to_end is not None):
        return AttemptOutcome.CANCELLED
    return AttemptOutcome.FAILED


def ends_in_vain(state: State, line: OutboundLine, outcome: AttemptOutcome, *, at: datetime) -> None:
    """Nobody was joined with anybody: the attempt is over, and the seat is as before."""
    del state.outbound.lines[line.call_id]
    attempt, recall = attempt_of(state, line), state.outbound.book.get(line.recall_id)
    if attempt is not None and recall is not None:
        ended = replace(attempt, ended=max(at, attempt.dialled or attempt.asked), outcome=outcome)
        state.note_recall(came_to_nothing(state.policy.recalls, recall, ended), at=at)
    seats.offer_withdrawn(state, line.seat, line.seat_leg, at=at)


def talk_begins(state: State, line: OutboundLine, *, at: datetime) -> None:
    """Citizen and seat are joined: from now on it is a call like any other."""
    attempt, recall = attempt_of(state, line), state.outbound.book.get(line.recall_id)
    answered = line.caller_answered or at
    begun = min(line.dialled or answered, answered)
    call = _begin_call(state, line, begun=begun, answered=answered, at=at)
    if recall is not None:
        attempt = attempt or RecallAttempt(call_id=line.call_id, seat=line.seat, asked=begun)
        made = replace(attempt, dialled=line.dialled or begun, answered=at, ended=at, outcome=AttemptOutcome.REACHED)
        state.note_recall(reached(recall, made), at=at)
    del state.outbound.lines[line.call_id]
    track = state.tracks[call.id]
    track.talks.update(line.talks)
    legs.talk_begins(state, call, track, line.seat_leg, at=at)


def _begin_call(state: State, line: OutboundLine, *, begun: datetime, answered: datetime, at: datetime) -> Call:
    call_id = line.call_id
    state.order += 1
    state.tracks[call_id] = Track(order=state.order)
    state.note(
        CallArrived(
            at=begun,
            call_id=call_id,
            caller=line.number,
            recording_path=line.recording,
            direction=Direction.OUTBOUND,
        )
    )
    caller = Leg(
        id=line.caller_leg,
        kind=LegKind.CALLER,
        party=None,
        number=line.number,
        state=LegState.DIALING,
        started=begun,
    )
    state.note(LegChanged(at=begun, call_id=call_id, leg=caller))
    seat = Leg(
        id=line.seat_leg,
        kind=LegKind.SEAT,
        party=line.seat,
        number=line.seat,
        state=LegState.DIALING,
        started=begun,
        answered=begun,
    )
    state.note(LegChanged(at=begun, call_id=call_id, leg=seat))
    callers.line_opened(state, CallerUp(at=min(answered, at), call_id=call_id))
    return state.calls[call_id]


def attempt_of(state: State, line: OutboundLine) -> RecallAttempt | None:
    """Give what its recall tells of it; None where it tells nothing, or the recall is closed."""
    recall = state.outbound.book.get(line.recall_id)
    if recall is None:
        return None
    return next((attempt for attempt in recall.attempts if attempt.call_id == line.call_id), None)


def _note_attempt(state: State, line: OutboundLine, attempt: RecallAttempt, *, at: datetime) -> None:
    recall = state.outbound.book.get(line.recall_id)
    if recall is not None:
        state.note_recall(attempted(recall, attempt), at=at)


def tell_deadlines(state: State) -> None:
    """Tell of each obligation once that its time has come; of many at one moment some with each tick."""
    for recall in state.outbound.book.became_late(state.now.wall, most=LATE_AT_ONCE):
        state.note_recall(replace(recall, late=True), at=state.now.wall)


def watch(state: State) -> None:
    """End attempts whose phones give no sign of life, or ring past their limits; events may be lost."""
    for line in list(state.outbound.lines.values()):
        rings = state.now.mono - line.begun
        if line.asked_to_end is not None:
            _see_to_its_end(state, line, since=line.asked_to_end)
        elif line.seat_answered is None:
            if rings > (state.policy.ring_seconds + RING_MARGIN if line.rang else state.policy.no_ring_seconds):
                _end(state, line)
        elif rings > state.policy.recalls.ring_seconds + RING_MARGIN:
            _end(state, line)


def _see_to_its_end(state: State, line: OutboundLine, *, since: float) -> None:
    waited = state.now.mono - since
    if waited >= END_SECONDS and not line.asked_twice:
        line.asked_twice = True
        state.want(EndLeg(leg_id=line.seat_leg))
    elif waited >= 2 * END_SECONDS:
        state.corrected += 1
        ends_in_vain(state, line, _outcome(line, by_itself=False), at=state.now.wall)
