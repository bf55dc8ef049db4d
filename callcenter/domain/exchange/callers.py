"""A caller's own way: he arrives, hears the flow, waits, and leaves."""

from dataclasses import replace
from datetime import datetime

from callcenter.domain.calls import (
    Call,
    CallState,
    Direction,
    Leg,
    LegKind,
    LegOutcome,
    LegState,
    Outcome,
    Recording,
    RecordingState,
)
from callcenter.domain.exchange import outbound, seats
from callcenter.domain.exchange.state import State
from callcenter.domain.exchange.track import Track
from callcenter.domain.facts import (
    CallArrived,
    CallEnded,
    CallQueued,
    CallRequeued,
    CallVoice,
    LegChanged,
    RecordingChanged,
    SecretChanged,
)
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.numbers import normalise
from callcenter.domain.telephony import (
    Arrived,
    CallerInFallback,
    CallerLeft,
    CallerUp,
    CallerWaits,
    FlowAsked,
    VoiceBegan,
)
from callcenter.domain.wishes import EndLeg, MuteRecording, StartFlow, StopMusic, TakeBack

IN_TALK = (LegState.JOINED, LegState.HELD)


def arrived(state: State, event: Arrived) -> None:
    """Take a new call in; a second word of the same call is ignored."""
    if event.call_id in state.calls or event.call_id in state.settled:
        return
    state.order += 1
    state.tracks[event.call_id] = Track(order=state.order)
    caller = normalise(event.caller, area_code=state.policy.area_code)
    state.note(CallArrived(at=event.at, call_id=event.call_id, caller=caller, recording_path=event.recording))
    leg = Leg(
        id=LegId(event.call_id),
        kind=LegKind.CALLER,
        party=None,
        number=caller,
        state=LegState.DIALING,
        started=event.at,
    )
    state.note(LegChanged(at=event.at, call_id=event.call_id, leg=leg))
    outbound.he_calls(state, caller)


def line_opened(state: State, event: CallerUp) -> None:
    """Sound passes from now on, and the recording hears it."""
    found = state.live(event.call_id)
    if found is None:
        return
    call, _ = found
    leg = call.leg(LegId(call.id))
    if leg is not None and leg.answered is None:
        opened = replace(leg, answered=max(event.at, call.last_at), outcome=LegOutcome.ANSWERED)
        if opened.state is LegState.DIALING:
            opened = replace(opened, state=LegState.HELD)
        state.note(LegChanged(at=event.at, call_id=call.id, leg=opened))
    if call.recording is None and call.recording_path is not None:
        recording = Recording(state=RecordingState.RECORDING, started=event.at)
        state.note(RecordingChanged(at=event.at, call_id=call.id, recording=recording))


def voice_began(state: State, event: VoiceBegan) -> None:
    """The first voice is t1; later ones are nothing new."""
    found = state.live(event.call_id)
    if found is not None and found[0].t1 is None:
        state.note(CallVoice(at=event.at, call_id=event.call_id))


def flow_asked(state: State, event: FlowAsked) -> None:
    """Drive the menu for this caller."""
    found = state.live(event.call_id)
    if found is not None:
        state.want(StartFlow(call_id=event.call_id, caller=found[0].caller))


def waits(state: State, event: CallerWaits) -> None:
    """He stands in the line. Coming back to it never resets his wait."""
    found = state.live(event.call_id)
    if found is None:
        return
    call, track = found
    if older_than_the_talk(call, event.at):
        return
    track.waits = True
    track.in_fallback = None
    if call.state is CallState.TALKING:
        back_to_the_head(state, call, at=event.at, reason="talk_ended")
    track.returning = None
    queue_him(state, call.id, at=event.at)


def older_than_the_talk(call: Call, at: datetime) -> bool:
    """Told late, or twice: he waited then, but has been given a seat since."""
    return call.state is CallState.TALKING and any(
        leg.kind is not LegKind.CALLER and leg.state in IN_TALK and leg.joined is not None and at < leg.joined
        for leg in call.legs
    )


def queue_him(state: State, call_id: CallId, *, at: datetime) -> None:
    """Note the wish for a person (t2) once, and when the next announcement is due. Whom we called asked for nobody."""
    call, track = state.calls[call_id], state.tracks[call_id]
    if call.t2 is None and call.direction is Direction.INBOUND:
        state.note(CallQueued(at=at, call_id=call_id, queue=track.queue_named or state.policy.queue))
    track.flow_completed = False  # its good-bye could not be carried out
    if track.announce_at is None:
        track.announce_at = state.now.mono + state.policy.announce_first_seconds


def back_to_the_head(state: State, call: Call, *, at: datetime, reason: str) -> None:
    """He lost his operator through no wish of his own; t2 stays, so he is the first in line."""
    track = state.tracks[call.id]
    stop_music(state, call)
    track.talks.clear()
    track.move = track.away_since = None
    track.hold_mutes = False
    keep_no_secret(state, call, at=at)
    state.note(CallRequeued(at=at, call_id=call.id, reason=reason))
    leg = state.calls[call.id].leg(LegId(call.id))
    if leg is not None:
        state.note(LegChanged(at=at, call_id=call.id, leg=replace(leg, state=LegState.HELD)))
    for left_behind in state.calls[call.id].legs:
        if left_behind.state is LegState.ENDED:
            continue
        if left_behind.kind is LegKind.UNIT:
            state.end_leg(call.id, left_behind.id)
        elif left_behind.kind is LegKind.SEAT and left_behind.joined is not None:
            _let_go(state, call.id, left_behind, at=at)
    if track.ring_back is not None and not track.ring_back.ending:
        track.ring_back.asked_to_end = state.now.mono
        state.end_leg(call.id, track.ring_back.leg_id)


def _let_go(state: State, call_id: CallId, leg: Leg, *, at: datetime) -> None:
    """Nobody is left to talk with at this seat's leg; one that was asked to end may have been told of a talk since."""
    if leg.state is LegState.PRIVATE and leg.id in state.tracks[call_id].asked:
        return
    state.note(LegChanged(at=at, call_id=call_id, leg=replace(leg, state=LegState.PRIVATE)))
    if leg.id not in state.tracks[call_id].asked:
        state.end_leg(call_id, leg.id)
    if leg.party is not None:
        seats.talk_over(state, leg.party, leg.id, at=at)


def keep_no_secret(state: State, call: Call, *, at: datetime) -> None:
    """The talk in which something secret was said is over: what follows is recorded and noted again."""
    if call.is_secret:
        state.want(MuteRecording(call_id=call.id, muted=False))
        state.note(SecretChanged(at=at, call_id=call.id, on=False))


def in_fallback(state: State, event: CallerInFallback) -> None:
    """Asterisk's own queue has him; we are alive, so he is asked back."""
    found = state.live(event.call_id)
    if found is None:
        return
    call, track = found
    if older_than_the_talk(call, event.at):
        return
    track.waits = False
    track.in_fallback = track.asked_back = state.now.mono
    if call.state is CallState.TALKING:
        back_to_the_head(state, call, at=event.at, reason="talk_ended")
    queue_him(state, call.id, at=event.at)
    state.want(TakeBack(call_id=call.id))


def left(state: State, event: CallerLeft) -> None:
    """Close the call with its one outcome, and stop whatever still rings or plays for it."""
    found = state.live(event.call_id)
    if found is None:
        return
    call, track = found
    rings = track.offer is not None and track.offer.rang
    if track.offer is not None and not track.offer.ending:
        track.offer.asked_to_end = state.now.mono
        state.want(EndLeg(leg_id=track.offer.leg_id))
    stop_music(state, call)
    _end_the_others(state, call)
    where = call.state
    outcome = _outcome(call, track, rings=rings, by_itself=event.by_itself)
    leg = call.leg(LegId(call.id))
    if leg is not None and leg.state is not LegState.ENDED:
        ended = replace(leg, state=LegState.ENDED, ended=max(event.at, call.last_at))
        state.note(LegChanged(at=event.at, call_id=call.id, leg=ended))
    gave_up = outcome in (Outcome.ABANDONED_IVR, Outcome.ABANDONED_QUEUE, Outcome.ABANDONED_RINGING)
    began = call.t2 or call.t0
    end_at = max(event.at, call.last_at)
    outbound.gave_up(state, call, outcome=outcome, at=end_at)
    state.note(
        CallEnded(
            at=end_at,
            call_id=call.id,
            outcome=outcome,
            ended_by=_ended_by(call, track, by_itself=event.by_itself),
            where=where.value,
            waited_ms=round((end_at - began).total_seconds() * 1000) if gave_up else None,
        )
    )
    track.waits = False
    track.in_fallback = None
    track.ended = state.now.mono
    track.talks.clear()


def _end_the_others(state: State, call: Call) -> None:
    """End what would live on without him: a unit, and a seat that talks with it, is kept, or is rung to come back."""
    if not any(leg.kind is LegKind.UNIT for leg in call.legs):
        return  # two that talk are parted by Asterisk itself
    track = state.tracks[call.id]
    for leg in call.legs:
        offered = track.offer is not None and track.offer.leg_id == leg.id
        if leg.kind is not LegKind.CALLER and leg.state is not LegState.ENDED and not offered:
            state.end_leg(call.id, leg.id)
    track.move = None


def _outcome(call: Call, track: Track, *, rings: bool, by_itself: bool) -> Outcome:
    if call.t4 is not None:
        return Outcome.ANSWERED
    if call.t2 is None:
        if track.flow_completed:
            return Outcome.COMPLETED_IN_IVR
        return Outcome.ABANDONED_IVR if by_itself else Outcome.LOST
    if not by_itself:
        return Outcome.LOST
    return Outcome.ABANDONED_RINGING if rings else Outcome.ABANDONED_QUEUE


def _ended_by(call: Call, track: Track, *, by_itself: bool) -> str:
    if track.ending or track.operator_ended or track.flow_completed or call.grade_asked is not None:
        return "hotline"
    return "caller" if by_itself else "unknown"


def stop_music(state: State, call: Call) -> None:
    """End a hold's music: it would keep the caller in the talk for ever."""
    track = state.tracks[call.id]
    if track.music is None:
        return
    seat_leg = next(
        (leg.id for leg in call.legs if leg.kind is LegKind.SEAT and leg.state is LegState.HELD), LegId(call.id)
    )
    state.want(StopMusic(call_id=call.id, music_id=track.music, seat_leg=seat_leg, unmute_seat=track.hold_mutes))
    track.music = None
