"""A relay between controller and Asterisk's manager interface, on which everything that befalls a wire can be made."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

_ANSWER = 5.0  # seconds for the relay's own thread to do what it is told
_CHUNK = 65536
_FEW = 40  # bytes that pass at a time on a wire that trickles
_TRICKLE_EVERY = 0.1

T = TypeVar("T")


class Wire(StrEnum):
    """What the wire is like."""

    WHOLE = "whole"
    HALF_OPEN = "half-open"
    """Nothing passes, either way; nobody is told of it, and no end of a connection passes either."""
    TRICKLE = "trickle"
    """Every byte is two seconds late, and then they come in drops."""
    LATE = "late"
    """What Asterisk says is two seconds late, but comes whole; what it is told is not late."""


LATE_SECONDS = 2.0


@dataclass(eq=False)
class _Connection:
    """One connection of the controller's, and its other half to Asterisk."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    pumps: list["asyncio.Task[None]"] = field(default_factory=list)

    def abort(self) -> None:
        self.near.transport.abort()
        self.far.transport.abort()


class AmiRelay:
    """Listens on `port` and passes on to `asterisk`, in a thread of its own: the hotline's start blocks the tests'."""

    def __init__(self, port: int, asterisk: int) -> None:
        self._port, self._asterisk = port, asterisk
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ami relay", daemon=True)
        self._wire = Wire.WHOLE
        self._healed = asyncio.Event()
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.taken = 0
        """Connections that the controller has made."""

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self._do(self._open)

    def stop(self) -> None:
        """End every connection and the thread."""
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ANSWER)
        self._loop.close()

    def becomes(self, wire: Wire) -> None:
        """Make the wire so, for connections that exist and for new ones. WHOLE ends those that were half-open."""
        self._do(lambda: self._become(wire))

    def cut(self) -> None:
        """Break every connection off (RST, both sides)."""

        async def cut() -> None:
            for connection in list(self._connections):
                connection.abort()

        self._do(cut)

    def say_to_controller(self, data: bytes) -> None:
        """Put these bytes between those that come from Asterisk."""

        async def say() -> None:
            for connection in self._connections:
                connection.near.write(data)

        self._do(say)

    def say_to_asterisk(self, data: bytes) -> None:
        """Put these bytes between those that come from the controller."""

        async def say() -> None:
            for connection in self._connections:
                connection.far.write(data)

        self._do(say)

    def _do(self, work: Callable[[], Awaitable[T]]) -> T:
        async def done() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(_ANSWER)

    async def _open(self) -> None:
        self._healed.set()
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self._port)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._become(Wire.WHOLE)
        for connection in list(self._connections):
            connection.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _become(self, wire: Wire) -> None:
        was, self._wire = self._wire, wire
        if wire is Wire.HALF_OPEN:
            self._healed.clear()
        else:
            if was is Wire.HALF_OPEN:  # the far kernel knows of no such connection any more
                for connection in list(self._connections):
                    connection.abort()
            self._healed.set()

    async def _take(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        self.taken += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._healed.wait()
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._asterisk)
            connection = _Connection(near, far)
            self._connections.add(connection)
            try:
                async with asyncio.TaskGroup() as pumps:
                    pumps.create_task(self._pump(reader, far, from_asterisk=False))
                    pumps.create_task(self._pump(far_reader, near, from_asterisk=True))
            finally:
                self._connections.discard(connection)
                connection.abort()
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one side has gone, and the other is told by the abort
        finally:
            near.transport.abort()
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, from_asterisk: bool) -> None:
        """Pass bytes on as the wire lets them; the end of one side, once it passes, is the end of the other."""
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                taken, data = await under_way.get()
                await self._healed.wait()
                late = self._wire is Wire.TRICKLE or (self._wire is Wire.LATE and from_asterisk)
                if late:
                    await asyncio.sleep(max(0.0, taken + LATE_SECONDS - loop.time()))
                step = _FEW if self._wire is Wire.TRICKLE else max(1, len(data))
                for start in range(0, len(data), step):
                    writer.write(data[start : start + step])
                    if step == _FEW:
                        await asyncio.sleep(_TRICKLE_EVERY)
                if not data:
                    raise ConnectionResetError

        arriving = asyncio.create_task(arrive())
        try:
            while not arriving.done():
                data = b""
                with suppress(ConnectionError):
                    data = await reader.read(_CHUNK)
                under_way.put_nowait((loop.time(), data))
                if not data:
                    break
            await arriving
        finally:
            arriving.cancel()
