import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from callcenter.api.server import Server
from callcenter.api.stream import MANY
from callcenter.domain.calls import CallState
from callcenter.office.stream import Stream
from tests.api.conftest import TOKEN, served
from tests.support.api_client import ApiClient, check
from tests.support.fake_desk import FakeDesk
from tests.support.office_fakes import FakeClock

Socket = aiohttp.ClientWebSocketResponse
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def watching(api: ApiClient, query: str = "", headers: dict[str, str] | None = None) -> AsyncIterator[Socket]:
    url = f"{api.url}/api/v1/events{query}"
    async with api.session.ws_connect(url, headers=BEARER if headers is None else headers) as opened:
        yield opened


async def heard(opened: Socket) -> Any:
    """The next message, held against the document."""
    message = await opened.receive_json(timeout=5)
    shape = "SnapshotMessage" if message["type"] == "snapshot" else "EventMessage"
    check(message, {"$ref": f"#/components/schemas/{shape}"})
    return message


async def closed(opened: Socket) -> int | None:
    """Read to the end; the code of the close."""
    async with asyncio.timeout(10):
        while (message := await opened.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert message.type is aiohttp.WSMsgType.CLOSE, message
    return opened.close_code


@pytest.fixture(autouse=True, params=["few watch", "many watch"])
def how_many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell every story also as it is where many watch, and are sent what happens in rounds."""
    if request.param == "many watch":
        monkeypatch.setattr("callcenter.api.stream.MANY", 1)


async def test_who_watches_first_sees_everything_that_is_live(api: ApiClient, desk: FakeDesk) -> None:
    live = desk.has_call(1)
    desk.has_call(2, CallState.ENDED)
    desk.changes(live)

    async with watching(api) as opened:
        first = await heard(opened)

    assert (first["type"], first["stream"], first["seq"]) == ("snapshot", "stream-1", 1)
    assert [call["id"] for call in first["data"]["calls"]] == [live.id]
    assert len(first["data"]["seats"]) == 4


async def test_events_follow_the_snapshot_without_a_gap(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)

    async with watching(api) as opened:
        snapshot = await heard(opened)
        for number in range(300):
            desk.changes(replace(call, queue=str(number)))
        events = [await heard(opened) for _ in range(300)]

    assert [event["seq"] for event in events] == list(range(snapshot["seq"] + 1, snapshot["seq"] + 301))
    assert [event["data"]["queue"] for event in events] == [str(number) for number in range(300)]
    assert events[0]["type"] == "call.talking"
    assert events[0]["time"] == "2026-11-24T04:00:01.000Z"


async def test_many_who_watch_each_get_every_event_once_in_its_order(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)

    async with AsyncExitStack() as all_open:
        sockets = [await all_open.enter_async_context(watching(api)) for _ in range(MANY + 10)]
        begun = {(await socket.receive_json(timeout=5))["seq"] for socket in sockets}
        for number in range(100):
            desk.changes(replace(call, queue=str(number)))
            await asyncio.sleep(0)  # some are sent one by one, some in pieces of any length
        events = [[await socket.receive_json(timeout=5) for _ in range(100)] for socket in sockets]

    (first,) = begun
    assert all([event["seq"] for event in each] == list(range(first + 1, first + 101)) for each in events)
    assert all([event["data"]["queue"] for event in each] == [str(at) for at in range(100)] for each in events)


async def test_nothing_falls_between_snapshot_and_events_while_much_happens(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)
    busy = True

    async def life() -> None:
        while busy:
            desk.changes(replace(call, queue=str(desk.stream.seq + 1)))
            await asyncio.sleep(0)

    living = asyncio.create_task(life())
    try:
        for _ in range(10):
            async with watching(api) as opened:
                snapshot = await heard(opened)
                assert snapshot["data"]["calls"][0]["queue"] in (None, str(snapshot["seq"]))
                assert (await heard(opened))["seq"] == snapshot["seq"] + 1
                assert (await heard(opened))["seq"] == snapshot["seq"] + 2
    finally:
        busy = False
        await living


async def test_who_comes_back_gets_what_was_missed(api: ApiClient, desk: FakeDesk) -> None:
    for _ in range(5):
        desk.changes(desk.has_call(1))

    async with watching(api, "?stream=stream-1&after=3") as opened:
        missed = [await heard(opened), await heard(opened)]
        desk.changes(desk.has_call(1))
        new = await heard(opened)

    assert [event["seq"] for event in (*missed, new)] == [4, 5, 6]


async def test_who_missed_nothing_gets_only_what_is_new(api: ApiClient, desk: FakeDesk) -> None:
    desk.changes(desk.has_call(1))

    async with watching(api, "?stream=stream-1&after=1") as opened:
        await comes_to_watch(desk, 1)
        desk.changes(desk.has_call(1))
        assert (await heard(opened))["seq"] == 2


@pytest.mark.parametrize(
    "query", ["?stream=stream-0&after=3", "?stream=stream-1&after=1", "?stream=stream-1&after=999"]
)
async def test_who_was_away_too_long_begins_anew(api: ApiClient, desk: FakeDesk, query: str) -> None:
    desk.stream = Stream("stream-1", held=2)
    for _ in range(5):
        desk.changes(desk.has_call(1))

    async with watching(api, query) as opened:
        first = await heard(opened)

    assert (first["type"], first["seq"]) == ("snapshot", 5)


async def comes_to_watch(desk: FakeDesk, number: int) -> None:
    async with asyncio.timeout(5):
        while desk.stream.watchers != number:  # noqa: ASYNC110 - the stream tells nobody who comes and goes
            await asyncio.sleep(0.01)


async def test_who_goes_is_watched_for_no_longer(api: ApiClient, desk: FakeDesk) -> None:
    async with watching(api) as opened, watching(api):
        await heard(opened)
        await comes_to_watch(desk, 2)
    await comes_to_watch(desk, 0)


# Sign-in


async def test_a_one_time_token_opens_the_events_once(api: ApiClient) -> None:
    given = (await api.ask("POST", "/events/token")).json
    query = f"?token={given['token']}"

    async with watching(api, query, headers={}) as opened:
        assert (await heard(opened))["type"] == "snapshot"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with watching(api, query, headers={}):
            pass

    assert given["expires"] == "2026-11-24T04:01:00.000Z"
    assert refused.value.status == 401


async def test_a_one_time_token_is_good_for_a_minute(api: ApiClient, clock: FakeClock) -> None:
    token = (await api.ask("POST", "/events/token")).json["token"]
    clock.advance(61)

    assert (await api.get(f"/events?token={token}", signed_in=False)).status == 401


async def test_a_one_time_token_opens_nothing_else(api: ApiClient) -> None:
    token = (await api.ask("POST", "/events/token")).json["token"]

    assert (await api.get(f"/seats?token={token}", signed_in=False)).status == 401
    assert (await api.get("/seats", headers={"Authorization": f"Bearer {token}"})).status == 401


async def test_a_wrong_token_in_the_header_is_not_mended_by_one_in_the_query(api: ApiClient) -> None:
    token = (await api.ask("POST", "/events/token")).json["token"]

    answer = await api.get(f"/events?token={token}", headers={"Authorization": "Bearer wrong"})

    assert answer.status == 401


async def test_the_hotlines_own_token_is_no_one_time_token(api: ApiClient) -> None:
    assert (await api.get(f"/events?token={TOKEN}", signed_in=False)).status == 401


async def test_one_time_tokens_are_bounded(api: ApiClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callcenter.api.sign_in.MOST_TOKENS", 3)
    for _ in range(3):
        assert (await api.ask("POST", "/events/token")).status == 200

    assert (await api.ask("POST", "/events/token")).status == 503
    clock.advance(61)
    assert (await api.ask("POST", "/events/token")).status == 200


# What is refused before the WebSocket opens


async def test_a_plain_request_is_told_to_upgrade(api: ApiClient) -> None:
    answer = await api.get("/events")

    assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("after=3", "stream"), ("stream=x", "after"), ("stream=x&after=-1", "after"), ("since=3", "since")],
)
async def test_a_query_that_is_wrong_is_refused_by_name(api: ApiClient, query: str, parameter: str) -> None:
    answer = await api.get(f"/events?{query}")

    assert answer.status == 422
    assert [fault["parameter"] for fault in answer.json["errors"]] == [parameter]


async def test_no_more_watch_than_may(desk: FakeDesk, clock: FakeClock) -> None:
    async with served(desk, clock, most_watchers=2) as server, aiohttp.ClientSession() as session:
        api = ApiClient(session, server.url, TOKEN)
        async with watching(api) as first, watching(api):
            await heard(first)
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with watching(api):
                    pass
            assert refused.value.status == 503
            assert refused.value.headers is not None
            assert "Retry-After" in refused.value.headers
        await comes_to_watch(desk, 0)
        async with watching(api) as again:
            await heard(again)


# Those who read slowly, write, or stay to the end


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
