"""The operator leaves caller and unit alone, and comes back: from the line, or by being rung."""

from dataclasses import replace
from datetime import datetime

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegOutcome, LegState
from callcenter.domain.errors import RefusedError
from callcenter.domain.exchange import holds, moves, seats, survey
from callcenter.domain.exchange.commands import ChangeSeat, SeatAction
from callcenter.domain.exchange.state import State, is_away, unit_leg
from callcenter.domain.exchange.track import Offer, Step
from callcenter.domain.facts import LegChanged
from callcenter.domain.ids import LegId
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.wishes import AfterTalk, BringSeatIn, RingSeatBack, SendSeatOut, Then


def change(state: State, call: Call, command: ChangeSeat) -> None:
    """Leave or return. Raises RefusedError."""
    if call.state is not CallState.TALKING:
        raise RefusedError(f"the call is {call.state}; leave and return are possible in a talk with a unit")
    if command.action is SeatAction.LEAVE:
        _leave(state, call)
    else:
        _return(state, call)


def _leave(state: State, call: Call) -> None:
    holds.must_be_together(state, call, "leave")
    unit, seat_leg = unit_leg(call), state.seat_leg(call)
    assert seat_leg is not None
    if unit is None or unit.state is not LegState.JOINED or unit.id in state.tracks[call.id].asked:
        raise RefusedError("the caller would be alone; leave is possible when a unit has joined, until then hold")
    at = state.now.wall
    if call.held:
        holds.end(state, call, at=at)
    state.want(AfterTalk(call_id=call.id, then=Then.REQUEUE))  # should the unit go at this moment
    state.want(SendSeatOut(leg_id=seat_leg.id))
    moves.note_left(state, call, seat_leg, at=at)
    moves.set_leg(state, call, seat_leg.id, LegState.HELD, at=at)


def _return(state: State, call: Call) -> None:
    track, seat_leg, unit = state.tracks[call.id], state.seat_leg(call), unit_leg(call)
    if track.move is not None and track.move.step in moves.APART:
        raise RefusedError("seat and unit consult, the caller hears music; join and drop are possible")
    if track.move is not None:
        raise RefusedError("the operator is on the way back already")
    if track.ring_back is not None:
        raise RefusedError("the seat is being rung to come back already")
    if seat_leg is not None and not is_away(call, seat_leg):
        raise RefusedError("the operator is in the talk; leave is possible when a unit has joined")
    if unit is None or unit.state is not LegState.JOINED or unit.id in track.asked:
        raise RefusedError("the unit is about to go; who talks with the caller then is settled in a moment")
    if seat_leg is not None:
        moves.begin(state, call, Step.RETURNING)
        state.want(BringSeatIn(call_id=call.id, leg_id=seat_leg.id))
    else:
        _ring_back(state, call)


def _ring_back(state: State, call: Call) -> None:
    assert call.seat is not None
    seat, line = state.seats[call.seat], state.lines[call.seat]
    if line.leg_id is not None or line.channels:
        raise RefusedError("the seat is in another call; return is possible after it")
    if seat.phone is not Phone.REGISTERED:
        raise RefusedError("the seat's phone cannot be reached; return is possible when it is registered")
    if seat.state is SeatState.OFFLINE:
        raise RefusedError("the seat is offline; return is possible when it is signed in")
    leg_id = LegId(state.new_id())
    state.tracks[call.id].ring_back = Offer(leg_id=leg_id, seat=call.seat, dialled=state.now.mono)
    line.call_id, line.leg_id = call.id, leg_id
    at = max(state.now.wall, call.last_at)
    leg = Leg(id=leg_id, kind=LegKind.SEAT, party=call.seat, number=call.seat, state=LegState.DIALING, started=at)
    state.note(LegChanged(at=at, call_id=call.id, leg=leg))
    state.want(
        RingSeatBack(
            call_id=call.id,
            leg_id=leg_id,
            seat=call.seat,
            caller=call.caller,
            ring_seconds=state.policy.ring_seconds,
        )
    )


def rang(state: State, call: Call, leg: Leg, *, at: datetime) -> bool:
    """Show a seat that rings to come back; tells whether this leg is one."""
    ring = state.tracks[call.id].ring_back
    if ring is None or ring.leg_id != leg.id:
        return False
    ring.rang = True
    state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=LegState.RINGING)))
    seats.rings_back(state, ring.seat, call.id, at=at)
    return True


def joined(state: State, call: Call, leg: Leg, *, at: datetime) -> None:
    """The operator has answered and is with caller and unit again."""
    assert leg.party is not None
    state.tracks[call.id].ring_back = None
    moment = max(at, call.last_at)
    state.note(
        LegChanged(
            at=at,
            call_id=call.id,
            leg=replace(
                leg,
                state=LegState.JOINED,
                outcome=LegOutcome.ANSWERED,
                answered=leg.answered or moment,
                joined=leg.joined or moment,
            ),
        )
    )
    moves.note_returned(state, call, leg.id, at=at)
    seats.talks(state, leg.party, call.id, leg.id, at=at)
    state.want(AfterTalk(call_id=call.id, then=survey.after_talk(state, call)))


def ended(state: State, call: Call, leg: Leg, *, at: datetime) -> bool:
    """The operator did not come: the seat is as before, the call goes on; tells whether this leg was rung back."""
    ring = state.tracks[call.id].ring_back
    if ring is None or ring.leg_id != leg.id:
        return False
    state.tracks[call.id].ring_back = None
    seats.ring_back_over(state, ring.seat, leg.id, at=at)
    return True


def give_up(state: State, call: Call) -> None:
    """Let the seat not ring any longer."""
    ring = state.tracks[call.id].ring_back
    if ring is not None:
        ring.asked_to_end = ring.asked_to_end or state.now.mono
        state.end_leg(call.id, ring.leg_id)


def watch(state: State, call: Call) -> None:
    """End the ringing of a phone that gives no sign of life."""
    ring = state.tracks[call.id].ring_back
    if ring is None or ring.ending:
        return
    limit = state.policy.no_ring_seconds if not ring.rang else state.policy.ring_seconds * 2
    if state.now.mono - ring.dialled > limit:
        ring.unreachable = not ring.rang
        give_up(state, call)


def restore(state: State, call: Call) -> None:
    """Remember a seat that rang to come back."""
    unit = unit_leg(call)
    if call.state is not CallState.TALKING or unit is None or unit.state is not LegState.JOINED:
        return
    for leg in call.legs:
        if leg.kind is LegKind.SEAT and leg.joined is None and leg.state is not LegState.ENDED and leg.party:
            state.tracks[call.id].ring_back = Offer(
                leg_id=leg.id, seat=leg.party, dialled=state.now.mono, rang=leg.state is LegState.RINGING
            )
