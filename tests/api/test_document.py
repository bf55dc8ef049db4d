import json
import re
from html.parser import HTMLParser
from typing import Any

import aiohttp
import openapi_spec_validator
import pytest

from callcenter.api.document import OPERATIONS, openapi_document, written
from callcenter.api.problems import KINDS
from callcenter.api.server import Server
from tests.support.api_client import DOCUMENT, check

DESCRIBED = [
    (f"{method.upper()} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
CONTRACT = """
GET health | GET calls | GET calls/{id} | GET calls/{id}/recording | GET calls/{id}/journal | POST calls/{id}/hangup
POST calls/{id}/hold | POST calls/{id}/resume | GET seats | GET seats/{id} | PUT seats/{id}/state | GET queues
GET units | GET units/{id} | GET tickets | GET tickets/{id} | POST tickets | PATCH tickets/{id} | POST tickets/{id}/file
POST calls/{id}/three-way | PUT calls/{id}/three-way/{id} | PUT calls/{id}/seat | PUT calls/{id}/secret
GET recalls | GET recalls/{id} | POST recalls/{id}/dial
GET alarms | GET live | GET trunks | GET figures | POST events/token | GET events | POST flows/reload
GET webhooks | GET webhooks/{id}/dead-letters | POST webhooks/{id}/dead-letters/retry
POST webhooks/{id}/dead-letters/{id}/retry
"""


def test_the_document_is_openapi_3_1() -> None:
    openapi_spec_validator.validate(openapi_document())

    assert DOCUMENT["openapi"].startswith("3.1")


def test_it_describes_what_the_contract_promises_and_nothing_else() -> None:
    promised = {line.strip() for line in re.split(r"[|\n]", CONTRACT) if line.strip()}
    described = {re.sub(r"\{\w+\}", "{id}", name.replace("/api/v1/", "")) for name, _ in DESCRIBED}

    assert described == promised


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, operation in DESCRIBED]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+[A-Z][A-Za-z]+", name) for name in names)


@pytest.mark.parametrize(("name", "operation"), DESCRIBED)
def test_every_operation_shows_examples_that_are_right(name: str, operation: dict[str, Any]) -> None:
    if "requestBody" in operation:
        media = operation["requestBody"]["content"]["application/json"]
        check(media["example"], media["schema"])
    for status, response in operation["responses"].items():
        if "$ref" not in response and "application/json" in response.get("content", {}):
            media = response["content"]["application/json"]
            check(media["example"], media["schema"])
        else:
            assert "$ref" in response or status in ("101", "200", "206"), (name, status)
    for parameter in operation["parameters"]:
        assert parameter["description"]
        if "example" in parameter:
            check(parameter["example"], parameter["schema"])


def test_the_examples_of_problems_are_right() -> None:
    for response in DOCUMENT["components"]["responses"].values():
        media = response["content"]["application/problem+json"]
        check(media["example"], media["schema"])


def test_everything_is_said_in_chinese_too() -> None:
    texts = [operation["description"] for _, operation in DESCRIBED] + [kind.chinese for kind in KINDS.values()]

    assert all(re.search("[\u4e00-\u9fff]", text) for text in texts)


def test_only_health_is_open_and_only_events_take_a_token_in_the_address() -> None:
    open_ones = [name for name, operation in DESCRIBED if operation.get("security") == []]
    with_token = [name for name, operation in DESCRIBED if {"oneTimeToken": []} in operation.get("security", [])]

    assert open_ones == ["GET /api/v1/health"]
    assert with_token == ["GET /api/v1/events"]


def test_no_schema_is_left_over_or_missing() -> None:
    text = json.dumps(DOCUMENT)
    used = set(re.findall(r"#/components/schemas/(\w+)", text))

    assert used | {"SnapshotMessage", "EventMessage"} == set(DOCUMENT["components"]["schemas"])


async def test_the_document_is_served_as_it_is_generated(server: Server) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/api/openapi.json") as answer:
        assert answer.content_type == "application/json"
        assert await answer.text() == written(openapi_document())


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "action"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            assert not name.startswith("on")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_page_reads_without_anything_from_elsewhere(server: Server) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/api/docs") as answer:
        text = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    page = _Page()
    page.feed(text)
    page.close()

    assert page.open == []
    assert not page.tags & {"script", "img", "link", "iframe", "form"}
    assert {link for link in page.links if not link.startswith("#")} == {"/api/openapi.json"}
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert policy.startswith("default-src 'none'")
    for operation in OPERATIONS:
        assert operation.id in page.ids
        assert operation.chinese in text
    for kind in KINDS.values():
        assert f"problem-{kind.slug}" in page.ids
