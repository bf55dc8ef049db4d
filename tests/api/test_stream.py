"""Watching the events: a snapshot and what follows it without a gap, also for those who come back; and who may."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp
import pytest

from callcenter.api.stream import MANY
from callcenter.domain.calls import CallState
from callcenter.office.stream import Stream
from tests.api.conftest import TOKEN, served
from tests.support.api_client import ApiClient
from tests.support.fake_desk import FakeDesk
from tests.support.office_fakes import FakeClock
from tests.support.watchers import comes_to_watch, heard, watching

pytestmark = pytest.mark.usefixtures("how_many")


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
