"""Those who keep up are sent the same events in one go; what happens to one of them is nothing to the others."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from callcenter.api.rounds import GATHER_EVENTS, Rounds
from callcenter.office.stream import Stream, StreamEvent, TooSlowError
from tests.support.office_fakes import eventually

AT = datetime(2026, 11, 30, tzinfo=UTC)


class Wire:
    """Where one is sent what happens; it breaks, or takes nothing, when told to."""

    def __init__(self, *, breaks: bool = False, held: int = 0) -> None:
        self.sent = b""
        self._breaks, self._held = breaks, held

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        if self._breaks:
            raise OSError("broken")
        self.sent += data

    def get_write_buffer_size(self) -> int:
        return self._held


def written(events: Iterable[StreamEvent]) -> bytes:
    return b"".join(f"{event.seq} ".encode() for event in events)


async def test_one_who_fails_and_one_who_lags_leave_and_the_others_are_sent_everything() -> None:
    stream = Stream("s")
    rounds = Rounds(stream, written)
    good, bad, slow = Wire(), Wire(breaks=True), Wire(held=1000)
    with stream.watch() as one, stream.watch() as two, stream.watch() as three:
        following = [
            asyncio.ensure_future(rounds.follow(watcher, cast("Any", wire), lambda: False))
            for watcher, wire in ((one, good), (two, bad), (three, slow))
        ]
        await asyncio.sleep(0)
        stream.publish("a", AT, {})
        stream.publish("b", AT, {})
        await following[2]
        with pytest.raises(OSError, match="broken"):
            await following[1]
        stream.publish("c", AT, {})
        await eventually(lambda: good.sent == b"1 2 3 ", within=5)

        assert slow.sent == b"1 2 "
        assert [event.seq for event in await three.some(9)] == [3]  # what he was not sent waits for him
        following[0].cancel()


async def test_a_burst_is_not_gathered_whole_for_one_who_takes_nothing() -> None:
    stream = Stream("s", patience=20)
    rounds = Rounds(stream, written)
    good, deaf = Wire(), Wire(held=1000)
    with stream.watch() as one, stream.watch() as two:
        following = [
            asyncio.ensure_future(rounds.follow(watcher, cast("Any", wire), lambda: False))
            for watcher, wire in ((one, good), (two, deaf))
        ]
        await asyncio.sleep(0)
        for _ in range(10 * GATHER_EVENTS + 1):
            stream.publish("a", AT, {})
        await eventually(lambda: len(good.sent.split()) == stream.seq, within=5)

        assert good.sent.split() == [str(seq).encode() for seq in range(1, stream.seq + 1)]
        assert len(deaf.sent.split()) == GATHER_EVENTS
        with pytest.raises(TooSlowError):
            await two.some(9)
        following[0].cancel()
