"""Every figure of a period, for the hotline, one queue or one seat."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from callcenter.domain.figures import callers, calls, now, recalls, seats, tickets, units
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.records import CallRecord, Constants, Period, Records

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
    constants = constants or Constants()
    chosen = records if queue is None and seat is None else _of(records, queue=queue, seat=seat)
    invited = [call for call in chosen.calls if call.t0 in period]
    asked = [call for call in chosen.calls if call.t2 in period]
    return [
        *calls.offered(invited, asked),
        *calls.abandoned(invited, asked, constants),
        *calls.connected(invited, asked),
        calls.worst_day(chosen.calls, period),
        *calls.service_levels(asked, constants),
        *calls.waits(asked),
        *now.waiting(chosen.calls, min(at, period.ends)),
        calls.three_rings(invited, constants),
        seats.answered_in_three_rings(asked, constants),
        *seats.occupancy(chosen.spans, replace_end(period, at)),
        *seats.handling(asked),
        *units.attempts(asked, constants),
        *recalls.recalled(chosen.recalls, period, constants),
        *callers.resolution(asked, chosen.calls, constants),
        *callers.satisfaction(asked),
        *tickets.on_time(chosen.tickets, period, at),
    ]


def is_provisional(records: Records, period: Period) -> bool:
    """Tell whether a call of the period has not ended yet, so that its figures may still change."""
    return any(call.outcome is None and call.cohort in period for call in records.calls)


def replace_end(period: Period, at: datetime) -> Period:
    """Cut a period that reaches into the future."""
    return replace(period, ends=max(period.begins, min(period.ends, at)))


def half_hours(period: Period) -> Sequence[Period]:
    """Cut a period into half-hours of the clock; the first and last may be shorter."""
    found, begins = [], period.begins
    while begins < period.ends:
        edge = begins - timedelta(seconds=begins.timestamp() % HALF_HOUR.total_seconds()) + HALF_HOUR
        found.append(Period(begins, min(edge, period.ends)))
        begins = edge
    return found


def _of(records: Records, *, queue: str | None, seat: str | None) -> Records:
    kept = [
        call
        for call in records.calls
        if (queue is None or call.queue == queue) and (seat is None or _concerns(call, seat))
    ]
    if seat is not None:
        kept = [_part_of(call, seat) for call in kept]
    return Records(
        calls=kept,
        spans=[span for span in records.spans if seat is None or span.seat == seat],
        recalls=[recall for recall in records.recalls if seat is None and (queue is None or recall.queue == queue)],
        tickets=[] if seat is not None or queue is not None else records.tickets,
    )


def _concerns(call: CallRecord, seat: str) -> bool:
    return any(stint.seat == seat for stint in call.stints) or any(offer.seat == seat for offer in call.offers)


def _part_of(call: CallRecord, seat: str) -> CallRecord:
    return replace(
        call,
        stints=tuple(stint for stint in call.stints if stint.seat == seat),
        offers=tuple(offer for offer in call.offers if offer.seat == seat),
    )
