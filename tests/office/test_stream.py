import asyncio

import pytest

from callcenter.office.stream import Stream, TooSlowError
from tests.support.office_fakes import NOON


async def test_who_watches_gets_every_event_in_order_without_a_gap() -> None:
    stream = Stream("s1")
    stream.publish("call.arrived", NOON, {})

    with stream.watch() as watcher:
        stream.publish("call.voice", NOON, {"id": "a"})
        stream.publish("call.queued", NOON, {"id": "a"})
        seen = await watcher.some(9)

    assert [(event.seq, event.type) for event in seen] == [(2, "call.voice"), (3, "call.queued")]
    assert stream.watchers == 0


async def test_no_more_at_a_time_than_was_asked_for() -> None:
    stream = Stream("s1")
    with stream.watch() as watcher:
        for _ in range(5):
            stream.publish("call.voice", NOON, {})
        taken = [[event.seq for event in await watcher.some(2)] for _ in range(3)]

    assert taken == [[1, 2], [3, 4], [5]]


async def test_a_watcher_waits_for_what_is_to_come() -> None:
    stream = Stream("s1")

    with stream.watch() as watcher:
        async with asyncio.timeout(2), asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(watcher.some(9))
            await asyncio.sleep(0)
            stream.publish("seat.changed", NOON, {})

    assert [event.type for event in waiting.result()] == ["seat.changed"]


async def test_a_watcher_who_falls_too_far_behind_is_told_and_costs_nothing_more() -> None:
    stream = Stream("s1", patience=3)

    with stream.watch() as slow, stream.watch() as quick:
        for _ in range(4):
            stream.publish("queue.changed", NOON, {})
            await quick.some(9)

        with pytest.raises(TooSlowError):
            await slow.some(9)


def test_who_comes_back_gets_what_he_missed_as_long_as_it_is_held() -> None:
    stream = Stream("s1", held=3)
    for _ in range(5):
        stream.publish("queue.changed", NOON, {})

    assert [event.seq for event in stream.since(2) or ()] == [3, 4, 5]
    assert stream.since(5) == ()
    assert stream.since(1) is None, "event 2 is no longer held"
    assert stream.since(6) is None, "that was never sent"
    assert stream.since(-1) is None
    assert Stream("s2").since(0) == ()
