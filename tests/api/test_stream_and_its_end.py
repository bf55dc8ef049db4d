"""How watching ends: who reads slowly, says too much or stays to the end is closed in time and told why."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from callcenter.api.server import Server
from callcenter.office.stream import Stream
from tests.api.conftest import TOKEN, served
from tests.support.api_client import ApiClient
from tests.support.fake_desk import FakeDesk
from tests.support.office_fakes import FakeClock
from tests.support.watchers import closed, comes_to_watch, heard, watching

pytestmark = pytest.mark.usefixtures("how_many")

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def impatient(desk: FakeDesk) -> None:
    """A stream that keeps 20 events for each."""
    desk.stream = Stream("stream-1", patience=20)


def happens_largely(desk: FakeDesk) -> None:
    desk.stream.publish("call.talking", desk.has_call(1).t0, {"text": "字" * 22_000})


@asynccontextmanager
async def deaf_watcher(server: Server) -> AsyncIterator[asyncio.StreamReader]:
    """A watcher with a small ear, who reads only when a test says so."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.setblocking(False)  # noqa: FBT003
    await asyncio.get_running_loop().sock_connect(plain, (server.host, server.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=4096)
    try:
        writer.write(
            f"GET /api/v1/events HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
        )
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        yield reader
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def next_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readexactly(2)
    length = head[1] & 0x7F
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2))
    elif length == 127:
        length = int.from_bytes(await reader.readexactly(8))
    return head[0] & 0x0F, await reader.readexactly(length)


@pytest.mark.usefixtures("impatient")
async def test_a_reader_that_stops_is_closed_with_4008_and_told_why(
    server: Server, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.api.stream.SEND_SECONDS", 0.5)
    async with deaf_watcher(server) as reader, asyncio.timeout(10):
        await comes_to_watch(desk, 1)
        while desk.stream.watchers:  # much happens, and he reads nothing
            happens_largely(desk)
            await asyncio.sleep(0)
        seen = []
        opcode, payload = await next_frame(reader)
        while opcode == 1:
            seen.append(json.loads(payload)["seq"])
            opcode, payload = await next_frame(reader)

    assert (opcode, int.from_bytes(payload[:2])) == (8, 4008)
    assert b"too slow" in payload
    assert seen == list(range(len(seen)))  # what he did get had no gap
    assert desk.stream.seq > len(seen)


async def test_a_reader_that_stands_still_while_little_happens_is_closed_with_4008_too(
    server: Server, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.api.stream.HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr("callcenter.api.stream.PONG_SECONDS", 0.2)
    async with deaf_watcher(server) as reader, asyncio.timeout(10):
        await comes_to_watch(desk, 1)
        while desk.stream.watchers:  # noqa: ASYNC110 - the system's buffers hold all that happens
            await asyncio.sleep(0.01)
        frames = [await next_frame(reader)]
        while frames[-1][0] != 8:
            frames.append(await next_frame(reader))

    assert [opcode for opcode, _ in frames] == [1, 9, 8]  # the snapshot, a ping, the end
    assert int.from_bytes(frames[-1][1][:2]) == 4008


async def test_a_watcher_who_answers_pings_stays(
    api: ApiClient, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.api.stream.HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr("callcenter.api.stream.PONG_SECONDS", 0.2)
    async with watching(api) as opened:
        await heard(opened)
        listening = asyncio.ensure_future(heard(opened))
        await asyncio.wait([listening], timeout=0.6)  # three times as long as an answer may take
        assert not listening.done()

        desk.stream.publish("call.talking", desk.has_call(1).t0, {})

        assert (await listening)["type"] == "call.talking"


@pytest.mark.usefixtures("impatient")
async def test_a_reader_that_stops_for_good_is_let_go_of(
    server: Server, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch, log: list[Any]
) -> None:
    monkeypatch.setattr("callcenter.api.stream.SEND_SECONDS", 0.2)
    monkeypatch.setattr("callcenter.api.stream.LINGER_SECONDS", 0.2)
    async with deaf_watcher(server) as reader, asyncio.timeout(10):
        await comes_to_watch(desk, 1)
        while desk.stream.watchers:
            happens_largely(desk)
            await asyncio.sleep(0.02)
        while not any(line["event"] == "answered a request" for line in log):  # noqa: ASYNC110 - a list tells nobody
            await asyncio.sleep(0.01)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await frames_to_the_end(reader)

    assert any("too slow" in line["event"] for line in log)


async def frames_to_the_end(reader: asyncio.StreamReader) -> None:
    while await next_frame(reader):
        pass


async def test_events_that_cannot_be_written_end_who_watches_and_not_in_silence(
    api: ApiClient, desk: FakeDesk, log: list[Any]
) -> None:
    async with watching(api) as opened:
        await heard(opened)
        desk.changes(desk.has_call(1))
        await heard(opened)
        desk.stream.publish("call.talking", desk.has_call(2).t0, {"id": object()})

        assert await closed(opened) == 1011
    assert [line for line in log if line["log_level"] == "error"]


async def test_what_watchers_say_is_not_listened_to(api: ApiClient, desk: FakeDesk) -> None:
    async with watching(api) as opened:
        await heard(opened)
        for _ in range(100):
            await opened.send_str("hang up everything")
        await opened.send_bytes(b"\x00" * 100)
        desk.changes(desk.has_call(1))

        assert (await heard(opened))["seq"] == 1


async def test_a_watcher_who_says_too_much_is_closed(api: ApiClient, desk: FakeDesk) -> None:
    async with watching(api) as opened:
        await heard(opened)
        await opened.send_str("x" * 10_000)

        assert await closed(opened) == 1009
    await comes_to_watch(desk, 0)


async def test_all_who_watch_are_told_when_the_hotline_ends(desk: FakeDesk, clock: FakeClock) -> None:
    async with aiohttp.ClientSession() as session:
        async with served(desk, clock) as server:
            api = ApiClient(session, server.url, TOKEN)
            all_open = [await session.ws_connect(f"{api.url}/api/v1/events", headers=BEARER) for _ in range(20)]
            for opened in all_open:
                await heard(opened)
            codes = [asyncio.create_task(closed(opened)) for opened in all_open]
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 3.0

        assert [await code for code in codes] == [1001] * 20


@pytest.mark.usefixtures("impatient")
async def test_the_hotline_ends_in_time_though_somebody_does_not_read(desk: FakeDesk, clock: FakeClock) -> None:
    async with AsyncExitStack() as serving:
        server = await serving.enter_async_context(served(desk, clock))
        async with deaf_watcher(server):
            await comes_to_watch(desk, 1)
            for _ in range(15):
                happens_largely(desk)
                await asyncio.sleep(0.01)
            began = asyncio.get_running_loop().time()
            await serving.aclose()

    assert asyncio.get_running_loop().time() - began < 3.0


async def test_a_stream_that_fails_by_a_mistake_of_ours_ends_that_watcher_alone(
    api: ApiClient, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch, log: list[Any]
) -> None:
    async with watching(api) as well:
        await heard(well)

        def broken() -> Any:
            raise KeyError("13912345678")

        with monkeypatch.context() as patched:
            patched.setattr(desk, "snapshot", broken)
            async with watching(api) as opened:
                assert await closed(opened) == 1011
        desk.changes(desk.has_call(1))

        assert (await heard(well))["seq"] == 1
    assert [line for line in log if line["log_level"] == "error"]
