from typing import Any

import pytest

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import CallState
from callcenter.office.ports import ComponentHealth
from tests.support.api_client import ApiClient
from tests.support.fake_desk import NOON, FakeDesk


@pytest.mark.parametrize(
    ("statuses", "whole", "status"),
    [
        (["ok", "ok", "ok", "ok", "ok"], "ok", 200),
        (["ok", "ok", "off", "ok", "off"], "ok", 200),
        (["off", "off", "off", "off", "off"], "ok", 200),
        (["ok", "degraded", "off", "ok", "ok"], "degraded", 200),
        (["down", "degraded", "ok", "ok", "ok"], "down", 503),
    ],
)
async def test_the_hotline_is_as_well_as_its_worst_part(
    api: ApiClient, desk: FakeDesk, statuses: list[str], whole: str, status: int
) -> None:
    desk.parts = {
        name: ComponentHealth(status=part, detail=f"{name} is {part}")
        for name, part in zip(desk.parts, statuses, strict=True)
    }

    answer = await api.get("/health", signed_in=False)

    assert (answer.status, answer.json["status"]) == (status, whole)
    assert answer.json["components"]["asterisk"] == {"status": statuses[0], "detail": f"asterisk is {statuses[0]}"}
    assert ("Retry-After" in answer.headers) == (status == 503)


async def test_the_queue_shows_who_waits_and_at_which_place(api: ApiClient, desk: FakeDesk) -> None:
    first = desk.has_call(1, CallState.QUEUED)
    second = desk.has_call(2, CallState.QUEUED)

    answer = await api.get("/queues")

    (queue,) = answer.json["items"]
    assert [(waiting["call_id"], waiting["position"]) for waiting in queue["waiting"]] == [
        (first.id, 1),
        (second.id, 2),
    ]
    assert queue["longest_wait"] == 12.346


async def test_units_are_shown(api: ApiClient) -> None:
    unit: dict[str, Any] = {
        "id": "housing",
        "name": "市住建委",
        "number": "02001",
        "parent": None,
        "ring_seconds": 30.0,
        "duty": [],
        "on_duty": True,
    }

    assert (await api.get("/units")).json == {"items": [unit], "next": None}
    assert (await api.get("/units/housing")).json == unit
    assert (await api.get("/units/nowhere")).status == 404


async def test_alarms_that_stand_are_shown(api: ApiClient, desk: FakeDesk) -> None:
    desk.standing = [Alarm(name="disk_low", detail="12 MB are free", since=NOON)]

    answer = await api.get("/alarms")

    (alarm,) = answer.json["items"]
    assert (alarm["name"], alarm["title"], alarm["severity"]) == ("disk_low", "录音磁盘空间不足", "warning")
    assert (alarm["detail"], alarm["since"]) == ("12 MB are free", "2026-11-24T04:00:00.000Z")
    assert "清理磁盘" in alarm["advice"]
    assert (await api.get("/health")).json["alarms"] == ["disk_low"]


async def test_the_live_picture_is_what_the_events_begin_with(api: ApiClient, desk: FakeDesk) -> None:
    desk.has_call(1)
    desk.standing = [Alarm(name="disk_low", detail="12 MB are free", since=NOON)]

    live = (await api.get("/live")).json

    assert (live["stream"], live["seq"]) == ("stream-1", desk.stream.seq)
    assert {name: live[name] for name in ("calls", "seats", "queues", "trunks", "alarms")} == desk.snapshot()
    assert (await api.get("/trunks")).json["items"] == live["trunks"]
    assert [line["direction"] for line in live["trunks"][0]["lines"]] == ["inbound"]


@pytest.mark.parametrize("mistakes", [[], ["menu.yaml:3: there is no node queu; did you mean queue?"]])
async def test_flows_are_read_again(api: ApiClient, desk: FakeDesk, mistakes: list[str]) -> None:
    desk.mistakes = mistakes

    answer = await api.ask("POST", "/flows/reload")

    assert answer.json == {"taken": not mistakes, "mistakes": mistakes}


@pytest.mark.parametrize("path", ["/seats", "/queues", "/units", "/alarms", "/health", "/seats/8001"])
async def test_a_parameter_that_nobody_knows_is_refused(api: ApiClient, path: str) -> None:
    answer = await api.get(f"{path}?colour=red")

    assert answer.status == 422
    assert answer.json["errors"] == [
        {"pointer": "/colour", "parameter": "colour", "detail": "is not known here; none is taken"}
    ]
