"""Alarms: raised once, cleared once, and never in a hurry."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenter.domain.alarms import ALARMS, DISK_LOW, LONGEST_WAIT, Alarm, AlarmBook, Threshold, kind_of
from callcenter.domain.facts import AlarmCleared, AlarmRaised

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


class Day:
    """A book of alarms, and time that passes."""

    def __init__(self) -> None:
        self.book = AlarmBook()
        self.mono = 100.0
        self.facts: list[AlarmRaised | AlarmCleared] = []

    def told(self, name: str, *, bad: bool, detail: str = "why") -> None:
        if bad:
            self.book.bad(name, detail, mono=self.mono)
        else:
            self.book.well(name, mono=self.mono)
        self.look()

    def passes(self, seconds: float) -> None:
        self.mono += seconds
        self.look()

    def look(self) -> None:
        self.facts += self.book.due(wall=NOON + timedelta(seconds=self.mono), mono=self.mono)

    def kinds(self) -> list[str]:
        return [fact.kind for fact in self.facts]


def test_what_is_bad_for_long_enough_is_raised_and_what_is_well_for_long_enough_is_cleared() -> None:
    day, kind = Day(), ALARMS[LONGEST_WAIT]
    day.told(LONGEST_WAIT, bad=True)
    day.passes(kind.raise_after - 0.1)
    assert day.kinds() == []
    day.passes(0.1)
    assert [alarm.name for alarm in day.book.standing] == [LONGEST_WAIT]
    day.told(LONGEST_WAIT, bad=False)
    day.passes(kind.clear_after - 0.1)
    assert day.kinds() == ["alarm.raised"]
    day.passes(0.1)
    assert day.kinds() == ["alarm.raised", "alarm.cleared"]
    assert day.book.standing == []


def test_what_flickers_faster_than_it_must_hold_changes_nothing() -> None:
    day, kind = Day(), ALARMS[LONGEST_WAIT]
    for _ in range(50):
        day.told(LONGEST_WAIT, bad=True)
        day.passes(kind.raise_after * 0.9)
        day.told(LONGEST_WAIT, bad=False)
        day.passes(0.1)
    assert day.kinds() == []


def test_an_alarm_of_an_earlier_controller_is_cleared_by_this_one() -> None:
    day = Day()
    day.book.restore([Alarm(name=DISK_LOW, detail="little", since=NOON)])
    day.told(DISK_LOW, bad=True)
    assert day.kinds() == [], "it was raised already"
    day.told(DISK_LOW, bad=False)
    day.passes(ALARMS[DISK_LOW].clear_after)
    assert day.kinds() == ["alarm.cleared"]


def test_the_detail_is_that_of_the_moment_when_it_began() -> None:
    day = Day()
    day.told("x", bad=True, detail="first")
    day.told("x", bad=True, detail="second")
    assert [alarm.detail for alarm in day.book.standing] == ["first"]


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["bad", "well", "time"]),
        st.sampled_from([*ALARMS, "one_that_is_not_in_the_list"]),
        st.floats(0, 200, allow_nan=False),
    ),
    max_size=80,
)


def _last_run(told: list[tuple[float, bool]]) -> list[tuple[float, bool]]:
    """What was told without a break up to now, all of it bad or all of it well."""
    run: list[tuple[float, bool]] = []
    for mono, bad in reversed(told):
        if run and run[0][1] is not bad:
            break
        run.insert(0, (mono, bad))
    return run


@example([("bad", "database", 0.0), ("time", "database", 5.0), ("well", "database", 0.0), ("bad", "database", 0.0)])
@given(_STEPS)
def test_whatever_is_told_each_raise_has_one_clear_and_both_have_held(steps: list[tuple[str, str, float]]) -> None:
    day = Day()
    told: dict[str, list[tuple[float, bool]]] = {}
    seen: dict[str, list[tuple[float, bool, int]]] = {}
    for what, name, seconds in steps:
        before = len(day.facts)
        if what == "time":
            day.passes(seconds)
        else:
            told.setdefault(name, []).append((day.mono, what == "bad"))
            day.told(name, bad=what == "bad")
        for fact in day.facts[before:]:
            so_far = len(told[fact.name])
            seen.setdefault(fact.name, []).append((day.mono, isinstance(fact, AlarmRaised), so_far))

    for name, changes in seen.items():
        kind = kind_of(name)
        assert [raised for _, raised, _ in changes] == [index % 2 == 0 for index in range(len(changes))], "by turns"
        for at, raised, so_far in changes:
            run = [mono for mono, bad in _last_run(told[name][:so_far]) if bad is raised]
            held = kind.raise_after if raised else kind.clear_after
            assert run, "nobody said so"
            assert at - run[0] >= held - 1e-6
    standing = {alarm.name for alarm in day.book.standing}
    assert standing == {name for name, changes in seen.items() if changes[-1][1]}


@given(
    levels=st.tuples(st.floats(0, 100), st.floats(0, 100)).filter(lambda both: both[0] != both[1]),
    value=st.floats(-10, 110),
)
def test_between_the_two_levels_it_stays_as_it_was(levels: tuple[float, float], value: float) -> None:
    threshold = Threshold(raise_at=levels[0], clear_at=levels[1])
    low, high = sorted(levels)
    if low < value < high:
        assert threshold.is_bad(value, stands=True)
        assert not threshold.is_bad(value, stands=False)
    else:
        assert threshold.is_bad(value, stands=True) == threshold.is_bad(value, stands=False)


def test_one_level_for_both_would_flap() -> None:
    with pytest.raises(ValueError, match="two different levels"):
        Threshold(raise_at=60, clear_at=60)


def test_nothing_to_go_by_is_not_bad() -> None:
    assert not Threshold(raise_at=5, clear_at=4).is_bad(None, stands=True)


def test_every_alarm_says_in_chinese_what_it_is_and_what_to_do() -> None:
    for kind in ALARMS.values():
        assert any("\u4e00" <= letter <= "\u9fff" for letter in kind.chinese)
        assert kind.advice.endswith("。")
        assert kind.clear_after > 0, kind.name
