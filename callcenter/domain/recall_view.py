"""The shape in which a recall is shown: the same for HTTP, for WebSocket and for whatever follows."""

from datetime import datetime

from callcenter.domain.recalls import Recall, RecallAttempt, Wait
from callcenter.domain.views import Json, moment


def recall_view(recall: Recall, *, now: datetime) -> Json:
    """A recall as others see it at this moment."""
    return {
        "id": recall.id,
        "caller": recall.caller,
        "queue": recall.queue,
        "opened": moment(recall.opened),
        "due": moment(recall.due),
        "overdue": recall.is_overdue(now),
        "by_us": recall.by_us,
        "waits": [_wait_view(wait) for wait in recall.waits],
        "attempts": [attempt_view(attempt) for attempt in recall.attempts],
        "state": "open" if recall.is_open else "closed",
        "closed": moment(recall.closed),
        "closed_by": None if recall.closed_by is None else recall.closed_by.value,
    }


def _wait_view(wait: Wait) -> Json:
    return {"call_id": wait.call_id, "t5": moment(wait.t5), "waited": wait.waited_ms / 1000}


def attempt_view(attempt: RecallAttempt) -> Json:
    """An attempt as others see it."""
    return {
        "call_id": attempt.call_id,
        "seat": attempt.seat,
        "asked": moment(attempt.asked),
        "dialled": moment(attempt.dialled),
        "answered": moment(attempt.answered),
        "ended": moment(attempt.ended),
        "outcome": None if attempt.outcome is None else attempt.outcome.value,
    }
