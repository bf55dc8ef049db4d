"""Caller, seat and unit are parted and brought together: a consult, its end, and a seat that is kept for its caller.

Whatever breaks off in between, the caller ends up with his seat again, or at the head of the line; never mute, and
never alone.
"""

from dataclasses import replace
from datetime import datetime

from callcenter.domain.calls import Call, CallState, Leg, LegState
from callcenter.domain.exchange import callers, holds, survey
from callcenter.domain.exchange.state import State, is_away, unit_leg
from callcenter.domain.exchange.track import Move, Step
from callcenter.domain.facts import LegChanged, SeatLeft, SeatReturned
from callcenter.domain.ids import LegId
from callcenter.domain.telephony import CallerWaits, TalkOver
from callcenter.domain.wishes import (
    AfterTalk,
    GiveCallerBack,
    JoinCaller,
    KeepSeat,
    MeetUnit,
    MuteLeg,
    ParkCaller,
    ReturnToLine,
    Then,
)

APART = (Step.MEETING, Step.PARKING, Step.CONSULT, Step.JOINING)
"""Seat and unit are, or will be in a moment, without the caller."""


def begin(state: State, call: Call, step: Step, *, parks: bool = False, then_join: bool = False) -> None:
    """Enter a step, and remember since when."""
    state.tracks[call.id].move = Move(step=step, since=state.now.mono, parks=parks, then_join=then_join)


def set_leg(state: State, call: Call, leg_id: LegId, to: LegState, *, at: datetime) -> None:
    """Note the new state of a leg, if it is new."""
    leg = state.calls[call.id].leg(leg_id)
    if leg is not None and leg.state not in (to, LegState.ENDED):
        state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=to)))


# Apart: seat and unit consult


def meet(state: State, call: Call, seat_leg: Leg, unit: Leg, *, at: datetime) -> None:
    """Bring a unit that has answered to the seat, while the caller neither hears nor is heard."""
    begin(state, call, Step.MEETING)
    state.want(MeetUnit(call_id=call.id, unit_leg=unit.id, seat_leg=seat_leg.id))
    if call.held:
        holds.end(state, call, at=at)
    _show_apart(state, call, seat_leg.id, unit.id, at=at)


def park(state: State, call: Call, seat_leg: Leg, *, at: datetime, then_join: bool = False) -> None:
    """Take the caller out to the music; seat and unit stay together."""
    begin(state, call, Step.PARKING, then_join=then_join)
    if call.held:
        holds.end(state, call, at=at)
    state.want(ParkCaller(call_id=call.id, seat_leg=seat_leg.id))
    if (unit := unit_leg(call)) is not None:
        _show_apart(state, call, seat_leg.id, unit.id, at=at)


def consults(state: State, call: Call, seat_leg: Leg, unit: Leg, *, at: datetime) -> None:
    """Take a consult in as it is found."""
    begin(state, call, Step.CONSULT)
    _show_apart(state, call, seat_leg.id, unit.id, at=at)


def _show_apart(state: State, call: Call, seat_leg: LegId, unit: LegId, *, at: datetime) -> None:
    set_leg(state, call, LegId(call.id), LegState.HELD, at=at)
    for leg_id in (seat_leg, unit):
        set_leg(state, call, leg_id, LegState.PRIVATE, at=at)


def join(state: State, call: Call, seat_leg: Leg) -> None:
    """Bring the caller back from the music, at once or as soon as he is there."""
    move = state.tracks[call.id].move
    if move is not None and move.step is Step.CONSULT:
        begin(state, call, Step.JOINING)
        state.want(JoinCaller(call_id=call.id, seat_leg=seat_leg.id))
    elif move is not None and move.step in (Step.MEETING, Step.PARKING):
        state.tracks[call.id].move = replace(move, then_join=True)


def caller_parted(state: State, call: Call, *, at: datetime) -> None:
    """He has left the talk that he was to leave."""
    move, seat_leg = state.tracks[call.id].move, state.seat_leg(call)
    if move is None or seat_leg is None:
        return
    if move.step is Step.PARKING:
        begin(state, call, Step.CONSULT)
        if move.then_join:
            join(state, call, seat_leg)
    elif move.step is Step.COMING and move.parks:
        give_back(state, call, seat_leg, at=at)


# Together again


def unit_left(state: State, call: Call, *, at: datetime) -> None:
    """Bring caller and seat together after the unit has gone from a talk or a consult; the seat is on the line."""
    move, seat_leg = state.tracks[call.id].move, state.seat_leg(call)
    if seat_leg is None:
        return
    match None if move is None else move.step:
        case Step.MEETING:
            undo_meeting(state, call, seat_leg, at=at)
        case Step.PARKING:
            begin(state, call, Step.COMING, parks=True)
        case Step.CONSULT:
            give_back(state, call, seat_leg, at=at)
        case None if is_away(call, seat_leg):
            begin(state, call, Step.COMING)
        case _:  # on their way already; where that fails TalkOver tells, or time
            pass


def undo_meeting(state: State, call: Call, seat_leg: Leg, *, at: datetime) -> None:
    """Let caller and seat, who have not left each other, talk on as if no unit had answered."""
    state.tracks[call.id].move = None
    state.want(MuteLeg(leg_id=LegId(call.id), muted=False))
    state.want(KeepSeat(leg_id=seat_leg.id, kept=False))
    for leg_id in (LegId(call.id), *([] if call.held else [seat_leg.id])):
        set_leg(state, call, leg_id, LegState.JOINED, at=at)


def give_back(state: State, call: Call, seat_leg: Leg, *, at: datetime, witnessed: bool = False) -> None:
    """Join the caller, who is in no talk, with his seat; a unit that is left over ends."""
    if state.recovering and not witnessed:
        begin(state, call, Step.COMING)  # where he is, is still to be told
        return
    begin(state, call, Step.GIVING)
    set_leg(state, call, LegId(call.id), LegState.HELD, at=at)
    if (unit := unit_leg(call)) is not None:
        state.end_leg(call.id, unit.id)
    state.want(AfterTalk(call_id=call.id, then=Then.REQUEUE))
    state.want(MuteLeg(leg_id=LegId(call.id), muted=False))
    state.want(GiveCallerBack(call_id=call.id, seat_leg=seat_leg.id))


def talk_over(state: State, event: TalkOver) -> None:
    """Everybody has left his talk; a seat that is kept for him, or on its way to him, gets him back."""
    found = state.live(event.call_id)
    if found is not None and found[0].state is CallState.TALKING and not found[1].ending:
        give_back_if_kept(state, found[0], at=event.at)


def waits(state: State, event: CallerWaits) -> None:
    """He has come to the line: out of his talk to the seat that is kept for him, or to wait for one."""
    found = state.live(event.call_id)
    if found is None or callers.older_than_the_talk(found[0], event.at):
        return
    if found[0].state is not CallState.TALKING or not give_back_if_kept(state, found[0], at=event.at):
        callers.waits(state, event)


def give_back_if_kept(state: State, call: Call, *, at: datetime) -> bool:
    """Give him, who is in no talk now, to the seat that is kept for him; tells whether there is one."""
    track, seat_leg = state.tracks[call.id], state.seat_leg(call)
    if seat_leg is None or track.ending:
        return False
    if track.move is None and not is_away(call, seat_leg):
        return False
    if track.move is None or track.move.step is not Step.GIVING:
        give_back(state, call, seat_leg, at=at)
    return True


def together(state: State, call: Call, seat_leg_id: LegId, *, at: datetime) -> None:
    """Caller and seat are in one talk (again), and whoever else is in it."""
    track = state.tracks[call.id]
    move, seat_leg = track.move, call.leg(seat_leg_id)
    assert seat_leg is not None
    if move is not None and (move.step in (Step.MEETING, Step.PARKING) or move.parks):
        return  # they are still in one talk, and he is on his way out
    away = track.away_since is not None
    if move is not None:
        track.move = None
        state.want(MuteLeg(leg_id=LegId(call.id), muted=False))
        state.want(KeepSeat(leg_id=seat_leg_id, kept=False))
    if move is not None or away:
        state.want(AfterTalk(call_id=call.id, then=survey.after_talk(state, call)))
    talk = track.talks.get(LegId(call.id))
    unit = unit_leg(call)
    with_them = [LegId(call.id), *([] if call.held else [seat_leg_id])]
    if unit is not None and unit.answered is not None and track.talks.get(unit.id) == talk:
        with_them.append(unit.id)
    for leg_id in with_them:
        set_leg(state, call, leg_id, LegState.JOINED, at=at)
    if away:
        note_returned(state, call, seat_leg_id, at=at)


# The operator's absence, as it is reckoned


def note_left(state: State, call: Call, seat_leg: Leg, *, at: datetime) -> None:
    """Note that the operator has left caller and unit alone: the seat's own talk time stops."""
    track = state.tracks[call.id]
    if track.away_since is None:
        assert seat_leg.party is not None
        fact = state.note(SeatLeft(at=at, call_id=call.id, seat=seat_leg.party, leg_id=seat_leg.id))
        track.away_since = fact.last_at


def note_returned(state: State, call: Call, leg_id: LegId, *, at: datetime) -> None:
    """Note that the operator is back."""
    track, leg = state.tracks[call.id], call.leg(leg_id)
    assert leg is not None
    assert leg.party is not None
    if track.away_since is not None:
        track.away_seconds += max(0.0, (at - track.away_since).total_seconds())
        track.away_since = None
    state.note(SeatReturned(at=at, call_id=call.id, seat=leg.party, leg_id=leg_id))


def to_the_head(state: State, call: Call, *, at: datetime, reason: str) -> None:
    """Bring a caller whom nobody is left for to the line, wherever he is, as its first."""
    state.want(AfterTalk(call_id=call.id, then=Then.REQUEUE))
    state.want(ReturnToLine(call_id=call.id))
    callers.back_to_the_head(state, call, at=at, reason=reason)
    state.tracks[call.id].returning = state.now.mono


# What must not last

LIMITS = {
    Step.MEETING: 3.0,
    Step.PARKING: 3.0,
    Step.JOINING: 3.0,
    Step.RETURNING: 3.0,
    Step.COMING: 2.0,
    Step.GIVING: 4.0,
}
"""Seconds: each takes some milliseconds; COMING and GIVING half a second where the dialplan waits."""


def watch(state: State, call: Call) -> None:
    """End a step that does not come to its end, because an event was lost or Asterisk did not do it."""
    track, seat_leg, at = state.tracks[call.id], state.seat_leg(call), state.now.wall
    move = track.move
    if move is None or move.step is Step.CONSULT or state.now.mono - move.since < LIMITS[move.step]:
        return
    state.corrected += 1
    unit = unit_leg(call)
    if seat_leg is None:
        track.move = None
        to_the_head(state, call, at=at, reason="seat_lost")
    elif move.step in (Step.MEETING, Step.PARKING):
        track.perhaps_parked = move.step is Step.PARKING
        undo_meeting(state, call, seat_leg, at=at)
        if unit is not None:
            state.end_leg(call.id, unit.id)
    elif move.step is Step.RETURNING and unit is not None and unit.state is LegState.JOINED:
        track.move = None
        set_leg(state, call, seat_leg.id, LegState.HELD, at=at)
    elif move.step is Step.GIVING:
        to_the_head(state, call, at=at, reason="seat_lost")
    else:
        give_back(state, call, seat_leg, at=at)


def seat_gone(state: State, call: Call, *, at: datetime, witnessed: bool = False) -> None:
    """The seat has left a consult, or was lost on its way to the caller: the unit ends, the caller waits again."""
    if state.recovering and not witnessed:
        begin(state, call, Step.COMING)  # where he is, is still to be told
        return
    if (unit := unit_leg(call)) is not None:
        state.end_leg(call.id, unit.id)
    state.tracks[call.id].move = None
    to_the_head(state, call, at=at, reason="seat_lost")
