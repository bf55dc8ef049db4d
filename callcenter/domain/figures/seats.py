"""Figures 8b, 9 and 10: how seats answered, how their time went, how long a call took them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from callcenter.domain.figures.figure import Figure, mean, ratio, share, total
from callcenter.domain.figures.records import CallRecord, Constants, OfferRecord, OfferResult, Period, SeatSpan
from callcenter.domain.seats import SeatState

BUSY = (SeatState.TALKING, SeatState.WRAP_UP)


def answered_in_three_rings(calls: Sequence[CallRecord], constants: Constants) -> Figure:
    """8b Offers answered before the fourth ring; one that caller or another seat ended sooner is not counted."""
    limit = constants.three_rings
    eligible = [offer for call in calls for offer in call.offers if not _ended_by_others(offer, limit)]
    kept = [offer for offer in eligible if offer.result is OfferResult.ANSWERED and offer.ended - offer.ringing < limit]
    return ratio("8b", len(kept), len(eligible))


def _ended_by_others(offer: OfferRecord, limit: timedelta) -> bool:
    others = (OfferResult.CALLER_LEFT, OfferResult.TAKEN_ELSEWHERE)
    return offer.result in others and offer.ended - offer.ringing < limit


def time_in(spans: Sequence[SeatSpan], period: Period, *states: SeatState) -> timedelta:
    """How much of the period these seats spent so; without states: on duty at all."""
    wanted = states or tuple(state for state in SeatState if state is not SeatState.OFFLINE)
    return total([period.share(span.begins, span.ends) for span in spans if span.state in wanted])


@dataclass(frozen=True, slots=True)
class Duty:
    """What seats did with a period."""

    staffed: timedelta = timedelta()
    paused: timedelta = timedelta()
    busy: timedelta = timedelta()

    def __add__(self, other: "Duty") -> "Duty":
        return Duty(self.staffed + other.staffed, self.paused + other.paused, self.busy + other.busy)


def duty(spans: Sequence[SeatSpan], period: Period) -> Duty:
    """Sum up how seats spent a period; cut at its edges."""
    return Duty(time_in(spans, period), time_in(spans, period, SeatState.BREAK), time_in(spans, period, *BUSY))


def occupancy(spent: Duty) -> list[Figure]:
    """9 Busy time of the time not paused, and of all time on duty.

    A seat whose phone was gone for long was not on duty meanwhile; its spans say so (see `presence`).
    """
    return [share("9a", spent.busy, spent.staffed - spent.paused), share("9b", spent.busy, spent.staffed)]


def handling(asked: Sequence[CallRecord]) -> list[Figure]:
    """10 Talk, hold and wrap-up of the answered calls; a call over midnight stays whole."""
    answered = [call for call in asked if call.t4 is not None]
    stints = [stint for call in answered for stint in call.stints]
    talk, hold, wrap = (total([getattr(stint, part) for stint in stints]) for part in ("talk", "hold", "wrap"))
    of = len(answered)
    return [
        mean("10", talk + hold + wrap, of),
        mean("10_talk", talk, of),
        mean("10_hold", hold, of),
        mean("10_wrap", wrap, of),
    ]
