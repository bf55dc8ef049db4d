"""Who is offered whom."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain.distribution import WaitingCaller, caller_key, choose, seat_key
from callcenter.domain.ids import CallId
from callcenter.domain.seats import Seat
from tests.support.exchange_story import BEGIN


def free(extension: str, idle_since: datetime = BEGIN) -> Seat:
    return Seat(extension=extension, operator="李明", since=BEGIN, idle_since=idle_since)


MOMENTS = st.integers(0, 3).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
CALLERS = st.lists(
    st.builds(
        WaitingCaller,
        call_id=st.integers(0, 99).map(lambda n: CallId(f"call-{n}")),
        queue=st.just("hotline"),
        since=MOMENTS,
        order=st.integers(0, 3),
    ),
    unique_by=lambda caller: caller.call_id,
    max_size=8,
)
FREE = st.lists(
    st.builds(free, st.integers(8001, 8010).map(str), MOMENTS),
    unique_by=lambda seat: seat.extension,
    max_size=8,
)


@given(CALLERS, FREE)
def test_the_longest_waiting_get_the_longest_idle_and_nobody_stands_in_two_pairs(
    callers: list[WaitingCaller], seats: list[Seat]
) -> None:
    pairs = choose(callers, seats)

    assert len(pairs) == min(len(callers), len(seats))
    assert [caller for caller, _ in pairs] == sorted(callers, key=caller_key)[: len(pairs)]
    assert [seat for _, seat in pairs] == sorted(seats, key=seat_key)[: len(pairs)]
    assert len({caller.call_id for caller, _ in pairs}) == len({seat.extension for _, seat in pairs}) == len(pairs)


@given(CALLERS, FREE)
def test_the_choice_does_not_hang_on_the_order_in_which_they_are_named(
    callers: list[WaitingCaller], seats: list[Seat]
) -> None:
    assert choose(callers[::-1], seats[::-1]) == choose(callers, seats)


def test_of_two_seats_idle_for_the_same_time_the_lower_extension_is_offered() -> None:
    caller = WaitingCaller(call_id=CallId("A"), queue="hotline", since=BEGIN, order=1)
    seats = [free(e) for e in ("8002", "8001")]

    assert choose([caller], seats) == [(caller, seats[1])]


def test_of_two_callers_of_the_same_instant_the_one_who_arrived_first_is_served() -> None:
    callers = [WaitingCaller(call_id=CallId(c), queue="hotline", since=BEGIN, order=o) for c, o in (("A", 2), ("B", 1))]

    assert choose(callers, [free("8001")])[0][0].call_id == "B"
