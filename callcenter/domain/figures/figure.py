"""One figure: a value with the two integers it comes from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure by its number in the catalogue. Nothing to divide by gives no value: never 0, never 1."""

    number: str
    numerator: int | None
    """A count, or a sum of milliseconds; None where nothing is known."""
    denominator: int | None = None
    """None for a plain count or sum."""
    seconds: bool = False
    """The numerator is milliseconds, the value seconds."""
    of_time: bool = False
    """Numerator and denominator are both milliseconds."""
    recovered: int | None = None
    """How many of its calls hold a stamp that was found out after an absence of ours; None where it counts no calls."""

    @property
    def value(self) -> float | None:
        """What is shown."""
        if self.numerator is None or self.denominator == 0:
            return None
        whole = self.numerator / 1000 if self.seconds else self.numerator
        return float(whole) if self.denominator is None else whole / self.denominator

    @property
    def parts(self) -> tuple[float | None, float | None]:
        """Numerator and denominator as they are shown: counts, and times in seconds."""
        over: float | None = self.numerator
        if over is not None and (self.seconds or self.of_time):
            over = over / 1000
        under = self.denominator
        return over, under / 1000 if under is not None and self.of_time else under


def count(number: str, value: int | None) -> Figure:
    """A plain count."""
    return Figure(number, value)


def ratio(number: str, numerator: int, denominator: int) -> Figure:
    """A share of a whole."""
    return Figure(number, numerator, denominator)


def unknown(number: str, denominator: int) -> Figure:
    """A share of which nothing is known: no 0 % for what nobody told."""
    return Figure(number, None, denominator)


def summed(figures: Sequence[Figure]) -> Figure:
    """Add the figures of periods that share no call: sums and shares, never a median or a longest wait."""
    one = figures[0]
    assert all(figure.number == one.number for figure in figures)
    return replace(
        one,
        numerator=_sum(figure.numerator for figure in figures),
        denominator=_sum(figure.denominator for figure in figures),
        recovered=_sum(figure.recovered for figure in figures),
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def mean(number: str, total: timedelta, of: int) -> Figure:
    """A mean of durations, in seconds."""
    return Figure(number, total // MS, of, seconds=True)


def duration(number: str, value: timedelta | None) -> Figure:
    """One duration, in seconds."""
    return Figure(number, None if value is None else value // MS, seconds=True)


def share(number: str, part: timedelta, whole: timedelta) -> Figure:
    """A share of time."""
    return Figure(number, part // MS, whole // MS, of_time=True)


def total(durations: "list[timedelta]") -> timedelta:
    """Add durations up."""
    return sum(durations, timedelta())
