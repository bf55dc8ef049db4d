"""The line of those who wait: offered to seats, told their place, fetched back from Asterisk's own queue."""

from collections.abc import Sequence

from callcenter.domain.calls import CallState, Direction
from callcenter.domain.distribution import FreeSeat, WaitingCaller, choose
from callcenter.domain.exchange import legs, seats
from callcenter.domain.exchange.state import State
from callcenter.domain.ids import CallId
from callcenter.domain.wishes import Announce, TakeBack

RETURN_SECONDS = 1.5  # longer than the dialplan needs, shorter than the watchdog's patience
ASK_BACK_SECONDS = 1.0


def everybody(state: State) -> Sequence[WaitingCaller]:
    """All who asked for a person and have none, those who ring included."""
    return [
        WaitingCaller(
            call_id=call.id,
            queue=call.queue or state.policy.queue,
            since=call.t2 or call.t0,
            order=state.tracks[call.id].order,
        )
        for call in state.calls.values()
        if call.state in (CallState.QUEUED, CallState.RINGING)
        and call.id not in state.unaccounted
        and (call.t2 is not None or call.direction is Direction.OUTBOUND)
    ]


def distribute(state: State) -> None:
    """Offer who waits to seats that are free."""
    if not state.linked or state.settling:
        return
    hold_until = state.policy.hand_back_seconds
    if any(
        track.in_fallback is not None and state.now.mono - track.in_fallback < hold_until
        for track in state.tracks.values()
    ):
        return  # callers are on their way back from Asterisk's queue; an offer now would break their order
    waiting = [
        caller
        for caller in everybody(state)
        if (state.tracks[caller.call_id].waits or _returns(state, caller.call_id))
        and state.tracks[caller.call_id].offer is None
        and not state.tracks[caller.call_id].ending
    ]
    if not waiting:
        return
    free = [
        FreeSeat(extension=extension, idle_since=state.seats[extension].idle_since)
        for extension in state.seats
        if legs.seat_free(state, extension)
    ]
    for caller, seat in choose(waiting, free):
        if state.tracks[caller.call_id].waits:
            legs.offer(state, caller.call_id, seat.extension)


def _returns(state: State, call_id: CallId) -> bool:
    """Tell whether he is about to stand in the line again, as its first; the dialplan takes half a second."""
    since = state.tracks[call_id].returning
    return since is not None and state.now.mono - since < RETURN_SECONDS


def fetch_back(state: State) -> None:
    """Ask again, for Asterisk's queue gives nobody back for whom it rings a seat, or who is still greeted."""
    if not state.linked:
        return
    for call_id, track in state.tracks.items():
        if track.in_fallback is None or track.offer is not None or track.ended is not None:
            continue
        if track.asked_back is None or state.now.mono - track.asked_back >= ASK_BACK_SECONDS:
            track.asked_back = state.now.mono
            state.want(TakeBack(call_id=call_id))


def announce(state: State) -> None:
    """Tell those who wait their place, each in his own time."""
    order = sorted(everybody(state), key=lambda caller: (caller.since, caller.order))
    for ahead, caller in enumerate(order):
        track = state.tracks[caller.call_id]
        due = track.announce_at is not None and state.now.mono >= track.announce_at
        if not due or not track.waits or track.offer is not None:
            continue
        track.announce_at = state.now.mono + state.policy.announce_every_seconds
        state.want(Announce(call_id=caller.call_id, ahead=ahead, wait_minutes=_expected_minutes(state, ahead)))


def _expected_minutes(state: State, ahead: int) -> int | None:
    """Reckon from how long the last talks took and how many seats are on duty; rounded up."""
    on_duty = sum(seat.state in seats.ON_DUTY for seat in state.seats.values())
    if not state.handled_seconds or not on_duty:
        return None
    mean = sum(state.handled_seconds) / len(state.handled_seconds)
    return max(1, round((ahead + 1) * mean / on_duty / 60 + 0.49))
