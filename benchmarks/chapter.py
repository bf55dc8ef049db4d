"""What a benchmark found, as a chapter of docs/performance.md."""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import described

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
_HEAD = """# Performance

Made by `scripts/benchmark --write`; do not edit. Each chapter says its command, when and on what machine it ran. The
median of its runs stands first, the spread (least and most) beside it. What is compared ran side by side, in turns.
"""
_TABLE = ("| figure | median | spread | runs | target | met |", "| --- | --- | --- | --- | --- | --- |")
_CHAPTER = re.compile(r"^<!-- (\w+) -->\n.*?(?=^<!-- \w+ -->|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure, measured in several runs."""

    figure: str
    values: Sequence[float]
    unit: str
    most: float | None = None
    """The target: no more than this."""
    least: float | None = None
    """The target: no less than this."""

    @property
    def median(self) -> float:
        """The middle one of the runs."""
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met by the median; None where there is none."""
        if self.most is not None:
            return self.median <= self.most
        return None if self.least is None else self.median >= self.least

    @property
    def target(self) -> str:
        """Write the target; empty where there is none."""
        if self.most is not None:
            return f"≤ {_short(self.most)}"
        return "" if self.least is None else f"≥ {_short(self.least)}"

    @property
    def line(self) -> str:
        """Write it as a line of a table."""
        met = {None: "", True: "yes", False: "**no**"}[self.is_met]
        spread = f"{_short(min(self.values))} – {_short(max(self.values))}" if len(self.values) > 1 else ""
        cells = (self.figure, f"{_short(self.median)} {self.unit}", spread, str(len(self.values)), self.target, met)
        return f"| {' | '.join(cells)} |"


def shares(of: Sequence[float], whole: Sequence[float]) -> list[float]:
    """Give what part the one is of the other, run by run."""
    return [one / other for one, other in zip(of, whole, strict=True)]


@dataclass(slots=True, kw_only=True)
class Chapter:
    """All that one benchmark found."""

    name: str
    """Of its module."""
    title: str
    how: str
    """What was done, in a few sentences."""
    rows: list[Row] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Write it out."""
        command = f"`scripts/benchmark {self.name} --write`"
        parts = [
            f"<!-- {self.name} -->\n## {self.title}",
            f"{command}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {described()}",
            self.how,
            "\n".join([*_TABLE, *(row.line for row in self.rows)]),
            "\n".join(f"- {remark}" for remark in self.remarks),
        ]
        return "\n\n".join(part for part in parts if part) + "\n\n"


def write(chapters: Sequence[Chapter], document: Path = DOCUMENT) -> None:
    """Put these chapters in the place of the earlier ones of the same names; new ones go to the end."""
    text = document.read_text("utf-8") if document.exists() else _HEAD + "\n"
    for chapter in chapters:
        earlier = [found for found in _CHAPTER.finditer(text) if found[1] == chapter.name]
        if earlier:
            text = text[: earlier[0].start()] + chapter.text + text[earlier[0].end() :]
        else:
            text = text.rstrip("\n") + "\n\n" + chapter.text
    document.write_text(text.rstrip("\n") + "\n", "utf-8")


def percentile(values: Sequence[float], share: float) -> float:
    """Give the nearest rank: so great a share of the values is no greater. Raises IndexError where there is none."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered) + 0.5) - 1))]


def _short(value: float) -> str:
    """Write three digits that count, and no exponent."""
    return f"{value:,.0f}" if value == 0 or abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits
