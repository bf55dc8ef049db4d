"""Every figure of the day that was worked by hand."""

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.now import waiting
from callcenter.domain.figures.records import Period, RecallEnd, Records
from callcenter.domain.figures.report import half_hours, report
from tests.domain.figures.example_day import DAY, REPORTED, expected, records, surely

EXPECTED = expected()
NUMBER_OF = {
    "3_AQ": "3d_queue",
    "3_AR": "3d_ringing",
    "3_SA": "3d_short",
}


def _figures(of: Records | None = None, period: Period = DAY, **chosen: Any) -> dict[str, Figure]:
    return {each.number: each for each in report(of or records(), period, REPORTED, **chosen)}


def _shown(figure: Figure) -> object:
    """The figure as the example writes it: seconds for durations, two integers for a ratio."""
    numerator = figure.numerator
    if figure.seconds and numerator is not None:
        numerator //= 1000
    if figure.denominator is None:
        return numerator
    if figure.of_time:
        return list(figure.parts)
    return [numerator, figure.denominator]


WITH_TWO_INTEGERS = [
    name
    for name in EXPECTED
    if "_0" not in name and "_1" not in name.removesuffix("_15") and not name.startswith(("9a_S", "10_"))
    and name not in ("11d", "12d", "14d", "3_AI")
]  # fmt: skip


@pytest.mark.parametrize("name", WITH_TWO_INTEGERS)
def test_the_figure_is_what_was_worked_out(name: str) -> None:
    assert _shown(_figures()[NUMBER_OF.get(name, name)]) == EXPECTED[name]


def test_means_are_as_worked_out() -> None:
    figures = _figures()
    assert figures["11d"].value == EXPECTED["11d"]
    assert figures["12d"].value == EXPECTED["12d"]
    assert figures["14d"].value == EXPECTED["14d"]
    assert figures["3c"].numerator == EXPECTED["3_AI"]
    for part in ("10_talk", "10_hold", "10_wrap"):
        numerator = figures[part].numerator
        assert numerator is not None
        assert numerator // 1000 == EXPECTED[part]


@pytest.mark.parametrize("seat", ["S1", "S2", "S3"])
def test_each_seats_occupancy_is_cut_at_midnight(seat: str) -> None:
    assert _shown(_figures(seat=seat)["9a"]) == EXPECTED[f"9a_{seat}"]


@pytest.mark.parametrize("name", [name for name in EXPECTED if name.startswith(("7a_", "7b_"))])
def test_who_waits_at_an_instant(name: str) -> None:
    number, at = name.split("_")
    figures = {each.number: each for each in waiting(records().calls, surely(at))}
    assert _shown(figures[number]) == EXPECTED[name]


HALF_HOURS = {
    "08:30": (1, 1, 1, 0, [1, 1]),
    "09:00": (8, 7, 4, 3, [2, 7]),
    "09:30": (1, 1, 1, 0, [0, 1]),
    "10:00": (2, 1, 0, 0, [0, 1]),
    "23:30": (1, 1, 1, 0, [1, 1]),
}


def test_the_half_hours_add_up_to_the_day() -> None:
    totals = [0, 0, 0, 0]
    for period in half_hours(DAY):
        figures = _figures(period=period)
        row = [figures[number].numerator for number in ("1a", "1b", "2", "3e")]
        totals = [total + (value or 0) for total, value in zip(totals, row, strict=True)]
        local = (period.begins + timedelta(hours=8)).strftime("%H:%M")
        if local in HALF_HOURS:
            *counts, level = HALF_HOURS[local]
            assert (row, _shown(figures["5_15"])) == (counts, level), local
        else:
            assert row == [0, 0, 0, 0], local
            assert figures["3a"].value is figures["4a"].value is figures["6"].value is None, local
    assert totals == [13, 11, 7, 3]
    assert len(half_hours(DAY)) == 48


def test_who_comes_back_by_himself_is_no_duty_any_more() -> None:
    day = records()
    changed = [replace(each, end=RecallEnd.SELF_RETURN, first_attempt=None) if each.number == "13800000007" else each for each in day.recalls]  # fmt: skip  # noqa: E501
    figures = _figures(replace(day, recalls=changed))
    assert [_shown(figures[number]) for number in ("12f", "12_due", "12b", "12c")] == [1, 1, [1, 1], [1, 1]]


def test_moved_by_a_day_nothing_changes() -> None:
    def moved(value: Any) -> Any:
        if isinstance(value, datetime):
            return value + timedelta(days=1)
        if isinstance(value, tuple | list):
            return type(value)(map(moved, value))
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{each.name: moved(getattr(value, each.name)) for each in fields(value)})
        return value

    tomorrow = report(moved(records()), moved(DAY), moved(REPORTED))
    assert tomorrow == report(records(), DAY, REPORTED)
