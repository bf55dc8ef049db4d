"""What an operation of the API is, and how a request becomes one: path, query and body are read in one place."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from callcenter.api.problems import HttpError, QueryFault, body_faults, query_faults
from callcenter.domain.errors import InvalidInputError, NotFoundError, UnavailableError
from callcenter.domain.views import Json
from callcenter.office.desk import Desk

LARGEST_BODY = 512 * 1024  # bytes; the longest ticket has some 430 kB where each character is written as \\uXXXX
BODY_SECONDS = 20.0  # for the whole body to arrive
ACT_SECONDS = 15.0  # for the office to do what is asked; then 503, and the same request may succeed later
LONGEST_ID = 100  # characters
JSON_TYPES = ("application/json", "application/merge-patch+json")


class Access(Enum):
    """What an operation wants of the one who asks."""

    OPEN = "open"
    TOKEN = "token"  # noqa: S105 - no secret
    TOKEN_OR_TICKET = "token or one-time token"  # noqa: S105 - no secret


class Nothing(BaseModel):
    """No fields at all."""

    model_config = ConfigDict(extra="forbid")


Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Ask(Generic[Q, B]):
    """One request, read and found valid."""

    desk: Desk
    request: web.Request
    query: Q
    body: B

    def path(self, name: str) -> str:
        """A part of the path, decoded."""
        return self.request.match_info[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an operation answers when all goes well."""

    says: str
    shape: type[BaseModel] | None = None
    """None where the answer is no JSON."""
    example: Any = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Name and meaning of headers that matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[Q, B]):
    """One thing that can be asked of the hotline. The document, the routes and the checks all come from here."""

    id: str
    method: str
    path: str
    """Below `/api/v1`, for example `/calls/{call_id}`."""
    tag: str
    summary: str
    chinese: str
    handle: Callable[[Ask[Q, B]], Awaitable[web.StreamResponse]]
    query: type[Q]
    body: type[B]
    body_needed: bool = True
    body_example: Json | None = None
    answers: Mapping[int, Answer]
    problems: Sequence[int] = ()
    """Statuses beside those that follow from access, path, query and body."""
    access: Access = Access.TOKEN
    if_match: bool = False
    """The version must be named: 428 without it."""
    lasting: bool = False
    """Goes on for as long as the one who asked stays."""
    seconds: float | None = None
    """How long the office may take to do it; None: ACT_SECONDS."""

    @property
    def takes_body(self) -> bool:
        """A body means something here."""
        return self.method in ("POST", "PUT", "PATCH")


def shown(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with JSON."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return web.Response(
        status=status, body=text.encode(), content_type="application/json", charset="utf-8", headers=headers
    )


def listed(items: Sequence[Json], *, next_cursor: str | None = None) -> web.Response:
    """Answer with a list, as every list of the contract looks."""
    return shown({"items": items, "next": next_cursor})


async def invoke(operation: Operation[Q, B], desk: Desk, request: web.Request) -> web.StreamResponse:
    """Read a request that has been let in, and do what it asks.

    Raises:
        HttpError: the request cannot be read or is not valid.
        CallcenterError: the office says no.

    """
    check_path(request)
    if operation.if_match and "If-Match" not in request.headers:
        raise HttpError(428, 'name the version that you have seen, as If-Match: "3"; a ticket\'s ETag gives it')
    query = read_query(operation.query, request)
    body = await read_body(operation, request) if operation.takes_body else operation.body.model_construct()
    ask = Ask(desk, request, query, body)
    if operation.lasting:
        return await operation.handle(ask)
    try:
        async with asyncio.timeout(operation.seconds or ACT_SECONDS):
            return await operation.handle(ask)
    except InvalidInputError as error:
        if operation.takes_body:
            raise
        faults = [QueryFault(fault.pointer, fault.detail, parameter=fault.pointer[1:]) for fault in error.faults]
        raise HttpError(422, str(error), faults=faults) from error
    except TimeoutError as error:
        raise UnavailableError("the hotline did not manage this in time; try again") from error


def check_path(request: web.Request) -> None:
    """Refuse ids that nothing can have, before anybody looks them up. Raises NotFoundError."""
    for part in request.match_info.values():
        if not part.isprintable() or len(part) > LONGEST_ID:
            raise NotFoundError("there is nothing by this id")


def read_query(model: type[Q], request: web.Request) -> Q:
    """Read the query. Raises HttpError, naming each parameter that is wrong."""
    given: dict[str, str] = {}
    twice: list[QueryFault] = []
    for name, value in request.query.items():
        if name in given:
            twice.append(QueryFault(f"/{name}", "is given more than once", parameter=name))
        given[name] = value
    given = {name: value for name, value in given.items() if value}  # `caller=` asks for nothing
    if twice:
        raise HttpError(422, "the query is not valid", faults=twice)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise HttpError(422, "the query is not valid", faults=query_faults(model, error)) from None


async def read_body(operation: Operation[Q, B], request: web.Request) -> B:
    """Read the body. Raises HttpError: not read, too large, no JSON, not valid."""
    raw = await _bytes(request)
    if not raw and not operation.body_needed:
        return operation.body.model_construct()
    if request.content_type not in JSON_TYPES or (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        header = "Accept-Patch" if operation.method == "PATCH" else "Accept-Post"
        raise HttpError(415, "the body must be application/json in UTF-8", headers={header: "application/json"})
    if not raw:
        raise HttpError(400, "a body of JSON is needed")
    try:
        return operation.body.model_validate_json(raw)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise HttpError(400, "the body is not JSON in UTF-8") from None
        faults = body_faults(operation.body, error)
        raise HttpError(422, "the body is not valid", faults=faults) from None


async def _bytes(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise HttpError(413, f"a body may have {LARGEST_BODY} bytes") from None
    except TimeoutError:
        raise HttpError(408, "the body did not arrive in time", headers={"Connection": "close"}) from None
    except (web.RequestPayloadError, ValueError):
        raise HttpError(400, "the body is broken off or wrongly encoded") from None
