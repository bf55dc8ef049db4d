"""What is done in a call by who asks: hung up, held, a unit brought in, the operator out, a secret kept out."""

from typing import Any

import pytest

from callcenter.domain.calls import CallState
from tests.support.api_client import ApiClient
from tests.support.fake_desk import FakeDesk, kept


async def test_hanging_up_is_accepted_and_asked_of_the_desk(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)

    answer = await api.ask("POST", f"/calls/{call.id}/hangup")

    assert answer.status == 202
    assert desk.asked == [{"hang_up": call.id}]


async def test_a_call_that_has_ended_is_409_and_not_404(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1, CallState.ENDED)

    for act in ("hangup", "hold", "resume"):
        answer = await api.ask("POST", f"/calls/{call.id}/{act}")
        assert (answer.status, answer.json["detail"]) == (409, "the call has ended")


async def test_a_caller_is_held_and_taken_back(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)

    held = await api.ask("POST", f"/calls/{call.id}/hold")
    again = await api.ask("POST", f"/calls/{call.id}/hold")
    resumed = await api.ask("POST", f"/calls/{call.id}/resume", {})

    assert (held.status, held.json["held"]) == (200, True)
    assert (again.status, again.json["detail"]) == (409, "the call is on hold already; resume is possible")
    assert (resumed.status, resumed.json["held"]) == (200, False)


async def test_an_act_without_fields_refuses_fields(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)

    answer = await api.ask("POST", f"/calls/{call.id}/hangup", {"force": True})

    assert answer.status == 422
    assert answer.json["errors"] == [{"pointer": "/force", "detail": "is not known here; none is taken"}]
    assert desk.asked == []


async def test_a_unit_is_called_joined_consulted_and_dropped(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)

    called = await api.ask("POST", f"/calls/{call.id}/three-way", {"unit": "housing", "private": True})
    twice = await api.ask("POST", f"/calls/{call.id}/three-way", {"unit": "housing"})
    leg = f"/calls/{call.id}/three-way/{called.json['id']}"
    states = [(await api.ask("PUT", leg, {"action": act})).json["state"] for act in ("consult", "join", "drop")]

    assert (called.status, called.json["kind"], called.json["party"]) == (202, "unit", "housing")
    assert desk.asked == [{"unit": "housing", "private": True}]
    assert (twice.status, "drop" in twice.json["detail"]) == (409, True)
    assert states == ["private", "joined", "ended"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/unit"),
        ({"unit": ""}, "/unit"),
        ({"unit": "  "}, "/unit"),
        ({"unit": 2}, "/unit"),
        ({"unit": "housing\n"}, None),
        ({"unit": "hou\nsing"}, "/unit"),
        ({"unit": "nobody"}, "/unit"),
        ({"unit": "housing", "private": "no"}, "/private"),
        ({"unit": "housing", "seat": "8001"}, "/seat"),
    ],
)
async def test_a_wrong_wish_for_a_unit_is_told_by_its_place(
    api: ApiClient, desk: FakeDesk, body: dict[str, Any], pointer: str | None
) -> None:
    call = desk.has_call(1)

    answer = await api.ask("POST", f"/calls/{call.id}/three-way", body)

    if pointer is None:
        assert answer.status == 202
    else:
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)


async def test_what_is_not_there_or_over_cannot_be_changed(api: ApiClient, desk: FakeDesk) -> None:
    live, ended = desk.has_call(1), desk.has_call(2, CallState.ENDED)

    def wishes(call_id: str) -> list[tuple[str, str, dict[str, Any]]]:
        return [
            ("POST", f"/calls/{call_id}/three-way", {"unit": "housing"}),
            ("PUT", f"/calls/{call_id}/three-way/x", {"action": "join"}),
            ("PUT", f"/calls/{call_id}/seat", {"action": "leave"}),
            ("PUT", f"/calls/{call_id}/secret", {"on": True}),
        ]

    assert [(await api.ask(*wish)).status for wish in wishes("nobody")] == [404] * 4
    over = [await api.ask(*wish) for wish in wishes(ended.id)]
    assert [answer.status for answer in over] == [409] * 4
    assert "ended" in over[0].json["detail"]
    no_leg = await api.ask("PUT", f"/calls/{live.id}/three-way/x", {"action": "join"})
    assert (no_leg.status, "leg" in no_leg.json["detail"]) == (404, True)


async def test_the_operator_leaves_and_returns(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)
    early = await api.ask("PUT", f"/calls/{call.id}/seat", {"action": "leave"})
    leg = (await api.ask("POST", f"/calls/{call.id}/three-way", {"unit": "10086"})).json
    await api.ask("PUT", f"/calls/{call.id}/three-way/{leg['id']}", {"action": "join"})

    left = await api.ask("PUT", f"/calls/{call.id}/seat", {"action": "leave"})
    wrong = await api.ask("PUT", f"/calls/{call.id}/seat", {"action": "vanish"})

    assert (leg["party"], leg["number"]) == (None, "10086")
    assert early.status == 409
    assert (left.status, left.json["id"]) == (200, call.id)
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/action")


async def test_a_secret_is_kept_out_and_the_call_says_so(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1, recording=kept(12.5))

    on = await api.ask("PUT", f"/calls/{call.id}/secret", {"on": True})
    off = await api.ask("PUT", f"/calls/{call.id}/secret", {"on": False})
    wrong = await api.ask("PUT", f"/calls/{call.id}/secret", {"on": 1})

    assert (on.json["secret"], off.json["secret"]) == (True, False)
    assert on.json["recording"]["secrets"] == [{"began": "2026-11-24T04:00:00.000Z", "ended": None}]
    assert off.json["recording"]["secrets"][0]["ended"] == "2026-11-24T04:00:00.000Z"
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/on")
