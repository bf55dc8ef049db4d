"""What the faults came to, as a page: made by a run of `scripts/reliability`, by nothing else.

async def test_a_fault(hotline: Hotline, tell_result: TellResult) -> None:
    ...
    tell_result(fault="the controller is killed", what="a talk", figures={"noticed after": "0.4 s"})
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

PROPERTY = "result"
HEAD = """# What it survives

Made by `scripts/reliability` on {day} (commit {commit}); nothing here is written by hand. {summary}

Each row is a test in `tests/faults/`, and every one ends with the same closing look: who talked still talks, who waited
has reached a seat, the journal has each call exactly once with one arrival and one true end, and no channel, file or
process is left.

| fault | what was going on | what was seen | |
| --- | --- | --- | --- |
"""


class TellResult(Protocol):
    """Tells a row of the page."""

    def __call__(self, *, fault: str, what: str, figures: Mapping[str, object] | None = None) -> None:
        """Say what was done to the hotline, what was going on in it, and what was measured or counted in this run.

        Nothing of a caller goes in here. May be told several times: each is a row.
        """


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page."""

    fault: str
    what: str
    seen: str
    passed: bool

    def __str__(self) -> str:
        """Write it as Markdown."""
        cells = (self.fault, self.what, self.seen, "pass" if self.passed else "**FAIL**")
        return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def teller(request: pytest.FixtureRequest) -> TellResult:
    """Give the function by which this test tells its results."""

    def tell(*, fault: str, what: str, figures: Mapping[str, object] | None = None) -> None:
        seen = "; ".join(f"{name} {value}" for name, value in (figures or {}).items())
        request.node.user_properties.append((PROPERTY, [fault, what, seen]))

    return tell


class Results:
    """Gathers what the tests tell while they run."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}

    def take(self, report: pytest.TestReport) -> None:
        """Look at the report of one part of one test; whichever fails, the test has failed."""
        if report.skipped or (report.when == "setup" and report.passed):
            return
        told = [value for name, value in report.user_properties if name == PROPERTY and isinstance(value, list)]
        passed = report.passed and all(row.passed for row in self._rows.get(report.nodeid, []))
        rows = [Row(str(fault), str(what), str(seen), passed) for fault, what, seen in told]
        self._rows[report.nodeid] = rows or [_untold(report.nodeid, passed=passed)]

    def write(self, page: Path, *, commit: str) -> None:
        """Write the page; a run in which nothing ran writes nothing."""
        if not self._rows:
            return
        rows = [row for told in self._rows.values() for row in told]
        failed = sum(not row.passed for row in rows)
        summary = f"{len(self._rows)} tests, {len(rows)} rows, {failed} of them failed."
        head = HEAD.format(day=datetime.now(UTC).date().isoformat(), commit=commit, summary=summary)
        page.write_text(head + "".join(f"{row}\n" for row in _in_order(rows)), encoding="utf-8")


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """Put the rows of one fault together, in the order in which the faults were first told."""
    first = {fault: at for at, fault in reversed(list(enumerate(row.fault for row in rows)))}
    return sorted(rows, key=lambda row: first[row.fault])


def _untold(nodeid: str, *, passed: bool) -> Row:
    """Name the row of a test that told nothing, or failed before it could, by its file and its own name."""
    file, _, test = nodeid.partition("::")
    fault, what = (part.removeprefix("test_").replace("_", " ") for part in (Path(file).stem, test))
    return Row(fault, what, "", passed)
