"""Figures 13 and 14: whether one call was enough, and what the caller thought of it."""

from collections.abc import Sequence

from callcenter.domain.figures.figure import Figure, count, ratio
from callcenter.domain.figures.records import CallRecord, Constants

BASICALLY, SATISFIED = 3, 4
"""From this grade on."""


def resolution(asked: Sequence[CallRecord], known: Sequence[CallRecord], constants: Constants) -> list[Figure]:
    """13 Settled at the first call. `known` also holds the calls of the week before and after."""
    answered = [call for call in asked if call.t4 is not None]
    talks = sorted((call for call in known if call.t4 is not None), key=lambda call: call.t0)
    repeats = {call.id for call in answered if _earlier(call, talks, constants)}
    firsts = [call for call in answered if call.id not in repeats]
    settled = [call for call in firsts if call.direct and not _comes_again(call, talks, constants)]
    return [
        ratio("13a", len(settled), len(firsts)),
        ratio("13b", len(repeats), len(answered)),
        ratio("13c", sum(bool(call.direct) for call in answered), len(answered)),
        count("13d", len({call.caller for call in answered if call.caller is not None})),
    ]


def _same(one: CallRecord, other: CallRecord) -> bool:
    return (
        one.id != other.id
        and one.caller is not None
        and one.matter is not None
        and (one.caller, one.matter) == (other.caller, other.matter)
    )


def _follows(later: CallRecord, earlier: CallRecord, constants: Constants) -> bool:
    ended = earlier.t5
    return (
        _same(later, earlier)
        and ended is not None
        and earlier.t0 < later.t0
        and later.t0 - ended <= constants.repeat_within
    )


def _earlier(call: CallRecord, talks: Sequence[CallRecord], constants: Constants) -> bool:
    return any(_follows(call, other, constants) for other in talks)


def _comes_again(call: CallRecord, talks: Sequence[CallRecord], constants: Constants) -> bool:
    return any(_follows(other, call, constants) for other in talks)


def satisfaction(asked: Sequence[CallRecord]) -> list[Figure]:
    """14 Grades given after the talk; silence is no grade."""
    invited = [call for call in asked if call.invited]
    grades = [call.grade for call in invited if call.grade is not None]
    return [
        ratio("14a", len(grades), len(invited)),
        ratio("14b", sum(grade >= BASICALLY for grade in grades), len(grades)),
        ratio("14c", sum(grade >= SATISFIED for grade in grades), len(grades)),
        ratio("14d", sum(grades), len(grades)),
    ]
