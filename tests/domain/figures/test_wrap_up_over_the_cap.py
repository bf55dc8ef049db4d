"""Writing up for more than 120 s is a pause from then on, "wrap over cap" (kpis.md §0.3, §9)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.domain.exchange import Policy
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.report import report
from callcenter.domain.figures.running import Running
from callcenter.domain.figures.scope import WHOLE, Scope
from callcenter.domain.seats import SeatState
from tests.domain.figures.example_day import DAY
from tests.domain.figures.test_phones_that_go import BREAK, GONE, OFFLINE, READY, TALKING, WRAP_UP, at, seat_is, spent
from tests.support.exchange_story import Story

WRITES = [seat_is(TALKING, 0), seat_is(WRAP_UP, 60), seat_is(READY, 500)]


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        (180, [(TALKING, 0, 60), (WRAP_UP, 60, 180), (READY, 180, 400)]),
        (181, [(TALKING, 0, 60), (WRAP_UP, 60, 180), (BREAK, 180, 181), (READY, 181, 400)]),
    ],
)
def test_what_is_over_the_cap_is_a_pause(ready: float, expected: list[tuple[SeatState, float, float]]) -> None:
    facts = [seat_is(TALKING, 0), seat_is(WRAP_UP, 60), seat_is(READY, ready)]

    assert spent(facts, 400) == expected


def test_it_is_so_while_it_goes_on() -> None:
    facts = [seat_is(TALKING, 0), seat_is(WRAP_UP, 60)]

    assert spent(facts, 150)[1:] == [(WRAP_UP, 60, 150)]
    assert spent(facts, 300)[1:] == [(WRAP_UP, 60, 180), (BREAK, 180, 300)]


def test_a_phone_that_goes_and_comes_begins_no_new_wrap_up() -> None:
    facts = [
        seat_is(WRAP_UP, 0),
        seat_is(WRAP_UP, 0, GONE, told=110),
        seat_is(WRAP_UP, 0, told=130),
        seat_is(WRAP_UP, 0, GONE, told=200),
    ]

    assert spent(facts, 210) == [(WRAP_UP, 0, 120), (BREAK, 120, 210)]
    assert spent(facts, 300) == [(WRAP_UP, 0, 120), (BREAK, 120, 200), (OFFLINE, 200, 300)]


def test_in_the_handling_time_a_wrap_up_counts_up_to_the_cap() -> None:
    story = Story(ready=["8001"], policy=Policy(wrap_up_seconds=300))
    story.talking("A")
    story.seconds += 60
    story.leaves("A")
    story.leg_ends("A")
    for _ in range(32):
        story.pass_time(10)

    assert story.seat("8001").state is READY
    (call,) = Reader().take_all(story.facts).records(story.at).calls
    assert call.stints[0].wrap == timedelta(seconds=120)


def test_the_live_figures_say_the_same() -> None:
    begun = DAY.begins + timedelta(hours=9) - at(0)
    facts = [
        replace(fact, at=fact.at + begun, seat=replace(fact.seat, since=fact.seat.since + begun)) for fact in WRITES
    ]
    for second in (100, 181, 400, 600):
        now = at(second) + begun
        known = [fact for fact in facts if fact.at <= now]
        running = Running(DAY)
        for fact in known:
            running.take(fact)
        found = report(Reader().take_all(known).records(now), DAY, now)
        for scope in (WHOLE, Scope(seat="8001")):
            assert nine(running.figures(now, scope)) == nine(found)


def nine(figures: Sequence[Figure]) -> list[Figure]:
    return [figure for figure in figures if figure.number in ("9a", "9b")]
