"""What must never last, looked for as time passes: put right, and counted, since each is a mistake somewhere.

Events can be lost, by Asterisk or by us. Whoever then waits for one would wait for ever: a seat for the end of its
leg, a caller for a seat that is free.
"""

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegState
from callcenter.domain.exchange import legs, moves, outbound, seats, survey
from callcenter.domain.exchange.state import State, unit_leg
from callcenter.domain.exchange.track import Track
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import Ending, LegEnded
from callcenter.domain.wishes import EndCall, EndLeg

END_SECONDS = 5.0
"""A leg that was asked to end, or whose caller has left, is gone within milliseconds; then it is asked once more."""
ALONE_SECONDS = 3.0
"""How long a caller may be in a talk with nobody: what follows it takes him half a second."""
LOOK_SECONDS = 0.5
"""Between two looks: each goes through every call."""
BESIDE_SECONDS = 2.0
"""How long a caller may wait without an offer beside a free seat."""


def watch(state: State) -> None:
    """Look at every call and every seat. While Asterisk is not heard nothing is known to be wrong."""
    if not state.linked:
        return
    outbound.watch(state)
    if state.watched_at is not None and 0 <= state.now.mono - state.watched_at < LOOK_SECONDS:
        return
    state.watched_at = state.now.mono
    known = {call_id: state.tracks[call_id] for call_id in state.on_line if call_id not in state.unaccounted}
    for call_id, track in known.items():
        _end_what_was_to_end(state, state.calls[call_id], track)
        _look_at_his_talk(state, call_id, track)
    for extension in state.seats:
        _free_a_held_seat(state, extension)
    free = bool(legs.free_seats(state))
    for call_id, track in known.items():
        _offer_the_overlooked(state, state.calls[call_id], track, free=free)


def _end_what_was_to_end(state: State, call: Call, track: Track) -> None:
    """Ask once more for the end of a leg that outlives its offer or its caller, and then hold it for ended."""
    for leg in _open_legs(call):
        is_offered = track.offer is not None and track.offer.leg_id == leg.id
        since = track.offer.asked_to_end if track.offer is not None and is_offered else track.asked.get(leg.id)
        since = track.ended if since is None else since
        if since is None or state.now.mono - since < END_SECONDS:
            continue
        if leg.id not in track.asked_twice:
            track.asked_twice.add(leg.id)
            state.want(EndLeg(leg_id=leg.id))
        elif state.now.mono - since >= 2 * END_SECONDS:
            _hold_for_ended(state, call.id, leg)


def _look_at_his_talk(state: State, call_id: CallId, track: Track) -> None:
    """Let no caller stay in a talk in which nobody is, and no seat on the line for a caller it will not get back."""
    call = state.calls[call_id]
    seat_leg, unit = state.seat_leg(call), unit_leg(call)
    talks = track.talks.get(LegId(call_id))
    with_him = [leg for leg in (seat_leg, unit) if leg is not None and track.talks.get(leg.id) == talks]
    fine = call.state is not CallState.TALKING or track.move is not None or (talks is not None and with_him)
    if fine or track.ending:
        track.alone_since = None
    elif track.alone_since is None:
        track.alone_since = state.now.mono
    elif state.now.mono - track.alone_since >= (ALONE_SECONDS if call.grade_asked is None else survey.MOST_SECONDS):
        track.alone_since = None
        state.corrected += 1
        if seat_leg is not None:
            moves.give_back(state, call, seat_leg, at=state.now.wall)
        elif track.operator_ended or call.grade_asked is not None:
            track.ending = True
            state.want(EndCall(call_id=call_id))
        else:
            moves.to_the_head(state, call, at=state.now.wall, reason="unit_lost" if unit is None else "talk_ended")


def _open_legs(call: Call) -> list[Leg]:
    return [leg for leg in call.legs if leg.kind is not LegKind.CALLER and leg.state is not LegState.ENDED]


def _hold_for_ended(state: State, call_id: CallId, leg: Leg) -> None:
    state.corrected += 1
    state.recovering = True  # found out, not witnessed
    try:
        at = state.now.wall
        end = LegEnded(at=at, call_id=call_id, leg_id=leg.id, ending=Ending.CANCELLED, by_itself=False)
        legs.ended(state, end)
    finally:
        state.recovering = False


def _free_a_held_seat(state: State, extension: str) -> None:
    """No seat belongs to a leg that exists no more."""
    line, seat = state.lines[extension], state.seats[extension]
    if line.leg_id is None or line.call_id in state.outbound.lines:
        return
    call = None if line.call_id is None else state.calls.get(line.call_id)
    leg = None if call is None else call.leg(line.leg_id)
    if leg is not None and leg.state is not LegState.ENDED:
        return
    state.corrected += 1
    if seat.state is SeatState.TALKING:
        seats.talk_over(state, extension, line.leg_id, at=state.now.wall)
    else:
        seats.offer_withdrawn(state, extension, line.leg_id, at=state.now.wall)


def _offer_the_overlooked(state: State, call: Call, track: Track, *, free: bool) -> None:
    """Let a caller be offered of whom we only did not hear that he waits: an offer finds him wherever he is."""
    overlooked = (
        free
        and call.state is CallState.QUEUED
        and track.offer is None
        and track.in_fallback is None
        and not track.ending
    )
    if not overlooked:
        track.beside_since = None
    elif track.beside_since is None:
        track.beside_since = state.now.mono
    elif state.now.mono - track.beside_since >= BESIDE_SECONDS:
        state.corrected += 1
        track.beside_since, track.waits = None, True
