"""A unit's leg: dialled beside the talk, rings, answers, talks, and goes; the talk is never touched meanwhile."""

from dataclasses import replace
from datetime import datetime

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegOutcome, LegState
from callcenter.domain.errors import NotFoundError, RefusedError
from callcenter.domain.exchange import callers, holds, moves, returns
from callcenter.domain.exchange.commands import CallUnit, ChangeUnit, UnitAction
from callcenter.domain.exchange.state import State, is_away, unit_leg
from callcenter.domain.exchange.track import Step, Third
from callcenter.domain.facts import LegChanged
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import Ending, LegAnswered, LegDialled, LegEnded, LegFound, LegRang, PartyJoined
from callcenter.domain.wishes import AfterTalk, DialUnit, Then

OUTCOME_OF = {
    Ending.BUSY: LegOutcome.BUSY,
    Ending.REFUSED: LegOutcome.REFUSED,
    Ending.NO_ANSWER: LegOutcome.NO_ANSWER,
    Ending.CANCELLED: LegOutcome.CANCELLED,
    Ending.FAILED: LegOutcome.FAILED,
    Ending.NORMAL: LegOutcome.FAILED,
}
RING_MARGIN = 5.0
"""Seconds after its ring limit at which a unit that still rings is ended by us: Asterisk ends it at the limit."""


# What is asked


def call_unit(state: State, call: Call, command: CallUnit) -> None:
    """Dial a third party for caller and seat, who talk on meanwhile. Raises RefusedError."""
    there = unit_leg(call)
    if there is not None and call.state is CallState.TALKING:
        raise RefusedError(f"a unit's leg of this call is {there.state}; drop is possible, then another can be called")
    holds.must_be_together(state, call, "calling a unit")
    track = state.tracks[call.id]
    if track.ending or state.seat_leg_joined(call) is None:
        raise RefusedError("the call is about to end; a unit can be called while caller and seat talk")
    if call.leg(command.leg_id) is not None:
        raise RefusedError("this leg exists already")
    track.unit = Third(
        leg_id=command.leg_id,
        private=command.private,
        dialled=state.now.mono,
        ring_seconds=command.ring_seconds,
    )
    _begin_leg(state, call, command.leg_id, party=command.party, number=command.number, at=state.now.wall)
    state.want(
        DialUnit(
            call_id=call.id,
            leg_id=command.leg_id,
            party=command.party,
            number=command.number,
            ring_seconds=command.ring_seconds,
            private=command.private,
        )
    )


def change(state: State, call: Call, command: ChangeUnit) -> None:
    """Consult, join or drop. Raises NotFoundError, RefusedError."""
    leg = call.leg(command.leg_id)
    if leg is None or leg.kind is not LegKind.UNIT:
        raise NotFoundError("this call has no such leg of a unit")
    if leg.state is LegState.ENDED:
        raise RefusedError("the unit's leg has ended; a unit can be called while caller and seat talk")
    if leg.id in state.tracks[call.id].asked:
        raise RefusedError("the unit is being let go; another can be called when its leg has ended")
    match command.action:
        case UnitAction.CONSULT:
            _consult(state, call, leg)
        case UnitAction.JOIN:
            _join(state, call, leg)
        case UnitAction.DROP:
            _drop(state, call, leg)


def _consult(state: State, call: Call, leg: Leg) -> None:
    if leg.state in (LegState.DIALING, LegState.RINGING):
        raise RefusedError(f"the unit's leg is {leg.state}; drop is possible, and consult as soon as it has joined")
    holds.must_be_together(state, call, "consult")
    seat_leg = state.seat_leg(call)
    if leg.state is not LegState.JOINED or seat_leg is None:
        raise RefusedError("the unit is being connected; drop is possible, and consult as soon as it has joined")
    moves.park(state, call, seat_leg, at=state.now.wall)


def _join(state: State, call: Call, leg: Leg) -> None:
    move, seat_leg = state.tracks[call.id].move, state.seat_leg(call)
    if leg.state in (LegState.DIALING, LegState.RINGING):
        raise RefusedError(f"the unit's leg is {leg.state}; drop is possible, and join as soon as it has answered")
    if move is not None and move.step in moves.APART and seat_leg is not None:
        if move.step is Step.JOINING or move.then_join:
            raise RefusedError("the caller is on his way to seat and unit; drop is possible")
        moves.join(state, call, seat_leg)
    elif is_away(call, seat_leg) or seat_leg is None:
        raise RefusedError("caller and unit talk, and the operator has left; return is possible")
    else:
        raise RefusedError("all three talk already; consult, drop and leave are possible")


def _drop(state: State, call: Call, leg: Leg) -> None:
    if leg.state is LegState.JOINED and state.seat_leg(call) is None:
        raise RefusedError("caller and unit talk alone; return is possible, then drop, or to hang up the call")
    state.end_leg(call.id, leg.id)
    third = state.tracks[call.id].unit
    if third is not None:
        third.asked_to_end = state.now.mono


# What is heard


def dialled(state: State, event: LegDialled) -> None:
    """A unit is called. What we dialled is known already."""
    unit = LegFound(leg_id=event.leg_id, seat=None, answered=False, talk=None, kind=LegKind.UNIT)
    found(state, event.call_id, unit, at=event.at)


def _begin_leg(state: State, call: Call, leg_id: LegId, *, party: str | None, number: str | None, at: datetime) -> None:
    at = max(at, call.last_at)
    leg = Leg(id=leg_id, kind=LegKind.UNIT, party=party, number=number, state=LegState.DIALING, started=at)
    state.note(LegChanged(at=at, call_id=call.id, leg=leg))


def rang(state: State, event: LegRang) -> None:
    """The unit's phone rings."""
    found = state.live(event.call_id)
    leg = None if found is None else found[0].leg(event.leg_id)
    if found is None or leg is None or leg.kind is not LegKind.UNIT or leg.state is not LegState.DIALING:
        return
    if (third := _third(state, found[0], leg.id)) is not None:
        third.rang = True
    state.note(LegChanged(at=event.at, call_id=found[0].id, leg=replace(leg, state=LegState.RINGING)))


def answered(state: State, event: LegAnswered) -> None:
    """The unit was picked up. An open one is joined by Asterisk itself; a private one is brought to the seat."""
    found = state.live(event.call_id)
    leg = None if found is None else found[0].leg(event.leg_id)
    if found is None or leg is None or leg.kind is not LegKind.UNIT or leg.state is LegState.ENDED:
        return
    call, track = found
    if leg.answered is None:
        leg = replace(leg, answered=max(event.at, call.last_at))
        state.note(LegChanged(at=event.at, call_id=call.id, leg=leg))
    third, seat_leg = _third(state, call, leg.id), state.seat_leg(call)
    if third is None or not third.private or leg.joined is not None or leg.id in track.asked:
        return
    again = track.move is not None and track.move.step is Step.MEETING
    if seat_leg is not None and (again or (track.move is None and state.seat_leg_joined(call) == seat_leg.id)):
        moves.meet(state, state.calls[call.id], seat_leg, leg, at=event.at)
    else:
        state.end_leg(call.id, leg.id)  # nobody is there to consult with


def joined(state: State, event: PartyJoined) -> None:
    """The unit has entered a talk: the caller's, or that of a seat to consult with."""
    found = state.live(event.call_id)
    leg = None if found is None else found[0].leg(event.leg_id)
    if found is None or leg is None or leg.state is LegState.ENDED:
        return
    call, track = found
    if leg.joined is None:
        moment = max(event.at, call.last_at)
        leg = replace(leg, answered=leg.answered or moment, joined=moment, outcome=LegOutcome.ANSWERED)
        state.note(LegChanged(at=event.at, call_id=call.id, leg=leg))
    call, seat_leg = state.calls[call.id], state.seat_leg(call)
    if leg.id in track.asked or call.state is not CallState.TALKING:
        return
    if track.move is not None and track.move.step in (Step.MEETING, Step.PARKING):
        if seat_leg is not None and track.talks.get(LegId(call.id)) == event.talk:
            moves.park(state, call, seat_leg, at=event.at, then_join=track.move.then_join)
    elif track.talks.get(LegId(call.id)) == event.talk:
        moves.set_leg(state, call, leg.id, LegState.JOINED, at=event.at)
        holds.keep_in_step(state, state.calls[call.id])


def ended(state: State, event: LegEnded) -> None:
    """The unit has gone, or never came; caller and seat are brought together, and nobody stays alone."""
    call = state.calls.get(event.call_id)
    leg = None if call is None else call.leg(event.leg_id)
    if call is None or leg is None or leg.kind is not LegKind.UNIT or leg.state is LegState.ENDED:
        return
    track = state.tracks[call.id]
    third, asked = _third(state, call, leg.id), leg.id in track.asked
    if third is not None:
        track.unit = None
    track.talks.pop(leg.id, None)
    at = max(event.at, call.last_at)
    outcome = _outcome(leg, event, asked=asked, unreachable=third is not None and third.unreachable)
    state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=LegState.ENDED, outcome=outcome, ended=at)))
    call = state.calls[call.id]
    if third is None or not call.is_live or call.state is not CallState.TALKING:
        return
    if state.seat_leg(call) is not None:
        holds.keep_in_step(state, call)
        moves.unit_left(state, call, at=at)
    elif leg.state is LegState.JOINED and not track.caller_parted:
        _left_alone(state, call, at=at, hung_up=event.by_itself or asked)


def _left_alone(state: State, call: Call, *, at: datetime, hung_up: bool) -> None:
    """The caller has nobody: his call ends as after any talk, or he waits again if somebody meant to come back."""
    track = state.tracks[call.id]
    if track.ring_back is not None:
        returns.give_up(state, call)
        hung_up = False
    if hung_up or track.ending:
        track.operator_ended = True
        return
    state.want(AfterTalk(call_id=call.id, then=Then.REQUEUE))
    callers.back_to_the_head(state, call, at=at, reason="unit_lost")
    track.returning = state.now.mono


def _outcome(leg: Leg, event: LegEnded, *, asked: bool, unreachable: bool) -> LegOutcome:
    if leg.joined is not None:
        return LegOutcome.ANSWERED
    if unreachable:
        return LegOutcome.FAILED
    if asked:
        return LegOutcome.CANCELLED
    if leg.answered is not None:  # picked up, and no talk came of it
        return LegOutcome.REFUSED if event.by_itself else LegOutcome.FAILED
    return OUTCOME_OF[event.ending]


def _third(state: State, call: Call, leg_id: LegId) -> Third | None:
    third = state.tracks[call.id].unit
    return third if third is not None and third.leg_id == leg_id else None


def watch(state: State, call: Call) -> None:
    """End a unit that gives no sign of life, or rings past its limit."""
    third = state.tracks[call.id].unit
    leg = None if third is None else call.leg(third.leg_id)
    if third is None or leg is None or leg.answered is not None or leg.id in state.tracks[call.id].asked:
        return
    rings = state.now.mono - third.dialled
    if not third.rang and rings > state.policy.no_ring_seconds:
        third.unreachable = True
        state.end_leg(call.id, leg.id)
    elif rings > max(third.ring_seconds, state.policy.no_ring_seconds) + RING_MARGIN:
        state.end_leg(call.id, leg.id)


def found(state: State, call_id: CallId, unit: LegFound, *, at: datetime) -> None:
    """Take in a unit that exists, perhaps one we did not know; where it is, is seen to when all is known."""
    live = state.live(call_id)
    if live is None:
        return
    call, track = live
    if call.leg(unit.leg_id) is None:
        if unit_leg(call) is None:
            track.unit = Third(leg_id=unit.leg_id, private=False, dialled=state.now.mono, ring_seconds=0.0, rang=True)
        _begin_leg(state, call, unit.leg_id, party=unit.party, number=unit.number, at=at)
        if track.unit is None or track.unit.leg_id != unit.leg_id:
            state.end_leg(call.id, unit.leg_id)  # one at a time
    leg, third = state.calls[call_id].leg(unit.leg_id), _third(state, call, unit.leg_id)
    if leg is not None and leg.number is None and unit.number is not None:  # known from Asterisk's record alone so far
        leg = replace(leg, party=unit.party, number=unit.number)
        state.note(LegChanged(at=at, call_id=call_id, leg=leg))
    if third is not None:
        third.private = third.private or unit.private
    if leg is not None and leg.state is not LegState.ENDED and unit.answered and leg.answered is None:
        moment = max(at, state.calls[call_id].last_at)
        state.note(LegChanged(at=moment, call_id=call_id, leg=replace(leg, answered=moment)))


def restore(state: State, call: Call) -> None:
    """Remember the unit of a call of the journal."""
    leg = unit_leg(call)
    if leg is None:
        return
    track = state.tracks[call.id]
    track.unit = Third(
        leg_id=leg.id, private=leg.state is LegState.PRIVATE, dialled=state.now.mono, ring_seconds=0.0, rang=True
    )
    for other in call.legs:
        if other.kind is LegKind.UNIT and other.state is not LegState.ENDED and other.id != leg.id:
            track.asked[other.id] = state.now.mono  # one at a time: its end was asked for, and is again by `recovery`
