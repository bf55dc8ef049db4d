"""Figures 13 and 14: whether one call was enough, and what the caller thought of it."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from callcenter.domain.figures.figure import Figure, count, ratio, unknown
from callcenter.domain.figures.records import CallRecord, Constants, Talk

BASICALLY, SATISFIED = 3, 4
"""From this grade on."""


class Talks:
    """Answered calls by who called and what about; hidden numbers and unknown matters never match."""

    def __init__(self, calls: Iterable[CallRecord], others: Iterable[Talk] = ()) -> None:
        known = {talk.id: talk for talk in others}
        known |= {call.id: talk for call in calls if (talk := talk_of(call)) is not None}
        self._alike: dict[tuple[str, str], list[Talk]] = {}
        for talk in known.values():
            if talk.caller is not None and talk.matter is not None:
                self._alike.setdefault((talk.caller, talk.matter), []).append(talk)

    def repeats_an_earlier(self, call: CallRecord, within: timedelta) -> bool:
        """Tell whether the same person was answered in the same matter not long before."""
        return any(talk.t5 is not None and talk.t0 < call.t0 and call.t0 - talk.t5 <= within for talk in self._of(call))

    def come_again(self, call: CallRecord, within: timedelta) -> bool:
        """Tell whether the same person had to call again in the same matter."""
        ended = call.t5
        return ended is not None and any(call.t0 < talk.t0 and talk.t0 - ended <= within for talk in self._of(call))

    def _of(self, call: CallRecord) -> Sequence[Talk]:
        if call.caller is None or call.matter is None:
            return ()
        return [talk for talk in self._alike.get((call.caller, call.matter), ()) if talk.id != call.id]


def talk_of(call: CallRecord) -> Talk | None:
    """Give of a call what makes another its repeat; None where nobody was answered."""
    if call.t4 is None:
        return None
    return Talk(id=call.id, caller=call.caller, matter=call.matter, t0=call.t0, t5=call.t5)


def resolution(asked: Iterable[CallRecord], talks: Talks, constants: Constants) -> list[Figure]:
    """13 Settled at the first call. `talks` also holds those of the week before and after.

    While of no call of the period is known how it was settled, 13a and 13c are not known either.
    """
    answered = [call for call in asked if call.t4 is not None]
    within = constants.repeat_within
    repeats = {call.id for call in answered if talks.repeats_an_earlier(call, within)}
    firsts = [call for call in answered if call.id not in repeats]
    settled = [call for call in firsts if call.direct and not talks.come_again(call, within)]
    if all(call.direct is None for call in answered):
        first_call, direct = unknown("13a", len(firsts)), unknown("13c", len(answered))
    else:
        first_call = ratio("13a", len(settled), len(firsts))
        direct = ratio("13c", sum(bool(call.direct) for call in answered), len(answered))
    return [
        first_call,
        ratio("13b", len(repeats), len(answered)),
        direct,
        count("13d", len({call.caller for call in answered if call.caller is not None})),
    ]


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
