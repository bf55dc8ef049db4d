"""A stranger who has only the API document: asks over HTTP and holds every answer against it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
from jsonschema import Draft202012Validator
from yarl import URL

from callcenter.api.document import openapi_document

DOCUMENT = openapi_document()


def closed(schema: Any) -> Any:
    """The same schema, in which no field may stand that is not described."""
    if isinstance(schema, Mapping):
        whole = {key: closed(value) for key, value in schema.items()}
        if "properties" in whole:
            whole.setdefault("additionalProperties", False)
        if isinstance(whole.get("$ref"), str):
            whole["$ref"] = whole["$ref"].replace("#/components/schemas/", "#/$defs/")
        return whole
    return [closed(part) for part in schema] if isinstance(schema, list) else schema


DEFINITIONS = closed(DOCUMENT["components"]["schemas"])


def check(value: Any, schema: Mapping[str, Any]) -> None:
    """Hold a value against a schema of the document. Raises jsonschema.ValidationError."""
    whole = {**closed(schema), "$defs": DEFINITIONS}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def described(method: str, path: str) -> Mapping[str, Any] | None:
    """The operation that the document has for this request."""
    asked = "get" if method == "HEAD" else method.lower()
    exact_first = sorted(DOCUMENT["paths"].items(), key=lambda item: item[0].count("{"))
    for template, methods in exact_first:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and asked in methods:
            found: Mapping[str, Any] = methods[asked]
            return found
    return None


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    raw: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


class ApiClient:
    """Asks with the token unless told otherwise."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.session = session
        self.url = url
        self.token = token

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        signed_in: bool = True,
    ) -> Answer:
        """Ask, and hold the answer against the document. `path` is below `/api/v1` and already escaped."""
        sent = dict(headers or {})
        if signed_in:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
            sent.setdefault("Content-Type", "application/json")
        url = URL(f"{self.url}/api/v1{path}", encoded=True)
        async with self.session.request(
            method, url, headers=sent, data=data, skip_auto_headers=["Content-Type"]
        ) as got:
            answer = Answer(got.status, got.headers.copy(), await got.read())
        self._check(method, url.raw_path, answer)
        return answer

    async def get(self, path: str, **how: Any) -> Answer:
        return await self.ask("GET", path, **how)

    def _check(self, method: str, path: str, answer: Answer) -> None:
        media = answer.headers.get("Content-Type", "").partition(";")[0]
        if answer.status >= 400 and media != "application/json" and method != "HEAD":
            whole = answer.headers.get("Content-Type")  # this media type has no charset
            assert whole == "application/problem+json", (answer.status, whole, answer.raw[:200])
            check(answer.json, {"$ref": "#/components/schemas/Problem"})
            assert answer.json["status"] == answer.status
        operation = described(method, path)
        if operation is None or answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            assert answer.status in (404, 405), f"{method} {path} is not described and gave {answer.status}"
            return
        response = operation["responses"].get(str(answer.status))
        assert response is not None, f"{method} {path} gave {answer.status}, which is not described"
        if "$ref" in response:
            response = DOCUMENT["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
        for name in response.get("headers", {}):
            assert name in answer.headers, f"{method} {path} {answer.status} lacks {name}"
        if method != "HEAD" and (schema := response["content"].get(media, {}).get("schema")) is not None:
            check(answer.json, schema)
        assert method == "HEAD" or media in response["content"], (media, response)
