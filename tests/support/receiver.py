"""One who is told by a webhook: a real HTTP server on loopback, which does what a test says."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from callcenter.events.webhook import signature
from tests.support.mosquitto import free_port
from tests.support.office_fakes import eventually

SECRET = bytes(range(32))
CUT, HOLD = "cut", "hold"
"""In the place of a status: break the connection off when the body is there; never answer."""


@dataclass(frozen=True)
class Told:
    """One request as it came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def redelivered(self) -> bool:
        return "hotline-redelivered" in self.headers

    @property
    def is_signed(self) -> bool:
        """Signed for these bytes, by the one who knows the secret."""
        expected = signature(SECRET, self.id, self.headers["webhook-timestamp"], self.body)
        return self.headers["webhook-signature"] == expected


@dataclass
class Receiver:
    """Answers 204, or what stands in `answers`, the first one first."""

    answers: list[int | str] = field(default_factory=list)
    always: int | str = 204
    headers: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook?token=hush-hush"

    def entry(self, webhook_id: str, *kinds: str, private: bool = False) -> str:
        """Give what names this receiver in a file of webhooks."""
        secret = f"whsec_{base64.b64encode(SECRET).decode()}"
        lines = [f'id = "{webhook_id}"', f'url = "{self.url}"', f'secret = "{secret}"', f"kinds = {json.dumps(kinds)}"]
        return "\n".join(["[[webhook]]", *lines, f"private = {json.dumps(private)}", ""])

    @property
    def ids(self) -> list[str]:
        return [told.id for told in self.told]

    async def until(self, count: int, *, within: float = 10.0) -> list[Told]:
        await eventually(lambda: len(self.told) >= count, within=within)
        return self.told

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.told.append(Told(headers, await request.read()))
        answer = self.answers.pop(0) if self.answers else self.always
        if answer == CUT:
            assert request.transport is not None
            request.transport.abort()
        if isinstance(answer, str):
            await asyncio.Event().wait()  # until the one who asks gives up
        assert isinstance(answer, int)
        return web.Response(status=answer, headers=self.headers)

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Receiver"]:
        app = web.Application()
        app.router.add_post("/hook", self.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=tls).start()
            yield self
        finally:
            await runner.cleanup()


def write_webhooks(folder: Path, *entries: str) -> Path:
    """Write the file that names these webhooks; nobody else may read it."""
    path = folder / "webhooks.toml"
    path.touch(mode=0o600)
    path.write_text("\n".join(entries), "utf-8")
    return path
