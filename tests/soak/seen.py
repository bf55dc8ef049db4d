"""What the callers, seats and units of a soak saw of each call: the half of the truth that is not the hotline's."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.soak.plan import Plan


@dataclass(slots=True, eq=False)
class Seen:
    """One call as the people in it saw it."""

    plan: Plan
    dialled: datetime = field(default_factory=lambda: datetime.now(UTC))
    over: datetime | None = None
    """When his own call had ended."""
    greeted: bool = False
    rang: list[str] = field(default_factory=list)
    """Seats that rang for him."""
    answered: list[str] = field(default_factory=list)
    """Seats that lifted the receiver for him, and were heard of."""
    unit_joined: bool = False
    left_alone: bool = False
    """The operator went, and left him with the unit."""
    troubles: list[str] = field(default_factory=list)
    """What did not go as it was planned, in words."""
    rings: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    """All that was to be said is said."""


@dataclass(frozen=True, slots=True)
class Absence:
    """A stretch in which no controller lived."""

    began: datetime
    ended: datetime

    def touches(self, seen: Seen) -> bool:
        """Tell whether a part of this call lies in it."""
        return seen.dialled <= self.ended and (seen.over is None or seen.over >= self.began)


def in_absence(seen: Seen, absences: Iterable[Absence]) -> bool:
    """Tell whether a part of this call was witnessed by nobody of ours."""
    return any(absence.touches(seen) for absence in absences)
