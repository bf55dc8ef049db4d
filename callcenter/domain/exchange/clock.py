"""What becomes of the exchange's own times when the clock is set."""

from dataclasses import replace
from datetime import timedelta

from callcenter.domain.calls import CallState
from callcenter.domain.exchange.state import State
from callcenter.domain.wishes import ReturnToLine


def take_over(state: State, seconds: float) -> None:
    """Date by the new clock since when each seat is as it is: how long it has been so stays the same."""
    step = timedelta(seconds=seconds)
    for seat in list(state.seats.values()):
        state.note_seat(replace(seat, since=seat.since + step, idle_since=seat.idle_since + step), state.now.wall)


def stepped(state: State, seconds: float) -> None:
    """Bring callers who wait into the line anew where the clock was set back.

    Asterisk reckons the end of each turn of the line by the wall clock (ast_remaining_ms), so a turn that had begun
    would last as much longer: no word of his place, and no way into Asterisk's own queue should we die. One who is
    offered to a seat is left alone: to move him then could break off the talk (queueing.md §8.2).
    """
    if seconds > 0 or not state.linked:
        return
    for call_id, track in state.tracks.items():
        call = state.calls[call_id]
        if call.is_live and call.state is CallState.QUEUED and track.waits and track.offer is None:
            track.waits = False  # until Asterisk says that he stands there again, some milliseconds later
            state.want(ReturnToLine(call_id=call_id))
