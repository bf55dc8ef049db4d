"""Those who look after webhooks see how each fares, and have sent once more what it did not take."""

from datetime import timedelta

import aiohttp

from callcenter.domain.letters import DeadLetter, Letter, WebhookState
from tests.api.conftest import served
from tests.support.api_client import ApiClient
from tests.support.fake_desk import NOON, FakeDesk
from tests.support.office_fakes import FakeClock

CITY = WebhookState(
    id="city",
    address="https://city.example",
    kinds=(),
    private=False,
    status="ok",
    detail="3 events told",
    waiting=0,
    told=3,
    dropped=0,
    dead=1,
)


def dead(seq: int) -> DeadLetter:
    letter = Letter(position=seq, stream="s1", seq=seq, time=NOON, type="call.ended", data={"caller": "13800138000"})
    return DeadLetter(letter=letter, attempts=10, reason="it answers 500", died=NOON + timedelta(hours=1))


async def test_webhooks_and_their_dead_letters_are_listed_and_sent_once_more(api: ApiClient, desk: FakeDesk) -> None:
    desk.webhooks.known, desk.webhooks.dead = [CITY], [dead(7), dead(8)]

    hooks = await api.ask("GET", "/webhooks")
    letters = await api.ask("GET", "/webhooks/city/dead-letters?limit=1")
    every = await api.ask("POST", "/webhooks/city/dead-letters/retry")
    one = await api.ask("POST", "/webhooks/city/dead-letters/s1:8/retry")

    assert [hook["id"] for hook in hooks.json["items"]] == ["city"]
    assert [letter["id"] for letter in letters.json["items"]] == ["s1:7"]
    assert letters.json["next"] is not None
    assert "13800138000" not in letters.raw.decode()
    assert ((every.status, every.json), (one.status, one.json)) == ((202, {"retried": 2}), (202, {"retried": 1}))
    assert desk.webhooks.retried == [("city", None), ("city", "s1:8")]


async def test_what_is_not_there_is_not_found(api: ApiClient, desk: FakeDesk) -> None:
    desk.webhooks.known = [CITY]

    asked = [("GET", "/webhooks/x/dead-letters"), ("POST", "/webhooks/city/dead-letters/s1:9/retry")]

    assert [(await api.ask(method, path)).status for method, path in asked] == [404, 404]


async def test_the_asyncapi_document_is_served_to_everybody(desk: FakeDesk, clock: FakeClock) -> None:
    async with (
        served(desk, clock, asyncapi='{"asyncapi": "3.0.0"}') as server,
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/api/asyncapi.json") as answer,
    ):
        assert (answer.status, (await answer.json())["asyncapi"]) == (200, "3.0.0")
