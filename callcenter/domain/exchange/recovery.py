"""After an absence of ours: make the picture equal what exists in Asterisk, and invent nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from callcenter.domain.calls import Call, CallState, Direction, LegKind, LegState
from callcenter.domain.exchange import callers, holds, legs, moves, outbound_recovery, seats, survey, units
from callcenter.domain.exchange.state import State, is_away, unit_leg
from callcenter.domain.exchange.track import Track, Unaccounted
from callcenter.domain.facts import Fact, OfCall, SeatChanged
from callcenter.domain.fold import apply
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.recalls import Recall
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.telephony import (
    Arrived,
    CallerInFallback,
    CallerLeft,
    CallerUp,
    CallerWaits,
    CallFound,
    Ending,
    FlowAsked,
    GradeAsked,
    LegAnswered,
    LegDialled,
    LegEnded,
    LinkRestored,
    PartyJoined,
    Place,
    TelephonyEvent,
    VoiceBegan,
)
from callcenter.domain.wishes import AfterTalk, EndCall, EndLeg, MuteRecording, Then

_TOLD_TWICE_IN_VAIN = (Arrived, CallerUp, VoiceBegan, CallerLeft, LegAnswered, LegEnded)
"""What changes nothing where it is known: told anew even if it is older than the newest fact of its call, which may be
one of our own (an offer, a word), noted before Asterisk's word of the moment before had come."""


def reconcile(state: State, event: LinkRestored, dispatch: Callable[[TelephonyEvent], None]) -> None:
    """Close what has gone, take in what has come, move what has moved; each fact marked recovered.

    First what Asterisk wrote down meanwhile is told by `dispatch`, so that it is dated as it was; then its lists, as of
    now, overrule it.
    """
    state.recovering = True
    try:
        tell_meanwhile(state, event.meanwhile, dispatch)
        found = {call.call_id: call for call in event.calls}
        for call_id in [call.id for call in state.calls.values() if call.is_live and call.id not in found]:
            _gone(state, call_id, event)
        state.unaccounted = {
            call_id: heard
            for call_id, heard in state.unaccounted.items()
            if call_id not in found and state.live(call_id)
        }
        outbound_recovery.reconcile(state, event)
        for call in sorted(event.calls, key=_asked_at):
            if call.recall is None or call.call_id in state.calls:
                _take_in(state, call, event)
        for call_id in [call.id for call in state.calls.values() if not call.is_live]:
            close_legs(state, call_id, at=event.at)
        _free_seats(state, event)
    finally:
        state.recovering = False
    state.linked = state.settling = True
    state.lost_at = None
    for extension in state.seats:
        seats.tell_fallback(state, extension)


def _asked_at(found: CallFound) -> float:
    """Say since when he waits, or is here: his place in the line, of which we may not have heard."""
    return found.arrived.timestamp() if found.since is None else found.since


def tell_meanwhile(
    state: State, meanwhile: Sequence[TelephonyEvent], dispatch: Callable[[TelephonyEvent], None]
) -> None:
    """Take in what is newer than the newest fact of its call; nothing is wished for, since it is all over."""
    over = {call.id for call in state.calls.values() if not call.is_live} | state.settled.keys()
    known_until = {call.id: call.last_at for call in state.calls.values()}
    known_until |= {call_id: known.known_until for call_id, known in state.unaccounted.items()}
    outbound_recovery.take_up_dialled(state, meanwhile)
    for told in meanwhile:
        call_id = getattr(told, "call_id", None)
        if call_id is None or call_id in over:
            continue
        is_old = call_id in known_until and told.at <= known_until[call_id]
        if is_old and not isinstance(told, _TOLD_TWICE_IN_VAIN) and not _begins_unknown_leg(state, call_id, told):
            continue
        dispatch(told)
    state.forget_wishes()


def _begins_unknown_leg(state: State, call_id: CallId, told: TelephonyEvent) -> bool:
    """Tell of a leg that is older than the newest fact, and of which the journal never heard: what follows needs it."""
    return isinstance(told, LegDialled) and state.calls[call_id].leg(told.leg_id) is None


def _gone(state: State, call_id: CallId, event: LinkRestored) -> None:
    """See to a call that is not there, and whose end nobody wrote down; whether anybody did may not be known yet."""
    if event.unread:
        track = state.tracks[call_id]
        track.waits, track.in_fallback, track.move = False, None, None
        known_until = state.calls[call_id].last_at
        state.unaccounted.setdefault(call_id, Unaccounted(heard=state.lost_at, known_until=known_until))
        for line in state.lines.values():
            if line.call_id == call_id:
                line.call_id = line.leg_id = None  # by now it may be somebody else's
    else:
        known = state.unaccounted.get(call_id)
        heard = state.lost_at if known is None else known.heard
        is_lost(state, call_id, at=heard or event.last_written or event.at)


def is_lost(state: State, call_id: CallId, *, at: datetime) -> None:
    """Close a call that died with Asterisk itself.

    `at`: when Asterisk was last heard by us or, where we were away too, when it last wrote anything.
    """
    close_legs(state, call_id, at=at)
    callers.left(state, CallerLeft(at=at, call_id=call_id, by_itself=False))


def close_legs(state: State, call_id: CallId, *, at: datetime, but: frozenset[LegId] = frozenset()) -> None:
    """End the legs that exist no more; whoever hung up, it was not our doing."""
    for leg in state.calls[call_id].legs:
        if leg.kind is not LegKind.CALLER and leg.state is not LegState.ENDED and leg.id not in but:
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
    asked = found.since is not None and found.place is not Place.FLOW and call.direction is Direction.INBOUND
    if found.since is not None and asked and call.t2 is None:
        callers.queue_him(state, call.id, at=min(event.at, datetime.fromtimestamp(found.since, UTC)))
    if found.answered:
        callers.line_opened(state, CallerUp(at=event.at, call_id=call.id))
    close_legs(state, call.id, at=event.at, but=frozenset(leg.leg_id for leg in found.legs))
    state.tracks[call.id].talks.clear()
    _let_go_of_what_is_over(state, found, event)
    for leg_found in found.legs:
        if leg_found.kind is LegKind.UNIT:
            units.found(state, call.id, leg_found, at=event.at)
            continue
        legs.dialled(state, LegDialled(at=event.at, call_id=call.id, leg_id=leg_found.leg_id, seat=leg_found.seat))
        if leg_found.answered:
            legs.answered(state, LegAnswered(at=event.at, call_id=call.id, leg_id=leg_found.leg_id))
    _place(state, found, event)
    _take_up(state, found, event)
    _ask_again(state, call.id)


def _let_go_of_what_is_over(state: State, found: CallFound, event: LinkRestored) -> None:
    """Let what we knew of a talk end where Asterisk's own queue gave the caller to another seat in our absence."""
    call = state.calls[found.call_id]
    if call.state is not CallState.TALKING or found.talk is None:
        return
    known = {leg.id for leg in (state.seat_leg(call), unit_leg(call)) if leg is not None}
    ring = state.tracks[call.id].ring_back
    known |= set() if ring is None else {ring.leg_id}
    with_him = {leg.leg_id for leg in found.legs if leg.talk == found.talk}
    if with_him and not with_him & known:
        callers.back_to_the_head(state, call, at=event.at, reason="talk_ended")


def _take_up(state: State, found: CallFound, event: LinkRestored) -> None:
    """Go on with a talk of three from where it is: in one talk, in a consult, or with the operator away."""
    call, track = state.calls[found.call_id], state.tracks[found.call_id]
    unit, seat_leg = unit_leg(call), state.seat_leg(call)
    if call.state is not CallState.TALKING or not _was_of_three(state, call):
        return
    talks = {leg.leg_id: leg.talk for leg in found.legs}
    with_seat = None if seat_leg is None else talks.get(seat_leg.id)
    if found.talk is None:
        _take_up_apart(state, found, with_seat=with_seat, event=event)
    elif seat_leg is not None and with_seat == found.talk:
        _take_up_together(state, call, talk=found.talk, event=event)
    elif unit is not None and talks.get(unit.id) == found.talk:
        track.move = None
        if seat_leg is not None:
            moves.note_left(state, call, seat_leg, at=event.at)
            moves.set_leg(state, state.calls[call.id], seat_leg.id, LegState.HELD, at=event.at)
        for leg_id in (LegId(call.id), unit.id):  # the last that was heard may have been a consult
            moves.set_leg(state, call, leg_id, LegState.JOINED, at=event.at)
    elif seat_leg is None:
        track.move = None


def _was_of_three(state: State, call: Call) -> bool:
    return state.tracks[call.id].move is not None or any(leg.kind is LegKind.UNIT for leg in call.legs)


def _take_up_together(state: State, call: Call, *, talk: str, event: LinkRestored) -> None:
    """They are in one talk; a unit that was to be spoken to in private is not to be heard by him now."""
    track, unit, seat_leg = state.tracks[call.id], unit_leg(call), state.seat_leg(call)
    assert seat_leg is not None
    if unit is not None and unit.id not in track.asked:
        if unit.state is LegState.PRIVATE and track.talks.get(unit.id) == talk:
            then_join = track.move is not None and track.move.then_join
            moves.park(state, call, seat_leg, at=event.at, then_join=then_join)
            return
        if unit.answered is not None and unit.joined is None and track.unit is not None and track.unit.private:
            moves.meet(state, call, seat_leg, unit, at=event.at)
            return
    # Whatever was under way when we went away is over, and nobody may be left mute by it.
    moves.undo_meeting(state, call, seat_leg, at=event.at)


def _take_up_apart(state: State, found: CallFound, *, with_seat: str | None, event: LinkRestored) -> None:
    """He is in no talk: at the music of a consult, or on his way from one that is over."""
    call, track = state.calls[found.call_id], state.tracks[found.call_id]
    unit, seat_leg = unit_leg(call), state.seat_leg(call)
    if seat_leg is None:
        if track.move is not None or found.place is Place.PARKED:
            moves.seat_gone(state, call, at=event.at, witnessed=True)
    elif found.place is Place.PARKED and unit is not None and with_seat is not None:
        if track.talks.get(unit.id) == with_seat and unit.id not in track.asked:
            moves.consults(state, call, seat_leg, unit, at=event.at)
        else:
            moves.give_back(state, call, seat_leg, at=event.at, witnessed=True)
    elif found.place is Place.PARKED or track.move is not None or is_away(call, seat_leg):
        moves.give_back(state, call, seat_leg, at=event.at, witnessed=True)


def _ask_again(state: State, call_id: CallId) -> None:
    """What was to be ended and still exists was never told so."""
    track = state.tracks[call_id]
    if track.ending:
        state.want(EndCall(call_id=call_id))
    if track.offer is not None and track.offer.ending:
        track.offer.asked_to_end = state.now.mono
        state.want(EndLeg(leg_id=track.offer.leg_id))
    for leg_id in track.asked:
        leg = state.calls[call_id].leg(leg_id)
        if leg is not None and leg.state is not LegState.ENDED:
            track.asked[leg_id] = state.now.mono
            state.want(EndLeg(leg_id=leg_id))


def _place(state: State, found: CallFound, event: LinkRestored) -> None:
    call_id, since = found.call_id, found.since or 0
    match found.place:
        case Place.WAITING:
            moves.waits(state, CallerWaits(at=event.at, call_id=call_id, since=since))
        case Place.FALLBACK:
            callers.in_fallback(state, CallerInFallback(at=event.at, call_id=call_id, since=since))
        case Place.FLOW:
            callers.flow_asked(state, FlowAsked(at=event.at, call_id=call_id))
        case Place.SURVEY:
            survey.asked(state, GradeAsked(at=event.at, call_id=call_id))
        case Place.TALK | Place.PARKED | Place.OTHER:
            pass
    call = state.calls[call_id]
    if call.held and state.tracks[call_id].music is None and not state.tracks[call_id].hold_mutes:
        holds.break_off(state, call, at=event.at)  # whoever played the music has died, and the music with him
    for leg in found.legs if found.talk is None else ():
        if leg.talk is not None:
            state.tracks[call_id].talks[leg.leg_id] = leg.talk  # a consult: seat and unit without him
    if found.talk is None:
        return
    if call.state is CallState.TALKING:
        away = is_away(call, state.seat_leg(call))
        then = Then.REQUEUE if away else survey.after_talk(state, call)
        state.want(AfterTalk(call_id=call_id, then=then))  # perhaps the link broke before he was told
        if call.is_secret:
            state.want(MuteRecording(call_id=call_id, muted=True))
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
        if line.call_id in state.outbound.lines:
            phone = Phone.REGISTERED if extension in event.seats_registered else Phone.MISSING
            state.note_seat(replace(seat, phone=phone), event.at)
            continue
        orphan = seat.call_id is not None and (call is None or not call.is_live or call.seat != extension)
        orphan = orphan or seat.call_id in state.unaccounted
        changed = seat
        if orphan and seat.state is SeatState.TALKING:
            line.call_id = line.leg_id = None
            state.begin_wrap_up(extension)
            changed = replace(changed, state=SeatState.WRAP_UP, call_id=None, idle_since=event.at)
        elif (orphan and seat.state is SeatState.RINGING) or (
            seat.state is SeatState.RINGING
            and call is not None
            and call.state is not CallState.RINGING
            and state.tracks[call.id].ring_back is None
        ):
            line.call_id = line.leg_id = None
            changed = replace(changed, state=SeatState.READY, call_id=None)
        elif seat.state is SeatState.WRAP_UP and line.wrap_until is None:
            state.begin_wrap_up(extension)
        phone = Phone.REGISTERED if extension in event.seats_registered else Phone.MISSING
        state.note_seat(replace(changed, phone=phone), event.at)


def restore_seats(state: State, last: Iterable[Seat]) -> None:
    """Have the seats as the journal knows them; who sits there is the roster's word.

    Nobody sits at one that the roster has no more. That is noted once: in the figures it would be on duty for ever.
    """
    for seat in last:
        if seat.extension in state.seats:
            state.put_seat(replace(seat, operator=state.seats[seat.extension].operator))
        elif seat.state is not SeatState.OFFLINE:
            at = max(state.now.wall, seat.since)
            gone = replace(seat, state=SeatState.OFFLINE, reason=None, call_id=None, missed=0, since=at)
            state.add(SeatChanged(at=at, seat=gone, recovered=True))


def restore_recalls(state: State, still_open: Iterable[Recall]) -> None:
    """Have the obligations as the journal knows them; of two of one number, one."""
    state.recovering = True
    try:
        for recall in still_open:
            known = state.outbound.book.of_number(recall.caller)
            if known is None:
                state.outbound.book.put(recall)
            else:
                outbound_recovery.make_one(state, known, recall)
    finally:
        state.recovering = False


def restore_calls(state: State, unfinished: Iterable[Sequence[Fact]]) -> Sequence[CallId]:
    """Have the calls as their facts add up; gives those whose facts do not."""
    unclear: list[CallId] = []
    for facts in unfinished:
        try:
            _restore_call(state, facts)
        except ValueError:
            unclear += [fact.call_id for fact in facts[:1] if isinstance(fact, OfCall)]
    return unclear


def _restore_call(state: State, facts: Sequence[Fact]) -> None:
    call: Call | None = None
    for fact in facts:
        if isinstance(fact, OfCall):
            call = apply(call, fact)
    if call is None:
        return
    state.order += 1
    state.put(call)
    state.tracks[call.id] = Track(order=state.order)
    if not call.is_live:
        state.tracks[call.id].ended = state.now.mono
    else:
        legs.restore(state, call)
