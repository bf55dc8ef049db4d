"""What went wrong, told as RFC 9457 problems; the one table from our errors to HTTP."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import BaseModel, ValidationError

from callcenter.api.words import nearest
from callcenter.domain import errors
from callcenter.domain.errors import CallcenterError, Fault

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
MOST_FAULTS = 50  # more would only make the answer longer, not clearer
LONGEST_POINTER = 200  # characters; names are the sender's own and can be of any length


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. The slug is part of the contract: never renamed."""

    slug: str
    title: str
    chinese: str


KINDS: Mapping[int, Kind] = {
    400: Kind("unreadable", "The request cannot be read", "请求无法读取"),
    401: Kind("not-signed-in", "Sign-in needed", "需要身份验证"),
    403: Kind("forbidden", "Not allowed", "没有权限"),
    404: Kind("not-found", "Not found", "未找到"),
    405: Kind("method-not-allowed", "This method is not possible here", "不支持该方法"),
    408: Kind("too-slow", "The request did not arrive in time", "请求接收超时"),
    409: Kind("refused", "Not possible in this state", "当前状态下不可操作"),
    412: Kind("changed-meanwhile", "Changed meanwhile", "内容已被他人修改"),
    413: Kind("too-large", "The body is too large", "请求内容过大"),
    415: Kind("media-type", "The body is not of a type that is taken", "不支持的内容类型"),
    416: Kind("range", "The range is outside of the file", "请求范围无效"),
    422: Kind("invalid", "The request is not valid", "请求内容有误"),
    426: Kind("upgrade-needed", "This address speaks WebSocket", "需使用 WebSocket 连接"),
    428: Kind("if-match-needed", "If-Match is needed", "缺少 If-Match 版本"),
    500: Kind("internal", "The hotline made a mistake", "系统内部错误"),
    503: Kind("unavailable", "Not available now", "服务暂不可用"),
}

STATUS_OF: Mapping[type[CallcenterError], int] = {
    errors.RefusedError: 409,
    errors.NotFoundError: 404,
    errors.ForbiddenError: 403,
    errors.ConflictError: 412,
    errors.InvalidInputError: 422,
    errors.UnavailableError: 503,
    errors.UnreadableError: 500,
}


class HttpError(Exception):
    """What only HTTP knows: wrong media type, no sign-in, no If-Match."""

    def __init__(
        self, status: int, detail: str, *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.faults = faults
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class QueryFault(Fault):
    """A query parameter that is wrong."""

    parameter: str = field(kw_only=True)


def problem(
    status: int,
    detail: str,
    *,
    request_id: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Write one problem."""
    body = problem_body(status, detail, request_id=request_id, faults=faults)
    extra = dict(headers or {})
    if status == 503:  # noqa: PLR2004 - the status is its own name
        extra.setdefault("Retry-After", str(RETRY_SECONDS))
    # As bytes: with text aiohttp adds a charset, which this media type does not have (RFC 9457, 6.1).
    written = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(status=status, body=written, content_type=MEDIA_TYPE, headers=extra)


def problem_body(status: int, detail: str, *, request_id: str, faults: Sequence[Fault] = ()) -> dict[str, object]:
    """Make the object that a problem is."""
    kind = KINDS.get(status, KINDS[500 if status >= 500 else 400])  # noqa: PLR2004
    body: dict[str, object] = {
        "type": f"/api/docs#problem-{kind.slug}",
        "title": kind.title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }
    if faults:
        body["errors"] = [_fault(fault) for fault in faults[:MOST_FAULTS]]
    return body


def _fault(fault: Fault) -> dict[str, str]:
    shown = {"pointer": fault.pointer[:LONGEST_POINTER], "detail": fault.detail}
    if isinstance(fault, QueryFault):
        shown["parameter"] = fault.parameter[:LONGEST_POINTER]
    return shown


def from_error(error: CallcenterError, *, request_id: str) -> web.Response:
    """Tell an error of ours; one without a row in the table is a mistake of ours."""
    for kind, status in STATUS_OF.items():
        if isinstance(error, kind):
            faults = error.faults if isinstance(error, errors.InvalidInputError) else ()
            return problem(status, str(error), request_id=request_id, faults=faults)
    raise error


def body_faults(model: type[BaseModel], error: ValidationError) -> list[Fault]:
    """Name each place of a body that is wrong; never repeats a value that was sent."""
    return [Fault(pointer(loc), detail) for loc, detail in _told(model, error)]


def query_faults(model: type[BaseModel], error: ValidationError) -> list[Fault]:
    """Name each query parameter that is wrong; never repeats a value that was sent."""
    return [QueryFault(pointer(loc), detail, parameter=str(loc[0])) for loc, detail in _told(model, error)]


def pointer(loc: Sequence[int | str]) -> str:
    """Write a place as RFC 6901 does."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


def _told(model: type[BaseModel], error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [(fault["loc"], _detail(model, fault["type"], fault["loc"], fault["msg"])) for fault in found[:MOST_FAULTS]]


def _detail(model: type[BaseModel], kind: str, loc: tuple[int | str, ...], message: str) -> str:
    match kind:
        case "missing":
            return "is needed"
        case "extra_forbidden":
            if loc[-1] in getattr(model, "SET_BY_THE_HOTLINE", ()):
                return "is set by the hotline and cannot be written"
            known = [info.alias or name for name, info in model.model_fields.items()]
            if (near := nearest(str(loc[-1]), known)) is not None:
                return f"is not known here; did you mean {near}?"
            return f"is not known here; known are {', '.join(known)}" if known else "is not known here; none is taken"
        case _:
            return message[:1].lower() + message[1:]
