"""What Asterisk wrote down while nobody heard it, where it is told only after the picture was rebuilt."""

from collections.abc import Callable

from callcenter.domain.exchange import callers, outbound_recovery, recovery
from callcenter.domain.exchange.state import State
from callcenter.domain.exchange.track import Line
from callcenter.domain.facts import SeatChanged
from callcenter.domain.ids import CallId
from callcenter.domain.telephony import CallerLeft, RecordRead, TelephonyEvent


def take_in(state: State, event: RecordRead, dispatch: Callable[[TelephonyEvent], None]) -> None:
    """Tell of one call that came and went meanwhile, or had gone; each fact marked recovered.

    At the end of all (no call is named) those that had gone and of whose end nothing was told are closed as lost.
    """
    state.recovering = True
    try:
        if event.call_id is not None:
            _tell(state, event, event.call_id, dispatch)
            return
        for call_id, known in list(state.unaccounted.items()):
            recovery.is_lost(state, call_id, at=known.heard or event.last_written or event.at)
            _is_accounted_for(state, call_id, event)
        outbound_recovery.settle(state, at=event.at)
    finally:
        state.recovering = False


def _tell(state: State, event: RecordRead, call_id: CallId, dispatch: Callable[[TelephonyEvent], None]) -> None:
    """Tell it on seats as they were then: what one does now is known better, and told by no call of then.

    Of a call that goes on nothing is told, and of an attempt neither: the lists were newer.
    """
    goes_on = state.live(call_id) is not None and call_id not in state.unaccounted
    if goes_on or call_id in state.outbound.lines:
        return
    seats_now, lines_now = dict(state.seats), state.lines
    state.lines = {extension: Line() for extension in lines_now}
    facts_before = state.fact_count
    recovery.tell_meanwhile(state, event.meanwhile, dispatch)
    state.outbound.lines.pop(call_id, None)  # its end was not written down
    state.lines = lines_now
    state.have_seats(seats_now)
    state.forget_facts(SeatChanged, since=facts_before)
    if call_id in state.unaccounted and state.live(call_id) is None:
        _is_accounted_for(state, call_id, event)


def left(state: State, event: CallerLeft) -> None:
    """The caller has left; a call that was thought to be gone, and its end unknown, was not gone until now."""
    callers.left(state, event)
    if not state.recovering and event.call_id in state.unaccounted and state.live(event.call_id) is None:
        _is_accounted_for(state, event.call_id, event)


def _is_accounted_for(state: State, call_id: CallId, event: RecordRead | CallerLeft) -> None:
    """Close what of it was thought to be there still."""
    del state.unaccounted[call_id]
    if call_id in state.calls:
        recovery.close_legs(state, call_id, at=event.at)
