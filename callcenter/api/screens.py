"""The plain desk and the board: pages made of the files beside this one, served as they are.

They hold no data and are open to all; what they show they ask of the API, with the token of whoever signs in.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).with_name("static")
PAGES: Mapping[str, str] = {"/desk": "desk.html", "/board": "board.html"}
_TYPES: Mapping[str, str] = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_ALLOWED = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "media-src blob:",  # a recording is fetched with the token, which an audio element cannot send
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",  # a text can never become markup, whatever a script of ours does wrong
    "trusted-types 'none'",
)
POLICY = "; ".join(_ALLOWED)


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    content_type: str
    tag: str


@cache
def _files() -> Mapping[str, _File]:
    """Read all files, by name; nothing else can ever be asked for."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            found[path.name] = _File(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:16])
    return found


def add_screens(app: web.Application) -> None:
    """Serve both pages, and their files below `/screens/`."""
    for address, name in PAGES.items():
        app.router.add_get(address, _page(name))
    app.router.add_get("/screens/{name}", _file)


def _page(name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def page(request: web.Request) -> web.StreamResponse:
        return await _shown(request, name)

    return page


async def _file(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name in PAGES.values():
        raise web.HTTPNotFound  # they have addresses of their own
    return await _shown(request, name)


async def _shown(request: web.Request, name: str) -> web.Response:
    file = (await asyncio.to_thread(_files)).get(name)
    if file is None:
        raise web.HTTPNotFound
    # Kept by the browser, but asked about each time: an update of the hotline is seen at once.
    headers = {"ETag": f'"{file.tag}"', "Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
    if any(tag.value == file.tag for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=file.body, content_type=file.content_type, charset="utf-8", headers=headers)
