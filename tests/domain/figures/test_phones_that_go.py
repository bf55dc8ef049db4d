"""A seat whose phone is gone for more than 30 s is not staffed, dated back to when it went (kpis.md §9)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

import pytest

from callcenter.domain.facts import ClockStepped, Fact, SeatChanged
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import Period, SeatSpan
from callcenter.domain.figures.report import report
from callcenter.domain.figures.running import Running
from callcenter.domain.figures.scope import Scope
from callcenter.domain.seats import Phone, Seat, SeatState
from tests.domain.figures.example_day import DAY
from tests.support.exchange_story import BEGIN, Story

THERE, GONE = Phone.REGISTERED, Phone.MISSING
READY, TALKING, WRAP_UP, BREAK, OFFLINE = (
    SeatState.READY,
    SeatState.TALKING,
    SeatState.WRAP_UP,
    SeatState.BREAK,
    SeatState.OFFLINE,
)


def at(second: float) -> datetime:
    return BEGIN + timedelta(seconds=second)


def seat_is(state: SeatState, since: float, phone: Phone = THERE, *, told: float | None = None) -> SeatChanged:
    """A seat in this state since then; `told`: what is new is its phone, and that at this second."""
    seat = Seat(extension="8001", operator="o", state=state, since=at(since), idle_since=BEGIN, phone=phone)
    return SeatChanged(at=at(since if told is None else told), seat=seat)


def spent(facts: Sequence[Fact], now: float) -> list[tuple[SeatState, float, float]]:
    """What the seat did, in seconds; what is the same before and after is one stretch."""
    spans: Sequence[SeatSpan] = [s for s in Reader().take_all(facts).records(at(now)).spans if s.ends > s.begins]
    found = []
    for state, same in groupby(spans, key=lambda span: span.state):
        together = list(same)
        begins, ends = together[0].begins - BEGIN, together[-1].ends - BEGIN
        found.append((state, begins.total_seconds(), ends.total_seconds()))
    return found


def on_duty(facts: Sequence[Fact], now: float) -> float:
    spans = Reader().take_all(facts).records(at(now)).spans
    return sum((span.ends - span.begins).total_seconds() for span in spans if span.state is not OFFLINE)


def test_a_phone_that_is_gone_for_long_signs_the_seat_out_from_when_it_went_until_it_is_back() -> None:
    facts = [seat_is(READY, 0), seat_is(READY, 0, GONE, told=100), seat_is(READY, 0, told=400)]

    assert spent(facts, 500) == [(READY, 0, 100), (OFFLINE, 100, 400), (READY, 400, 500)]


@pytest.mark.parametrize(("back", "staffed"), [(130, 500), (130.001, 469.999)])
def test_one_that_is_back_within_thirty_seconds_changes_nothing(back: float, staffed: float) -> None:
    facts = [seat_is(READY, 0), seat_is(READY, 0, GONE, told=100), seat_is(READY, 0, told=back)]

    assert on_duty(facts, 500) == pytest.approx(staffed)


def test_while_it_is_gone_nobody_is_signed_out_before_the_thirty_seconds_are_over() -> None:
    facts = [seat_is(READY, 0), seat_is(READY, 0, GONE, told=100)]

    assert [on_duty(facts, now) for now in (120, 130, 131, 200)] == [120, 130, 100, 100]


def test_a_talk_counts_though_the_phone_is_gone_and_what_follows_does_not() -> None:
    facts = [
        seat_is(TALKING, 0),
        seat_is(TALKING, 0, GONE, told=50),
        seat_is(WRAP_UP, 100, GONE),
        seat_is(READY, 125, GONE),
        seat_is(READY, 125, told=140),
    ]

    assert spent(facts, 150) == [(TALKING, 0, 100), (OFFLINE, 100, 140), (READY, 140, 150)]


def test_a_talk_ends_the_wait_for_the_phone() -> None:
    facts = [
        seat_is(READY, 0),
        seat_is(READY, 0, GONE, told=80),
        seat_is(TALKING, 100, GONE),
        seat_is(BREAK, 110, GONE),
        seat_is(BREAK, 110, told=135),
    ]

    assert spent(facts, 200) == [(READY, 0, 100), (TALKING, 100, 110), (BREAK, 110, 200)]


def test_who_signs_out_while_his_phone_is_gone_had_gone_with_it() -> None:
    facts = [seat_is(READY, 0), seat_is(READY, 0, GONE, told=100), seat_is(OFFLINE, 110, GONE)]

    assert [on_duty(facts, now) for now in (120, 200)] == [110, 100]


def test_a_wrap_up_whose_phone_goes_is_written_up_all_the_same() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    story.seconds += 60
    story.leaves("A")
    story.leg_ends("A")
    story.pass_time(10)
    story.phone("8001", registered=False)
    story.pass_time(20)
    story.pass_time(20)

    (call,) = Reader().take_all(story.facts).records(story.at).calls
    assert call.stints[0].wrap == timedelta(seconds=30)


def test_a_clock_that_is_set_makes_no_absence_longer_or_shorter() -> None:
    facts = [seat_is(READY, 0), seat_is(READY, 0, GONE, told=100)]
    step = ClockStepped(at=at(110), seconds=-60, taken_over=True)
    back = seat_is(READY, -60, told=65)

    assert on_duty([*facts, step, back], 70) == on_duty([*facts, seat_is(READY, 0, told=125)], 130)


def test_the_exchanges_own_word_of_a_phone_that_goes_and_comes_back() -> None:
    story = Story(ready=["8001"])
    story.pass_time(600)
    story.phone("8001", registered=False)
    story.pass_time(300)
    story.phone("8001", registered=True)
    story.pass_time(100)

    assert story.seat("8001").state is READY, "the figures alone say so"
    assert on_duty(story.facts, story.seconds) == 700


def test_a_phone_that_goes_is_told_as_a_change_of_the_seat() -> None:
    running, nine = Running(DAY), DAY.begins + timedelta(hours=9)
    seat = Seat(extension="8001", operator="o", state=READY, since=nine, idle_since=nine, phone=THERE)
    running.take(SeatChanged(at=nine, seat=seat))
    running.changed(nine)

    gone = Seat(extension="8001", operator="o", state=READY, since=nine, idle_since=nine, phone=GONE)
    running.take(SeatChanged(at=nine + timedelta(minutes=1), seat=gone))
    later = nine + timedelta(minutes=2)

    assert running.changed(later) == {Scope(seat="8001")}
    assert _utilisation(running.figures(later)).denominator == 60_000


def test_the_state_told_last_of_a_seat_says_that_its_phone_is_gone() -> None:
    facts = [seat_is(READY, 0, GONE, told=100), seat_is(READY, 0, told=200)]
    found = report(Reader().take_all(facts).records(at(300)), Period(at(0), at(300)), at(300))

    assert _utilisation(found).denominator == 200_000


def _utilisation(figures: Sequence[Figure]) -> Figure:
    return next(figure for figure in figures if figure.number == "9b")
