"""Figures 1 to 6 and 8a: how many called, were answered, gave up, and how long they waited."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import timedelta

from callcenter.domain.calls import Outcome
from callcenter.domain.figures.figure import Figure, count, duration, mean, ratio, total
from callcenter.domain.figures.records import CallRecord, Constants, Period

DAY = timedelta(hours=24)


def offered(invited: Sequence[CallRecord]) -> Figure:
    """1a Calls that arrived. `invited` are taken by their t0, `asked` by their t2."""
    return count("1a", len(invited))


def asked_for(asked: Sequence[CallRecord]) -> list[Figure]:
    """1b Calls that asked for a person, 2 those that had one."""
    return [count("1b", len(asked)), count("2", len(_answered(asked)))]


def abandoned_in_flow(invited: Sequence[CallRecord]) -> Figure:
    """3c Who hung up in the menu."""
    gone = sum(call.outcome is Outcome.ABANDONED_IVR for call in invited)
    return ratio("3c", gone, len(invited))


def abandoned(asked: Sequence[CallRecord], constants: Constants) -> list[Figure]:
    """3 Who got no person: by giving up, or through our fault."""
    gave_up = [call for call in asked if call.gave_up]
    short = [call for call in gave_up if call.wait is not None and call.wait < constants.short]
    lost = [call for call in asked if call.lost_waiting]
    return [
        ratio("3a", len(gave_up) + len(lost), len(asked)),
        ratio("3b", len(gave_up) - len(short), len(asked) - len(short)),
        count("3d_queue", sum(call.outcome is Outcome.ABANDONED_QUEUE for call in gave_up)),
        count("3d_ringing", sum(call.outcome is Outcome.ABANDONED_RINGING for call in gave_up)),
        count("3d_lost", len(lost)),
        count("3d_short", len(short)),
        ratio("3e", len(gave_up), len(asked)),
        ratio("3f", len(asked) - len(_answered(asked)), len(asked)),
    ]


def connected(asked: Sequence[CallRecord]) -> Figure:
    """4a Connect rate of those who asked for a person."""
    return ratio("4a", len(_answered(asked)), len(asked))


def heard(invited: Sequence[CallRecord]) -> list[Figure]:
    """4b Answered of all that arrived, 4c heard a voice of all that arrived."""
    return [
        ratio("4b", sum(call.t4 is not None for call in invited), len(invited)),
        ratio("4c", sum(call.first_voice is not None for call in invited), len(invited)),
    ]


def worst_days(calls: Iterable[CallRecord], periods: Sequence[Period]) -> list[Figure]:
    """4d For each period the lowest connect rate over any 24 hours that end in it, looked at as each caller asks.

    `periods` follow each other.
    """
    asked = sorted((call.t2, call.t4 is not None) for call in calls if call.t2 is not None)
    worst: list[tuple[int, int] | None] = [None] * len(periods)
    begins = [period.begins for period in periods]
    first = answered = 0
    for last, (moment, was_answered) in enumerate(asked):
        answered += was_answered
        while asked[first][0] <= moment - DAY:
            answered -= asked[first][1]
            first += 1
        if last + 1 < len(asked) and asked[last + 1][0] == moment:
            continue  # a window ends with everybody who asked in that moment
        place = bisect_right(begins, moment) - 1
        if place < 0 or moment not in periods[place]:
            continue
        size, known = last - first + 1, worst[place]
        if known is None or answered * known[1] < known[0] * size:
            worst[place] = (answered, size)
    return [ratio("4d", *(found or (0, 0))) for found in worst]


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
    """6 Mean speed of answer, and how long those waited who gave up."""
    answered = answered_waits(asked)
    gave_up = [call.wait for call in asked if call.gave_up and call.wait is not None]
    return [mean("6", total(answered), len(answered)), mean("6_abandoned", total(gave_up), len(gave_up))]


def answered_waits(asked: Iterable[CallRecord]) -> list[timedelta]:
    """How long each waited who was answered."""
    return [call.wait for call in asked if call.t4 is not None and call.wait is not None]


def longest_wait(asked: Iterable[CallRecord]) -> timedelta | None:
    """How long he waited who waited longest, whatever came of it."""
    return max((call.wait for call in asked if call.wait is not None), default=None)


def spread(answered: Iterable[timedelta], longest: timedelta | None) -> list[Figure]:
    """6 Median and 90th percentile (nearest rank) of the waits of those who were answered; 7c the longest of all."""
    ordered = sorted(answered)
    return [
        duration("6_median", _median(ordered)),
        duration("6_p90", ordered[-(-9 * len(ordered) // 10) - 1] if ordered else None),
        duration("7c", longest),
    ]


def three_rings(invited: Sequence[CallRecord], constants: Constants) -> Figure:
    """8a A voice before the fourth ring; callers who hung up sooner without one are not counted.

    Whom the hotline let go before he heard anything is: lost with a process of ours, or by a flow that says nothing.
    """
    limit, kept, eligible = constants.three_rings, 0, 0
    for call in invited:
        voice, rang = call.first_voice, call.tr or call.t0
        if voice is None and call.hung_up_first and call.t5 is not None and call.t5 - call.t0 < limit:
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
