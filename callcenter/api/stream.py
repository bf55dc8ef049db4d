"""What just happened, over WebSocket: a snapshot, then every event without a gap (contract.md §5)."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api import examples, shapes
from callcenter.api.contract import Access, Answer, Ask, Nothing, Operation, shown
from callcenter.api.frames import text_frame
from callcenter.api.problems import HttpError, QueryFault
from callcenter.api.rounds import Rounds
from callcenter.api.sign_in import SignIn
from callcenter.api.words import Name, Whole
from callcenter.domain.errors import UnavailableError
from callcenter.domain.views import Json, moment
from callcenter.office.desk import Desk
from callcenter.office.stream import Stream, StreamEvent, TooSlowError

log = structlog.get_logger(__name__)

TOO_SLOW = 4008
HEARTBEAT_SECONDS = 20.0  # between two pings
PONG_SECONDS = 10.0  # for an answer to a ping: a page that is gone without a word, or reads no more, is noticed
SEND_SECONDS = 10.0  # a reader that takes nothing for so long does not follow
LINGER_SECONDS = 30.0  # for a reader that was cut off to read why
GOODBYE_SECONDS = 1.0  # for all to be told that the hotline ends
LARGEST_MESSAGE = 4096  # bytes; nothing is expected
TOGETHER = 32  # events sent in one piece; some 50 kB
MANY = 50  # with so many who watch, those who keep up are sent what happens in rounds
FRAMES_KEPT = 256  # events written out once for all who watch


class WatchQuery(BaseModel):
    """From where to watch."""

    model_config = ConfigDict(extra="forbid")

    token: Name | None = Field(default=None, description="A one-time token, for browsers.")
    stream: Name | None = Field(default=None, description="Go on in this stream,")
    after: Whole | None = Field(default=None, description="after this number.", examples=[41])


@dataclass(frozen=True, slots=True)
class End:
    """How a WebSocket is closed."""

    code: int
    why: bytes


class Watchers:
    """All who watch over WebSocket: no more than so many, and told when the hotline ends."""

    def __init__(self, sign_in: SignIn, *, most: int) -> None:
        self._sign_in = sign_in
        self._most = most
        self._open: set[web.WebSocketResponse] = set()
        self._transports: set[asyncio.BaseTransport | None] = set()
        self._taken = 0
        self._frames: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._rounds: Rounds | None = None

    async def watch(self, ask: Ask[WatchQuery, Nothing]) -> web.StreamResponse:
        """Serve one who watches until he goes, falls behind, or the hotline ends."""
        query = ask.query
        if (query.stream is None) != (query.after is None):
            absent = "stream" if query.stream is None else "after"
            fault = QueryFault(f"/{absent}", "is needed too; stream and after go together", parameter=absent)
            raise HttpError(422, "the query is not valid", faults=[fault])
        socket = web.WebSocketResponse(
            timeout=LINGER_SECONDS, autoping=False, max_msg_size=LARGEST_MESSAGE, compress=False
        )
        if not socket.can_prepare(ask.request):
            raise HttpError(426, "open this address as a WebSocket", headers={"Upgrade": "websocket"})
        if self._taken >= self._most:
            raise UnavailableError(f"{self._most} watch already, which is as many as may")
        transport = ask.request.transport
        self._taken += 1
        self._transports.add(transport)
        try:
            await socket.prepare(ask.request)
            self._open.add(socket)
            await self._serve(socket, ask)
        finally:
            self._taken -= 1
            self._transports.discard(transport)
            self._open.discard(socket)
        return socket

    def has(self, transport: asyncio.BaseTransport) -> bool:
        """Tell whether somebody watches over this connection."""
        return transport in self._transports

    def give_token(self) -> Json:
        """Make a token that opens the events once."""
        return self._sign_in.give_once()

    async def say_goodbye(self) -> None:
        """Tell all who watch that the hotline ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS), asyncio.TaskGroup() as tasks:
                for socket in list(self._open):
                    goodbye = socket.close(code=WSCloseCode.GOING_AWAY, message=b"the hotline ends", drain=False)
                    tasks.create_task(goodbye, name="events: goodbye")

    async def _serve(self, socket: web.WebSocketResponse, ask: Ask[WatchQuery, Nothing]) -> None:
        answered = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(_hear(socket, answered), name="events: hear")
            pinging = tasks.create_task(_ping(socket, answered), name="events: ping")
            telling = tasks.create_task(self._tell(socket, ask), name="events: tell")
            await asyncio.wait({hearing, pinging, telling}, return_when=asyncio.FIRST_COMPLETED)
            for task in (hearing, pinging, telling):
                task.cancel()
        ends = [task.result() for task in (telling, pinging) if not task.cancelled()]
        if (end := next((end for end in ends if end is not None), None)) is not None:
            await _cut_off(socket, ask.request, end)

    async def _tell(self, socket: web.WebSocketResponse, ask: Ask[WatchQuery, Nothing]) -> End | None:
        """Tell what happens for as long as it is taken; how to end then, or None where nobody is there any more."""
        stream = ask.desk.stream
        try:
            ask.desk.settle()
            with stream.watch() as watcher:
                first = self._first(ask.desk, ask.query)  # nothing can happen between this and `watch`: neither waits
                for frame in first:
                    await _send(socket, ask.request, frame)
                while True:
                    events = await watcher.some(TOGETHER)
                    await _send(socket, ask.request, self._written(stream, events))
                    transport = ask.request.transport
                    if stream.watchers >= MANY and watcher.has_all and transport is not None:
                        await self._rounds_of(stream).follow(watcher, transport, lambda: socket.closed)
                        await _send(socket, ask.request, b"")
        except TooSlowError:
            return _too_slow()
        except ConnectionError:
            return None
        except Exception:
            log.exception("one who watched was cut off by a mistake of ours")  # the others go on
            return End(WSCloseCode.INTERNAL_ERROR, b"the hotline made a mistake")

    def _first(self, desk: Desk, query: WatchQuery) -> list[bytes]:
        """What comes before that which is still to happen: the events missed where all are held, else a snapshot."""
        stream = desk.stream
        if query.stream == stream.id and query.after is not None:
            missed = stream.since(query.after)
            if missed is not None:
                return [self._frame(stream, event) for event in missed]
        return [_framed({"type": "snapshot", "stream": stream.id, "seq": stream.seq, "data": desk.snapshot()})]

    def _rounds_of(self, stream: Stream) -> Rounds:
        if self._rounds is None or self._rounds.stream is not stream:
            self._rounds = Rounds(stream, partial(self._written, stream))
        return self._rounds

    def _written(self, stream: Stream, events: Iterable[StreamEvent]) -> bytes:
        return b"".join(self._frame(stream, event) for event in events)

    def _frame(self, stream: Stream, event: StreamEvent) -> bytes:
        """Write an event out, once for all who watch."""
        key = (stream.id, event.seq)
        if (frame := self._frames.get(key)) is None:
            frame = _framed({"type": event.type, "seq": event.seq, "time": moment(event.time), "data": event.data})
            self._frames[key] = frame
            if len(self._frames) > FRAMES_KEPT:
                self._frames.popitem(last=False)
        return frame


def _framed(message: dict[str, Any]) -> bytes:
    return text_frame(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


async def _send(socket: web.WebSocketResponse, request: web.Request, frames: bytes) -> None:
    """Send messages, in one piece: with 200 who watch, a `send_str` and a limit for each took most of the loop's time.

    Raises TooSlowError, ConnectionError.
    """
    transport = request.transport
    if transport is None or transport.is_closing() or socket.closed:
        raise ConnectionResetError("nobody is there any more")
    if frames:
        transport.write(frames)
    if transport.get_write_buffer_size() <= len(frames):
        return  # all that he was sent before has left; uvloop sends this when the loop comes round
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await request.writer.drain()
    except TimeoutError as error:
        raise TooSlowError("takes nothing") from error


async def _hear(socket: web.WebSocketResponse, answered: asyncio.Event) -> None:
    """Read until the other side is gone. Nothing is expected of it; but this answers its pings and sees it go."""
    async for message in socket:
        answered.set()
        if message.type is WSMsgType.PING:
            await socket.pong(message.data)


async def _ping(socket: web.WebSocketResponse, answered: asyncio.Event) -> End | None:
    """Ping for as long as it is answered; how to end then.

    aiohttp's own heartbeat would drop the connection without a word, and a reader that only stood still for a while
    would not learn that it has missed something.
    """
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        answered.clear()
        try:
            async with asyncio.timeout(PONG_SECONDS):
                await socket.ping()
                await answered.wait()
        except TimeoutError:
            return _too_slow()
        except ConnectionError:
            return None


def _too_slow() -> End:
    log.info("one who watched was too slow and was cut off")
    return End(TOO_SLOW, b"too slow to follow the events; begin with a new snapshot")


async def _cut_off(socket: web.WebSocketResponse, request: web.Request, end: End) -> None:
    """Tell why it ends, wait a while for that to be read, and let go of what is not.

    Nothing may be drained here: a send that was given up leaves aiohttp a cancelled waiter, and whoever waits for it
    next would look cancelled himself (aiohttp 3.14.5, `BaseProtocol._drain_helper`).
    """
    try:
        await socket.close(code=end.code, message=end.why, drain=False)
    finally:
        if request.transport is not None and request.transport.get_write_buffer_size():
            request.transport.abort()


WATCHERS: web.AppKey[Watchers] = web.AppKey("watchers", Watchers)


async def give_token(ask: Ask[Nothing, Nothing]) -> web.Response:
    """Give a token that opens the events once."""
    return shown(ask.request.app[WATCHERS].give_token())


async def watch_events(ask: Ask[WatchQuery, Nothing]) -> web.StreamResponse:
    """Open the WebSocket and serve it."""
    return await ask.request.app[WATCHERS].watch(ask)


OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="createEventToken",
        method="POST",
        path="/events/token",
        tag="events",
        summary="A token that opens the events once, for browsers, which cannot send headers with a WebSocket",
        chinese="获取一次性事件令牌",
        handle=give_token,
        query=Nothing,
        body=Nothing,
        body_needed=False,
        answers={200: Answer(says="The token.", shape=shapes.EventToken, example=examples.EVENT_TOKEN)},
    ),
    Operation(
        id="watchEvents",
        method="GET",
        path="/events",
        tag="events",
        summary="Watch what happens: a snapshot, then every event in order (WebSocket)",
        chinese="订阅实时事件（WebSocket）",
        handle=watch_events,
        query=WatchQuery,
        body=Nothing,
        access=Access.TOKEN_OR_TICKET,
        lasting=True,
        answers={
            101: Answer(
                says=(
                    "The WebSocket is open. The first message is a SnapshotMessage, each further one an "
                    "EventMessage with the next seq; a stream that is resumed goes on without a snapshot. "
                    "Closed with 4008: too slow; with 1001: the hotline ends."
                )
            )
        },
        problems=(426,),
    ),
)
