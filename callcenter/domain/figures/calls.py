"""Figures 1 to 6 and 8a: how many called, were answered, gave up, and how long they waited."""

from collections.abc import Sequence
from datetime import timedelta

from callcenter.domain.calls import Outcome
from callcenter.domain.figures.figure import Figure, count, duration, mean, ratio, total
from callcenter.domain.figures.records import CallRecord, Constants, Period

DAY = timedelta(hours=24)


def offered(invited: Sequence[CallRecord], asked: Sequence[CallRecord]) -> list[Figure]:
    """1 Offered, 2 answered. `invited` by their t0, `asked` by their t2."""
    return [
        count("1a", len(invited)),
        count("1b", len(asked)),
        count("2", len(_answered(asked))),
    ]


def abandoned(invited: Sequence[CallRecord], asked: Sequence[CallRecord], constants: Constants) -> list[Figure]:
    """3 Who got no person: by giving up, or through our fault."""
    gave_up = [call for call in asked if call.gave_up]
    short = [call for call in gave_up if call.wait is not None and call.wait < constants.short]
    lost = [call for call in asked if call.lost_waiting]
    in_flow = [call for call in invited if call.outcome is Outcome.ABANDONED_IVR]
    return [
        ratio("3a", len(gave_up) + len(lost), len(asked)),
        ratio("3b", len(gave_up) - len(short), len(asked) - len(short)),
        ratio("3c", len(in_flow), len(invited)),
        count("3d_queue", sum(call.outcome is Outcome.ABANDONED_QUEUE for call in gave_up)),
        count("3d_ringing", sum(call.outcome is Outcome.ABANDONED_RINGING for call in gave_up)),
        count("3d_lost", len(lost)),
        count("3d_short", len(short)),
        ratio("3e", len(gave_up), len(asked)),
        ratio("3f", len(asked) - len(_answered(asked)), len(asked)),
    ]


def connected(invited: Sequence[CallRecord], asked: Sequence[CallRecord]) -> list[Figure]:
    """4 Connect rates."""
    answered = _answered(asked)
    voice = [call for call in invited if call.first_voice is not None]
    return [
        ratio("4a", len(answered), len(asked)),
        ratio("4b", sum(call.t4 is not None for call in invited), len(invited)),
        ratio("4c", len(voice), len(invited)),
    ]


def worst_day(calls: Sequence[CallRecord], period: Period) -> Figure:
    """4d The lowest connect rate over any 24 hours that end within the period, looked at as each caller asks."""
    asked = sorted((call for call in calls if call.t2 is not None), key=lambda call: call.cohort)
    worst: tuple[int, int] | None = None
    first = answered = 0
    for last, call in enumerate(asked):
        answered += call.t4 is not None
        while asked[first].cohort <= call.cohort - DAY:
            answered -= asked[first].t4 is not None
            first += 1
        size = last - first + 1
        if call.cohort in period and (worst is None or answered * worst[1] < worst[0] * size):
            worst = (answered, size)
    return Figure("4d", 0, 0) if worst is None else ratio("4d", *worst)


def service_levels(asked: Sequence[CallRecord], constants: Constants) -> list[Figure]:
    """5 Answered within so many seconds: since asking, without the short, and since the INVITE."""
    short = sum(call.gave_up and call.wait is not None and call.wait < constants.short for call in asked)
    figures = []
    for seconds in constants.service:
        limit = timedelta(seconds=seconds)
        soon = sum(call.t4 is not None and call.wait is not None and call.wait <= limit for call in asked)
        since_invite = sum(call.t4 is not None and call.t4 - call.t0 <= limit for call in asked)
        figures += [
            ratio(f"5_{seconds}", soon, len(asked)),
            ratio(f"5n_{seconds}", soon, len(asked) - short),
            ratio(f"5z_{seconds}", since_invite, len(asked)),
        ]
    return figures


def waits(asked: Sequence[CallRecord]) -> list[Figure]:
    """6 Speed of answer: mean, median, 90th percentile by nearest rank; and how long those waited who gave up."""
    answered = sorted(call.wait for call in asked if call.t4 is not None and call.wait is not None)
    gave_up = [call.wait for call in asked if call.gave_up and call.wait is not None]
    every = [call.wait for call in asked if call.wait is not None]
    return [
        mean("6", total(answered), len(answered)),
        duration("6_median", _median(answered)),
        duration("6_p90", answered[-(-9 * len(answered) // 10) - 1] if answered else None),
        mean("6_abandoned", total(gave_up), len(gave_up)),
        duration("7c", max(every, default=None)),
    ]


def three_rings(invited: Sequence[CallRecord], constants: Constants) -> Figure:
    """8a A voice before the fourth ring; callers who left sooner without one are not counted."""
    limit, kept, eligible = constants.three_rings, 0, 0
    for call in invited:
        voice, rang = call.first_voice, call.tr or call.t0
        if voice is None and call.t5 is not None and call.t5 - call.t0 < limit:
            continue
        eligible += 1
        kept += voice is not None and voice - rang < limit and voice - call.t0 < limit
    return ratio("8a", kept, eligible)


def _answered(calls: Sequence[CallRecord]) -> list[CallRecord]:
    return [call for call in calls if call.t4 is not None]


def _median(ordered: Sequence[timedelta]) -> timedelta | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
