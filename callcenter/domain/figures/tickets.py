"""Figure 15: tickets by their due times, not by when they were closed."""

from collections.abc import Sequence
from datetime import datetime

from callcenter.domain.figures.figure import Figure, count, duration, ratio
from callcenter.domain.figures.records import Period, TicketRecord


def on_time(tickets: Sequence[TicketRecord], period: Period, now: datetime) -> list[Figure]:
    """15 Signed for and finished in time; overdue ones as of the end of the period, or of now where that is earlier.

    15e and 15f stand empty: no fact tells yet of follow-up calls or of tickets that a unit sends back.
    """
    to_sign = [ticket for ticket in tickets if ticket.sign_due in period]
    to_finish = [ticket for ticket in tickets if ticket.due in period]
    by_original = [ticket for ticket in tickets if ticket.original_due in period]
    at = min(now, period.ends)
    late = [at - ticket.due for ticket in tickets if ticket.due is not None and _is_open_past(ticket, ticket.due, at)]
    return [
        ratio("15a", sum(_by(ticket.signed, ticket.sign_due) for ticket in to_sign), len(to_sign)),
        ratio("15b", sum(_by(ticket.finished, ticket.due) for ticket in to_finish), len(to_finish)),
        ratio("15c", sum(_by(ticket.finished, ticket.original_due) for ticket in by_original), len(by_original)),
        count("15d", len(late)),
        duration("15d_oldest", max(late, default=None)),
        ratio("15e", 0, 0),
        ratio("15f", 0, 0),
    ]


def _by(done: datetime | None, due: datetime | None) -> bool:
    return done is not None and due is not None and done <= due


def _is_open_past(ticket: TicketRecord, due: datetime, at: datetime) -> bool:
    return due < at and (ticket.finished is None or ticket.finished > at)
