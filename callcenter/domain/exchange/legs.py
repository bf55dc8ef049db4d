"""A seat's leg: offered, rings, answered, in the talk, on hold, gone."""

from dataclasses import replace
from datetime import datetime

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegOutcome, LegState
from callcenter.domain.exchange import callers, seats
from callcenter.domain.exchange.state import Offer, State, Track
from callcenter.domain.facts import (
    CallFailed,
    CallHeld,
    CallMissed,
    CallOffered,
    CallRefused,
    CallResumed,
    CallRinging,
    CallTalking,
    LegChanged,
)
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    Ending,
    LegAnswered,
    LegDialled,
    LegEnded,
    LegRang,
    PartyHeld,
    PartyJoined,
    PartyLeft,
    PartyResumed,
)
from callcenter.domain.wishes import AfterTalk, EndLeg, OfferSeat, PlayMusic

OUTCOME_OF = {
    Ending.BUSY: LegOutcome.BUSY,
    Ending.REFUSED: LegOutcome.REFUSED,
    Ending.NO_ANSWER: LegOutcome.NO_ANSWER,
    Ending.CANCELLED: LegOutcome.CANCELLED,
    Ending.FAILED: LegOutcome.FAILED,
    Ending.NORMAL: LegOutcome.FAILED,
}


def offer(state: State, call_id: CallId, extension: str) -> None:
    """Ring this seat for this caller."""
    leg_id = LegId(state.new_id())
    _begin_offer(state, call_id, leg_id, extension, at=state.now.wall)
    state.want(
        OfferSeat(
            call_id=call_id,
            leg_id=leg_id,
            seat=extension,
            caller=state.calls[call_id].caller,
            ring_seconds=state.policy.ring_seconds,
        )
    )


def dialled(state: State, event: LegDialled) -> None:
    """A seat is called. Our own offers are known already; the rest come from Asterisk's own queue."""
    found = state.live(event.call_id)
    if found is None or found[0].leg(event.leg_id) is not None or event.seat not in state.seats:
        return
    if found[0].state is CallState.TALKING:
        return  # he has a seat; Asterisk lets this one go by itself
    line = state.lines[event.seat]
    if line.leg_id is not None:
        return  # it has another leg; no phone is in two talks
    if found[1].offer is None:
        _begin_offer(state, event.call_id, event.leg_id, event.seat, at=event.at)
        return
    # An offer of ours still rings elsewhere, and yet this one may become the talk.
    line.call_id, line.leg_id = event.call_id, event.leg_id
    _begin_leg(state, event.call_id, event.leg_id, event.seat, at=max(event.at, found[0].last_at))


def _begin_offer(state: State, call_id: CallId, leg_id: LegId, extension: str, *, at: datetime) -> None:
    track, line = state.tracks[call_id], state.lines[extension]
    at = max(at, state.calls[call_id].last_at)
    track.offer = Offer(leg_id=leg_id, seat=extension, dialled=state.now.mono)
    line.call_id, line.leg_id = call_id, leg_id
    state.note(CallOffered(at=at, call_id=call_id, seat=extension, leg_id=leg_id))
    _begin_leg(state, call_id, leg_id, extension, at=at)


def _begin_leg(state: State, call_id: CallId, leg_id: LegId, extension: str, *, at: datetime) -> None:
    leg = Leg(id=leg_id, kind=LegKind.SEAT, party=extension, number=extension, state=LegState.DIALING, started=at)
    state.note(LegChanged(at=at, call_id=call_id, leg=leg))


def restore(state: State, call: Call) -> None:
    """Remember which phones this call of the journal has, so that nobody else is rung beside them."""
    for leg in call.legs:
        if leg.kind is not LegKind.SEAT or leg.state is LegState.ENDED or leg.party not in state.lines:
            continue
        line = state.lines[leg.party]
        line.call_id, line.leg_id = call.id, leg.id
        if leg.joined is None and call.state is not CallState.TALKING:
            state.tracks[call.id].offer = Offer(
                leg_id=leg.id, seat=leg.party, dialled=state.now.mono, rang=leg.state is LegState.RINGING
            )


def rang(state: State, event: LegRang) -> None:
    """The seat's phone rings (t3 the first time)."""
    found = state.live(event.call_id)
    if found is None:
        return
    call, track = found
    leg = call.leg(event.leg_id)
    if leg is None or leg.state is not LegState.DIALING or track.offer is None or track.offer.leg_id != leg.id:
        return
    track.offer.rang = True
    state.note(LegChanged(at=event.at, call_id=call.id, leg=replace(leg, state=LegState.RINGING)))
    if call.state is CallState.TALKING:
        return  # another seat was quicker, and this one is being let go
    state.note(CallRinging(at=event.at, call_id=call.id, seat=track.offer.seat, leg_id=leg.id))
    seats.rings(state, track.offer.seat, call.id, at=event.at)


def answered(state: State, event: LegAnswered) -> None:
    """The phone was picked up; the talk begins when both have joined."""
    call = state.calls.get(event.call_id)
    leg = None if call is None else call.leg(event.leg_id)
    if call is None or leg is None or leg.kind is not LegKind.SEAT:
        return
    if leg.answered is not None or leg.state is LegState.ENDED:
        return
    state.note(LegChanged(at=event.at, call_id=event.call_id, leg=replace(leg, answered=max(event.at, call.last_at))))


def joined(state: State, event: PartyJoined) -> None:
    """Someone entered a talk; caller and seat in the same one is a talk (t4)."""
    found = state.live(event.call_id)
    if found is None or found[0].leg(event.leg_id) is None:
        return
    call, track = found
    track.talks[event.leg_id] = event.talk
    if event.leg_id == LegId(call.id):
        track.caller_parted = False
    with_caller = state.seat_leg_joined(call)
    if with_caller is None:
        return
    if call.state is CallState.TALKING:
        _second_seat(state, call, event.leg_id)
        return
    _talk_begins(state, call, track, with_caller, at=event.at)


def _second_seat(state: State, call: Call, leg_id: LegId) -> None:
    """Two seats answered for one caller: one keeps him, the other is let go."""
    leg = call.leg(leg_id)
    if leg is not None and leg.kind is LegKind.SEAT and leg.party != call.seat:
        state.want(EndLeg(leg_id=leg_id))


def _talk_begins(state: State, call: Call, track: Track, leg_id: LegId, *, at: datetime) -> None:
    leg = call.leg(leg_id)
    assert leg is not None
    assert leg.party is not None
    callers.queue_him(state, call.id, at=at)
    if track.offer is not None and track.offer.leg_id != leg_id and not track.offer.ending:
        track.offer.asked_to_end = state.now.mono
        state.want(EndLeg(leg_id=track.offer.leg_id))
    if track.offer is not None and track.offer.leg_id == leg_id:
        track.offer = None
    track.waits, track.in_fallback, track.announce_at, track.operator_ended = False, None, None, False
    seat_leg = replace(
        leg,
        state=LegState.JOINED,
        outcome=LegOutcome.ANSWERED,
        answered=leg.answered or max(at, call.last_at),
        joined=leg.joined or max(at, call.last_at),
    )
    caller_leg = state.calls[call.id].leg(LegId(call.id))
    if caller_leg is not None:
        talking = replace(
            caller_leg,
            state=LegState.JOINED,
            outcome=LegOutcome.ANSWERED,
            answered=caller_leg.answered or max(at, call.last_at),
            joined=caller_leg.joined or max(at, call.last_at),
        )
        state.note(LegChanged(at=at, call_id=call.id, leg=talking))
    state.note(LegChanged(at=at, call_id=call.id, leg=seat_leg))
    state.note(CallTalking(at=at, call_id=call.id, seat=leg.party, leg_id=leg_id))
    seats.talks(state, leg.party, call.id, leg_id, at=at)
    state.want(AfterTalk(call_id=call.id, requeue=False))


def parted(state: State, event: PartyLeft) -> None:
    """Someone left a talk; what that means is told by the end of a leg, or by the caller's return."""
    track = state.tracks.get(event.call_id)
    if track is not None and track.talks.get(event.leg_id) == event.talk:
        del track.talks[event.leg_id]
        if event.leg_id == LegId(event.call_id) and event.talk in track.talks.values():
            track.caller_parted = True


def ended(state: State, event: LegEnded) -> None:
    """A seat's leg is gone: an offer that came to nothing, or the end of a talk."""
    call = state.calls.get(event.call_id)
    leg = None if call is None else call.leg(event.leg_id)
    if call is None or leg is None or leg.kind is not LegKind.SEAT or leg.state is LegState.ENDED:
        return
    track = state.tracks[call.id]
    track.talks.pop(leg.id, None)
    ending = event.ending
    if track.offer is not None and track.offer.leg_id == leg.id and track.offer.unreachable:
        ending = Ending.FAILED
    outcome = LegOutcome.ANSWERED if leg.joined is not None else OUTCOME_OF[ending]
    at = max(event.at, call.last_at)
    state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=LegState.ENDED, outcome=outcome, ended=at)))
    if leg.joined is not None:
        _talk_ended(state, state.calls[call.id], leg, at=at, by_itself=event.by_itself)
    else:
        _offer_ended(state, state.calls[call.id], leg, ending, at=at)


def _talk_ended(state: State, call: Call, leg: Leg, *, at: datetime, by_itself: bool) -> None:
    assert leg.party is not None
    track = state.tracks[call.id]
    if call.is_live and call.seat == leg.party and call.state is CallState.TALKING:
        callers.stop_music(state, call)
        if by_itself or track.ending:
            track.operator_ended = True
        elif not track.caller_parted:
            state.want(AfterTalk(call_id=call.id, requeue=True))
            callers.back_to_the_head(state, call, at=at, reason="seat_lost")
            track.returning = state.now.mono
    started = leg.joined or at
    state.handled_seconds.append((at - started).total_seconds() + state.policy.wrap_up_seconds)
    del state.handled_seconds[:-20]
    seats.talk_over(state, leg.party, leg.id, at=at)


def _offer_ended(state: State, call: Call, leg: Leg, ending: Ending, *, at: datetime) -> None:
    assert leg.party is not None
    track = state.tracks[call.id]
    running = track.offer
    asked_to_end = state.recovering
    if running is not None and running.leg_id == leg.id:
        asked_to_end = asked_to_end or running.ending
        track.offer = None
    rang_at_all = leg.state is LegState.RINGING
    has_another = call.state is CallState.TALKING or track.offer is not None
    # An offer that Asterisk called off and not we, while he still waits, would be made again at once, for ever.
    withdrawn = not call.is_live or (ending is Ending.CANCELLED and (asked_to_end or has_another))
    if call.is_live and call.state in (CallState.QUEUED, CallState.RINGING) and track.offer is None:
        _tell_offer_end(state, call, leg, ending, at=at)
    if withdrawn:
        seats.offer_withdrawn(state, leg.party, leg.id, at=at)
    elif ending is Ending.NO_ANSWER and rang_at_all:
        seats.missed(state, leg.party, leg.id, at=at)
    else:
        seats.refused(state, leg.party, leg.id, at=at, by_person=ending in (Ending.BUSY, Ending.REFUSED))


def _tell_offer_end(state: State, call: Call, leg: Leg, ending: Ending, *, at: datetime) -> None:
    assert leg.party is not None
    if ending in (Ending.BUSY, Ending.REFUSED):
        state.note(CallRefused(at=at, call_id=call.id, seat=leg.party, leg_id=leg.id, cause=ending.value))
    elif ending is Ending.NO_ANSWER and leg.state is LegState.RINGING:
        state.note(CallMissed(at=at, call_id=call.id, seat=leg.party, leg_id=leg.id))
    else:
        state.note(CallFailed(at=at, call_id=call.id, seat=leg.party, leg_id=leg.id, cause=ending.value))


def held(state: State, event: PartyHeld) -> None:
    """The operator pressed the phone's own hold button: the caller must hear music, not silence."""
    found = state.live(event.call_id)
    if found is not None and state.seat_leg_joined(found[0]) == event.leg_id:
        begin_hold(state, found[0], event.leg_id, at=event.at, mute=False)


def resumed(state: State, event: PartyResumed) -> None:
    """The operator pressed the button again."""
    found = state.live(event.call_id)
    if found is None or not found[0].held or found[1].music_mutes:
        return
    leg = found[0].leg(event.leg_id)
    if leg is not None and leg.kind is LegKind.SEAT and leg.state is LegState.HELD:
        end_hold(state, found[0], at=event.at)


def begin_hold(state: State, call: Call, leg_id: LegId, *, at: datetime, mute: bool) -> None:
    """Give the caller music for as long as the operator is away from the phone."""
    track = state.tracks[call.id]
    leg = call.leg(leg_id)
    if call.held or leg is None or track.music is not None:
        return
    track.music, track.music_mutes = LegId(state.new_id()), mute
    state.want(PlayMusic(call_id=call.id, music_id=track.music, seat_leg=leg_id, mute_seat=mute))
    state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=LegState.HELD)))
    state.note(CallHeld(at=at, call_id=call.id))


def end_hold(state: State, call: Call, *, at: datetime) -> None:
    """Stop the music and let them talk."""
    callers.stop_music(state, call)
    for leg in call.legs:
        if leg.kind is LegKind.SEAT and leg.state is LegState.HELD:
            state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=LegState.JOINED)))
    state.note(CallResumed(at=at, call_id=call.id))


def watch(state: State) -> None:
    """End offers to phones that give no sign of life."""
    for track in state.tracks.values():
        running = track.offer
        if running is None or running.ending:
            continue
        limit = state.policy.no_ring_seconds if not running.rang else state.policy.ring_seconds * 2
        if state.now.mono - running.dialled > limit:
            running.asked_to_end, running.unreachable = state.now.mono, not running.rang
            state.want(EndLeg(leg_id=running.leg_id))


def seat_free(state: State, extension: str) -> bool:
    """Whether this seat may be offered a caller at this moment."""
    seat, line = state.seats[extension], state.lines[extension]
    return (
        seat.state is SeatState.READY
        and seat.phone == "registered"
        and line.leg_id is None
        and not line.channels
        and state.now.mono >= line.not_before
    )
