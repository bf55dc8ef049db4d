"""The API as an OpenAPI 3.1 document, made from the operations themselves."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from callcenter.api import (
    call_commands,
    calls,
    examples,
    figures,
    hotline,
    recalls,
    seats,
    shapes,
    stream,
    tickets,
    webhooks,
)
from callcenter.api.contract import Access, Answer, Nothing, Operation
from callcenter.api.problems import KINDS, MEDIA_TYPE, problem_body
from callcenter.domain.errors import Fault
from callcenter.domain.views import Json

VERSION = "1.0.0"
"""Of the API; a change that breaks what others rely on is a new address as well."""
ROOT = "/api/v1"
_REF = "#/components/schemas/{model}"
_REQUEST_ID = "0193a5b0a1b24c3d8e4f5a6b7c8d9e0f"
_TAGS = {
    "hotline": "The hotline itself · 热线",
    "calls": "Calls · 通话",
    "seats": "Seats · 坐席",
    "recalls": "Recalls · 回拨",
    "tickets": "Tickets · 工单",
    "events": "Events · 实时事件",
}
_PATH_NAMES = {
    "call_id": ("Id of the call.", examples.CALL["id"]),
    "leg_id": ("Id of the unit's leg.", examples.UNIT_LEG["id"]),
    "extension": ("Extension of the seat.", "8001"),
    "unit_id": ("Id of the unit.", "housing"),
    "recall_id": ("Id of the recall.", recalls.RECALL["id"]),
    "webhook_id": ("Our name for the webhook.", webhooks.WEBHOOK["id"]),
    "letter_id": ("Id of the event.", webhooks.DEAD_LETTER["id"]),
    "ticket_id": ("Id of the ticket.", examples.TICKET["id"]),
}
_DETAILS = {
    400: "the body is not JSON in UTF-8",
    401: "sign in with the header Authorization: Bearer TOKEN",
    403: "this is not yours to do",
    404: "there is no such call",
    408: "the body did not arrive in time",
    409: "the call is ended; hold is possible while caller and seat talk",
    412: "the ticket was changed meanwhile; read it again",
    413: "a body may have 524288 bytes",
    415: "the body must be application/json in UTF-8",
    416: "the recording has fewer bytes",
    422: "the body is not valid",
    426: "open this address as a WebSocket",
    428: 'name the version that you have seen, as If-Match: "3"; a ticket\'s ETag gives it',
    500: "the hotline made a mistake; its log has more under this request id",
    503: "the database is away; try again",
}
_HEADERS = {
    416: {"Content-Range": "How many bytes there are."},
    401: {"WWW-Authenticate": "How to sign in."},
    503: {"Retry-After": "Seconds after which to try again."},
}


OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *hotline.OPERATIONS,
    *calls.OPERATIONS,
    *call_commands.OPERATIONS,
    *seats.OPERATIONS,
    *recalls.OPERATIONS,
    *tickets.OPERATIONS,
    *figures.OPERATIONS,
    *stream.OPERATIONS,
    *webhooks.OPERATIONS,
)
"""Everything that can be asked."""


def openapi_document() -> Json:
    """Describe the API; needs no running hotline."""
    models = _models()
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    schemas: dict[str, Any] = definitions["$defs"]
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        place = paths.setdefault(ROOT + operation.path, {})
        place[operation.method.lower()] = _operation(operation, schemas)
    used = {status for operation in OPERATIONS for status in _statuses(operation)}
    for model in {operation.query for operation in OPERATIONS} | {Nothing}:
        schemas.pop(model.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "12345 government service hotline · 政务服务便民热线",
            "version": VERSION,
            "description": (
                "Calls, seats, queues and tickets of the hotline. Times are RFC 3339 in UTC with milliseconds, "
                "durations are seconds, ids are opaque. Objects may gain fields; nothing else changes within v1.\n\n"
                "热线的通话、坐席、排队与工单接口。时间一律为 UTC（RFC 3339，毫秒），时长以秒计。"
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": says} for name, says in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {_problem_name(status): _problem(status) for status in sorted(used)},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The hotline's token."},
                "oneTimeToken": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "token",
                    "description": "From POST /api/v1/events/token; good once, for 60 s.",
                },
            },
        },
        "security": [{"bearer": []}],
    }


def written(document: Mapping[str, Any]) -> str:
    """Write the document as it is served and kept in docs/."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _models() -> list[type[BaseModel]]:
    messages = (shapes.Problem, shapes.SnapshotMessage, shapes.EventMessage)
    found: dict[str, type[BaseModel]] = {model.__name__: model for model in messages}
    for operation in OPERATIONS:
        for model in (operation.query, operation.body, *(answer.shape for answer in operation.answers.values())):
            if model is not None:
                found[model.__name__] = model
    return list(found.values())


def _operation(operation: Operation[Any, Any], schemas: Mapping[str, Any]) -> Json:
    described: Json = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.chinese,
        "parameters": [
            *_path_parameters(operation),
            *_header_parameters(operation),
            *_query_parameters(operation, schemas),
        ],
    }
    if operation.body is not Nothing:
        described["requestBody"] = {
            "required": operation.body_needed,
            "content": {
                "application/json": {
                    "schema": {"$ref": _REF.format(model=operation.body.__name__)},
                    "example": operation.body_example,
                }
            },
        }
    answers = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    problems = {
        str(status): {"$ref": f"#/components/responses/{_problem_name(status)}"} for status in _statuses(operation)
    }
    described["responses"] = dict(sorted((problems | answers).items()))
    if operation.access is Access.OPEN:
        described["security"] = []
    elif operation.access is Access.TOKEN_OR_TICKET:
        described["security"] = [{"bearer": []}, {"oneTimeToken": []}]
    return described


def _path_parameters(operation: Operation[Any, Any]) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH_NAMES[name][0],
            "schema": {"type": "string"},
            "example": _PATH_NAMES[name][1],
        }
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]


def _header_parameters(operation: Operation[Any, Any]) -> list[Json]:
    if operation.if_match:
        return [
            {
                "name": "If-Match",
                "in": "header",
                "required": True,
                "description": "The version that was seen, in quotes.",
                "schema": {"type": "string"},
                "example": '"3"',
            }
        ]
    return []


def _query_parameters(operation: Operation[Any, Any], schemas: Mapping[str, Any]) -> list[Json]:
    parameters = []
    for name, whole in schemas[operation.query.__name__].get("properties", {}).items():
        schema = _without_null({key: value for key, value in whole.items() if key not in ("title", "description")})
        shown: Json = {"name": name, "in": "query", "required": False, "description": whole["description"]}
        for given in schema.pop("examples", [])[:1]:
            shown["example"] = given
        parameters.append({**shown, "schema": schema})
    return parameters


def _without_null(schema: Json) -> Json:
    """A parameter that is not given is not null."""
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    if schema.get("default", ...) is None:
        schema.pop("default")
    return {**kinds[0], **schema} if len(kinds) == 1 else schema


def _answer(answer: Answer) -> Json:
    described: Json = {"description": answer.says}
    if answer.headers:
        described["headers"] = _headers(answer.headers)
    if answer.shape is not None:
        schema = {"$ref": _REF.format(model=answer.shape.__name__)}
        described["content"] = {answer.media_type: {"schema": schema, "example": answer.example}}
    elif answer.media_type != "application/json":
        described["content"] = {answer.media_type: {}}
    return described


def _headers(headers: Mapping[str, str]) -> Json:
    return {name: {"description": says, "schema": {"type": "string"}} for name, says in headers.items()}


def _statuses(operation: Operation[Any, Any]) -> list[int]:
    """The problems an operation can have; those that follow from what it takes need not be named at each."""
    found = {500, 503, *operation.problems}
    if operation.access is not Access.OPEN:
        found |= {401, 403}
    if "{" in operation.path:
        found.add(404)
    found.add(422)  # every operation refuses a query that it does not know
    if operation.takes_body:
        found |= {400, 408, 413, 415}
    return sorted(found - set(operation.answers))


def _problem_name(status: int) -> str:
    return "".join(word.capitalize() for word in KINDS[status].slug.split("-"))


def _problem(status: int) -> Json:
    faults = [Fault("/kind", "must be filled before the ticket is filed")] if status == 422 else []  # noqa: PLR2004
    example = problem_body(status, _DETAILS[status], request_id=_REQUEST_ID, faults=faults)
    described: Json = {
        "description": f"{KINDS[status].title} · {KINDS[status].chinese}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}, "example": example}},
    }
    if status in _HEADERS:
        described["headers"] = _headers(_HEADERS[status])
    return described
