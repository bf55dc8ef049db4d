"""The figures of each queue and seat, followed as the day goes on: at any moment what is reckoned afresh of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.domain.facts import (
    CallArrived,
    CallQueued,
    CallRinging,
    CallTalking,
    ClockStepped,
    Fact,
    RecallChanged,
    SeatChanged,
    TicketStands,
)
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import Records, Talk
from callcenter.domain.figures.report import is_provisional, report
from callcenter.domain.figures.running import Running
from callcenter.domain.figures.scope import WHOLE, Scope
from callcenter.domain.ids import CallId, LegId, RecallId, TicketId
from callcenter.domain.recalls import Recall
from callcenter.domain.seats import Seat, SeatState
from callcenter.domain.tickets import Standing, TicketState
from tests.domain.figures.example_day import DAY
from tests.domain.figures.random_days import Day

SEEDS = st.integers(0, 2**32)
SOME = settings(max_examples=25, deadline=None)
QUEUES = ("hotline", "english", "night")
SCOPES = [WHOLE, *(Scope(queue=name) for name in QUEUES), *(Scope(seat=f"80{number:02d}") for number in range(5))]
"""Those of a made-up day; at the last of the seats nobody signs in."""
NINE = DAY.begins + timedelta(hours=9)


def a_day(seed: int, calls: int) -> list[Fact]:
    """A made-up day on which callers also go over to other queues, and somebody sets the clock."""
    return list(_with_moves(Day(seed, calls=calls).facts, Random(seed)))


def _with_moves(facts: Sequence[Fact], chance: Random) -> Iterator[Fact]:
    for fact in facts:
        yield fact
        if isinstance(fact, CallQueued | CallRinging | CallTalking) and chance.random() < 0.1:
            yield CallQueued(at=fact.at, call_id=fact.call_id, queue=chance.choice(QUEUES))
        if isinstance(fact, SeatChanged) and chance.random() < 0.02:
            yield ClockStepped(at=fact.at, seconds=chance.uniform(-20, 20), taken_over=True)


def latest(facts: Sequence[Fact]) -> datetime:
    return max((fact.at for fact in facts), default=DAY.begins)


def read(facts: Sequence[Fact], at: datetime) -> Records:
    return Reader().take_all(facts).records(at)


def afresh(records: Records, at: datetime, scope: Scope) -> dict[str, Figure]:
    """Reckon as is done for whoever asks."""
    return by_number(report(records, DAY, at, queue=scope.queue, seat=scope.seat))


def by_number(figures: Sequence[Figure]) -> dict[str, Figure]:
    return {each.number: each for each in figures}


@given(SEEDS, st.integers(0, 60), st.floats(0, 1))
@SOME
def test_of_each_at_any_moment_it_is_what_is_reckoned_afresh(seed: int, calls: int, part: float) -> None:
    facts, looks = a_day(seed, calls), Random(seed)
    facts = facts[: int(part * len(facts))]
    at = latest(facts)
    running = Running(DAY)

    for number, fact in enumerate(facts):
        running.take(fact)
        if looks.random() < 0.1:
            running.figures(latest(facts[: number + 1]), looks.choice(SCOPES))

    records = read(facts, at)
    for scope in SCOPES:
        assert by_number(running.figures(at, scope)) == afresh(records, at, scope), scope
    assert running.is_provisional(at) == is_provisional(records.calls, DAY, at)


@given(SEEDS, st.integers(0, 60), st.floats(0, 1), st.integers(1, 40))
@SOME
def test_of_whom_no_change_is_told_nothing_changed_but_by_time(seed: int, calls: int, part: float, more: int) -> None:
    facts = a_day(seed, calls)
    known = int(part * len(facts))
    before, after = facts[:known], facts[: known + more]
    running = Running(DAY)
    for fact in before:
        running.take(fact)
    told = running.changed(latest(before))

    for fact in after[known:]:
        running.take(fact)

    at = latest(after)
    changed = running.changed(at)
    assert told | changed <= {*SCOPES} - {WHOLE}
    was, are = read(before, at), read(after, at)
    for scope in told - changed:
        assert afresh(was, at, scope) == afresh(are, at, scope), scope
    assert not running.changed(at), "it is said once"


def talk(call_id: str, seat: str, at: datetime, caller: str, queue: str = "hotline") -> list[Fact]:
    call, leg = CallId(call_id), LegId(f"{call_id}-1")
    return [
        CallArrived(at=at, call_id=call, caller=caller),
        CallQueued(at=at + timedelta(seconds=1), call_id=call, queue=queue),
        CallRinging(at=at + timedelta(seconds=2), call_id=call, seat=seat, leg_id=leg),
        CallTalking(at=at + timedelta(seconds=5), call_id=call, seat=seat, leg_id=leg),
    ]


def filed(call_id: str, category: str, at: datetime) -> TicketStands:
    standing = Standing(version=2, state=TicketState.FILED, category=category, filed=at, call_ids=(CallId(call_id),))
    return TicketStands(at=at, ticket_id=TicketId(call_id), standing=standing, call_id=CallId(call_id))


def changed_by(running: Running, *facts: Fact) -> set[Scope]:
    running.changed(NINE)
    for fact in facts:
        running.take(fact)
    return running.changed(NINE + timedelta(hours=1))


def test_a_seat_that_moves_changes_itself_and_every_queue() -> None:
    running = Running(DAY)
    for fact in [*talk("a", "8000", NINE, "1"), *talk("b", "8001", NINE, "2", queue="english")]:
        running.take(fact)

    seat = Seat(extension="8002", operator="o", state=SeatState.BREAK, since=NINE, idle_since=NINE)

    assert changed_by(running, SeatChanged(at=NINE, seat=seat)) == {
        Scope(seat="8002"),
        Scope(queue="hotline"),
        Scope(queue="english"),
    }
    assert not changed_by(running, SeatChanged(at=NINE, seat=seat)), "told again, it is nothing new"


def test_a_caller_who_calls_again_changes_the_seat_that_had_him_before() -> None:
    running = Running(DAY)
    for fact in [*talk("a", "8000", NINE, "1"), *talk("b", "8001", NINE, "2"), filed("a", "供水", NINE)]:
        running.take(fact)
    again = talk("c", "8002", NINE + timedelta(minutes=5), "1")
    assert changed_by(running, *again) == {Scope(seat="8002"), Scope(queue="hotline")}

    of_the_same = changed_by(running, filed("c", "供水", NINE + timedelta(minutes=6)))

    assert of_the_same == {Scope(seat="8000"), Scope(seat="8002"), Scope(queue="hotline")}


def test_so_does_the_ticket_of_a_call_of_last_week() -> None:
    earlier = Talk(id="old", caller="1", matter=None, t0=NINE - timedelta(days=3), t5=NINE - timedelta(days=3))
    running = Running(DAY, talks=[earlier])
    for fact in [*talk("a", "8000", NINE, "1"), *talk("b", "8001", NINE, "2"), filed("a", "供水", NINE)]:
        running.take(fact)

    assert changed_by(running, filed("old", "供水", NINE)) == {Scope(seat="8000"), Scope(queue="hotline")}
    assert by_number(running.figures(NINE + timedelta(hours=1), Scope(seat="8000")))["13b"].numerator == 1


def test_a_call_that_goes_over_to_another_queue_counts_there_alone() -> None:
    running, call = Running(DAY), CallId("a")
    for fact in talk("a", "8000", NINE, "1")[:2]:
        running.take(fact)

    moved = changed_by(running, CallQueued(at=NINE + timedelta(seconds=9), call_id=call, queue="english"))

    assert moved == {Scope(queue="hotline"), Scope(queue="english")}
    at = NINE + timedelta(minutes=1)
    counts = {name: by_number(running.figures(at, Scope(queue=name)))["1b"].numerator for name in QUEUES}
    assert counts == {"hotline": 0, "english": 1, "night": 0}


def test_a_duty_to_call_back_is_its_queues() -> None:
    recall = Recall(id=RecallId("r"), caller="1", queue="hotline", opened=NINE, due=NINE + timedelta(minutes=30))

    assert changed_by(Running(DAY), RecallChanged(at=NINE, recall=recall)) == {Scope(queue="hotline")}


def test_who_is_in_the_menu_is_nobodys() -> None:
    call = CallId("a")
    assert not changed_by(Running(DAY), CallArrived(at=NINE, call_id=call, caller="1"))


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_so_it_is_with_two_hundred_seats() -> None:
    facts = Day(1, calls=4_000, seats=200).facts
    running, at = Running(DAY), latest(facts)
    for fact in facts:
        running.take(fact)

    records = read(facts, at)
    for scope in (Scope(queue="hotline"), *(Scope(seat=f"80{number:02d}") for number in range(0, 200, 25))):
        assert by_number(running.figures(at, scope)) == afresh(records, at, scope), scope
