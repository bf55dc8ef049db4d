"""What a soak came to, as text and as a verdict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.soak.plan import Course
from tests.soak.seen import Absence, Seen, in_absence
from tests.soak.watch import Growth

MEMORY_PER_CALL = 6 * 1024
"""Bytes that a process may grow for each call, beyond what it may grow in all."""
MEMORY_IN_ALL = 24 * 2**20
"""Bytes that a process may grow until its stores and pools are full."""
DESCRIPTORS = 12
"""Descriptors that a process may have more at rest after the last call than before the first: connections kept open."""
_SHOWN = 20


@dataclass(slots=True, kw_only=True)
class Report:
    """All that was seen in one soak."""

    seconds: float
    calls: Sequence[Seen]
    absences: Sequence[Absence]
    wrong: Sequence[tuple[Seen | None, str]]
    """Where the journal and those in the calls differ."""
    stuck: Sequence[str]
    """What was left when all calls were over."""
    growths: Sequence[Growth]
    journal: str
    """What is wrong with the chain of the journal; empty where it is whole."""
    failures: Sequence[str] = ()
    """Mistakes of the soak itself."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Calls by their outcome in the journal."""

    @property
    def lost(self) -> list[Seen]:
        """Citizens who wanted a person, stayed for one, and did not get one."""
        return [seen for seen in self.calls if seen.plan.course is not Course.ABANDONED and not seen.answered]

    @property
    def twice(self) -> list[Seen]:
        """Citizens who got a second talk."""
        return [seen for seen in self.calls if len(seen.answered) > 1]

    @property
    def not_as_planned(self) -> list[Seen]:
        """Calls in which something else went wrong while a controller lived."""
        lost = {id(seen) for seen in self.lost}
        return [
            seen
            for seen in self.calls
            if seen.troubles and id(seen) not in lost and not in_absence(seen, self.absences)
        ]

    @property
    def grown(self) -> list[Growth]:
        """Processes that are not flat."""
        return [each for each in self.growths if _has_grown(each)]

    @property
    def faults(self) -> list[str]:
        """Every reason why this soak is not passed, in words without a caller's data."""
        found = [f"{len(self.lost)} callers were lost"] if self.lost else []
        found += [f"{len(self.twice)} callers got two talks"] if self.twice else []
        found += [f"the journal: {text}, {times} times" for text, times in Counter(t for _, t in self.wrong).items()]
        found += [f"the journal: {self.journal}"] if self.journal else []
        found += [f"stuck: {each}" for each in self.stuck]
        found += [f"{len(self.not_as_planned)} calls did not go as planned"] if self.not_as_planned else []
        found += [f"not flat: {each}" for each in self.grown]
        return found + list(self.failures)

    @property
    def figures(self) -> dict[str, str]:
        """Give the row of docs/reliability.md."""
        return {
            "calls": str(len(self.calls)),
            "lost": str(len(self.lost)),
            "two talks": str(len(self.twice)),
            "stuck": str(len(self.stuck)),
            "differences between journal and callers": str(len(self.wrong)),
            "kills": str(len(self.absences)),
            **{each.of: f"{each.per_call / 1024:+.2f} kB a call" for each in self.growths},
        }

    def __str__(self) -> str:
        """Tell all of it."""
        courses = Counter(seen.plan.course.value for seen in self.calls)
        through = sum(in_absence(seen, self.absences) for seen in self.calls)
        away = ", ".join(f"{(each.ended - each.began).total_seconds():.1f}" for each in self.absences)
        lines = [
            f"{len(self.calls)} calls in {self.seconds:.0f} s: {_counted(courses)}",
            f"by outcome: {_counted(self.outcomes)}",
            f"units in a talk: {sum(seen.unit_joined for seen in self.calls)}",
            f"left alone with a unit: {sum(seen.left_alone for seen in self.calls)}",
            f"controllers killed: {len(self.absences)}, away for {away} s; calls that went through that: {through}",
            f"lost: {len(self.lost)}; two talks: {len(self.twice)}; stuck: {len(self.stuck)}",
            f"differences between the journal and those in the calls: {len(self.wrong)}",
            *map(str, self.growths),
        ]
        troubled = Counter(text for seen in self.calls for text in seen.troubles)
        lines += [f"  {times} times: {text}" for text, times in troubled.most_common(_SHOWN)]
        lines += [f"  {self._told(seen)}: {wrong}" for seen, wrong in list(self.wrong)[:_SHOWN]]
        lines += [f"  {self._told(seen)}: two talks" for seen in self.twice[:_SHOWN]]
        lines += [f"  {self._told(seen)}: {'; '.join(seen.troubles)}" for seen in self.not_as_planned[:_SHOWN]]
        lines += [f"FAULT {fault}" for fault in self.faults]
        return "\n".join([*lines, "passed" if not self.faults else "NOT passed"])

    def _told(self, seen: Seen | None) -> str:
        """Tell one call as those in it saw it; their numbers are made up, and are looked for in the logs."""
        if seen is None:
            return "a call that nobody made"
        over = seen.over or seen.dialled
        lasted = (over - seen.dialled).total_seconds()
        absent = [
            f"from {(absence.began - seen.dialled).total_seconds():+.1f} s "
            f"to {(absence.ended - seen.dialled).total_seconds():+.1f} s"
            for absence in self.absences
            if absence.touches(seen)
        ]
        return (
            f"{seen.plan.number} {seen.plan.course} {seen.plan.step or ''} dialled {seen.dialled:%H:%M:%S.%f} "
            f"for {lasted:.1f} s, rang {seen.rang}, answered {seen.answered}, no controller {absent}"
        )


def _has_grown(growth: Growth) -> bool:
    begin, _, end = growth.memory
    before, _, after = growth.descriptors
    few = after - before <= DESCRIPTORS
    return not few or end - begin > MEMORY_IN_ALL + MEMORY_PER_CALL * growth.calls


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{times} {name}" for name, times in counter.most_common())
