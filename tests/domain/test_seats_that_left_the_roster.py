"""A seat that the roster has no more is signed out once, so that no figure counts it as on duty for days."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.domain.exchange import Exchange, Moment, Policy
from callcenter.domain.facts import Fact, SeatChanged
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import Period
from callcenter.domain.figures.seats import time_in
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.telephony import LinkRestored
from tests.support.exchange_story import BEGIN, roster

NOW = BEGIN + timedelta(hours=1)
SIGNED_IN = replace(roster(["8009"])["8009"], state=SeatState.READY, phone=Phone.REGISTERED, missed=1)


def noted_at_the_start(*last: Seat) -> Sequence[Fact]:
    """What a controller notes first whose roster has the seat 8001 alone."""
    now = Moment(wall=NOW, mono=0)
    exchange = Exchange(Policy(), roster(["8001"]), new_id=lambda: "leg", now=now)
    exchange.restore([], last, now)
    decision = exchange.handle(LinkRestored(at=NOW, calls=(), seats_registered=frozenset()), now)
    assert [seat.extension for seat in exchange.seats] == ["8001"]
    return [fact for fact, _ in decision.facts]


@pytest.mark.parametrize("state", [SeatState.READY, SeatState.RINGING, SeatState.TALKING, SeatState.BREAK])
def test_a_seat_that_left_the_roster_is_signed_out_as_found_out_afterwards(state: SeatState) -> None:
    seat = replace(SIGNED_IN, state=state)

    assert noted_at_the_start(seat) == [
        SeatChanged(at=NOW, seat=replace(seat, state=SeatState.OFFLINE, since=NOW, missed=0), recovered=True)
    ]


def test_one_that_is_signed_out_already_is_not_told_of_again() -> None:
    (told,) = noted_at_the_start(SIGNED_IN)
    assert isinstance(told, SeatChanged)

    assert not noted_at_the_start(told.seat)


def test_the_figures_count_its_time_up_to_then() -> None:
    facts = [SeatChanged(at=BEGIN, seat=SIGNED_IN), *noted_at_the_start(SIGNED_IN)]
    later = NOW + timedelta(days=3)

    spans = Reader().take_all(facts).records(later).spans

    assert time_in(spans, Period(BEGIN, later)) == timedelta(hours=1)
