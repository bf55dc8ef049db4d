from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain.rings import kept_promise, ring_at

INVITE = datetime(2026, 11, 24, 1, 0, 0, 999_000, tzinfo=UTC)


@pytest.mark.article("TN-11a", "JJ-4.3.4-3")
@pytest.mark.parametrize(
    ("milliseconds", "ring"),
    [(0, 1), (4_999, 1), (5_000, 2), (10_002, 3), (14_999, 3), (15_000, 4), (20_000, 5)],
)
def test_a_ring_is_counted_from_event_times_to_the_millisecond(milliseconds: int, ring: int) -> None:
    heard = INVITE + timedelta(milliseconds=milliseconds)

    assert ring_at(INVITE, heard) == ring
    assert kept_promise(INVITE, heard) is (milliseconds < 15_000)


def test_a_clock_that_stepped_back_makes_no_ring_before_the_first() -> None:
    assert ring_at(INVITE, INVITE - timedelta(seconds=7)) == 1


@given(st.integers(0, 600_000), st.integers(0, 600_000))
def test_a_longer_wait_is_never_fewer_rings(first: int, second: int) -> None:
    shorter, longer = sorted((first, second))

    assert ring_at(INVITE, INVITE + timedelta(milliseconds=shorter)) <= ring_at(
        INVITE, INVITE + timedelta(milliseconds=longer)
    )
