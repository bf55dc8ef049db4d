"""The figures of a day as they were shown, and how they differ from what the journal gives when reckoned again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from callcenter.domain.figures.figure import Figure

Parts = tuple[int | None, int | None]
"""Numerator and denominator, as `Figure` has them: counts and milliseconds, both whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was shown of one day."""

    day: date
    """Of the hotline's zone."""
    queue: str | None = None
    seat: str | None = None
    at: datetime
    """As of when."""
    seq: int
    """The journal's newest entry at that moment: reckoned from the entries up to it, everything must be the same."""
    provisional: bool
    """A call of the day was going on, so that its figures could still change."""
    values: Mapping[str, Parts]
    """By the figure's number."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what it should be."""

    number: str
    shown: Parts | None
    """None: it was not shown."""
    again: Parts | None
    """None: it is not reckoned any more."""


def values_of(figures: Iterable[Figure]) -> Mapping[str, Parts]:
    """Give the two whole numbers of each figure, by its number."""
    return {figure.number: (figure.numerator, figure.denominator) for figure in figures}


def differences(shown: Mapping[str, Parts], again: Mapping[str, Parts]) -> Sequence[Difference]:
    """Name each figure that was shown otherwise than it is reckoned again, in the order of the catalogue."""
    return [
        Difference(number, shown.get(number), again.get(number))
        for number in [*again, *(number for number in shown if number not in again)]
        if shown.get(number) != again.get(number)
    ]
