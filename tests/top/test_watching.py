"""What this site sets to be an alarm."""

from datetime import datetime

import pytest

from callcenter.settings import Settings
from callcenter.watching import watch_rules


@pytest.mark.parametrize(
    ("hours", "within", "without"),
    [
        ("08:00-20:00", ["08:00", "19:59"], ["07:59", "20:00"]),
        ("20:00-08:00", ["20:00", "23:59", "00:00", "07:59"], ["08:00", "19:59"]),
        ("00:00-24:00", ["00:00", "12:00", "23:59"], []),
        ("", [], ["00:00", "12:00"]),
    ],
)
def test_hours_of_duty_are_read_as_people_write_them(hours: str, within: list[str], without: list[str]) -> None:
    duty = watch_rules(Settings(duty_hours=hours)).duty

    def covered(at: str) -> bool:
        return any(each.covers(datetime.fromisoformat(f"2026-11-24T{at}:00+08:00")) for each in duty)

    assert all(covered(at) for at in within)
    assert not any(covered(at) for at in without)


def test_a_value_must_come_down_by_a_quarter_before_it_is_well_again() -> None:
    rules = watch_rules(Settings(alarm_longest_wait_seconds=40, alarm_abandon_percent=8))

    assert (rules.longest_wait.raise_at, rules.longest_wait.clear_at) == (40, 30)
    assert (rules.abandon_percent.raise_at, rules.abandon_percent.clear_at) == (8, 6)
