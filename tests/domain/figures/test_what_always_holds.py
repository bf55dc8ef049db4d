"""What holds of the figures of any day (kpis.md §18), tried on days that are made up."""

import itertools
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TypeGuard

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import callcenter
from callcenter.domain.calls import Call, Outcome
from callcenter.domain.facts import CallFailed, CallMissed, CallRefused, Fact, OfCall, SeatChanged
from callcenter.domain.figures.catalogue import DEFINITIONS
from callcenter.domain.figures.figure import MS, Figure
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import CallRecord, OfferResult, Period, whole_ms
from callcenter.domain.figures.report import half_hours, report, reports
from callcenter.domain.figures.running import Running
from callcenter.domain.figures.seats import time_in
from callcenter.domain.fold import apply
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.office.figures import SEATS_BEFORE
from tests.domain.figures.example_day import DAY
from tests.domain.figures.random_days import Day, moved_by

AT = DAY.ends + timedelta(hours=2)
SEEDS = st.integers(0, 2**32)
SOME = settings(max_examples=25, deadline=None)


def read(facts: Sequence[Fact]) -> Reader:
    return Reader().take_all(facts)


def figures(facts: Sequence[Fact], period: Period = DAY) -> dict[str, Figure]:
    return {each.number: each for each in report(read(facts).records(AT), period, AT)}


@given(SEEDS, st.integers(0, 60))
@SOME
def test_every_figure_of_the_catalogue_is_reckoned(seed: int, calls: int) -> None:
    assert set(figures(Day(seed, calls=calls).facts)) == set(DEFINITIONS)


@given(SEEDS, st.integers(0, 60))
@SOME
def test_those_who_asked_are_all_accounted_for_and_half_hours_add_up(seed: int, calls: int) -> None:
    records = read(Day(seed, calls=calls).facts).records(AT)
    day = {each.number: each for each in report(records, DAY, AT)}
    halves = [{each.number: each for each in half} for half in reports(records, half_hours(DAY), AT)]

    for period in (DAY, *half_hours(DAY)):
        asked = [call for call in records.calls if call.t2 in period]
        counted = [sum(call.t4 is not None for call in asked)] + [
            sum(call.outcome is outcome for call in asked if call.t4 is None) for outcome in (*Outcome, None)
        ]
        assert sum(counted) == len(asked)
    for number in ("1a", "1b", "2", "3a", "3b", "3c", "3e", "4a", "4b", "4c", "5_15", "6", "8a", "8b", "10", "11a"):
        assert sum(half[number].numerator or 0 for half in halves) == day[number].numerator
        assert sum(half[number].denominator or 0 for half in halves) == (day[number].denominator or 0)
        assert sum(half[number].recovered or 0 for half in halves) == day[number].recovered


@given(SEEDS, st.integers(0, 60))
@SOME
def test_a_seats_day_adds_up_to_the_millisecond(seed: int, calls: int) -> None:
    every = read(Day(seed, calls=calls).facts).records(AT).spans
    for seat in {span.seat for span in every}:
        spans = [span for span in every if span.seat == seat]
        parts = [time_in(spans, DAY, state) for state in SeatState if state is not SeatState.OFFLINE]
        assert sum(parts, timedelta()) == time_in(spans, DAY)
        assert time_in(spans, DAY) % MS == timedelta()


@given(SEEDS, st.integers(0, 60))
@SOME
def test_a_seat_is_staffed_but_while_its_phone_is_gone_for_long_and_it_is_in_no_call(seed: int, calls: int) -> None:
    facts = Day(seed, calls=calls).facts
    spans = read(facts).records(AT).spans
    for seat in {span.seat for span in spans}:
        assert time_in([span for span in spans if span.seat == seat], DAY) == _staffed(facts, seat)


def _staffed(facts: Sequence[Fact], extension: str) -> timedelta:
    """Add it up from one fact of the seat to the next, having looked first which of its absences were long."""
    seats = [(whole_ms(fact.at), fact.seat) for fact in facts if _is_of_seat(fact, extension)]
    stretches = [(at, until, seat) for (at, seat), (until, _) in itertools.pairwise([*seats, (AT, seats[-1][1])])]
    staffed = timedelta()
    for gone, group in itertools.groupby(stretches, key=lambda each: _is_gone(each[2])):
        together = list(group)
        if gone and together[-1][1] - together[0][0] > timedelta(seconds=30):
            continue
        on_duty = [(at, until) for at, until, seat in together if seat.state is not SeatState.OFFLINE]
        staffed += sum((DAY.share(at, until) for at, until in on_duty), timedelta())
    return staffed


def _is_of_seat(fact: Fact, extension: str) -> TypeGuard[SeatChanged]:
    return isinstance(fact, SeatChanged) and fact.seat.extension == extension


def _is_gone(seat: Seat) -> bool:
    return seat.phone is Phone.MISSING and seat.state not in (SeatState.RINGING, SeatState.TALKING)


@given(SEEDS, st.integers(0, 40))
@SOME
def test_told_twice_or_all_again_or_shuffled_within_a_moment_it_is_the_same(seed: int, calls: int) -> None:
    facts = list(Day(seed, calls=calls).facts)
    once = figures(facts)

    assert figures([fact for fact in facts for _ in range(2)]) == once
    assert figures(facts + facts) == once
    cut = Random(seed).randrange(len(facts) + 1)
    assert figures(facts[:cut] + facts[max(0, cut - 50) :]) == once  # resumed, with what was read before read again
    assert figures(_shuffled_within_moments(facts, seed)) == once


@given(SEEDS, st.integers(0, 60))
@SOME
def test_a_call_that_is_counted_stands_as_its_facts_add_up(seed: int, calls: int) -> None:
    facts = Day(seed, calls=calls).facts
    added_up: dict[str, Call] = {}
    for fact in facts:
        if isinstance(fact, OfCall):
            added_up[fact.call_id] = apply(added_up.get(fact.call_id), fact)

    counted = read(facts).records(AT).calls

    assert {call.id for call in counted} == set(added_up)
    for call in counted:
        known = added_up[call.id]
        for name in ("caller", "queue", "outcome", "recovered"):
            assert getattr(call, name) == getattr(known, name)
        for name in ("t0", "t1", "t2", "t3", "t4", "t5"):
            moment = getattr(known, name)
            assert getattr(call, name) == (None if moment is None else whole_ms(moment))


@given(SEEDS, st.integers(0, 60), st.integers(0, 60))
@SOME
def test_of_the_day_before_a_seats_last_state_is_enough(seed: int, before: int, calls: int) -> None:
    first = Day(seed + 1, calls=before, named="before-").facts
    facts = sorted([*moved_by(first, timedelta(days=-1)), *Day(seed, calls=calls).facts], key=lambda fact: fact.at)
    begins = DAY.begins - SEATS_BEFORE
    last = {fact.seat.extension: fact for fact in facts if isinstance(fact, SeatChanged) and fact.at < begins}

    kept = [
        fact
        for fact in facts
        if not isinstance(fact, SeatChanged) or fact.at >= begins or fact is last[fact.seat.extension]
    ]

    for seat in (None, "8000", "8001"):
        assert report(read(kept).records(AT), DAY, AT, seat=seat) == report(read(facts).records(AT), DAY, AT, seat=seat)


@given(SEEDS, st.integers(0, 60))
@SOME
def test_each_offer_that_came_to_nothing_while_he_waited_is_the_seats(seed: int, calls: int) -> None:
    facts = Day(seed, calls=calls).facts
    told = [fact for fact in facts if isinstance(fact, CallMissed | CallRefused | CallFailed)]

    offers = [offer for call in read(facts).records(AT).calls for offer in call.offers]

    others = (OfferResult.ANSWERED, OfferResult.CALLER_LEFT, OfferResult.TAKEN_ELSEWHERE)
    assert sum(offer.result not in others for offer in offers) == len(told)


def _shuffled_within_moments(facts: Sequence[Fact], seed: int) -> list[Fact]:
    """Mix what happened to different calls and seats in one millisecond; each keeps its own order."""
    random, shuffled = Random(seed), []
    moments: dict[int, dict[str, list[Fact]]] = {}
    for fact in facts:
        subject = fact.seat.extension if isinstance(fact, SeatChanged) else str(fact.call_id)
        moments.setdefault(int(fact.at.timestamp() * 1000), {}).setdefault(subject, []).append(fact)
    for moment in sorted(moments):
        queues = list(moments[moment].values())
        while queues:
            queue = random.choice(queues)
            shuffled.append(queue.pop(0))
            queues = [each for each in queues if each]
    return shuffled


@given(SEEDS, st.integers(0, 40))
@SOME
def test_a_day_later_it_is_the_same_day(seed: int, calls: int) -> None:
    facts, step = Day(seed, calls=calls).facts, timedelta(days=1)
    moved = read(moved_by(facts, step)).records(AT + step)

    again = report(moved, Period(DAY.begins + step, DAY.ends + step), AT + step)
    assert {each.number: each for each in again} == figures(facts)


@given(SEEDS, st.integers(0, 60))
@SOME
def test_rates_lie_between_none_and_all(seed: int, calls: int) -> None:
    found = figures(Day(seed, calls=calls).facts)

    for number, figure in found.items():
        if DEFINITIONS[number].is_share and figure.value is not None:
            assert 0 <= figure.value <= 1, number
        if figure.denominator == 0:
            assert figure.value is None, number

    def over(number: str) -> int:
        return found[number].numerator or 0

    assert over("5_15") <= over("5_20") <= over("4a")
    assert over("5z_15") <= over("5_15")
    assert over("5z_20") <= over("5_20")
    assert over("3a") + over("4a") <= over("1b")


@given(SEEDS, st.integers(0, 60))
@SOME
def test_all_waits_together_are_the_callers_who_waited_over_time(seed: int, calls: int) -> None:
    records = read(Day(seed, calls=calls).facts).records(AT).calls
    waiting = [call for call in records if call.t2 is not None and call.wait is not None]
    waits = sum((call.wait for call in waiting if call.wait is not None), timedelta())

    assert waits == _integral(waiting)


def _integral(waiting: Sequence[CallRecord]) -> timedelta:
    """Sum up, from one change to the next, how many waited for how long (Little)."""
    changes = sorted(
        [(call.t2, 1) for call in waiting if call.t2] + [(end, -1) for call in waiting if (end := call.t4 or call.t5)]
    )
    whole, waited = timedelta(), 0
    for (moment, change), (after, _) in itertools.pairwise(changes):
        waited += change
        whole += waited * (after - moment)
    return whole


def running_of(facts: Sequence[Fact], looks: Sequence[int]) -> Running:
    """Follow the day, and look at it now and then."""
    running = Running(DAY)
    for number, fact in enumerate(facts):
        running.take(fact)
        if number in looks:
            running.figures(max(fact.at for fact in facts[: number + 1]))
    return running


@given(SEEDS, st.integers(0, 60), st.lists(st.integers(0, 400), max_size=6))
@SOME
def test_followed_as_it_goes_on_it_is_what_is_reckoned_at_the_end(seed: int, calls: int, looks: list[int]) -> None:
    facts = Day(seed, calls=calls).facts

    assert {each.number: each for each in running_of(facts, looks).figures(AT)} == figures(facts)


@given(SEEDS, st.integers(0, 60), st.floats(0, 1))
@SOME
def test_at_any_moment_of_the_day_too(seed: int, calls: int, part: float) -> None:
    facts = Day(seed, calls=calls).facts
    facts = facts[: int(part * len(facts))]
    at = max((fact.at for fact in facts), default=DAY.begins)
    expected = report(read(facts).records(at), DAY, at)

    found = running_of(facts, range(0, len(facts), 17)).figures(at)

    assert {each.number: each for each in found} == {each.number: each for each in expected}


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_so_it_is_with_ten_thousand_calls() -> None:
    facts = Day(1, calls=10_000, seats=200).facts
    asked = [fact for fact in facts if isinstance(fact, OfCall)]
    assert len({fact.call_id for fact in asked}) == 10_000

    found = running_of(facts, range(0, len(facts), 20_000)).figures(AT)

    assert {each.number: each for each in found} == figures(facts)


COUNTED_BY_ASTERISK = (
    "QueueSummary", "QueueStatus", "QueueParams", "HoldTime", "Holdtime", "TalkTime", "Talktime", "ServicelevelPerf",
    "ServiceLevel", "LoggedIn", "LongestHoldTime", "QUEUEWAIT", "QUEUEHOLDTIME", "CallsTaken", "Abandoned:",
)  # fmt: skip


def test_no_figure_uses_a_number_that_asterisk_reckoned() -> None:
    root = Path(callcenter.__file__).parent
    words = re.compile("|".join(rf"\b{re.escape(word)}" for word in COUNTED_BY_ASTERISK))
    files = [path for path in [*root.rglob("*.py"), *root.parent.glob("asterisk_conf/*")] if path.is_file()]
    found = {path.name: said[0] for path in files if (said := words.search(path.read_text("utf-8")))}
    assert files
    assert not found, "figures come from the journal's facts alone (kpis.md §6)"
