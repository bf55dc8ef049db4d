"""Figure 12: callers who gave up and were called back."""

from collections.abc import Sequence

from callcenter.domain.figures.figure import Figure, count, mean, ratio, total
from callcenter.domain.figures.records import Constants, Period, RecallEnd, RecallRecord


def recalled(recalls: Sequence[RecallRecord], period: Period, constants: Constants) -> list[Figure]:
    """12 Of the duties opened in the period: tried, tried in time, reached; who came back by himself is no duty."""
    opened = [recall for recall in recalls if recall.opened in period]
    dialable = [recall for recall in opened if recall.number is not None]
    due = [recall for recall in dialable if recall.end not in (RecallEnd.SELF_RETURN, RecallEnd.REFUSED)]
    delays = [recall.first_attempt - recall.opened for recall in due if recall.first_attempt is not None]
    return [
        count("12_due", len(due)),
        ratio("12a", len(delays), len(due)),
        ratio("12b", sum(delay <= constants.recall_within for delay in delays), len(due)),
        ratio("12c", sum(recall.reached is not None for recall in due), len(due)),
        mean("12d", total(delays), len(delays)),
        count("12e", len(opened) - len(dialable)),
        count("12f", sum(recall.end is RecallEnd.SELF_RETURN for recall in dialable)),
        count("12_lost", sum(recall.by_us for recall in due)),
    ]
