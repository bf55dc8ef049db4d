"""When a process that ended is started again: at once after a good time, later and later where it dies young."""

from hypothesis import given
from hypothesis import strategies as st

from callcenter.back_off import FIRST_SECONDS, MOST_SECONDS, WELL_SECONDS, BackOff

young = st.floats(min_value=0.0, max_value=WELL_SECONDS, exclude_max=True)
well = st.floats(min_value=WELL_SECONDS, max_value=1e6)
lives = st.lists(st.one_of(young, well), max_size=60)


def test_one_that_is_killed_every_dozen_seconds_is_never_kept_waiting() -> None:
    back_off = BackOff()

    assert [back_off.after(10.0) for _ in range(20)] == [0.0] * 20


def test_one_that_dies_as_soon_as_it_is_there_is_started_ever_later() -> None:
    back_off = BackOff()

    assert [back_off.after(0.0) for _ in range(7)] == [0.3, 0.6, 1.2, 2.4, 4.8, 5.0, 5.0]


@given(before=lives, good=well)
def test_a_good_time_wipes_out_all_that_was_before(before: list[float], good: float) -> None:
    back_off = BackOff()
    for life in before:
        back_off.after(life)

    assert back_off.after(good) == 0.0
    assert back_off.after(0.0) == FIRST_SECONDS


@given(before=lives, short=young)
def test_after_a_short_life_there_is_always_a_pause_and_never_a_long_one(before: list[float], short: float) -> None:
    back_off = BackOff()
    for life in before:
        back_off.after(life)

    assert FIRST_SECONDS <= back_off.after(short) <= MOST_SECONDS


@given(shorts=st.lists(young, min_size=2, max_size=2000))
def test_in_a_loop_of_short_lives_no_pause_is_shorter_than_the_one_before(shorts: list[float]) -> None:
    back_off = BackOff()
    pauses = [back_off.after(short) for short in shorts]

    assert pauses == sorted(pauses)
