"""Every figure of a period, for the hotline, one queue or one seat."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from callcenter.domain.figures import callers, calls, now, recalls, seats, tickets, units
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.records import (
    CallRecord,
    Constants,
    Period,
    RecallRecord,
    Records,
    SeatSpan,
    TicketRecord,
)
from callcenter.domain.figures.scope import WHOLE, Scope

HALF_HOUR = timedelta(minutes=30)


def report(
    records: Records,
    period: Period,
    at: datetime,
    *,
    constants: Constants | None = None,
    queue: str | None = None,
    seat: str | None = None,
) -> Sequence[Figure]:
    """Reckon all figures of the period as of `at`.

    A call belongs, with everything that ever happens to it, to the interval of its t2 (of its t0 where a figure counts
    arrivals). `records` must also hold what lies a week around the period, for repeats and the rolling 24 hours.
    `queue` leaves out calls that asked elsewhere or for nobody; `seat` keeps the calls that this seat took, the offers
    it had and its own time.
    """
    return reports(records, [period], at, constants=constants, queue=queue, seat=seat)[0]


def reports(
    records: Records,
    periods: Sequence[Period],
    at: datetime,
    *,
    constants: Constants | None = None,
    queue: str | None = None,
    seat: str | None = None,
) -> Sequence[Sequence[Figure]]:
    """Reckon the figures of periods that follow each other, such as the half-hours of a day; see `report`."""
    constants = constants or Constants()
    scope = Scope(queue, seat)
    chosen = records if scope == WHOLE else _of(records, scope)
    talks = callers.Talks(records.calls, records.talks)  # who calls again may meet another seat
    worst = calls.worst_days(chosen.calls, periods)
    found = []
    for number, part in _parts(chosen, periods, at).items():
        period = periods[number]
        figures = [
            *sums(part.invited, part.asked, part.asked if chosen.rang is None else part.rang, constants),
            *calls.spread(calls.answered_waits(part.asked), calls.longest_wait(part.asked)),
            worst[number],
            *now.waiting(part.present, min(at, period.ends)),
            *seats.occupancy(seats.duty(part.spans, replace_end(period, at))),
            *recalls.recalled(chosen.recalls, period, constants),
            *resolved(part.asked, talks, constants),
            *tickets.on_time(part.tickets, period, at),
        ]
        found.append(figures)
    return found


def sums(
    invited: Sequence[CallRecord],
    asked: Sequence[CallRecord],
    rang: Sequence[CallRecord],
    constants: Constants,
) -> list[Figure]:
    """Give the figures of calls that add up: those of two periods together are the sums of both.

    `invited` arrived in the period, `asked` first asked for a person in it, as did `rang`, whose offers count.
    """
    answered = [call for call in asked if call.t4 is not None]
    of_invited = [
        calls.offered(invited),
        *calls.heard(invited),
        calls.abandoned_in_flow(invited),
        calls.three_rings(invited, constants),
    ]
    of_asked = [
        *calls.asked_for(asked),
        *calls.abandoned(asked, constants),
        calls.connected(asked),
        *calls.service_levels(asked, constants),
    ]
    of_answered = [*seats.handling(answered), *units.attempts(answered, constants), *callers.satisfaction(answered)]
    return [
        *_of_calls(of_invited, invited),
        *_of_calls(of_asked, asked),
        *_of_calls(calls.waits(asked), asked),
        *_of_calls([seats.answered_in_three_rings(rang, constants)], rang),
        *_of_calls(of_answered, answered),
    ]


def resolved(asked: Iterable[CallRecord], talks: callers.Talks, constants: Constants) -> list[Figure]:
    """13, with how many of its calls hold a recovered stamp."""
    answered = [call for call in asked if call.t4 is not None]
    return _of_calls(callers.resolution(answered, talks, constants), answered)


def is_provisional(calls_of_it: Iterable[CallRecord], period: Period, at: datetime) -> bool:
    """Tell whether a call of the period had not ended at `at`, so that its figures could still change."""
    return any(
        (call.t5 is None or call.t5 > at) and (call.cohort in period or call.t0 in period) for call in calls_of_it
    )


def replace_end(period: Period, at: datetime) -> Period:
    """Cut a period that reaches into the future."""
    return replace(period, ends=max(period.begins, min(period.ends, at)))


def half_hour_of(moment: datetime) -> datetime:
    """Give the beginning of the half-hour of the clock in which this moment lies."""
    moment = moment.astimezone(UTC)
    return moment.replace(minute=30 if moment.minute >= 30 else 0, second=0, microsecond=0)  # noqa: PLR2004 - minutes


def half_hours(period: Period) -> Sequence[Period]:
    """Cut a period into half-hours of the clock; the first and last may be shorter."""
    found, begins = [], period.begins
    while begins < period.ends:
        edge = half_hour_of(begins) + HALF_HOUR
        found.append(Period(begins, min(edge, period.ends)))
        begins = edge
    return found


@dataclass(slots=True)
class _Part:
    """What of the records concerns one of several periods."""

    invited: list[CallRecord] = field(default_factory=list)
    asked: list[CallRecord] = field(default_factory=list)
    rang: list[CallRecord] = field(default_factory=list)
    present: list[CallRecord] = field(default_factory=list)
    """Calls that may be waiting when the period ends."""
    spans: list[SeatSpan] = field(default_factory=list)
    tickets: list[TicketRecord] = field(default_factory=list)
    """Those that are due in it, and those that may be late at its end."""


def _parts(records: Records, periods: Sequence[Period], at: datetime) -> Mapping[int, _Part]:
    """Look at each call and span once, however many periods there are."""
    parts = {number: _Part() for number in range(len(periods))}
    places = _Places(periods)
    for call in records.calls:
        if (number := places.of(call.t0)) is not None:
            parts[number].invited.append(call)
        if call.t2 is None:
            continue
        if (number := places.of(call.t2)) is not None:
            parts[number].asked.append(call)
        for number in places.between(call.t2, call.t4 or call.t5):
            parts[number].present.append(call)
    for call in records.rang or ():
        if call.t2 is not None and (number := places.of(call.t2)) is not None:
            parts[number].rang.append(call)
    for span in records.spans:
        for number in places.between(span.begins, span.ends):
            parts[number].spans.append(span)
    for ticket in records.tickets:
        for number in _of_ticket(ticket, places, at):
            parts[number].tickets.append(ticket)
    return parts


def _of_ticket(ticket: TicketRecord, places: "_Places", at: datetime) -> set[int]:
    """Give the periods in which a ticket is due, or at whose end, or at `at`, it is late."""
    dues = (ticket.sign_due, ticket.due, ticket.original_due)
    found = {number for due in dues if due is not None and (number := places.of(due)) is not None}
    if ticket.due is not None:
        found.update(places.between(ticket.due, ticket.finished if _is_by(ticket.finished, at) else None))
    return found


def _is_by(done: datetime | None, at: datetime) -> bool:
    return done is not None and done <= at


class _Places:
    """Finds which of several periods, one after the other, a moment lies in."""

    def __init__(self, periods: Sequence[Period]) -> None:
        self._periods = periods
        self._begins = [period.begins for period in periods]

    def of(self, moment: datetime) -> int | None:
        place = bisect_right(self._begins, moment) - 1
        return place if place >= 0 and moment in self._periods[place] else None

    def between(self, begins: datetime, ends: datetime | None) -> range:
        """Give those that a stretch touches; one without an end goes on for ever."""
        last = len(self._begins) if ends is None else bisect_right(self._begins, ends)
        return range(max(0, bisect_right(self._begins, begins) - 1), last)


def _of_calls(figures: Iterable[Figure], counted: Iterable[CallRecord]) -> list[Figure]:
    recovered = sum(call.recovered for call in counted)
    return [replace(figure, recovered=recovered) for figure in figures]


def _of(records: Records, scope: Scope) -> Records:
    views = [scope.view(call) for call in records.calls]
    return Records(
        calls=[view for view in views if scope.counts(view)],
        spans=spans_of(records.spans, scope),
        recalls=recalls_of(records.recalls, scope),
        tickets=tickets_of(records.tickets, scope),
        rang=[view for view in views if scope.counts_offers(view)],
    )


def spans_of(spans: Sequence[SeatSpan], scope: Scope) -> Sequence[SeatSpan]:
    """Leave the seat's own; a queue has the time of all seats."""
    return spans if scope.seat is None else [span for span in spans if span.seat == scope.seat]


def recalls_of(recalls: Iterable[RecallRecord], scope: Scope) -> Sequence[RecallRecord]:
    """Leave the queue's; a seat owes nobody a call."""
    if scope.seat is not None:
        return ()
    return [recall for recall in recalls if scope.queue is None or recall.queue == scope.queue]


def tickets_of(tickets: Iterable[TicketRecord], scope: Scope) -> Sequence[TicketRecord]:
    """Leave all to the whole hotline: a ticket is no queue's and no seat's."""
    return list(tickets) if scope == WHOLE else ()
