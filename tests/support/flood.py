"""A crowd at the HTTP server, as a program of its own: `python -m tests.support.flood KIND PORT TOKEN COUNT SECONDS`.

It comes from 127.0.0.2, so that those who look meanwhile are somebody else. It prints READY when the crowd is there,
and at the end, or when its input is closed, one line of JSON: how often each thing happened.

    requests   COUNT connections ask for the seats as fast as they are answered
    headers    COUNT connections send a byte of a request's head now and then
    bodies     COUNT connections send a byte of a body now and then
    readers    COUNT connections ask for a large page again and again, and read nothing
    watchers   COUNT WebSockets are opened and left alone
"""

import asyncio
import json
import resource
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

HERE, THERE = "127.0.0.2", "127.0.0.1"
AT_A_TIME = 200  # connections that are being opened
TRICKLE_SECONDS = 1.0
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455's own example


class Crowd:
    """All of them, and what happened to them."""

    def __init__(self, port: int, token: str) -> None:
        self.happened: Counter[str] = Counter()
        self._port, self._token = port, token
        self._opening = asyncio.Semaphore(AT_A_TIME)

    def head(self, method: str, path: str, *more: str) -> bytes:
        """Write the head of a request."""
        lines = [f"{method} /api/{path} HTTP/1.1", "Host: hotline", f"Authorization: Bearer {self._token}", *more]
        return "\r\n".join([*lines, "", ""]).encode()

    async def connected(
        self, act: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], *, begun: bytes = b""
    ) -> None:
        """Be one of them."""
        try:
            async with self._opening:
                reader, writer = await asyncio.open_connection(THERE, self._port, local_addr=(HERE, 0))
                self.happened["connected"] += 1
                writer.write(begun)
                if begun:
                    await self.answer(reader)
        except (OSError, asyncio.IncompleteReadError):
            self.happened["broken off"] += 1
            return
        try:
            await act(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            self.happened["broken off"] += 1
        finally:
            writer.transport.abort()

    async def answer(self, reader: asyncio.StreamReader) -> None:
        """Read one answer, and count it by its status; a refusal must say when to come again."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = head.split()[1]
        self.happened[status] += 1
        if status == "503":
            self.happened["503 with Retry-After"] += "retry-after: " in head
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        await reader.readexactly(int(length or 0))

    async def asks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ask as fast as it is answered."""
        while True:
            writer.write(self.head("GET", "v1/seats"))
            await self.answer(reader)

    async def trickles_a_head(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send a head that never ends."""
        writer.write(self.head("GET", "v1/seats")[:-2])
        await self._trickles(writer, b"X-More: 1\r\n")

    async def trickles_a_body(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send a body that never ends."""
        writer.write(self.head("POST", "v1/tickets", "Content-Type: application/json", "Content-Length: 100000"))
        await self._trickles(writer, b" ")

    async def reads_nothing(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ask for what is large, and take none of it."""
        reader.feed_data(b" " * (1 << 20))  # more than it holds: from now on nothing is taken from the socket
        writer.write(self.head("GET", "openapi.json") * 20)
        await self._trickles(writer, b"")

    async def watches(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        """Keep what was opened until it is taken away."""
        while await reader.read(1 << 16):
            pass
        self.happened["ended by the hotline"] += 1

    async def _trickles(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        while not writer.transport.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(TRICKLE_SECONDS)
        raise ConnectionResetError


async def main(kind: str, port: int, token: str, count: int, seconds: float) -> None:
    """Be a crowd for so long, or until the input ends."""
    crowd = Crowd(port, token)
    opening = crowd.head(
        "GET",
        "v1/events",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {KEY}",
    )
    begun, act = {
        "requests": (b"", crowd.asks),
        "headers": (b"", crowd.trickles_a_head),
        "bodies": (b"", crowd.trickles_a_body),
        "readers": (b"", crowd.reads_nothing),
        "watchers": (opening, crowd.watches),
    }[kind]
    tasks = [asyncio.create_task(crowd.connected(act, begun=begun)) for _ in range(count)]
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            there = ("connected",) if not begun else ("101", "503")
            while sum(crowd.happened[each] for each in (*there, "broken off")) < count:  # noqa: ASYNC110  # many tell
                await asyncio.sleep(0.05)
            print("READY", flush=True)
            await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(crowd.happened), flush=True)


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
