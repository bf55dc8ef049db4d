"""What is told by itself, as an AsyncAPI 3.0 document: made from the kinds of events, their topics and their shapes."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from callcenter.api import examples, recalls, shapes
from callcenter.api.document import VERSION, written
from callcenter.domain.calls import RecordingState
from callcenter.domain.facts import FACT_OF_KIND
from callcenter.domain.letters import FLEETING
from callcenter.domain.notes import NotesState
from callcenter.domain.views import Json
from callcenter.events.topics import KINDS, PLACES, Shape, place_of, public_of

_SCHEMA = "#/components/schemas/{}"
_NODE = "callcenter/{node}"
_STREAM = "0193a5af-0000-7000-8000-000000000000"
_TIME = "2026-11-24T01:31:06.000Z"
_OF_CALL = {"call_id": {"type": "string", "description": "The call."}}
_NOT_SPECIAL = {"at", "call_id", "recovered", "recording_path", "kind"}
_MQTT_BINDING = "0.2.0"


class AlarmCleared(BaseModel):
    """An alarm that stands no more."""

    name: str


class RecordingOfCall(BaseModel):
    """What is known of the sound of a call now."""

    state: RecordingState
    started: datetime | None
    seconds: float | None


class NotesOfCall(BaseModel):
    """How far the words of a call have become notes."""

    state: NotesState


_UTTERANCE: Json = examples.CALL["utterances"][0]
_DATA: Mapping[str, tuple[type[BaseModel], Json]] = {
    "leg.changed": (shapes.Leg, examples.UNIT_LEG),
    "recording.changed": (RecordingOfCall, {"state": "recording", "started": _TIME, "seconds": None}),
    "notes.changed": (NotesOfCall, {"state": "live"}),
    "utterance.partial": (shapes.Utterance, {**_UTTERANCE, "final": False}),
    "utterance.final": (shapes.Utterance, _UTTERANCE),
    "seat.changed": (shapes.Seat, examples.SEAT),
    "queue.changed": (shapes.Queue, examples.QUEUE),
    "trunk.changed": (shapes.Trunk, {"name": "trunk", "inbound": 0, "outbound": 0, "lines": []}),
    "alarm.raised": (shapes.Alarm, examples.ALARM),
    "alarm.cleared": (AlarmCleared, {"name": examples.ALARM["name"]}),
    "ticket.changed": (shapes.Ticket, examples.TICKET),
    "recall.changed": (recalls.RecallShape, recalls.RECALL),
}
"""What an event's data are, and an example; kinds that are not named here tell a whole call."""
_NAMED_BY_CALL = {kind for kind, place in PLACES.items() if place.key == "call_id"}


def asyncapi_document() -> Json:
    """Describe everything that is told by itself; needs no running hotline."""
    schemas = _schemas()
    messages: dict[str, Json] = {"websocket.snapshot": _websocket_snapshot()}
    for kind in sorted(KINDS):
        messages |= _messages_of(kind, schemas)
    for branch in _retained():
        messages[f"snapshot.{_named(branch)}"] = _retained_snapshot(branch)
    messages["status"] = {
        "name": "status",
        "title": "Whether what is retained is up to date",
        "contentType": "text/plain",
        "payload": {"type": "string", "enum": ["online", "offline"]},
        "examples": [{"payload": "online"}],
    }
    channels = _channels()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "12345 government service hotline: events · 政务服务便民热线：事件",
            "version": VERSION,
            "description": (
                "What the hotline tells by itself, over WebSocket, to an MQTT 5 broker, and by webhooks. The same "
                "event has the same type, stream and seq everywhere. Objects may gain fields; nothing else changes "
                "within v1. docs/events.md tells the rest.\n\n"
                "热线主动发布的事件：WebSocket、MQTT 5 消息代理和 HTTP 推送三种方式，同一事件的类型、流和序号处处相同。"
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": channels,
        "operations": {name: _operation(name) for name in channels},
        "components": {
            "messages": dict(sorted(messages.items())),
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The hotline's token."},
                "login": {"type": "userPassword", "description": "The broker's own."},
            },
        },
    }


@cache
def asyncapi_text() -> str:
    """Write the document as it is served and kept in docs/."""
    return written(asyncapi_document())


def _schemas() -> dict[str, Json]:
    models: list[type[BaseModel]] = [shapes.Call, shapes.Snapshot, *(model for model, _ in _DATA.values())]
    _, definitions = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Json] = definitions["$defs"]
    schemas["UserProperties"] = {
        "type": "object",
        "description": "MQTT 5's user properties.",
        "properties": {
            "id": {"type": "string", "description": "As `id` of the payload."},
            "type": {"type": "string", "description": "As `type` of the payload."},
            "redelivered": {"const": "true", "description": "It may have been told before; else not there."},
        },
        "required": ["id", "type"],
    }
    schemas["WebhookHeaders"] = {
        "type": "object",
        "description": "As Standard Webhooks 1.0.0 names them.",
        "properties": {
            "webhook-id": {"type": "string", "description": "As `id` of the payload; the same at each attempt."},
            "webhook-timestamp": {"type": "string", "pattern": "^[0-9]+$", "description": "Unix seconds."},
            "webhook-signature": {"type": "string", "pattern": "^v1,", "description": "HMAC-SHA256, Base64."},
            "hotline-redelivered": {"const": "true", "description": "It may have been told before; else not there."},
        },
        "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    }
    return schemas


def _messages_of(kind: str, schemas: dict[str, Json]) -> dict[str, Json]:
    """Give the forms in which a kind is told, and put their schemas beside the others."""
    whole = _whole_data(kind, schemas)
    told = _public(whole, place_of(kind).shape, schemas)
    schemas[f"{kind}.data"] = whole
    schemas[f"{kind}.public"] = told
    envelope = {"id": {"type": "string", "description": "The same each time it is told."}, **_IN_STREAM}
    example = _example(kind)
    shown = public_of(kind, example)
    outside = {"id": f"{_STREAM}:42", "stream": _STREAM}
    messages = {
        f"websocket.{kind}": _message(kind, {}, f"{kind}.data", {}, example),
        f"public.{kind}": _message(kind, envelope, f"{kind}.public", outside, shown)
        | {"headers": {"$ref": _SCHEMA.format("UserProperties")}},
        f"whole.{kind}": _message(kind, envelope, f"{kind}.data", outside, None)
        | {"headers": {"$ref": _SCHEMA.format("UserProperties")}},
    }
    if kind not in FLEETING:
        payload = {"oneOf": [_payload(kind, envelope, f"{kind}.{which}") for which in ("public", "data")]}
        headers = {"$ref": _SCHEMA.format("WebhookHeaders")}
        messages[f"webhook.{kind}"] = messages[f"whole.{kind}"] | {"payload": payload, "headers": headers}
    return messages


_IN_STREAM: Json = {"stream": {"type": "string", "description": "A new one begins with each start of the controller."}}


def _whole_data(kind: str, schemas: Mapping[str, Json]) -> Json:
    if kind in _DATA:
        model, _ = _DATA[kind]
        found = schemas[model.__name__]
        special = _OF_CALL if kind in _NAMED_BY_CALL else {}
    elif kind in PLACES:  # no model is its own: what everybody may read is all there is
        return {"type": "object", "properties": {name: {} for name in place_of(kind).shape}}
    else:
        found, special = schemas["Call"], _special(kind)
    properties = {**special, **found["properties"]}
    return {**found, "title": kind, "properties": properties, "required": [*found["required"], *special]}


def _special(kind: str) -> dict[str, Json]:
    """Describe what an event of a call tells beside the call: the fields of the fact."""
    fact = FACT_OF_KIND[kind]
    hints = get_type_hints(fact)
    known = set(shapes.Call.model_fields)
    return {
        field.name: TypeAdapter(hints[field.name]).json_schema()
        for field in dataclasses.fields(fact)
        if field.name not in _NOT_SPECIAL | known
    }


def _public(schema: Json, shape: Shape, schemas: Mapping[str, Json]) -> Json:
    """Keep of a schema what everybody may read."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return {**schema, "anyOf": [_public(part, shape, schemas) for part in schema["anyOf"]]}
    if schema.get("type") == "array":
        return {**schema, "items": _public(schema["items"], shape, schemas)}
    if "properties" not in schema:
        return schema
    kept = {
        name: part if shape[name] is None else _public(part, shape[name], schemas)
        for name, part in schema["properties"].items()
        if name in shape
    }
    required = [name for name in schema.get("required", ()) if name in kept]
    return {**schema, "properties": kept, "required": required}


def _payload(kind: str, envelope: Json, data: str) -> Json:
    properties = {
        "type": {"const": kind},
        **envelope,
        "seq": {"type": "integer", "description": "Its number in the stream."},
        "time": {"type": "string", "format": "date-time"},
        "data": {"$ref": _SCHEMA.format(data)},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _message(kind: str, envelope: Json, data: str, outside: Json, example: Json | None) -> Json:
    message: Json = {"name": kind, "title": _title(kind), "payload": _payload(kind, envelope, data)}
    if example is not None:  # once among the public and once among the whole forms: the document is long enough
        payload = {"type": kind, **outside, "seq": 42, "time": _TIME, "data": example}
        message["examples"] = [{"payload": payload}]
    return message


def _title(kind: str) -> str:
    fact = FACT_OF_KIND.get(kind)
    words = (fact.__doc__ or "").partition("\n")[0] if fact is not None else ""
    return words or f"A change of the kind {kind}."


def _example(kind: str) -> Json:
    if kind in _DATA:
        named = {"call_id": examples.CALL["id"]} if kind in _NAMED_BY_CALL else {}
        return {**_DATA[kind][1], **named}
    if kind in PLACES:
        return {place_of(kind).key: "example"}
    return {**{name: _some(schema) for name, schema in _special(kind).items()}, **examples.CALL}


def _some(schema: Json) -> Any:
    """Give a value of a simple schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return None if {"type": "null"} in schema["anyOf"] else _some(schema["anyOf"][0])
    if "$defs" in schema and "$ref" in schema:
        return _some(schema["$defs"][schema["$ref"].rpartition("/")[2]])
    return {"string": "…", "integer": 1, "number": 1.5, "boolean": True, "array": []}.get(schema.get("type", ""))


def _websocket_snapshot() -> Json:
    return {
        "name": "snapshot",
        "title": "Everything that is live, as of event `seq`; the first message.",
        "payload": {
            "type": "object",
            "properties": {
                "type": {"const": "snapshot"},
                **_IN_STREAM,
                "seq": {"type": "integer"},
                "data": {"$ref": _SCHEMA.format("Snapshot")},
            },
            "required": ["type", "stream", "seq", "data"],
        },
        "examples": [{"payload": examples.SNAPSHOT}],
    }


def _retained_snapshot(branch: str) -> Json:
    kind = next(kind for kind in _kinds_of(branch) if kind != "alarm.cleared")
    return _message("snapshot", _IN_STREAM, f"{kind}.public", {"stream": _STREAM}, public_of(kind, _example(kind))) | {
        "title": "How it is as of event `seq`, after each connection."
    }


def _kinds_of(branch: str) -> list[str]:
    return [kind for kind in sorted(KINDS) if place_of(kind).branch == branch]


def _retained() -> list[str]:
    return sorted({place.branch for place in PLACES.values() if place.retained})


def _named(branch: str) -> str:
    """Name a branch of topics as channels and messages are named, in which no slash may stand."""
    return branch.replace("/", ".")


def _branches() -> list[str]:
    return sorted({place_of(kind).branch for kind in KINDS})


def _servers() -> Json:
    host = {"description": "Host and port.", "default": "127.0.0.1:8080"}
    broker = {"description": "Host and port.", "default": "127.0.0.1:1883"}
    return {
        "hotline": {
            "host": "{hotline}",
            "protocol": "ws",
            "description": "The hotline itself; wss behind a proxy that ends TLS.",
            "variables": {"hotline": host},
            "security": [{"$ref": "#/components/securitySchemes/token"}],
        },
        "broker": {
            "host": "{broker}",
            "protocol": "mqtt",
            "protocolVersion": "5.0",
            "description": "The broker that is told (setting mqtt_url); mqtts where TLS is set.",
            "variables": {"broker": broker},
            "security": [{"$ref": "#/components/securitySchemes/login"}],
        },
    }


def _channels() -> dict[str, Json]:
    node = {"node": {"description": "The hotline's name among several (setting node)."}}
    channels: dict[str, Json] = {
        "websocket": {
            "address": "/api/v1/events",
            "title": "All events, whole",
            "description": "`?stream=…&after=…` goes on where another connection ended.",
            "servers": [{"$ref": "#/servers/hotline"}],
            "messages": _listed("websocket", ["snapshot", *sorted(KINDS)]),
        },
        "webhook": {
            "address": None,
            "title": "What a webhook is told by POST; the whole of it only where `private` is set",
            "messages": _listed("webhook", sorted(KINDS - FLEETING)),
        },
        "status": {
            "address": f"{_NODE}/status",
            "title": "Whether what is retained is up to date; the last will is `offline`",
            "servers": [{"$ref": "#/servers/broker"}],
            "parameters": node,
            "messages": {"status": {"$ref": "#/components/messages/status"}},
        },
    }
    for branch in _branches():
        kinds = _kinds_of(branch)
        key = place_of(kinds[0]).key if branch != "calls" else "id"
        found = _listed("public", kinds)
        if branch in _retained():
            found["snapshot"] = {"$ref": f"#/components/messages/snapshot.{_named(branch)}"}
        places = [(_named(branch), f"{_NODE}/{branch}", found, "for everybody")]
        if branch not in _retained():
            whole = _listed("whole", kinds)
            places.append((f"private.{branch}", f"{_NODE}/private/{branch}", whole, "with callers' numbers and words"))
        for name, address, messages, who in places:
            channels[name] = {
                "address": f"{address}/{{{key}}}",
                "title": f"{branch.replace('/', ' of ').capitalize()}, {who}",
                "servers": [{"$ref": "#/servers/broker"}],
                "parameters": {**node, key: {"description": "Names the thing; / + and # in it are _."}},
                "messages": messages,
            }
    return channels


def _listed(form: str, kinds: Iterable[str]) -> dict[str, Json]:
    return {kind: {"$ref": f"#/components/messages/{form}.{kind}"} for kind in kinds}


def _operation(channel: str) -> Json:
    operation: Json = {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}}
    if channel not in ("websocket", "webhook"):
        retain = channel == "status" or channel in map(_named, _retained())
        operation["bindings"] = {"mqtt": {"qos": 1, "retain": retain, "bindingVersion": _MQTT_BINDING}}
    return operation
