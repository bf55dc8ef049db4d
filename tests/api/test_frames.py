"""What we write out once for all who watch is read by a WebSocket client as what it was."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from callcenter.api.frames import text_frame

LENGTHS = (0, 1, 125, 126, 127, 65_535, 65_536, 200_000)
LETTERS = ("x", "停")


async def told(request: web.Request) -> web.StreamResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    assert request.transport is not None
    request.transport.write(b"".join(text_frame(letter * length) for letter in LETTERS for length in LENGTHS))
    await socket.close()
    return socket


async def test_texts_of_every_length_are_read_one_by_one() -> None:
    app = web.Application()
    app.router.add_get("/", told)
    async with TestClient(TestServer(app)) as client, client.ws_connect("/", max_msg_size=0) as socket:
        heard = [message.data async for message in socket]

    assert heard == [letter * length for letter in LETTERS for length in LENGTHS]
