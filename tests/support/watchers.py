"""One who watches the events by WebSocket, and holds every message against the document."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.support.api_client import ApiClient, check
from tests.support.fake_desk import FakeDesk

Socket = aiohttp.ClientWebSocketResponse


@asynccontextmanager
async def watching(api: ApiClient, query: str = "", headers: dict[str, str] | None = None) -> AsyncIterator[Socket]:
    url = f"{api.url}/api/v1/events{query}"
    signed_in = {"Authorization": f"Bearer {api.token}"}
    async with api.session.ws_connect(url, headers=signed_in if headers is None else headers) as opened:
        yield opened


async def heard(opened: Socket) -> Any:
    """The next message, held against the document."""
    message = await opened.receive_json(timeout=5)
    shape = "SnapshotMessage" if message["type"] == "snapshot" else "EventMessage"
    check(message, {"$ref": f"#/components/schemas/{shape}"})
    return message


async def closed(opened: Socket) -> int | None:
    """Read to the end; the code of the close."""
    async with asyncio.timeout(10):
        while (message := await opened.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert message.type is aiohttp.WSMsgType.CLOSE, message
    return opened.close_code


async def comes_to_watch(desk: FakeDesk, number: int) -> None:
    async with asyncio.timeout(5):
        while desk.stream.watchers != number:  # noqa: ASYNC110 - the stream tells nobody who comes and goes
            await asyncio.sleep(0.01)
