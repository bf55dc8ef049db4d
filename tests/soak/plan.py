"""What each of many callers is going to do: the mix is exact in every twenty, the order by chance."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_IN_TWENTY = {"plain": 11, "transferred": 6, "three-way": 2, "abandoned": 1}


class Course(StrEnum):
    """How a call goes."""

    PLAIN = "plain"
    """Citizen and operator talk."""
    TRANSFERRED = "transferred"
    """The operator brings a unit in, and leaves caller and unit alone."""
    THREE_WAY = "three-way"
    """The operator brings a unit in, and stays."""
    ABANDONED = "abandoned"
    """The citizen hangs up before anybody has answered him."""


class Step(StrEnum):
    """Where one who abandons hangs up."""

    DIALLED = "dialled"
    GREETED = "greeted"
    RINGING = "ringing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One call as it is meant to go."""

    number: str
    """What he dials from; nobody else does."""
    course: Course
    step: Step | None
    patience: float
    """Seconds that one who abandons stays at his step."""
    answer_after: float
    """Seconds that a seat rings before it is answered."""
    talk: float
    """Seconds that each part of the talk lasts."""
    seat_ends: bool
    """Whether the operator hangs up, not the citizen; only in a plain call."""


def plans(seed: int) -> Iterator[Plan]:
    """Give plan after plan, without end."""
    chance = random.Random(seed)
    courses: list[str] = []
    number = 0
    while True:
        if not courses:
            courses = [course for course, times in _IN_TWENTY.items() for _ in range(times)]
            chance.shuffle(courses)
        number += 1
        course = Course(courses.pop())
        yield Plan(
            number=f"139{number:08}",
            course=course,
            step=chance.choice(list(Step)) if course is Course.ABANDONED else None,
            patience=chance.uniform(0.05, 1.5),
            answer_after=chance.uniform(0.1, 1.0),
            talk=chance.uniform(0.5, 3.0),
            seat_ends=course is Course.PLAIN and chance.random() < 0.5,
        )
