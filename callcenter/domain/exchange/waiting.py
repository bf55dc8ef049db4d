"""The line of those who wait: offered to seats, told their place, fetched back from Asterisk's own queue."""

from collections.abc import Sequence

from callcenter.domain.calls import Call, Direction
from callcenter.domain.distribution import WaitingCaller, choose
from callcenter.domain.exchange import legs, seats
from callcenter.domain.exchange.state import State
from callcenter.domain.exchange.track import Track
from callcenter.domain.wishes import Announce, TakeBack

RETURN_SECONDS = 1.5  # longer than the dialplan needs, shorter than the watchdog's patience
ASK_BACK_SECONDS = 1.0


def everybody(state: State) -> Sequence[WaitingCaller]:
    """All who asked for a person and have none, those who ring included."""
    return [_caller(state, call) for call in state.in_line.values() if _has_asked(state, call)]


def distribute(state: State) -> None:
    """Offer who waits to seats that are free.

    It follows each event, so it looks first for what mostly leaves nothing to do, and lists nobody before that.
    """
    if not state.linked or state.settling:
        return
    if not any(_may_be_offered(state, state.tracks[call_id]) for call_id in state.in_line):
        return
    free = legs.free_seats(state)
    if not free:
        return
    waiting = [
        _caller(state, call)
        for call in state.in_line.values()
        if _may_be_offered(state, state.tracks[call.id]) and _has_asked(state, call)
    ]
    if not waiting or _are_on_their_way_back(state):
        return
    for caller, seat in choose(waiting, free):
        if state.tracks[caller.call_id].waits:
            legs.offer(state, caller.call_id, seat.extension)


def _caller(state: State, call: Call) -> WaitingCaller:
    return WaitingCaller(
        call_id=call.id,
        queue=call.queue or state.policy.queue,
        since=call.t2 or call.t0,
        order=state.tracks[call.id].order,
    )


def _has_asked(state: State, call: Call) -> bool:
    return call.id not in state.unaccounted and (call.t2 is not None or call.direction is Direction.OUTBOUND)


def _may_be_offered(state: State, track: Track) -> bool:
    """Tell whether a seat may be rung for him, or kept for him."""
    return track.offer is None and not track.ending and (track.waits or _returns(state, track))


def _are_on_their_way_back(state: State) -> bool:
    """Tell whether callers come back from Asterisk's queue at this moment; an offer would break their order."""
    hold_until = state.policy.hand_back_seconds
    return any(
        (since := state.tracks[call_id].in_fallback) is not None and state.now.mono - since < hold_until
        for call_id in state.on_line
    )


def _returns(state: State, track: Track) -> bool:
    """Tell whether he is about to stand in the line again, as its first; the dialplan takes half a second."""
    return track.returning is not None and state.now.mono - track.returning < RETURN_SECONDS


def fetch_back(state: State) -> None:
    """Ask again, for Asterisk's queue gives nobody back for whom it rings a seat, or who is still greeted."""
    if not state.linked:
        return
    for call_id in state.on_line:
        track = state.tracks[call_id]
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
