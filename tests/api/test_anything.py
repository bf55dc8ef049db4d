"""Whatever is sent, the hotline never fails by a mistake of its own, and always answers as it is described."""

import json
from typing import Any
from urllib.parse import quote

import aiohttp
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from callcenter.api.document import OPERATIONS
from callcenter.api.tickets import TicketFields
from callcenter.domain.calls import CallState
from tests.api.conftest import TOKEN, served
from tests.support.api_client import ApiClient
from tests.support.fake_desk import FakeDesk, call_id
from tests.support.office_fakes import FakeClock

NAMES = [
    "live",
    "caller",
    "seat",
    "from",
    "to",
    "limit",
    "cursor",
    "state",
    "kind",
    "unit",
    "q",
    "token",
    "stream",
    "after",
]
VALUES = [
    *["true", "1", "0", "-1", "200", "2026-11-24T00:00:00Z", "13800000000", "drafted", "%"],
    "9" * 30,
    "\x00",
    "\ud800",
]
TEXT = st.one_of(st.sampled_from(VALUES), st.text(max_size=30), st.characters())
IDS = st.one_of(st.sampled_from([call_id(1), "0193a5b0-0000-7000-8000-000000000001", "8001", "housing"]), TEXT)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from([*TicketFields.model_fields, "reason", "due"]), JSON, max_size=6)
MOST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


async def asked(method: str, path: str, **how: Any) -> int:
    desk = FakeDesk()
    desk.has_call(1, CallState.ENDED)
    desk.has_ticket(1)
    async with served(desk, FakeClock()) as server, aiohttp.ClientSession() as session:
        return (await ApiClient(session, server.url, TOKEN).ask(method, path, **how)).status


@MOST
@given(
    operation=st.sampled_from(OPERATIONS),
    ids=IDS,
    query=st.lists(st.tuples(st.sampled_from(NAMES) | TEXT, TEXT), max_size=4),
)
async def test_any_path_and_query(operation: Any, ids: str, query: list[tuple[str, str]]) -> None:
    path = operation.path
    for name in ("call_id", "extension", "unit_id", "ticket_id"):
        path = path.replace("{" + name + "}", escaped(ids))
    text = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in query)

    assert await asked(operation.method, f"{path}?{text}", headers={"If-Match": '"1"'}) != 500


@MOST
@given(
    operation=st.sampled_from([operation for operation in OPERATIONS if operation.takes_body]),
    body=st.one_of(FIELDS, JSON, st.fixed_dictionaries({"state": JSON}, optional={"reason": JSON})),
)
@example(operation=OPERATIONS[-2], body={})
async def test_any_json(operation: Any, body: Any) -> None:
    path = operation.path
    for name, value in {
        "call_id": call_id(1),
        "extension": "8001",
        "ticket_id": "0193a5b0-0000-7000-8000-000000000001",
    }.items():
        path = path.replace("{" + name + "}", value)
    data = json.dumps(body).encode()
    headers = {"If-Match": '"1"', "Content-Type": "application/json"}

    assert await asked(operation.method, path, data=data, headers=headers) != 500


@MOST
@given(data=st.binary(max_size=200), media=st.sampled_from(["application/json", "text/html", "", "a/b; charset=\xff"]))
async def test_any_bytes(data: bytes, media: str) -> None:
    assert await asked("POST", "/tickets", data=data, headers={"Content-Type": media}) in (201, 400, 415, 422)


@MOST
@given(header=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20))
async def test_any_if_match_and_range(header: str) -> None:
    ticket = "/tickets/0193a5b0-0000-7000-8000-000000000001"
    headers = {"If-Match": header, "Range": header, "If-None-Match": header, "If-Range": header}

    assert await asked("PATCH", ticket, body={"notes": "x"}, headers=headers) in (200, 400, 412)
    assert await asked("GET", f"/calls/{call_id(1)}/recording", headers=headers) == 404
