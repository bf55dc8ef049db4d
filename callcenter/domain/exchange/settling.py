"""Ended calls are kept until no more is to come of them: their recording, last words and ticket come after them."""

from callcenter.domain.calls import Call, RecordingState
from callcenter.domain.exchange.state import State
from callcenter.domain.notes import NotesState

UNSETTLED = (RecordingState.RECORDING, RecordingState.FAILED)
"""A disk that is full is not full for ever: what failed is tried again."""
SETTLED_KEPT = 1000


def forget(state: State) -> None:
    """Let go of calls whose every part is settled; of the oldest too, where too many are not."""
    over = [call_id for call_id, track in state.tracks.items() if track.ended is not None]
    unsettled = [call_id for call_id in over if _is_unsettled(state.calls[call_id])]
    kept = set(unsettled[max(0, len(unsettled) - state.policy.most_unsettled) :])
    for call_id in over:
        if call_id not in kept:
            state.let_go(call_id)
    for call_id in list(state.settled)[:-SETTLED_KEPT]:
        del state.settled[call_id]


def _is_unsettled(call: Call) -> bool:
    """Tell whether more is to come of an ended call: the end of a leg, its recording, last words, its ticket."""
    return (
        call.is_on_line
        or (call.recording is not None and call.recording.state in UNSETTLED)
        or (call.notes is not None and call.notes.state is NotesState.LIVE)
        or (call.t4 is not None and call.ticket_id is None)
    )
