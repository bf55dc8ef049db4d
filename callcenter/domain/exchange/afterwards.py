"""What Asterisk wrote down while nobody heard it, where it could be read only after the picture was rebuilt."""

from collections.abc import Callable
from copy import copy

from callcenter.domain.exchange import recovery, seats
from callcenter.domain.exchange.state import Line, State
from callcenter.domain.facts import SeatChanged
from callcenter.domain.ids import CallId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import RecordRead, TelephonyEvent


def take_in(state: State, event: RecordRead, dispatch: Callable[[TelephonyEvent], None]) -> None:
    """Tell of calls that came and went meanwhile, and close those that had gone; each fact marked recovered.

    What a seat did then is told by its calls alone: what it does now is known better.
    """
    gone, state.unaccounted = state.unaccounted, {}
    state.recovering = True
    try:
        _tell_calls(state, event, dispatch, held_by=set(gone))
        for call_id, heard in gone.items():
            if state.live(call_id):
                recovery.is_lost(state, call_id, at=heard or event.last_written or event.at)
            elif call_id in state.calls:
                recovery.close_legs(state, call_id, at=event.at)
        _let_seats_go(state, set(gone), event)
    finally:
        state.recovering = False


def _tell_calls(
    state: State, event: RecordRead, dispatch: Callable[[TelephonyEvent], None], *, held_by: set[CallId]
) -> None:
    """Tell what happened then on seats as they were then: a seat that has another call now was free for that one."""
    seats_now, lines_now = dict(state.seats), state.lines
    state.lines = {
        extension: copy(line) if line.call_id in held_by else Line() for extension, line in lines_now.items()
    }
    facts_before = state.fact_count
    recovery.tell_meanwhile(state, event.meanwhile, dispatch)
    state.seats, state.lines = seats_now, lines_now
    state.forget_facts(SeatChanged, since=facts_before)


def _let_seats_go(state: State, gone: set[CallId], event: RecordRead) -> None:
    """Let the seats that were thought to be in these calls write up their talk, or be ready again."""
    for extension, seat in list(state.seats.items()):
        line = state.lines[extension]
        if line.leg_id is None or line.call_id not in gone:
            continue
        if seat.state is SeatState.TALKING:
            seats.talk_over(state, extension, line.leg_id, at=event.at)
        else:
            seats.offer_withdrawn(state, extension, line.leg_id, at=event.at)
