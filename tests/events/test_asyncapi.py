"""The AsyncAPI document is one, is complete, and says what is so. Scenarios hold real messages against it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft7Validator, ValidationError

from callcenter.domain.letters import Letter
from callcenter.events.topics import KINDS, Topics, place_of
from tests.support.asyncapi import DOCUMENT, SCHEMA, channel_of, check, check_told

AT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
MESSAGES = DOCUMENT["components"]["messages"]


def test_the_document_is_asyncapi_3() -> None:
    Draft7Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(json.loads(json.dumps(DOCUMENT)))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def test_whatever_it_refers_to_is_there() -> None:
    for reference in set(_references(DOCUMENT)):
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


@pytest.mark.parametrize("name", sorted(name for name, message in MESSAGES.items() if "examples" in message))
def test_every_example_is_right(name: str) -> None:
    for example in MESSAGES[name]["examples"]:
        check(example["payload"], name)


def test_an_unknown_field_a_missing_one_and_a_private_one_in_public_are_found() -> None:
    (example,) = MESSAGES["public.call.queued"]["examples"]
    payload = example["payload"]
    for wrong in (
        payload | {"more": 1},
        {name: value for name, value in payload.items() if name != "id"},
        payload | {"data": payload["data"] | {"caller": "13800138000"}},
    ):
        with pytest.raises(ValidationError):
            check(wrong, "public.call.queued")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_in_every_channel_where_it_is_told(kind: str) -> None:
    letter = Letter(position=1, stream="s1", seq=1, time=AT, type=kind, data={place_of(kind).key: "x"})

    channels = {channel_of(message.topic)[0] for message in Topics("node1", "s1").messages(letter)}

    assert channels
    for channel in (*channels, "websocket"):
        assert kind in DOCUMENT["channels"][channel]["messages"]
    assert (kind in DOCUMENT["channels"]["webhook"]["messages"]) == (not letter.is_fleeting)


def test_what_the_broker_retains_and_the_status_are_described() -> None:
    assert check_told("callcenter/node1/status", "online") == "status"
    assert check_told("callcenter/node1/alarms/disk_low", "") == "alarms"
    (example,) = MESSAGES["snapshot.seats"]["examples"]
    assert check_told("callcenter/node1/seats/8001", json.dumps(example["payload"])) == "seats"
