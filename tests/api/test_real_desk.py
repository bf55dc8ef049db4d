"""Calls, tickets, figures and seats at the real desk: what is asked of it, and what comes of that."""

import base64
import json
from collections.abc import Awaitable
from typing import Any

import pytest

from callcenter.domain.views import Json
from tests.api.conftest import TOKEN
from tests.support.api_client import check
from tests.support.office_fakes import CALL, eventually
from tests.support.real_desk import Hotline
from tests.support.stores import eventually as in_the_journal


async def test_a_call_is_followed_from_the_first_ring_to_the_filed_ticket(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office

    async with api.session.ws_connect(f"{api.url}/api/v1/events", headers={"Authorization": f"Bearer {TOKEN}"}) as seen:
        snapshot = await seen.receive_json(timeout=5)
        office.a_caller_waits()
        queues = await api.get("/queues")
        office.the_seat_answers()
        talking = await api.get(f"/calls/{CALL}")
        listed = await api.get("/calls?live=true&caller=%2B8613800000000&seat=8001")
        held = await api.ask("POST", f"/calls/{CALL}/hold")
        again = await api.ask("POST", f"/calls/{CALL}/hold")
        resumed = await api.ask("POST", f"/calls/{CALL}/resume")
        hung_up = await api.ask("POST", f"/calls/{CALL}/hangup")
        office.clock.advance(20)
        office.the_caller_hangs_up()
        ended = await api.get(f"/calls/{CALL}")
        after_the_end = [await api.ask("POST", f"/calls/{CALL}/{act}") for act in ("hold", "resume", "hangup")]
        journal = await api.get(f"/calls/{CALL}/journal")
        events = [await seen.receive_json(timeout=5)]
        while "ticket.changed" not in (event["type"] for event in events):
            events.append(await seen.receive_json(timeout=5))

    assert queues.json["items"][0]["name"]
    assert (talking.json["state"], talking.json["seat"]) == ("talking", "8001")
    assert [call["id"] for call in listed.json["items"]] == [CALL]
    assert (held.status, held.json["held"], resumed.json["held"]) == (200, True, False)
    assert again.status == 409
    assert hung_up.status == 202
    assert "EndCall" in hotline.wished()
    assert (ended.json["state"], ended.json["outcome"]) == ("ended", "answered")
    assert [answer.status for answer in after_the_end] == [409, 409, 409]
    kinds = [entry["kind"] for entry in journal.json["items"]]
    assert (kinds[0], kinds.count("call.talking"), kinds.count("call.ended")) == ("call.arrived", 1, 1)
    assert "recording_path" not in json.dumps(journal.json) + json.dumps(events)
    assert [event["seq"] for event in events] == list(range(snapshot["seq"] + 1, snapshot["seq"] + 1 + len(events)))
    for event in events:
        check(event, {"$ref": "#/components/schemas/EventMessage"})


async def test_a_ticket_is_drafted_completed_and_filed_in_the_store(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.the_seat_answers()
    await eventually(lambda: office.switchboard.exchange.calls[0].ticket_id is not None)

    (drafted,) = (await api.get("/tickets?caller=13800000000&state=drafted")).json["items"]
    address = f"/tickets/{drafted['id']}"
    early = await api.ask("POST", f"{address}/file")
    fields = {"kind": "complaint", "category": "噪声扰民", "matter": "夜间施工。\n一直到凌晨", "unit": "housing"}
    edited = await api.ask("PATCH", address, fields, headers={"If-Match": '"1"'})
    stale = await api.ask("PATCH", address, {"notes": "x"}, headers={"If-Match": '"1"'})
    filed = await api.ask("POST", f"{address}/file")
    late = await api.ask("PATCH", address, {"notes": "x"}, headers={"If-Match": filed.headers["ETag"]})
    found = await api.get("/tickets?q=%E6%96%BD%E5%B7%A5&kind=complaint&unit=housing&state=filed")

    assert drafted["call_ids"] == [CALL]
    assert [fault["pointer"] for fault in early.json["errors"]] == ["/kind", "/category", "/matter"]
    assert (edited.status, stale.status, filed.status, late.status) == (200, 412, 200, 409)
    assert [ticket["number"] for ticket in found.json["items"]] == [drafted["number"]]
    assert filed.json["number"] == drafted["number"]


async def test_the_figures_of_a_day_come_from_the_journal(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.clock.advance(4)
    office.the_seat_answers()
    office.clock.advance(60)
    office.the_caller_hangs_up()
    office.clock.advance(10)

    async def has_all() -> bool:
        return len((await api.get(f"/calls/{CALL}/journal")).json["items"]) > 0 and (await figures())["offered"] == 1

    async def figures(query: str = "") -> dict[str, float | None]:
        answer = await api.get(f"/figures{query}")
        check(answer.json, {"$ref": "#/components/schemas/FigureList"})
        return {figure["name"]: figure["value"] for figure in answer.json["items"]}

    await in_the_journal(has_all)
    found = await figures()
    assert (found["offered"], found["asked_for_person"], found["answered"]) == (1, 1, 1)
    assert (found["connect_rate"], found["lost_rate"], found["service_level_15"]) == (1, 0, 1)
    assert found["speed_of_answer"] == pytest.approx(4, abs=0.01)
    assert found["talk_time"] == pytest.approx(60, abs=0.01)
    assert found["abandon_rate_ivr"] == 0
    assert (await figures("?queue=another"))["connect_rate"] is None
    assert (await figures("?seat=8001"))["answered"] == 1
    assert (await figures("?to=2020-01-02T00:00:00Z&from=2020-01-01T00:00:00Z"))["offered"] == 0
    backwards = await api.get("/figures?from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z")
    too_long = await api.get("/figures?from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z")
    assert (backwards.status, too_long.status) == (422, 422)


async def test_a_day_is_cut_into_half_hours_that_add_up_to_it(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.the_seat_answers()
    office.clock.advance(60)
    office.the_caller_hangs_up()
    office.clock.advance(10)

    async def is_counted() -> bool:
        items = (await api.get("/figures")).json["items"]
        return any(figure["name"] == "wrap_up_time" and figure["denominator"] for figure in items)

    await in_the_journal(is_counted)
    day = await api.get("/figures?window=24h&interval=half_hour&queue=hotline")
    check(day.json, {"$ref": "#/components/schemas/FigureList"})
    whole = {figure["name"]: figure for figure in day.json["items"]}
    halves = [{figure["name"]: figure for figure in half["figures"]} for half in day.json["intervals"]]

    assert len(halves) == 49  # the clock stands at 04:01:10: two shorter ones at the edges
    assert [half["from"][11:19] for half in day.json["intervals"]][:2] == ["04:01:10", "04:30:00"]
    for name in ("asked_for_person", "answered", "connect_rate", "talk_time"):
        assert sum(half[name]["numerator"] for half in halves) == whole[name]["numerator"] > 0
    assert "intervals" not in (await api.get("/figures?window=24h")).json
    for wrong in ("window=24", "window=2h&from=2026-11-24T00:00:00Z", "interval=hour", "window=72h&interval=half_hour"):
        assert (await api.get(f"/figures?{wrong}")).status == 422, wrong


async def test_how_a_ticket_was_settled_is_a_figure_of_its_call(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.the_seat_answers()

    async def drafted() -> list[Json]:
        return list((await api.get("/tickets")).json["items"])

    async def kinds() -> list[str]:
        return [entry["kind"] for entry in (await api.get(f"/calls/{CALL}/journal")).json["items"]]

    async def figure(name: str) -> Json:
        items = (await api.get("/figures")).json["items"]
        return dict(next(each for each in items if each["name"] == name))

    await in_the_journal(lambda: _some(drafted()))
    (ticket,) = await drafted()
    office.the_caller_hangs_up()
    office.clock.advance(5)
    await in_the_journal(lambda: _holds(kinds(), "ticket.stands", 1))
    assert (await figure("direct_answer_rate"))["value"] is None  # nobody has filed anything: no 0 %

    path = f"/tickets/{ticket['id']}"
    fields = {"kind": "consultation", "category": "社保", "matter": "问社保卡怎么补办"}
    await api.ask("PATCH", path, fields, headers={"If-Match": f'"{ticket["version"]}"'})
    assert (await api.ask("POST", f"{path}/file")).status == 200
    await in_the_journal(lambda: _holds(kinds(), "ticket.stands", 3))

    told = [e for e in (await api.get(f"/calls/{CALL}/journal")).json["items"] if e["kind"] == "ticket.stands"]
    assert [each["data"]["standing"]["state"] for each in told] == ["drafted", "drafted", "filed"]
    assert "问社保卡怎么补办" not in str(told)
    await in_the_journal(lambda: _is_told(figure("direct_answer_rate")))  # the database is some milliseconds behind
    direct, resolved = await figure("direct_answer_rate"), await figure("first_call_resolution")
    assert (direct["numerator"], direct["denominator"], direct["recovered"]) == (1, 1, 0)
    assert resolved["value"] == 1
    assert (await figure("survey_response"))["value"] is None
    assert (await figure("signed_in_time"))["denominator"] == 0


async def _is_told(figure: Awaitable[Json]) -> bool:
    return (await figure)["value"] is not None


async def _some(found: Awaitable[list[Json]]) -> bool:
    return bool(await found)


async def _holds(kinds: Awaitable[list[str]], kind: str, times: int) -> bool:
    return (await kinds).count(kind) >= times


async def test_seats_are_set_and_say_why_they_cannot_be(hotline: Hotline) -> None:
    pause = await hotline.api.ask("PUT", "/seats/8001/state", {"state": "break", "reason": "午休"})
    ready = await hotline.api.ask("PUT", "/seats/8001/state", {"state": "ready"})
    hotline.office.a_caller_waits()
    hotline.office.the_seat_answers()
    talking = await hotline.api.ask("PUT", "/seats/8001/state", {"state": "offline"})

    assert (pause.json["state"], pause.json["reason"]) == ("break", "午休")
    assert (ready.json["state"], ready.json["reason"]) == ("ready", None)
    assert talking.status == 409
    assert "talking" in talking.json["detail"]


async def test_pages_of_tickets_follow_each_other(hotline: Hotline) -> None:
    made = [(await hotline.api.ask("POST", "/tickets", {"notes": str(number)})).json["id"] for number in range(5)]

    found: list[str] = []
    cursor = ""
    while True:
        page = (await hotline.api.get(f"/tickets?limit=2&cursor={cursor}")).json
        found += [ticket["id"] for ticket in page["items"]]
        if (cursor := page["next"]) is None:
            break

    assert sorted(found) == sorted(made)


# Whoever holds the token may still write cursors of his own.


def forged(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        forged([1, 2, 3]),
        forged({"a": 1}),
        forged([10**40, "x"]),
        forged(["x", "y"]),
        forged([0, "\ud800"]),
        forged([0, "\x00"]),
        forged([None, None]),
    ],
)
async def test_a_forged_cursor_is_refused_by_name(hotline: Hotline, cursor: str) -> None:
    for path in ("/calls", "/tickets"):
        answer = await hotline.api.get(f"{path}?cursor={cursor}")
        assert answer.status in (200, 422)
        if answer.status == 422:
            assert answer.json["errors"][0]["parameter"] == "cursor"
