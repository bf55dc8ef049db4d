"""Asks the running hotline by its own HTTP API."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

from callcenter.domain.errors import CallcenterError, UnavailableError
from callcenter.home import Home
from callcenter.home_secrets import read_demo

_ANSWER_SECONDS = 15.0
_MOST_PAGES = 10_000  # a list that is longer has a mistake in its cursors


class NotRunningError(UnavailableError):
    """No hotline runs from this home."""


class NoError(CallcenterError):
    """The hotline says no; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Hotline:
    """A running hotline, as any program sees it."""

    address: str
    """http://HOST:PORT"""
    token: str

    @staticmethod
    def of(folder: Path) -> "Hotline":
        """Find the hotline of this home by its demo.json.

        Raises:
            NotRunningError: nothing was ever started in this home.
            HomeError: the file cannot be read.

        """
        demo = read_demo(Home(folder))
        if demo is None:
            raise NotRunningError(
                f"no hotline was started from {folder}; start it with scripts/run, or name its home with --home"
            )
        return Hotline(str(demo["http"]), str(demo["api_token"]))

    def get(self, *path: str, **query: str | int | None) -> dict[str, Any]:
        """Read one thing."""
        return self._ask("GET", path, query)

    def items(self, *path: str, most: int, **query: str | None) -> Iterator[dict[str, Any]]:
        """Read a list, page by page, `most` items of it."""
        cursor: str | None = None
        left = most
        for _ in range(_MOST_PAGES):
            page = self._ask("GET", path, {**query, "limit": str(min(left, 200)), "cursor": cursor})
            yield from page["items"][:left]
            left -= len(page["items"])
            cursor = page["next"]
            if cursor is None or left <= 0:
                return

    def whole(self, *path: str) -> list[dict[str, Any]]:
        """Read a list that does not grow."""
        items: list[dict[str, Any]] = self._ask("GET", path, {})["items"]
        return items

    def send(
        self, method: str, *path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Ask for something to be done."""
        return self._ask(method, path, {}, body=body, headers=headers)

    def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, str | int | None],
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        url = f"{self.address}/api/v1/{'/'.join(quote(part, safe='') for part in path)}"
        request = Request(  # noqa: S310 - the address is the home's own
            f"{url}?{asked}" if asked else url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})},
        )
        try:
            # Without the proxies of the environment: the hotline is on this machine.
            with build_opener(ProxyHandler({})).open(request, timeout=_ANSWER_SECONDS) as answer:
                found = json.loads(answer.read() or b"{}")
        except HTTPError as error:
            with error:
                raise NoError(error.code, _explained(error.code, error.read())) from error
        except (URLError, TimeoutError, OSError) as error:
            raise NotRunningError(
                f"the hotline does not answer at {self.address}; start it with scripts/run,"
                " or name its home with --home"
            ) from error
        except ValueError as error:
            raise NotRunningError(f"what answers at {self.address} is no hotline; name the right home") from error
        if not isinstance(found, dict):
            raise NotRunningError(f"what answers at {self.address} is no hotline; name the right home")
        return found


def _explained(status: int, raw: bytes) -> str:
    """Say a problem document (RFC 9457) in words, each wrong field on a line of its own."""
    try:
        problem = json.loads(raw)
        words = str(problem.get("detail") or problem["title"])
        lines = [f"{fault['pointer'].lstrip('/')}: {fault['detail']}" for fault in problem.get("errors", ())]
    except (ValueError, KeyError, TypeError, AttributeError):
        words, lines = f"the answer was HTTP {status}", []
    if status == 401:  # noqa: PLR2004 - HTTP's own number
        words = "the hotline does not know this home's token; it was started from another home, name that with --home"
    return "\n  ".join([words, *lines])
