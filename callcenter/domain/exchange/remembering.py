"""What was before, where it becomes known only when the hotline serves already: it is put beside what is now."""

from dataclasses import replace

from callcenter.domain.calls import Call
from callcenter.domain.exchange import legs, outbound_recovery, seats
from callcenter.domain.exchange.commands import Remember
from callcenter.domain.exchange.state import State
from callcenter.domain.exchange.track import Line, Track, Unaccounted
from callcenter.domain.facts import AlarmCleared
from callcenter.domain.seats import Seat, SeatState
from callcenter.domain.wishes import MuteRecording


def remember(state: State, before: Remember) -> None:
    """Take it in; each fact marked recovered. What has happened since we began overrules it."""
    state.recovering = True
    try:
        for call in before.calls:
            if (now := state.calls.get(call.id)) is not None:
                _same(state, call, now)
            elif call.id not in state.settled:
                _take_up(state, call)
        for seat in before.seats:
            _as_it_was(state, seat)
        standing = {alarm.name for alarm in state.alarms.standing}
        for alarm in before.alarms:
            if alarm.name not in standing:  # whoever watches that has looked since, or raises it anew
                state.add(AlarmCleared(at=state.now.wall, name=alarm.name, recovered=True))
        for recall in before.recalls:
            known = state.outbound.book.of_number(recall.caller)
            if known is None:
                state.note_recall(recall, at=state.now.wall)
            else:
                outbound_recovery.make_one(state, known, recall)
    finally:
        state.recovering = False


def _take_up(state: State, call: Call) -> None:
    """Go on with a call that we did not meet: it is over but not settled, or it is gone and nobody noted how."""
    state.order += 1
    state.put(call)
    track = state.tracks[call.id] = Track(order=state.order)
    if not call.is_live:
        track.ended = state.now.mono
        return
    lines_now = state.lines
    state.lines = {extension: Line() for extension in lines_now}  # what the seats do now is known better
    legs.restore(state, call)
    state.lines = lines_now
    if state.linked:
        state.unaccounted[call.id] = Unaccounted(heard=None, known_until=call.last_at)


def _same(state: State, before: Call, now: Call) -> None:
    """Put together what was known of a call and how it was met on the line, as its facts add up in the journal."""
    state.put(
        replace(
            now,
            t0=before.t0,
            t1=before.t1 or now.t1,
            t2=before.t2 or now.t2,
            t3=before.t3 or now.t3,
            t4=before.t4 or now.t4,
            digits=(*before.digits, *(each for each in now.digits if each not in before.digits)),
            ticket_id=before.ticket_id or now.ticket_id,
            recording=before.recording or now.recording,
            utterances=tuple(sorted({*before.utterances, *now.utterances}, key=lambda each: (each.start, each.end))),
            notes=now.notes or before.notes,
            secrets=before.secrets or now.secrets,
            last_at=max(before.last_at, now.last_at),
        )
    )
    if now.is_live and before.is_secret and not now.secrets:
        state.want(MuteRecording(call_id=now.id, muted=True))


def _as_it_was(state: State, before: Seat) -> None:
    """Give a seat that nobody has touched since we began the state it had, less a talk that is over."""
    seat = state.seats.get(before.extension)
    if seat is None or seat.state is not SeatState.OFFLINE or seat.extension in state.touched:
        return
    target = before.state
    if target is SeatState.RINGING:
        target = SeatState.READY
    elif target is SeatState.TALKING:
        target = SeatState.WRAP_UP
    if target is SeatState.WRAP_UP:
        state.begin_wrap_up(seat.extension)
    state.note_seat(
        replace(
            seat,
            state=target,
            reason=before.reason,
            missed=before.missed,
            idle_since=before.idle_since,
        ),
        state.now.wall,
    )
    if state.linked:
        seats.tell_fallback(state, seat.extension)
