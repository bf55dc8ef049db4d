"""A stranger who has only the AsyncAPI document: holds every message that he is told against it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from callcenter.asyncapi import asyncapi_document
from tests.support.api_client import closed

SCHEMA = Path(__file__).with_name("asyncapi-3.0.0.schema.json")
DOCUMENT = asyncapi_document()
_RETAINED = ("alarms", "seats", "queues", "trunks", "figures", "figures.queues", "figures.seats")
DEFINITIONS = closed(DOCUMENT["components"]["schemas"])


def check(payload: Any, message: str) -> None:
    """Hold a payload against a message of the document, in which no field may stand that is not described."""
    _validator(message).validate(payload)


def check_told(topic: str, text: str) -> str:
    """Hold what came from a broker against the channel of its topic; gives the channel's name."""
    name, channel = channel_of(topic)
    if text == "":
        assert name in _RETAINED, topic  # it stands no more
        return name
    if name == "status":
        check(text, "status")
        return name
    payload = json.loads(text)
    check(payload, channel["messages"][payload["type"]]["$ref"].rpartition("/")[2])
    return name


def channel_of(topic: str) -> tuple[str, dict[str, Any]]:
    """The one channel whose address fits a topic."""
    found = [
        (name, channel)
        for name, channel in DOCUMENT["channels"].items()
        if channel["address"] and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", channel["address"]), topic)
    ]
    (only,) = found
    return only


@cache
def _validator(message: str) -> Draft202012Validator:
    schema = {**closed(DOCUMENT["components"]["messages"][message]["payload"]), "$defs": DEFINITIONS}
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
