"""SIP over UDP: requests are said again until answered, answers until acknowledged (RFC 3261, section 17).

Nothing is taken on trust: a request that comes twice is answered twice but acted on once.
"""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Final

from scripts.phones.datagrams import Address, open_socket, receive
from scripts.phones.sip import (
    DEFAULT_PORT,
    MalformedSipError,
    Request,
    Response,
    address_of,
    read_message,
    split_list,
    via_params,
)

T1: Final = 0.5  # seconds; the timers of RFC 3261, table 4
T2: Final = 4.0
GIVE_UP: Final = 64 * T1
_RINGING_LIMIT: Final = 180.0  # timer C: nobody rings longer
_REMEMBERED: Final = 2000

Spawn = Callable[[Coroutine[None, None, None]], object]


class NoResponseError(TimeoutError):
    """The other side never answered a request."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that came, with when (monotonic seconds) and from where."""

    request: Request
    arrived: float
    source: Address


@dataclass(frozen=True, slots=True)
class Answered:
    """A response that came, with when (monotonic seconds)."""

    response: Response
    arrived: float


@dataclass(slots=True)
class _Served:
    """A request we have taken and what we said to it last."""

    answer_to: Address
    last: bytes | None = None
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)


class Transactions:
    """The SIP side of one UDP port."""

    def __init__(self, *, spawn: Spawn, when_requested: Callable[[Taken], None]) -> None:
        self._spawn = spawn
        self._when_requested = when_requested
        self._asked: dict[tuple[str, str], asyncio.Queue[Answered]] = {}
        self._served: dict[tuple[str, str, str], _Served] = {}
        self._acknowledgements: dict[tuple[str, int], tuple[bytes, Address]] = {}
        self.malformed: list[tuple[str, bytes]] = []
        """What came that is no SIP message, with what is wrong with it."""
        self.seen: deque[str] = deque(maxlen=_REMEMBERED)
        """First lines of all that was sent (>) and received (<), to look at when a test fails."""

    def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. Raises OSError when the port is in use."""
        self._socket = open_socket(host, port)
        asyncio.get_running_loop().add_reader(self._socket, self._take_in)

    def close(self) -> None:
        """Listen no more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    @property
    def address(self) -> Address:
        """Where we listen."""
        host, port = self._socket.getsockname()
        return host, port

    def send(self, data: bytes, to: Address) -> None:
        """Send bytes as they are, whatever they are."""
        self.seen.append("> " + data.partition(b"\r\n")[0].decode("utf-8", "replace"))
        # A full buffer is a lost packet: that is what the repeats are for.
        with contextlib.suppress(BlockingIOError):
            self._socket.sendto(data, to)

    def new_via(self) -> tuple[str, str]:
        """Give a Via header with a branch of its own."""
        host, port = self.address
        return ("Via", f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}")

    async def ask(
        self, request: Request, to: Address, *, when_provisional: Callable[[Answered], None] | None = None
    ) -> Answered:
        """Send a request, again and again until it is answered, and give its final response.

        An INVITE that fails is acknowledged here; one that succeeds by `acknowledge`. Raises NoResponseError.
        """
        loop = asyncio.get_running_loop()
        inbox: asyncio.Queue[Answered] = asyncio.Queue()
        key = (request.branch, request.method)
        self._asked[key] = inbox
        is_invite = request.method == "INVITE"
        data, pause, give_up, repeats = request.write(), T1, loop.time() + GIVE_UP, True
        self.send(data, to)
        next_send = loop.time() + pause
        try:
            while True:
                try:
                    async with asyncio.timeout_at(min(next_send, give_up) if repeats else give_up):
                        answered = await inbox.get()
                except TimeoutError:
                    if loop.time() >= give_up:
                        raise NoResponseError(f"no response to {request.method}") from None
                    self.send(data, to)
                    pause = 2 * pause if is_invite else min(2 * pause, T2)
                    next_send = loop.time() + pause
                    continue
                if answered.response.is_final:
                    if is_invite and not answered.response.is_success:
                        self._acknowledge_failure(request, answered.response, to)
                    return answered
                if is_invite:
                    repeats, give_up = False, loop.time() + _RINGING_LIMIT
                else:
                    next_send = loop.time() + T2
                if when_provisional is not None:
                    when_provisional(answered)
        finally:
            del self._asked[key]

    def acknowledge(self, ack: Request, to: Address) -> None:
        """Acknowledge a 2xx, and every repeat of it."""
        data = ack.write()
        self._acknowledgements[ack.call_id, ack.cseq] = (data, to)
        self.send(data, to)

    def respond(self, taken: Taken, response: Response) -> None:
        """Answer a request; a final answer to an INVITE is said again until the ACK comes."""
        served = self._served.get(_key_of(taken.request))
        if served is None:
            return
        served.last = response.write()
        self.send(served.last, served.answer_to)
        if taken.request.method == "INVITE" and response.is_final:
            self._spawn(self._repeat_until_acknowledged(served))

    def acknowledged(self, invite: Taken) -> bool:
        """Tell whether the ACK for our final answer has come."""
        served = self._served.get(_key_of(invite.request))
        return served is not None and served.acknowledged.is_set()

    async def until_acknowledged(self, invite: Taken) -> None:
        """Wait for that ACK."""
        served = self._served.get(_key_of(invite.request))
        if served is not None:
            await served.acknowledged.wait()

    def note_acknowledged(self, invite: Taken) -> None:
        """Say that the ACK of a 2xx has come (it is a transaction of its own)."""
        served = self._served.get(_key_of(invite.request))
        if served is not None:
            served.acknowledged.set()

    async def _repeat_until_acknowledged(self, served: _Served) -> None:
        pause = T1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVE_UP):
                while True:
                    try:
                        async with asyncio.timeout(pause):
                            await served.acknowledged.wait()
                    except TimeoutError:
                        assert served.last is not None
                        self.send(served.last, served.answer_to)
                        pause = min(2 * pause, T2)
                    else:
                        return

    def _acknowledge_failure(self, invite: Request, response: Response, to: Address) -> None:
        kept = ("via", "from", "call-id", "max-forwards", "route")
        headers = [header for header in invite.headers if header[0].lower() in kept]
        ack = replace(
            invite,
            method="ACK",
            headers=(*headers, ("To", response.need("to")), ("CSeq", f"{invite.cseq} ACK")),
            body=b"",
        )
        data = ack.write()
        self._acknowledgements[invite.call_id, invite.cseq] = (data, to)
        self.send(data, to)

    def _take_in(self) -> None:
        while (datagram := receive(self._socket)) is not None:
            if not datagram.data.strip():
                continue  # a keep-alive
            try:
                message = read_message(datagram.data)
                self.seen.append("< " + datagram.data.partition(b"\r\n")[0].decode("utf-8", "replace"))
                if isinstance(message, Response):
                    self._take_response(Answered(response=message, arrived=datagram.arrived))
                else:
                    self._take_request(Taken(request=message, arrived=datagram.arrived, source=datagram.source))
            except MalformedSipError as mistake:
                self.malformed.append((str(mistake), datagram.data))

    def _take_response(self, answered: Answered) -> None:
        response = answered.response
        inbox = self._asked.get((response.branch, response.cseq_method))
        if inbox is not None:
            inbox.put_nowait(answered)
        elif response.cseq_method == "INVITE" and response.is_final:
            ack = self._acknowledgements.get((response.call_id, response.cseq))
            if ack is not None:
                self.send(*ack)

    def _take_request(self, taken: Taken) -> None:
        key = _key_of(taken.request)
        served = self._served.get(key)
        if taken.request.method == "ACK":
            if served is not None:
                served.acknowledged.set()
            self._when_requested(taken)
        elif served is None:
            self._served[key] = _Served(answer_to=_answer_address(taken))
            self._when_requested(taken)
        elif served.last is not None and not served.acknowledged.is_set():
            self.send(served.last, served.answer_to)


def _key_of(request: Request) -> tuple[str, str, str]:
    """Name a server transaction: an ACK for a failure has the INVITE's branch and belongs to it."""
    method = "INVITE" if request.method == "ACK" else request.method
    return (request.branch, method, request.call_id)


def _answer_address(taken: Taken) -> Address:
    """Give where answers go (RFC 3261 18.2.2, RFC 3581): to the sender's port if asked for, else to that of Via."""
    topmost = split_list([taken.request.need("via")])[0]
    if "rport" in via_params(topmost):
        return taken.source
    _, _, sent_by = topmost.partition(";")[0].strip().rpartition(" ")
    _, port = address_of(f"sip:{sent_by}")
    return taken.source[0], port or DEFAULT_PORT
