"""A seat's leg: offered, rings, answered, in the talk, gone. A unit's is told from it here, and seen to in `units`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegOutcome, LegState
from callcenter.domain.exchange import callers, moves, outbound, returns, seats, survey, units
from callcenter.domain.exchange.state import State, is_away, unit_leg
from callcenter.domain.exchange.track import Line, Offer, Step, Track
from callcenter.domain.facts import (
    CallFailed,
    CallMissed,
    CallOffered,
    CallRefused,
    CallRinging,
    CallTalking,
    LegChanged,
)
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import Seat
from callcenter.domain.telephony import (
    Ending,
    LegAnswered,
    LegDialled,
    LegEnded,
    LegRang,
    PartyJoined,
    PartyLeft,
)
from callcenter.domain.wishes import AfterTalk, EndLeg, OfferSeat, Then

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
    if event.kind is LegKind.UNIT:
        units.dialled(state, event)
        return
    found = state.live(event.call_id)
    if found is None or event.seat is None or found[0].leg(event.leg_id) is not None or event.seat not in state.seats:
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
    callers.queue_him(state, call_id, at=at)  # Asterisk's own queue may ring a seat before it is heard that he waits
    track.offer = Offer(leg_id=leg_id, seat=extension, dialled=state.now.mono)
    line.call_id, line.leg_id = call_id, leg_id
    state.note(CallOffered(at=at, call_id=call_id, seat=extension, leg_id=leg_id))
    _begin_leg(state, call_id, leg_id, extension, at=at)


def _begin_leg(state: State, call_id: CallId, leg_id: LegId, extension: str, *, at: datetime) -> None:
    leg = Leg(id=leg_id, kind=LegKind.SEAT, party=extension, number=extension, state=LegState.DIALING, started=at)
    state.note(LegChanged(at=at, call_id=call_id, leg=leg))


def restore(state: State, call: Call) -> None:
    """Remember which phones this call of the journal has, so that nobody else is rung beside them."""
    units.restore(state, call)
    returns.restore(state, call)
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
    if leg is None or leg.state is not LegState.DIALING:
        return
    if leg.kind is LegKind.UNIT:
        units.rang(state, event)
        return
    if returns.rang(state, call, leg, at=event.at) or track.offer is None or track.offer.leg_id != leg.id:
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
    if call is None or leg is None or leg.kind is LegKind.CALLER:
        return
    if leg.kind is LegKind.UNIT:
        units.answered(state, event)
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
    leg = call.leg(event.leg_id)
    if leg is None or leg.state is LegState.ENDED:
        return
    track.talks[event.leg_id] = event.talk
    if leg.kind is LegKind.CALLER:
        track.caller_parted = track.perhaps_parked = False
    if leg.kind is LegKind.UNIT:
        units.joined(state, event)
        return
    with_caller = state.seat_leg_joined(call)
    if with_caller is None:
        return
    if call.state is CallState.TALKING:
        _talk_goes_on(state, call, leg, with_caller, at=event.at)
        return
    talk_begins(state, call, track, with_caller, at=event.at)


def _talk_goes_on(state: State, call: Call, leg: Leg, with_caller: LegId, *, at: datetime) -> None:
    """Caller or seat have come (again) into the talk. Of two seats that answered for one caller one keeps him."""
    ring = state.tracks[call.id].ring_back
    of_talk = state.seat_leg(call)
    if ring is not None and ring.leg_id == with_caller:
        ringing = call.leg(with_caller)
        assert ringing is not None
        returns.joined(state, call, ringing, at=at)
    elif of_talk is not None and with_caller == of_talk.id:
        moves.together(state, call, of_talk.id, at=at)
    if leg.kind is LegKind.SEAT and leg.party != call.seat:
        state.want(EndLeg(leg_id=leg.id))


def talk_begins(state: State, call: Call, track: Track, leg_id: LegId, *, at: datetime) -> None:
    """Caller and seat have been joined by Asterisk (t4 the first time)."""
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
    state.want(AfterTalk(call_id=call.id, then=survey.after_talk(state, call)))
    outbound.got_through(state, call, at=at)


def parted(state: State, event: PartyLeft) -> None:
    """Someone left a talk; what that means is told by the end of a leg, or by the caller's return."""
    track = state.tracks.get(event.call_id)
    if track is None or track.talks.get(event.leg_id) != event.talk:
        return
    del track.talks[event.leg_id]
    found = state.live(event.call_id)
    if event.leg_id != LegId(event.call_id) or found is None:
        return
    if track.move is not None:
        moves.caller_parted(state, found[0], at=event.at)  # as he was asked to
    elif event.talk in track.talks.values():
        track.caller_parted = True


def ended(state: State, event: LegEnded) -> None:
    """A leg is gone: an offer that came to nothing, the end of a talk, or a unit's."""
    call = state.calls.get(event.call_id)
    leg = None if call is None else call.leg(event.leg_id)
    if call is None or leg is None or leg.kind is LegKind.CALLER or leg.state is LegState.ENDED:
        return
    if leg.kind is LegKind.UNIT:
        units.ended(state, event)
        return
    track = state.tracks[call.id]
    talk_of = state.seat_leg(call)
    track.talks.pop(leg.id, None)
    ending = event.ending
    running = next((each for each in (track.offer, track.ring_back) if each and each.leg_id == leg.id), None)
    if running is not None and running.unreachable:
        ending = Ending.FAILED
    outcome = LegOutcome.ANSWERED if leg.joined is not None else OUTCOME_OF[ending]
    at = max(event.at, call.last_at)
    state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=LegState.ENDED, outcome=outcome, ended=at)))
    call = state.calls[call.id]
    if leg.joined is not None:
        was_his = talk_of is None or talk_of.id == leg.id
        _talk_ended(state, call, leg, at=at, by_itself=event.by_itself, was_his=was_his)
    elif not returns.ended(state, call, leg, at=at):
        _offer_ended(state, call, leg, ending, at=at)


def _talk_ended(state: State, call: Call, leg: Leg, *, at: datetime, by_itself: bool, was_his: bool) -> None:
    assert leg.party is not None
    track = state.tracks[call.id]
    away_since = track.away_since
    if was_his and call.is_live and call.seat == leg.party and call.state is CallState.TALKING:
        _who_is_left(state, call, leg, at=at, by_itself=by_itself)
    talked = ((away_since or at) - (leg.joined or at)).total_seconds() - track.away_seconds
    state.handled_seconds.append(max(0.0, talked) + state.policy.wrap_up_seconds)
    del state.handled_seconds[:-20]
    track.away_seconds = 0.0
    seats.talk_over(state, leg.party, leg.id, at=at)


def _who_is_left(state: State, call: Call, leg: Leg, *, at: datetime, by_itself: bool) -> None:
    """The seat has gone: caller and unit talk on, or he waits again, or his call ends."""
    track, unit = state.tracks[call.id], unit_leg(call)
    callers.stop_music(state, call)
    track.hold_mutes = False
    if track.move is not None and not track.ending:
        if track.move.step is Step.RETURNING and unit is not None and unit.state is LegState.JOINED:
            track.move = None
            state.want(AfterTalk(call_id=call.id, then=survey.after_talk(state, call)))
        else:
            moves.seat_gone(state, call, at=at)
        return
    if unit is not None and unit.state is LegState.JOINED and unit.id not in track.asked:
        if not is_away(call, leg):
            moves.note_left(state, call, leg, at=at)
        state.want(AfterTalk(call_id=call.id, then=survey.after_talk(state, call)))
        return
    if unit is not None:
        state.end_leg(call.id, unit.id)
    if by_itself or track.ending or track.operator_ended:
        track.operator_ended = True
    elif track.perhaps_parked:
        moves.to_the_head(state, call, at=at, reason="seat_lost")
    elif not track.caller_parted:
        state.want(AfterTalk(call_id=call.id, then=Then.REQUEUE))
        callers.back_to_the_head(state, call, at=at, reason="seat_lost")
        track.returning = state.now.mono


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


def watch(state: State) -> None:
    """End offers to phones that give no sign of life, and steps that do not come to their end."""
    for call_id in list(state.on_line):
        track = state.tracks[call_id]
        if track.unit is None and track.ring_back is None and track.move is None:
            continue  # nearly every call
        if state.linked and state.live(call_id) is not None:
            units.watch(state, state.calls[call_id])
            returns.watch(state, state.calls[call_id])
            moves.watch(state, state.calls[call_id])
    for track in state.tracks.values():
        running = track.offer
        if running is None or running.ending:
            continue
        limit = state.policy.no_ring_seconds if not running.rang else state.policy.ring_seconds * 2
        if state.now.mono - running.dialled > limit:
            running.asked_to_end, running.unreachable = state.now.mono, not running.rang
            state.want(EndLeg(leg_id=running.leg_id))


def free_seats(state: State) -> Sequence[Seat]:
    """Give the seats that may be offered a caller at this moment; asked after nearly each event."""
    lines, now = state.lines, state.now.mono
    return [seat for extension, seat in state.ready_seats.items() if _line_free(lines[extension], now)]


def _line_free(line: Line, now: float) -> bool:
    return line.leg_id is None and not line.channels and now >= line.not_before


def seat_free(state: State, extension: str) -> bool:
    """Whether this seat may be offered a caller at this moment."""
    return extension in state.ready_seats and _line_free(state.lines[extension], state.now.mono)
