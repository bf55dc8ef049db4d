"""What HTTP itself asks of us: sign-in, methods, bodies, problems, and that nothing leaks."""

import asyncio
import gzip
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from callcenter.api.problems import STATUS_OF
from callcenter.api.server import CannotListenError, Server, make_server
from callcenter.domain import errors
from callcenter.domain.errors import CallcenterError, UnavailableError
from tests.api.conftest import TOKEN, served
from tests.support.api_client import DOCUMENT, ApiClient
from tests.support.fake_desk import FakeDesk
from tests.support.office_fakes import FakeClock

EVERY = [
    (method.upper(), re.sub(r"\{\w+\}", "x", path.removeprefix("/api/v1")))
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
]


@pytest.mark.parametrize(("method", "path"), EVERY)
async def test_everything_but_health_needs_the_token(api: ApiClient, method: str, path: str) -> None:
    wrong = ["", "Bearer", "Bearer ", "Basic YTpi", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer 口令", TOKEN]
    for header in wrong:
        answer = await api.ask(method, path, headers={"Authorization": header})
        if path == "/health":
            assert answer.status == 200
        else:
            assert (answer.status, answer.headers["WWW-Authenticate"][:6]) == (401, "Bearer")


async def test_the_word_bearer_may_be_written_in_any_case(api: ApiClient) -> None:
    assert (await api.get("/seats", headers={"Authorization": f"bEARER  {TOKEN}"})).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/calls", "GET,HEAD"),
        ("PUT", "/tickets", "GET,HEAD,POST"),
        ("POST", "/seats/8001/state", "PUT"),
        ("OPTIONS", "/seats", "GET,HEAD"),
        ("HEAD", "/events", "GET"),
        ("GET", "/events/token", "POST"),
    ],
)
async def test_a_method_that_is_not_possible_is_405_with_those_that_are(
    api: ApiClient, method: str, path: str, allowed: str
) -> None:
    answer = await api.ask(method, path)

    assert (answer.status, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/calls/",
        "/nothing",
        "/calls/1/three-ways",
        "/recall",
        "//calls",
        "/calls/1/secrets",
        "/Calls",
    ],
)
async def test_an_address_that_is_not_there_is_404(api: ApiClient, path: str) -> None:
    assert (await api.get(path)).status == 404
    assert (await api.ask("POST", path, {})).status == 404


@pytest.mark.parametrize("path", ["/calls", "/seats/8001", "/health", "/tickets", "/queues"])
async def test_head_is_get_without_the_body(api: ApiClient, path: str) -> None:
    got = await api.get(path)
    head = await api.ask("HEAD", path)

    assert (head.status, head.raw) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.raw))


@pytest.mark.parametrize(
    "raw",
    [b"{", b"", b"nonsense", b'{"kind": "report"', b'{"matter": "\\ud800"}', b'{"matter": "\xff"}', b"[" * 100_000],
)
async def test_a_body_that_is_no_json_is_400(api: ApiClient, raw: bytes) -> None:
    answer = await api.ask("POST", "/tickets", data=raw, headers={"Content-Type": "application/json"})

    assert answer.status == 400


@pytest.mark.parametrize(
    "media", [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", "nonsense"]
)
async def test_a_body_of_another_type_is_415(api: ApiClient, media: str | None) -> None:
    headers = {} if media is None else {"Content-Type": media}

    assert (await api.ask("POST", "/tickets", data=b"{}", headers=headers)).status == 415


@pytest.mark.parametrize(
    "media", ["application/json; charset=UTF-8", "Application/JSON", 'application/json; charset="utf-8"']
)
async def test_a_body_of_json_is_taken_however_it_is_written(api: ApiClient, media: str) -> None:
    assert (await api.ask("POST", "/tickets", data=b"{}", headers={"Content-Type": media})).status == 201


async def test_a_body_that_is_too_large_is_413_said_or_unsaid(api: ApiClient) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(600):
            yield b" " * 1024

    for data in (b" " * (512 * 1024 + 1), in_pieces()):
        answer = await api.ask("POST", "/tickets", data=data, headers={"Content-Type": "application/json"})
        assert answer.status == 413


async def test_a_small_body_that_unpacks_to_a_large_one_is_413(api: ApiClient) -> None:
    packed = gzip.compress(b" " * 50_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert len(packed) < 100_000
    assert (await api.ask("POST", "/tickets", data=packed, headers=headers)).status == 413


async def test_a_body_that_does_not_unpack_is_400(api: ApiClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert (await api.ask("POST", "/tickets", data=b"{}", headers=headers)).status == 400


async def test_every_error_of_ours_has_its_status() -> None:
    known = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CallcenterError)}

    assert known - {CallcenterError} == set(STATUS_OF)


async def test_what_is_away_is_503_and_may_be_tried_again(api: ApiClient, desk: FakeDesk) -> None:
    desk.fails_with = UnavailableError("the database is away; try again")

    answer = await api.get("/calls/x")

    assert (answer.status, answer.json["detail"]) == (503, "the database is away; try again")
    assert int(answer.headers["Retry-After"]) > 0


async def test_what_takes_too_long_is_503(api: ApiClient, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def for_ever(_call_id: str) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(desk, "call", for_ever)
    monkeypatch.setattr("callcenter.api.contract.ACT_SECONDS", 0.05)

    assert (await api.get("/calls/x")).status == 503


async def test_figures_of_a_month_may_take_longer_than_that(
    api: ApiClient, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = desk.figures

    async def slowly(*asked: Any, **of: Any) -> Any:
        await asyncio.sleep(0.2)
        return await at_once(*asked, **of)

    monkeypatch.setattr(desk, "figures", slowly)
    monkeypatch.setattr("callcenter.api.contract.ACT_SECONDS", 0.05)

    assert (await api.get("/figures?from=2026-11-01T00:00:00Z&to=2026-12-03T00:00:00Z")).status == 200
    assert (await api.get("/figures?from=2026-11-01T00:00:00Z&to=2026-12-03T00:00:00.001Z")).status == 422


async def test_what_is_forbidden_is_403(api: ApiClient, desk: FakeDesk) -> None:
    desk.fails_with = errors.ForbiddenError("not yours")

    assert (await api.get("/seats/8001")).status == 403


async def test_a_mistake_of_ours_tells_only_where_to_look(api: ApiClient, desk: FakeDesk, log: list[Any]) -> None:
    desk.fails_with = KeyError("13912345678")

    answer = await api.get("/calls/x")

    assert answer.status == 500
    assert "13912345678" not in answer.raw.decode()
    assert answer.headers["X-Request-Id"] == answer.json["request_id"]
    (line,) = [line for line in log if line["log_level"] == "error"]
    assert line["request_id"] == answer.json["request_id"]
    assert isinstance(line["exc_info"], KeyError)


async def test_the_log_holds_nothing_that_was_asked_for(api: ApiClient, desk: FakeDesk, log: list[Any]) -> None:
    number = "13912345678"

    await api.get(f"/calls?caller={number}")
    await api.get(f"/calls/{number}")
    await api.get(f"/{number}")
    await api.ask("POST", "/tickets", {"caller_phone": number, "kind": number}, headers={"User-Agent": number})
    await api.ask("POST", "/events/token")

    assert len(log) == 5
    assert number not in repr(log)
    assert TOKEN not in repr(log)
    assert [line["path"] for line in log] == [
        "/api/v1/calls",
        "/api/v1/calls/{call_id}",
        "unknown",
        "/api/v1/tickets",
        "/api/v1/events/token",
    ]


async def raw_ask(server: Server, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request)
    await writer.drain()
    async with asyncio.timeout(5):
        answer = await reader.read(65536)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /api/v1/calls?caller=13912345678 HTTP/9.x\r\n\r\n",
        b"GET /api/v1/calls?caller=13912345678\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01 13912345678\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX 13912345678\r\n\r\n",
    ],
)
async def test_a_request_that_cannot_be_parsed_is_not_kept_in_the_log(
    server: Server, caplog: pytest.LogCaptureFixture, request_bytes: bytes
) -> None:
    caplog.set_level(logging.DEBUG)

    answer = await raw_ask(server, request_bytes)

    assert b" 400 " in answer.split(b"\r\n")[0]
    assert "13912345678" not in caplog.text


async def test_a_body_that_breaks_off_harms_nobody(server: Server, api: ApiClient, log: list[Any]) -> None:
    _, writer = await asyncio.open_connection(server.host, server.port)
    head = f"POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    await writer.drain()
    writer.transport.abort()

    assert (await api.get("/health")).status == 200
    assert not [line for line in log if line["log_level"] == "error"]


async def test_answers_are_not_kept_by_caches_nor_guessed_at(api: ApiClient) -> None:
    answer = await api.get("/seats")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "callcenter/9.9.9"
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_server_takes_a_free_port_and_tells_it(desk: FakeDesk, clock: FakeClock) -> None:
    async with served(desk, clock) as server:
        assert server.port > 0
        assert server.url == f"http://127.0.0.1:{server.port}"


async def test_an_address_in_use_is_named(server: Server, desk: FakeDesk, clock: FakeClock) -> None:
    with pytest.raises(CannotListenError, match=rf"127\.0\.0\.1:{server.port}"):
        async with make_server(desk, host="127.0.0.1", port=server.port, token=TOKEN, clock=clock, version="9.9.9"):
            pass


async def test_a_server_ends_in_time_with_a_request_in_progress(
    desk: FakeDesk, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def for_ever(_call_id: str) -> Any:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(desk, "call", for_ever)
    async with aiohttp.ClientSession() as session, asyncio.timeout(10):
        async with served(desk, clock) as server:
            asking = asyncio.create_task(
                session.get(f"{server.url}/api/v1/calls/x", headers={"Authorization": f"Bearer {TOKEN}"})
            )
            await asked.wait()
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 3.0
        with pytest.raises(aiohttp.ClientError):
            await asking
