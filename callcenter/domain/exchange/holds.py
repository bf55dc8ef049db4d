"""Hold: while the operator is away from the phone the caller hears music, or goes on talking with a unit."""

from dataclasses import replace
from datetime import datetime

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegState
from callcenter.domain.errors import RefusedError
from callcenter.domain.exchange import callers
from callcenter.domain.exchange.state import State, is_away, unit_leg
from callcenter.domain.exchange.track import Step
from callcenter.domain.facts import CallHeld, CallResumed, LegChanged
from callcenter.domain.ids import LegId
from callcenter.domain.telephony import PartyHeld, PartyResumed
from callcenter.domain.wishes import MuteLeg, PlayMusic, StopMusic


def hold(state: State, call: Call) -> None:
    """Do what the operator asks. Raises RefusedError."""
    if call.held:
        raise RefusedError("the call is on hold already; resume is possible")
    must_be_together(state, call, "hold")
    leg_id = state.seat_leg_joined(call)
    if leg_id is None:
        raise RefusedError(f"the call is {call.state}; hold is possible while caller and seat talk")
    begin(state, call, leg_id, at=state.now.wall, mute=True)


def resume(state: State, call: Call) -> None:
    """Do what the operator asks. Raises RefusedError."""
    if not call.held:
        raise RefusedError("the call is not on hold; hold is possible while caller and seat talk")
    end(state, call, at=state.now.wall)


def must_be_together(state: State, call: Call, what: str) -> None:
    """Let nothing be done that needs caller and seat in one talk while they are apart. Raises RefusedError."""
    if call.state is not CallState.TALKING:
        raise RefusedError(f"the call is {call.state}; {what} is possible while caller and seat talk")
    move, seat_leg = state.tracks[call.id].move, state.seat_leg(call)
    if move is not None and move.step in (Step.MEETING, Step.PARKING, Step.CONSULT, Step.JOINING):
        raise RefusedError("seat and unit consult, the caller hears music; join and drop are possible")
    if move is not None:
        raise RefusedError(f"caller and seat are being brought together; {what} is possible when they talk")
    if seat_leg is None and unit_leg(call) is None:
        raise RefusedError("the talk is over, and what becomes of the caller is settled in a moment")
    if seat_leg is None or is_away(call, seat_leg):
        raise RefusedError(f"the operator has left the talk; {what} is possible after return")


def held(state: State, event: PartyHeld) -> None:
    """The operator pressed the phone's own hold button: the caller must hear music, not silence."""
    found = state.live(event.call_id)
    if found is None or found[0].state is not CallState.TALKING or found[1].move is not None:
        return
    leg = found[0].leg(event.leg_id)
    if leg is not None and leg.state is LegState.JOINED and state.seat_leg_joined(found[0]) == event.leg_id:
        begin(state, found[0], event.leg_id, at=event.at, mute=False)


def resumed(state: State, event: PartyResumed) -> None:
    """The operator pressed the button again."""
    found = state.live(event.call_id)
    if found is None or not found[0].held or found[1].hold_mutes:
        return
    leg = found[0].leg(event.leg_id)
    if leg is not None and leg.kind is LegKind.SEAT and leg.state is LegState.HELD:
        end(state, found[0], at=event.at)


def begin(state: State, call: Call, leg_id: LegId, *, at: datetime, mute: bool) -> None:
    """Give the caller music for as long as the operator is away from the phone; with a unit he goes on talking."""
    leg = call.leg(leg_id)
    if call.held or leg is None or state.tracks[call.id].music is not None:
        return
    state.tracks[call.id].hold_mutes = mute
    if not _unit_is_with_him(call):
        _play(state, call, leg_id)
    elif mute:
        state.want(MuteLeg(leg_id=leg_id, muted=True))
    state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=LegState.HELD)))
    state.note(CallHeld(at=at, call_id=call.id))


def end(state: State, call: Call, *, at: datetime) -> None:
    """Stop the music and let them talk."""
    track = state.tracks[call.id]
    held_leg = _held_leg(call)
    if track.music is None and track.hold_mutes and held_leg is not None:
        state.want(MuteLeg(leg_id=held_leg.id, muted=False))
    callers.stop_music(state, call)
    track.hold_mutes = False
    if held_leg is not None:
        state.note(LegChanged(at=at, call_id=call.id, leg=replace(held_leg, state=LegState.JOINED)))
    state.note(CallResumed(at=at, call_id=call.id))


def break_off(state: State, call: Call, *, at: datetime) -> None:
    """End a hold of which it is not known whether its seat is mute."""
    held_leg = _held_leg(call)
    if held_leg is not None:
        state.want(MuteLeg(leg_id=held_leg.id, muted=False))
    end(state, call, at=at)


def keep_in_step(state: State, call: Call) -> None:
    """Play to a held caller who is alone now, and let one be heard whom a unit has joined."""
    track, held_leg = state.tracks[call.id], _held_leg(call)
    if not call.held or held_leg is None:
        return
    if track.music is None and not _unit_is_with_him(call):
        if state.recovering and not track.hold_mutes:
            return  # an earlier controller may have muted the seat, and `recovery` breaks the hold off
        _play(state, call, held_leg.id)
    elif track.music is not None and _unit_is_with_him(call):
        state.want(StopMusic(call_id=call.id, music_id=track.music, seat_leg=held_leg.id, unmute_seat=False))
        track.music = None


def _play(state: State, call: Call, leg_id: LegId) -> None:
    track = state.tracks[call.id]
    track.music = LegId(state.new_id())
    state.want(PlayMusic(call_id=call.id, music_id=track.music, seat_leg=leg_id, mute_seat=track.hold_mutes))


def _held_leg(call: Call) -> Leg | None:
    if not call.held:
        return None
    return next((leg for leg in call.legs if leg.kind is LegKind.SEAT and leg.state is LegState.HELD), None)


def _unit_is_with_him(call: Call) -> bool:
    leg = unit_leg(call)
    return leg is not None and leg.state is LegState.JOINED
