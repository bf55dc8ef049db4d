"""A scripted AMI server on loopback, and a listener that can be waited on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Self

from callcenter.asterisk.ami import Headers, Limits
from callcenter.asterisk.link import AmiLink

END = b"\r\n\r\n"
QUICK = Limits(
    connect=1.0,
    answer=0.3,
    boot=1.0,
    ping_every=0.05,
    ping_answer=0.2,
    retry_first=0.02,
    retry_most=0.1,
    refused_first=0.2,
    refused_most=1.0,
    in_use=0.02,
)
"""So short that a test need not wait, so long that a busy machine does not fail it."""

Reply = Callable[[Mapping[str, str]], bytes | None]


def block(**headers: str) -> bytes:
    """Write one AMI block."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n"


def success(action: Mapping[str, str], message: str = "done") -> bytes:
    """Answer an action as Asterisk does when all is well."""
    return block(Response="Success", ActionID=action["ActionID"], Message=message)


def refusal(action: Mapping[str, str], message: str) -> bytes:
    """Answer an action as Asterisk does when it will not."""
    return block(Response="Error", ActionID=action["ActionID"], Message=message)


class AmiServer:
    """Answers as a healthy Asterisk 22.10.1 would, save where the test says otherwise."""

    def __init__(self) -> None:
        self.received: list[dict[str, str]] = []
        self.raw = b""
        self.logins: list[float] = []
        self.secret = "right"
        self.booted = True
        self.in_use = False
        """It holds an earlier session of the same user to be alive."""
        self.mute = False
        """Reads and never answers, like a process that was stopped."""
        self.time = "1795535473.000000"
        self.channels: list[Mapping[str, str]] = []
        self.devices: list[Mapping[str, str]] = []
        self.replies: dict[str, Reply] = {
            "CoreSettings": lambda a: block(
                Response="Success", ActionID=a["ActionID"], AsteriskVersion="22.10.1+dfsg+~cs6"
            ),
            "BridgeTechnologyList": lambda a: technologies(a, "softmix"),
            "Ping": lambda a: block(Response="Success", ActionID=a["ActionID"], Ping="Pong", Timestamp=self.time),
            "Status": lambda a: listing(a, "Status", self.channels),
            "DeviceStateList": lambda a: listing(a, "DeviceStateChange", self.devices),
        }
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._held: bytearray | None = None
        self._moved = asyncio.Condition()
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen; a second time on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and cut the connection."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self.cut()
        await asyncio.gather(*self._serving)

    def cut(self) -> None:
        """Break the connection off."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None

    def say(self, data: bytes) -> None:
        """Send these bytes as they are."""
        assert self._writer is not None
        self._writer.write(data)

    async def say_in_two(self, first: bytes, rest: bytes) -> None:
        """Send these bytes in two packets; what the server answers meanwhile comes behind them, as from Asterisk."""
        self._held = bytearray()
        self.say(first)
        await asyncio.sleep(0)  # one turn of the loop, in which the first may arrive by itself
        self.say(rest + self._held)
        self._held = None

    async def got(self, action: str, times: int = 1) -> dict[str, str]:
        """Wait until this action has come so often; give the last."""

        def all_of_it() -> list[dict[str, str]]:
            return [one for one in self.received if one["Action"] == action]

        async with asyncio.timeout(5), self._moved:
            await self._moved.wait_for(lambda: len(all_of_it()) >= times)
        return all_of_it()[times - 1]

    def said(self, *actions: str) -> list[tuple[str, ...]]:
        """Give these actions in their order, each with its values, save ids of the link's own."""
        return [
            (one["Action"], *(value for name, value in one.items() if name not in ("Action", "ActionID")))
            for one in self.received
            if one["Action"] in actions
        ]

    def count(self, action: str) -> int:
        """How often this action has come."""
        return sum(one["Action"] == action for one in self.received)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                raw = await reader.readuntil(END)
                self.raw += raw
                lines = raw.decode().strip().split("\r\n")
                action: dict[str, str] = {}
                for name, _, value in (line.partition(":") for line in lines):
                    action[name] = f"{action[name]} | {value[1:]}" if name in action else value[1:]
                async with self._moved:
                    self.received.append(action)
                    self._moved.notify_all()
                self._answer(action, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._serving.discard(serving)
            writer.close()

    def _answer(self, action: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        if self.mute:
            return
        name = action["Action"]
        if name == "Login":
            self.logins.append(asyncio.get_running_loop().time())
            if action["Secret"] != self.secret:
                writer.write(refusal(action, "Authentication failed"))
                return
            if self.in_use:
                writer.write(refusal(action, "Login Already In Use"))
                return
            writer.write(success(action, "Authentication accepted"))
            if self.booted:
                writer.write(block(Event="FullyBooted", Status="Fully Booted"))
            return
        reply = self.replies.get(name, success)(action)
        if reply is None:
            return
        if self._held is not None:
            self._held += reply
        else:
            writer.write(reply)


def listing(action: Mapping[str, str], event: str, entries: Sequence[Mapping[str, str]]) -> bytes:
    """Answer a list action with these entries; a `Variable(NAME)` header is sent as Asterisk does."""
    answer = block(Response="Success", ActionID=action["ActionID"], EventList="start", Message="listing will follow")
    for entry in entries:
        answer += f"Event: {event}\r\n".encode()
        for name, value in entry.items():
            variable = name.removeprefix("Variable(").removesuffix(")")
            answer += (f"{name}: {value}" if variable == name else f"Variable: {variable}={value}").encode() + b"\r\n"
        answer += f"ActionID: {action['ActionID']}\r\n\r\n".encode()
    return answer + block(Event=f"{event}Complete", EventList="Complete", ActionID=action["ActionID"])


def technologies(action: Mapping[str, str], *names: str) -> bytes:
    """Answer BridgeTechnologyList with these."""
    entries = [{"BridgeTechnology": name, "BridgeSuspended": "No"} for name in names]
    return listing(action, "BridgeTechnologyListItem", entries)


class Ear:
    """A listener that remembers, and can be waited on."""

    def __init__(self) -> None:
        self.events: list[Headers] = []
        self.told: list[str] = []
        self.when_heard: Callable[[Headers], None] = lambda _: None
        self.when_restored: Callable[[], Awaitable[None]] | None = None
        self._moved = asyncio.Event()

    def heard(self, headers: Headers) -> None:
        self.events.append(headers)
        self.told.append(headers["Event"])
        self._moved.set()
        self.when_heard(headers)

    async def restored(self) -> None:
        if self.when_restored is not None:
            await self.when_restored()
        self.told.append("(restored)")
        self._moved.set()

    def lost(self) -> None:
        self.told.append("(lost)")
        self._moved.set()

    async def until(self, what: str, times: int = 1) -> None:
        """Wait until an event of this name, `(restored)` or `(lost)` was told so often."""
        async with asyncio.timeout(5):
            while self.told.count(what) < times:
                self._moved.clear()
                await self._moved.wait()

    def event(self, name: str) -> Headers:
        """Give the last event of this name."""
        return next(one for one in reversed(self.events) if one["Event"] == name)


@asynccontextmanager
async def linked(
    server: AmiServer, *, secret: str = "right", limits: Limits = QUICK, ready: bool = True
) -> AsyncIterator[tuple[AmiLink, Ear]]:
    """Run a link to this server, and wait until it is ready."""
    link = AmiLink("127.0.0.1", server.port, "controller", secret, limits=limits, jitter=lambda: 1.0)
    ear = Ear()
    link.attach(ear)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(link.run())
        try:
            if ready:
                await ear.until("(restored)")
                await ear.until("FullyBooted")
            yield link, ear
        finally:
            running.cancel()
