"""A seat's own way: signed in, ready, ringing, talking, wrapping up, set aside."""

from dataclasses import replace
from datetime import datetime

from callcenter.domain.errors import NotFoundError, RefusedError
from callcenter.domain.exchange.commands import SetSeatState
from callcenter.domain.exchange.state import State
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.telephony import CodeDialled, LineFreed, LineTaken, PhoneSeen
from callcenter.domain.wishes import EndLeg, ListenForLife, PauseInFallback

STATE_OF_CODE = {"*1": SeatState.READY, "*2": SeatState.BREAK, "*3": SeatState.OFFLINE}
ON_DUTY = (SeatState.READY, SeatState.RINGING, SeatState.TALKING, SeatState.WRAP_UP)


def set_state(state: State, command: SetSeatState) -> None:
    """Do what the operator asks, or say what is possible.

    Raises:
        NotFoundError: there is no such seat.
        RefusedError: not possible now; names what is.

    """
    seat = state.seats.get(command.extension)
    if seat is None:
        raise NotFoundError("there is no such seat")
    if command.state not in (SeatState.READY, SeatState.BREAK, SeatState.WRAP_UP, SeatState.OFFLINE):
        raise RefusedError("a seat can be set to ready, break, wrap_up or offline")
    if seat.state is SeatState.TALKING:
        raise RefusedError("the seat is talking; its state can be changed when the talk is over")
    if seat.state is SeatState.RINGING and command.state in (SeatState.READY, SeatState.WRAP_UP):
        raise RefusedError("the seat is ringing; break and offline are possible now")
    if seat.state is SeatState.OFFLINE and command.state is SeatState.WRAP_UP:
        raise RefusedError("the seat is offline; ready and break are possible now")
    _enter(state, seat, command.state, reason=command.reason, at=state.now.wall)


def _enter(state: State, seat: Seat, target: SeatState, *, reason: str | None, at: datetime) -> None:
    line = state.lines[seat.extension]
    state.touched.add(seat.extension)
    if line.leg_id is not None:  # an offer that has not become a talk
        _withdraw(state, line.call_id, line.leg_id)
    line.wrap_until = None
    if target is SeatState.WRAP_UP:
        state.begin_wrap_up(seat.extension)
    if target is SeatState.READY:
        line.refusals, line.not_before = 0, 0.0
    becomes_ready = target is SeatState.READY and seat.state is not SeatState.READY
    state.note_seat(
        replace(
            seat,
            state=target,
            reason=reason,
            call_id=None,
            missed=0 if target in (SeatState.READY, SeatState.OFFLINE) else seat.missed,
            idle_since=at if becomes_ready else seat.idle_since,
        ),
        at,
    )
    tell_fallback(state, seat.extension)


def _withdraw(state: State, call_id: CallId | None, leg_id: LegId) -> None:
    track = None if call_id is None else state.tracks.get(call_id)
    if track is not None and track.offer is not None and track.offer.leg_id == leg_id:
        if track.offer.ending:
            return
        track.offer.asked_to_end = state.now.mono
    state.want(EndLeg(leg_id=leg_id))


def tell_fallback(state: State, extension: str) -> None:
    """Let Asterisk's own queue know whether this seat is on duty. A wrap-up is not mirrored: it would never end."""
    seat = state.seats[extension]
    state.want(
        PauseInFallback(seat=extension, paused=seat.state not in ON_DUTY, reason=seat.reason or seat.state.value)
    )


def code_dialled(state: State, event: CodeDialled) -> None:
    """A star code from the seat's own phone; one that is not possible now changes nothing."""
    seat, target = state.seats.get(event.seat), STATE_OF_CODE.get(event.code)
    if seat is None or target is None or seat.state in (SeatState.TALKING, SeatState.RINGING):
        return
    _enter(state, seat, target, reason=None, at=event.at)


def phone_seen(state: State, event: PhoneSeen) -> None:
    """The phone came or went. One that goes while it rings loses the offer at once."""
    seat = state.seats.get(event.seat)
    if seat is None:
        return
    phone = Phone.REGISTERED if event.registered else Phone.MISSING
    if seat.phone is phone:
        return
    state.note_seat(replace(seat, phone=phone), event.at)
    line = state.lines[event.seat]
    if phone is Phone.REGISTERED:
        line.refusals, line.not_before = 0, 0.0
    elif line.leg_id is not None and line.call_id is not None:
        if seat.state is SeatState.TALKING:
            state.want(ListenForLife(call_id=line.call_id, leg_id=line.leg_id))
        else:
            track = state.tracks.get(line.call_id)
            if track is not None and track.offer is not None and track.offer.leg_id == line.leg_id:
                track.offer.unreachable = True
            _withdraw(state, line.call_id, line.leg_id)


def line_taken(state: State, event: LineTaken) -> None:
    """The phone is used for something that is no call of ours."""
    if event.seat in state.lines:
        state.lines[event.seat].channels.add(event.channel)


def line_freed(state: State, event: LineFreed) -> None:
    """That use is over."""
    if event.seat in state.lines:
        state.lines[event.seat].channels.discard(event.channel)


def rings(state: State, extension: str, call_id: CallId, *, at: datetime) -> None:
    """An offer rings."""
    seat = state.seats[extension]
    if seat.state is SeatState.READY:
        state.note_seat(replace(seat, state=SeatState.RINGING, reason=None, call_id=call_id), at)


def rings_back(state: State, extension: str, call_id: CallId, *, at: datetime) -> None:
    """Show that it rings for an operator who wants to come back; what he did before is remembered."""
    seat, line = state.seats[extension], state.lines[extension]
    if seat.state not in (SeatState.RINGING, SeatState.TALKING):
        line.before = (seat.state, seat.reason)
        state.note_seat(replace(seat, state=SeatState.RINGING, reason=None, call_id=call_id), at)


def ring_back_over(state: State, extension: str, leg_id: LegId, *, at: datetime) -> None:
    """He did not come back: the seat is as it was before, and nobody counts it as missed."""
    seat, line = state.seats[extension], state.lines[extension]
    if line.leg_id != leg_id:
        return
    line.call_id = line.leg_id = None
    (before, reason), line.before = line.before or (SeatState.READY, None), None
    if seat.state is not SeatState.RINGING:
        return
    if before is SeatState.WRAP_UP and line.wrap_until is None:
        before, reason = SeatState.READY, None  # it would be over by now
    state.note_seat(replace(seat, state=before, reason=reason, call_id=None, idle_since=at), at)


def talks(state: State, extension: str, call_id: CallId, leg_id: LegId, *, at: datetime) -> None:
    """The talk begins; answering wipes out earlier misses."""
    seat, line = state.seats[extension], state.lines[extension]
    line.call_id, line.leg_id, line.refusals, line.not_before = call_id, leg_id, 0, 0.0
    line.wrap_until = line.before = None
    state.note_seat(replace(seat, state=SeatState.TALKING, reason=None, call_id=call_id, missed=0), at)


def talk_over(state: State, extension: str, leg_id: LegId, *, at: datetime) -> None:
    """The operator writes up the talk, for a limited time."""
    seat, line = state.seats[extension], state.lines[extension]
    if line.leg_id != leg_id:
        return
    line.call_id = line.leg_id = None
    state.begin_wrap_up(extension)
    state.note_seat(replace(seat, state=SeatState.WRAP_UP, reason=None, call_id=None, idle_since=at), at)


def offer_withdrawn(state: State, extension: str, leg_id: LegId, *, at: datetime) -> None:
    """The offer ended through no fault of the seat's: it keeps its turn."""
    _after_offer(state, extension, leg_id, at=at)


def missed(state: State, extension: str, leg_id: LegId, *, at: datetime) -> None:
    """It rang in vain. After too many in a row the seat is set aside, and told so."""
    seat = state.seats[extension]
    _after_offer(state, extension, leg_id, at=at, missed_more=1)
    if seat.missed + 1 >= state.policy.miss_limit:
        _set_aside(state, extension, reason="missed", at=at)


def refused(state: State, extension: str, leg_id: LegId, *, at: datetime, by_person: bool) -> None:
    """A phone that refuses at once would be asked many times a second: wait 1, 2, 4 … 60 s."""
    line = state.lines[extension]
    line.refusals += 1
    line.not_before = state.now.mono + min(60.0, 2.0 ** (line.refusals - 1))
    _after_offer(state, extension, leg_id, at=at)
    if by_person and line.refusals >= state.policy.refusal_limit:
        _set_aside(state, extension, reason="refused", at=at)


def _after_offer(state: State, extension: str, leg_id: LegId, *, at: datetime, missed_more: int = 0) -> None:
    seat, line = state.seats[extension], state.lines[extension]
    if line.leg_id == leg_id:
        line.call_id = line.leg_id = None
    changed = replace(seat, missed=seat.missed + missed_more)
    if seat.state is SeatState.RINGING:
        changed = replace(changed, state=SeatState.READY, call_id=None)
    if missed_more:
        changed = replace(changed, idle_since=at)  # the caller's next offer goes to somebody else
    state.note_seat(changed, at)


def _set_aside(state: State, extension: str, *, reason: str, at: datetime) -> None:
    seat = state.seats[extension]
    if seat.state is SeatState.READY:
        state.note_seat(replace(seat, state=SeatState.BREAK, reason=reason, call_id=None), at)
        tell_fallback(state, extension)


def end_wrap_ups(state: State) -> None:
    """Seats whose time to write up is over are ready again."""
    for extension in [*state.wrapping]:
        line = state.lines[extension]
        if line.wrap_until is not None and state.now.mono < line.wrap_until:
            continue
        del state.wrapping[extension]
        if line.wrap_until is None:
            continue
        line.wrap_until = None
        seat = state.seats[extension]
        if seat.state is SeatState.WRAP_UP:
            state.note_seat(
                replace(seat, state=SeatState.READY, reason=None, idle_since=state.now.wall), state.now.wall
            )
