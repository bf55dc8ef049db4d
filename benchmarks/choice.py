"""How long the choice itself takes: who is offered to whom, with 500 waiting callers and 300 seats."""

import time
from datetime import UTC, datetime, timedelta

from benchmarks.chapter import Chapter, Row, percentile
from callcenter.domain.distribution import WaitingCaller, choose
from callcenter.domain.ids import CallId
from callcenter.domain.seats import Seat

CALLERS, SEATS = 500, 300
TIMES = 200
RUNS = 5


async def measure() -> Chapter:
    """Choose again and again."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    callers = [
        WaitingCaller(
            call_id=CallId(f"call-{at}"), queue="hotline", since=begun + timedelta(seconds=at * 7919 % 997), order=at
        )
        for at in range(CALLERS)
    ]
    seats = [
        Seat(
            extension=str(8000 + at), operator="", since=begun, idle_since=begun + timedelta(seconds=at * 104729 % 991)
        )
        for at in range(SEATS)
    ]
    middle, most = [], []
    for _ in range(RUNS):
        took = []
        for _ in range(TIMES):
            began = time.perf_counter()
            offers = choose(callers, seats)
            took.append((time.perf_counter() - began) * 1000)
        assert len(offers) == SEATS
        middle.append(percentile(took, 0.5))
        most.append(percentile(took, 0.99))
    return Chapter(
        name="choice",
        title="The choice: 500 waiting callers, 300 free seats",
        how=f"`callcenter/domain/distribution.py` alone, {TIMES} times a run.",
        rows=[
            Row(figure="median", values=middle, unit="ms", most=5.0),
            Row(figure="p99", values=most, unit="ms", most=5.0),
        ],
    )
