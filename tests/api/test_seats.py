from dataclasses import replace
from typing import Any

import pytest

from callcenter.domain.seats import SeatState
from tests.support.api_client import ApiClient
from tests.support.fake_desk import FakeDesk


async def test_all_seats_are_listed(api: ApiClient) -> None:
    answer = await api.get("/seats")

    assert [seat["extension"] for seat in answer.json["items"]] == ["8001", "8002", "8003", "8004"]
    assert answer.json["next"] is None


async def test_one_seat_is_shown(api: ApiClient) -> None:
    answer = await api.get("/seats/8002")

    assert answer.json == {
        "extension": "8002",
        "operator": "话务员2",
        "state": "offline",
        "reason": None,
        "since": "2026-11-24T04:00:00.000Z",
        "call_id": None,
        "phone": "registered",
        "missed": 0,
    }


async def test_a_seat_that_is_not_there_is_404(api: ApiClient) -> None:
    assert (await api.get("/seats/9999")).status == 404
    assert (await api.ask("PUT", "/seats/9999/state", {"state": "ready"})).status == 404


@pytest.mark.parametrize("state", ["ready", "break", "wrap_up", "offline"])
async def test_a_seat_takes_the_states_that_people_may_set(api: ApiClient, state: str) -> None:
    answer = await api.ask("PUT", "/seats/8001/state", {"state": state, "reason": " 午休 "})

    assert (answer.status, answer.json["state"], answer.json["reason"]) == (200, state, "午休")


@pytest.mark.parametrize(
    ("body", "pointer", "hint"),
    [
        ({"state": "talking"}, "/state", "'ready', 'break', 'wrap_up' or 'offline'"),
        ({"state": "ringing"}, "/state", "'ready'"),
        ({"state": None}, "/state", "'ready'"),
        ({}, "/state", "is needed"),
        ({"state": "break", "reason": 1}, "/reason", "string"),
        ({"state": "break", "reason": "a\r\nb"}, "/reason", "one line"),
        ({"state": "break", "reasn": "x"}, "/reasn", "did you mean reason?"),
        ("ready", "", "object"),
    ],
)
async def test_a_state_that_is_wrong_is_refused_by_place(api: ApiClient, body: Any, pointer: str, hint: str) -> None:
    answer = await api.ask("PUT", "/seats/8001/state", body)

    assert answer.status == 422
    (fault,) = answer.json["errors"]
    assert fault["pointer"] == pointer
    assert hint in fault["detail"]


async def test_a_seat_in_a_talk_cannot_be_set(api: ApiClient, desk: FakeDesk) -> None:
    desk.known_seats["8001"] = replace(desk.known_seats["8001"], state=SeatState.TALKING)

    answer = await api.ask("PUT", "/seats/8001/state", {"state": "break"})

    assert answer.status == 409
    assert answer.json["detail"] == "the seat is talking; its state can be changed when the talk is over"
