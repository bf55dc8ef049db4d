"""After an absence of ours: make the picture equal what exists in Asterisk, and invent nothing."""

from dataclasses import replace
from datetime import UTC, datetime

from callcenter.domain.calls import CallState, LegKind, LegState
from callcenter.domain.exchange import callers, holds, legs, seats
from callcenter.domain.exchange.state import State
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.telephony import (
    Arrived,
    CallerInFallback,
    CallerLeft,
    CallerUp,
    CallerWaits,
    CallFound,
    Ending,
    FlowAsked,
    LegAnswered,
    LegDialled,
    LegEnded,
    LinkRestored,
    PartyJoined,
    Place,
)
from callcenter.domain.wishes import AfterTalk, EndCall, EndLeg


def reconcile(state: State, event: LinkRestored) -> None:
    """Close what has gone, take in what has come, move what has moved; each fact marked recovered."""
    state.recovering = True
    try:
        found = {call.call_id: call for call in event.calls}
        for call_id in [call.id for call in state.calls.values() if call.is_live and call.id not in found]:
            _gone(state, call_id, event)
        for call in sorted(event.calls, key=_asked_at):
            _take_in(state, call, event)
        for call_id in [call.id for call in state.calls.values() if not call.is_live]:
            _close_legs(state, call_id, at=event.at)
        _free_seats(state, event)
    finally:
        state.recovering = False
    state.linked = state.settling = True
    for extension in state.seats:
        seats.tell_fallback(state, extension)


def _asked_at(found: CallFound) -> float:
    """Say since when he waits, or is here: his place in the line, of which we may not have heard."""
    return found.arrived.timestamp() if found.since is None else found.since


def _gone(state: State, call_id: CallId, event: LinkRestored) -> None:
    _close_legs(state, call_id, at=event.at)
    callers.left(state, CallerLeft(at=event.at, call_id=call_id, by_itself=False))


def _close_legs(state: State, call_id: CallId, *, at: datetime, but: frozenset[LegId] = frozenset()) -> None:
    """End the legs that exist no more; whoever hung up, it was not our doing."""
    for leg in state.calls[call_id].legs:
        if leg.kind is LegKind.SEAT and leg.state is not LegState.ENDED and leg.id not in but:
            legs.ended(
                state,
                LegEnded(at=at, call_id=call_id, leg_id=leg.id, ending=Ending.CANCELLED, by_itself=True),
            )


def _take_in(state: State, found: CallFound, event: LinkRestored) -> None:
    if found.call_id not in state.calls:
        callers.arrived(
            state,
            Arrived(at=found.arrived, call_id=found.call_id, caller=found.caller, recording=found.recording),
        )
    call = state.calls.get(found.call_id)
    if call is None or not call.is_live:
        return
    event = replace(event, at=max(event.at, call.last_at))
    if found.since is not None and found.place is not Place.FLOW and call.t2 is None:
        callers.queue_him(state, call.id, at=min(event.at, datetime.fromtimestamp(found.since, UTC)))
    if found.answered:
        callers.line_opened(state, CallerUp(at=event.at, call_id=call.id))
    _close_legs(state, call.id, at=event.at, but=frozenset(leg.leg_id for leg in found.legs))
    state.tracks[call.id].talks.clear()
    for leg_found in found.legs:
        legs.dialled(state, LegDialled(at=event.at, call_id=call.id, leg_id=leg_found.leg_id, seat=leg_found.seat))
        if leg_found.answered:
            legs.answered(state, LegAnswered(at=event.at, call_id=call.id, leg_id=leg_found.leg_id))
    _place(state, found, event)
    _ask_again(state, call.id)


def _ask_again(state: State, call_id: CallId) -> None:
    """What was to be ended and still exists was never told so."""
    track = state.tracks[call_id]
    if track.ending:
        state.want(EndCall(call_id=call_id))
    if track.offer is not None and track.offer.ending:
        track.offer.asked_to_end = state.now.mono
        state.want(EndLeg(leg_id=track.offer.leg_id))


def _place(state: State, found: CallFound, event: LinkRestored) -> None:
    call_id, since = found.call_id, found.since or 0
    match found.place:
        case Place.WAITING:
            callers.waits(state, CallerWaits(at=event.at, call_id=call_id, since=since))
        case Place.FALLBACK:
            callers.in_fallback(state, CallerInFallback(at=event.at, call_id=call_id, since=since))
        case Place.FLOW:
            callers.flow_asked(state, FlowAsked(at=event.at, call_id=call_id))
        case Place.TALK | Place.OTHER:
            pass
    call = state.calls[call_id]
    if call.held and state.tracks[call_id].music is None:
        holds.end(state, call, at=event.at)  # whoever played the music has died, and the music with him
    if found.talk is None:
        return
    if call.state is CallState.TALKING:
        state.want(AfterTalk(call_id=call_id, requeue=False))  # perhaps the link broke before he was told
    for leg in found.legs:
        if leg.talk is not None:
            legs.joined(state, PartyJoined(at=event.at, call_id=call_id, leg_id=leg.leg_id, talk=leg.talk))
    legs.joined(state, PartyJoined(at=event.at, call_id=call_id, leg_id=LegId(call_id), talk=found.talk))


def _free_seats(state: State, event: LinkRestored) -> None:
    """No seat is left in a call that does not exist, and every phone is as it is."""
    for extension, seat in list(state.seats.items()):
        line = state.lines[extension]
        line.channels.clear()
        call = state.calls.get(seat.call_id) if seat.call_id is not None else None
        orphan = seat.call_id is not None and (call is None or not call.is_live or call.seat != extension)
        changed = seat
        if orphan and seat.state is SeatState.TALKING:
            line.call_id = line.leg_id = None
            line.wrap_until = state.now.mono + state.policy.wrap_up_seconds
            changed = replace(changed, state=SeatState.WRAP_UP, call_id=None, idle_since=event.at)
        elif (orphan and seat.state is SeatState.RINGING) or (
            seat.state is SeatState.RINGING and call is not None and call.state is not CallState.RINGING
        ):
            line.call_id = line.leg_id = None
            changed = replace(changed, state=SeatState.READY, call_id=None)
        elif seat.state is SeatState.WRAP_UP and line.wrap_until is None:
            line.wrap_until = state.now.mono + state.policy.wrap_up_seconds
        phone = Phone.REGISTERED if extension in event.seats_registered else Phone.MISSING
        state.note_seat(replace(changed, phone=phone), event.at)
