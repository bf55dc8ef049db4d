"""A clock that is stepped: the time that is told goes on, and the new one is taken over when it may be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain.calls import CallState
from callcenter.domain.exchange import Moment
from callcenter.domain.facts import ClockStepped, SeatChanged
from callcenter.domain.figures.reading import Reader
from callcenter.domain.ids import CallId
from callcenter.domain.seats import Seat, SeatState
from callcenter.domain.steady_time import SteadyTime
from callcenter.domain.wishes import ReturnToLine
from tests.support.exchange_story import Story

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def after(seconds: float, *, stepped: timedelta = timedelta(0)) -> tuple[datetime, float]:
    """The readings of both clocks so many seconds after noon."""
    return NOON + timedelta(seconds=seconds) + stepped, 100.0 + seconds


@given(st.lists(st.tuples(st.floats(0.05, 600), st.sampled_from([-3600, 0, 0, 3600])), min_size=1, max_size=20))
def test_the_time_that_is_told_never_steps_and_every_step_is_found(story: list[tuple[float, int]]) -> None:
    steady, seconds, stepped = SteadyTime(), 0.0, 0
    steady.told(*after(0))

    for passes, step in story:
        seconds, stepped = seconds + passes, stepped + step
        told = steady.told(*after(seconds, stepped=timedelta(seconds=stepped)))
        assert abs(told - after(seconds)[0]) < timedelta(milliseconds=1)

    assert [round(step) for step in steady.take_steps()] == [step for _, step in story if step]
    assert steady.take_steps() == []
    assert round(steady.take_over()) == stepped
    now, mono = after(seconds, stepped=timedelta(seconds=stepped))
    assert steady.told(now, mono) == now, "taken over, it is the machine's own time"


@given(
    st.lists(
        st.tuples(st.floats(0.05, 600), st.sampled_from([-3600, 0, 0, 3600]), st.booleans()), min_size=1, max_size=20
    )
)
def test_a_process_that_is_killed_leaves_its_time_to_the_next(story: list[tuple[float, int, bool]]) -> None:
    steady, seconds, stepped, found = SteadyTime(), 0.0, 0, list[float]()
    steady.told(*after(0))

    for passes, step, killed in story:
        if killed:
            found += steady.take_steps()
            steady = SteadyTime(steady.kept)
        seconds, stepped = seconds + passes, stepped + step
        told = steady.told(*after(seconds, stepped=timedelta(seconds=stepped)))
        assert abs(told - after(seconds)[0]) < timedelta(milliseconds=1)

    found += steady.take_steps()
    assert [round(step) for step in found] == [step for _, step, _ in story if step], "each is found once"
    assert round(steady.take_over()) == stepped


def test_a_clock_that_is_set_right_by_and_by_is_followed() -> None:
    steady = SteadyTime()

    for second in range(1000):
        wall, mono = after(second, stepped=timedelta(seconds=second * 0.0005))
        assert steady.told(wall, mono) == wall

    assert steady.take_steps() == []


def test_what_asterisk_read_before_the_step_and_after_it_is_dated_alike() -> None:
    steady = SteadyTime()
    steady.told(*after(0))
    now = steady.told(*after(1, stepped=-HOUR))

    before, since = after(0.9)[0], after(0.95, stepped=-HOUR)[0]

    assert steady.corrected(before, now) == before
    assert abs(steady.corrected(since, now) - after(0.95)[0]) < timedelta(milliseconds=1)


def test_callers_in_the_line_begin_their_turn_anew_when_the_clock_is_set_back() -> None:
    story = Story()
    story.arrives("A")
    story.waits("A")

    decision = story.exchange.set_clock(-3600.0, story.now, taken_over=False)

    assert decision.wishes == (ReturnToLine(call_id=CallId("A")),)
    assert story.exchange.calls[0].state is CallState.QUEUED
    assert story.exchange.set_clock(3600.0, story.now, taken_over=False).wishes == ()


def test_a_seat_has_been_ready_for_as_long_as_before_when_the_new_time_is_taken_over() -> None:
    ready = Seat(extension="8001", operator="1", state=SeatState.READY, since=NOON, idle_since=NOON)
    story = Story()
    now = Moment(wall=story.now.wall - HOUR, mono=story.now.mono)
    before = {seat.extension: story.now.wall - seat.since for seat in story.exchange.seats}

    decision = story.exchange.set_clock(-3600.0, now, taken_over=True)

    assert {seat.extension: now.wall - seat.since for seat in story.exchange.seats} == before
    assert all(isinstance(fact, SeatChanged) and fact.at == now.wall for fact, _ in decision.facts)
    reader = Reader()
    reader.take(SeatChanged(at=NOON, seat=ready))
    stepped = ClockStepped(at=NOON - HOUR + timedelta(minutes=10), seconds=-3600, taken_over=True)
    reader.take_all([stepped, stepped])
    [span] = reader.open_spans(stepped.at + timedelta(minutes=5))
    assert span.ends - span.begins == timedelta(minutes=15)
