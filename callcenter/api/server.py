"""The HTTP server: binds, lets in, answers, tells what went wrong, and goes within three seconds."""

import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from structlog.contextvars import bound_contextvars

from callcenter.api.contract import LARGEST_BODY, Access, Operation, invoke
from callcenter.api.document import OPERATIONS, ROOT, openapi_document, written
from callcenter.api.door import REQUEST_SECONDS, Door, DoorSite, room_for
from callcenter.api.pages import POLICY, docs_page
from callcenter.api.problems import HttpError, from_error, problem
from callcenter.api.scrape import add_metrics
from callcenter.api.screens import add_screens
from callcenter.api.sign_in import SignIn
from callcenter.api.stream import WATCHERS, Watchers
from callcenter.api.turns import Turns
from callcenter.domain.errors import CallcenterError
from callcenter.office.desk import Desk
from callcenter.office.ports import Clock

log = structlog.get_logger(__name__)

ENDING_SECONDS = 0.8  # for requests in progress, then again for those that are broken off
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CannotListenError(CallcenterError):
    """The address for HTTP cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens."""

    host: str
    port: int
    """The one it really has, also where 0 was asked for."""

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


@asynccontextmanager
async def make_server(
    desk: Desk,
    *,
    host: str,
    port: int,
    token: str,
    clock: Clock,
    version: str,
    most_watchers: int = 1000,
    asyncapi: str | None = None,
    metrics: Callable[[], bytes] | None = None,
) -> AsyncIterator[Server]:
    """Serve the desk while the block runs.

    `version` is the program's, told to those who ask over HTTP; `port` 0 takes any free one. `metrics` writes what
    Prometheus scrapes; `asyncapi` is the document of what is told by itself.

    Raises:
        CannotListenError: the address is in use or not ours.

    """
    sign_in = SignIn(token, clock)
    watchers = Watchers(sign_in, most=most_watchers)
    turns = Turns()
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_in_turn(turns), _answered])
    app[WATCHERS] = watchers
    for operation in OPERATIONS:
        _add(app, operation, desk, sign_in)
    _add_pages(app, asyncapi)
    add_screens(app)
    if metrics is not None:
        add_metrics(app, metrics, sign_in)

    async def finish(_request: web.Request, response: web.StreamResponse) -> None:
        _finish(response, version)

    async def goodbye(_app: web.Application) -> None:
        await watchers.say_goodbye()

    app.on_response_prepare.append(finish)
    app.on_shutdown.append(goodbye)
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_QUIET,
        handle_signals=False,
        shutdown_timeout=ENDING_SECONDS,
        handler_cancellation=False,
        keepalive_timeout=REQUEST_SECONDS,
    )
    await runner.setup()
    try:
        assert runner.server is not None
        door = Door(runner.server, most=room_for(most_watchers), turns=turns, stays=watchers.has)
        try:
            await DoorSite(runner, door, host, port).start()
        except OSError as error:
            raise CannotListenError(f"HTTP cannot listen on {host}:{port}: {error.strerror or error}") from error
        bound = runner.addresses[0]
        yield Server(host, int(bound[1]))
    finally:
        await runner.cleanup()


def _add(app: web.Application, operation: Operation[Any, Any], desk: Desk, sign_in: SignIn) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        if operation.access is Access.TOKEN:
            sign_in.check(request)
        elif operation.access is Access.TOKEN_OR_TICKET:
            sign_in.check_once(request)
        return await invoke(operation, desk, request)

    if operation.method == "GET":
        app.router.add_get(ROOT + operation.path, handle, allow_head=not operation.lasting)
    else:
        app.router.add_route(operation.method, ROOT + operation.path, handle)


@cache
def _pages() -> tuple[str, str]:
    document = openapi_document()
    return written(document), docs_page(document)


def _add_pages(app: web.Application, asyncapi: str | None) -> None:
    text, page = _pages()

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="application/json", charset="utf-8")

    async def docs(_request: web.Request) -> web.Response:
        return web.Response(
            text=page, content_type="text/html", charset="utf-8", headers={"Content-Security-Policy": POLICY}
        )

    async def events(_request: web.Request) -> web.Response:
        return web.Response(text=asyncapi, content_type="application/json", charset="utf-8")

    app.router.add_get("/api/openapi.json", openapi)
    if asyncapi is not None:
        app.router.add_get("/api/asyncapi.json", events)
    app.router.add_get("/api/docs", docs)


def _in_turn(turns: Turns) -> Middleware:
    """Begin each request in its turn: those that one connection sends in one piece are many, too."""

    @web.middleware
    async def in_turn(request: web.Request, handler: Handler) -> web.StreamResponse:
        await turns.its_turn(request.remote or "")
        return await handler(request)

    return in_turn


@web.middleware
async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an answer and one line in the log, which holds nothing that was asked for."""
    request_id = uuid.uuid4().hex
    began = time.monotonic()
    with bound_contextvars(request_id=request_id, **_whose(request)):
        response = await _answer(request, handler, request_id)
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
        resource = request.match_info.route.resource
        log.info(
            "answered a request",
            method=request.method if request.method in _METHODS else "other",
            path=resource.canonical if resource is not None else "unknown",
            status=response.status,
            milliseconds=round((time.monotonic() - began) * 1000, 1),
        )
    return response


def _whose(request: web.Request) -> dict[str, str]:
    """Give the call that is asked about, if it is one: what else stands in its place may be a caller's number."""
    call_id = request.match_info.get("call_id", "")
    return {"call_id": call_id} if _CALL_ID.fullmatch(call_id) else {}


async def _answer(request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    try:
        return await handler(request)
    except HttpError as error:
        return problem(error.status, str(error), request_id=request_id, faults=error.faults, headers=error.headers)
    except CallcenterError as error:
        try:
            return from_error(error, request_id=request_id)
        except CallcenterError:  # has no row in the table
            return _our_mistake(error, request_id)
    except web.HTTPMethodNotAllowed as error:
        allowed = error.headers["Allow"]
        return problem(405, f"possible here: {allowed}", request_id=request_id, headers={"Allow": allowed})
    except web.HTTPException as error:
        detail = "there is nothing at this address" if error.status == web.HTTPNotFound.status_code else error.reason
        return problem(error.status, detail, request_id=request_id)
    except ConnectionError:
        raise  # the one who asked is gone
    except Exception as error:  # noqa: BLE001 - the boundary of one request: a mistake of ours must not end the others
        return _our_mistake(error, request_id)


def _our_mistake(error: Exception, request_id: str) -> web.Response:
    log.error("a request failed by a mistake of ours", exc_info=error)
    return problem(500, "the hotline made a mistake; its log has more under this request id", request_id=request_id)


def _finish(response: web.StreamResponse, version: str) -> None:
    headers = response.headers
    headers["Server"] = f"callcenter/{version}"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers.setdefault("Cache-Control", "no-store")


_CALL_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _NoRequestText(logging.Filter):
    """aiohttp logs requests that it cannot parse with their text, which may hold a caller's number."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0] is not None:
            record.msg, record.args = "a request could not be read: %s", (record.exc_info[0].__name__,)
            record.exc_info = None
        return True


_QUIET = logging.getLogger("callcenter.api.http")
_QUIET.addFilter(_NoRequestText())
