"""A crowd at the door: who is let in, who goes, who is heard next, and that the loop stays free for the calls."""

import asyncio
import gc
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from callcenter.api import door, server
from callcenter.api.turns import Turns
from tests.api.conftest import TOKEN, served
from tests.support.fake_desk import FakeDesk
from tests.support.office_fakes import FakeClock, eventually

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 0.05
"""No longer may the loop be kept from deciding about calls."""
HEAD = f"GET /api/v1/seats HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()


@asynccontextmanager
async def a_crowd(kind: str, port: int, count: int, seconds: float) -> AsyncIterator[asyncio.Task[dict[str, int]]]:
    """Have a crowd there, in a process of its own; gives what will have happened to it."""
    words = ("-m", "tests.support.flood", kind, str(port), TOKEN, str(count), str(seconds))
    child = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert child.stdout is not None
    assert child.stdin is not None

    async def told() -> dict[str, int]:
        assert child.stdout is not None
        return dict(json.loads(await child.stdout.readline()))

    assert await child.stdout.readline() == b"READY\n"
    telling = asyncio.create_task(told())
    try:
        yield telling
        child.stdin.close()
        async with asyncio.timeout(20):
            await telling
    finally:
        telling.cancel()
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def longest_stop(seconds: float) -> float:
    """Measure for how long the loop was at work without looking up, in seconds of its processor.

    Not of the wall: what else the machine does meanwhile is no matter of the loop's.
    """
    gc.collect()
    gc.freeze()  # as the controller does: what pytest has in memory is not looked through in the middle of it
    loop = asyncio.get_running_loop()
    end, longest, before = loop.time() + seconds, 0.0, time.thread_time()
    while loop.time() < end:
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    gc.unfreeze()
    return longest


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "count"), [("requests", 400), ("readers", 200)])
async def test_a_crowd_never_keeps_the_loop_from_the_calls(
    desk: FakeDesk, clock: FakeClock, kind: str, count: int
) -> None:
    async with served(desk, clock) as serving, a_crowd(kind, serving.port, count, 10) as happened:
        stop = await longest_stop(2.0)

    print(f"{stop * 1000:.1f} ms", happened.result())
    assert stop <= STOP_SECONDS


async def connected(port: int, *, at: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(at, 0))


async def is_ended(reader: asyncio.StreamReader, *, within: float = 5.0) -> bool:
    """Tell whether the hotline has ended this connection, or does so soon."""
    try:
        async with asyncio.timeout(within):
            while await reader.read(1 << 16):
                pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


async def asks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Ask over this connection; gives the line with the status."""
    writer.write(HEAD + b"\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head.partition(b"\r\n")[0]


async def test_when_all_places_are_taken_the_most_silent_of_the_largest_crowd_goes(
    desk: FakeDesk, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "room_for", lambda _: 6)
    async with served(desk, clock) as serving, aiohttp.ClientSession() as session:
        watching = await session.ws_connect(
            f"{serving.url}/api/v1/events", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert (await watching.receive_json(timeout=5))["type"] == "snapshot"
        elsewhere = await connected(serving.port, at="127.0.0.3")
        crowd = [await connected(serving.port, at="127.0.0.2") for _ in range(4)]
        assert await asks(*crowd[0]) == b"HTTP/1.1 200 OK"  # so the second is the most silent now

        newest = await connected(serving.port, at="127.0.0.2")

        assert await is_ended(crowd[1][0])
        crowd[1][1].close()
        for reader, writer in (crowd[0], crowd[2], crowd[3], newest, elsewhere):
            assert await asks(reader, writer) == b"HTTP/1.1 200 OK"
            writer.close()
        desk.stream.publish("seat.changed", clock.now(), {})
        assert (await watching.receive_json(timeout=5))["type"] == "seat.changed"
        await watching.close()


async def test_a_head_that_does_not_come_ends_the_connection(
    desk: FakeDesk, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.5)
    async with served(desk, clock) as serving:
        reader, writer = await connected(serving.port)
        writer.write(HEAD)
        for _ in range(3):
            await asyncio.sleep(0.2)  # it comes on and on, but never to its end
            writer.write(b"X-More: 1\r\n")

        assert await is_ended(reader)
        writer.close()


@pytest.mark.slow
async def test_who_takes_nothing_of_an_answer_is_let_go(
    desk: FakeDesk, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "TAKE_SECONDS", 1.0)
    doors: list[door.Door] = []

    class Seen(door.Door):
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            doors.append(self)

    monkeypatch.setattr(server, "Door", Seen)
    async with served(desk, clock) as serving, a_crowd("readers", serving.port, 3, 30):
        assert doors[0].open == 3
        await eventually(lambda: doors[0].open == 0, within=20)


async def test_what_waits_is_heard_address_by_address() -> None:
    turns, heard = Turns(at_a_time=2), list[str]()
    assert (turns.take(), turns.take(), turns.take()) == (True, True, False)
    for name in ("crowd 1", "crowd 2", "crowd 3", "desk 1"):
        turns.wait(name.split()[0], lambda name=name: heard.append(name))  # type: ignore[misc]

    await asyncio.sleep(0)
    assert heard == ["crowd 1", "desk 1"], "two in this turn of the loop"
    await asyncio.sleep(0)
    assert heard == ["crowd 1", "desk 1", "crowd 2", "crowd 3"]
    await asyncio.sleep(0)
    assert turns.take()


async def test_one_that_waits_no_more_takes_nobody_s_turn() -> None:
    turns = Turns(at_a_time=1)
    first, gone, waits = (asyncio.create_task(turns.its_turn("a")) for _ in range(3))
    await asyncio.sleep(0)
    assert (first.done(), gone.done()) == (True, False)
    gone.cancel()

    async with asyncio.timeout(2):
        await waits
    assert gone.cancelled()
