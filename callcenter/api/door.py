"""The door of the HTTP server: how many may be connected at a time, who goes when one more comes, who is heard next.

A connection costs a descriptor, and the hotline needs its own. So there are never more than `most`. Where all places
are taken, the newest is let in and another goes: of the address with the most, whoever was silent for longest. A
crowd at one address takes places from itself and not from a desk elsewhere. Who watches over WebSocket stays: those
have a limit of their own (`stream.Watchers`).

Who sends a request so slowly that it is not there in `REQUEST_SECONDS` goes (aiohttp's own limit of an idle connection,
which runs until a request has been read), and so does who takes nothing of an answer for `TAKE_SECONDS` (the kernel's).
"""

import asyncio
import os
import resource
import socket
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import cast

import structlog
from aiohttp import web

from callcenter.api.turns import Turns

log = structlog.get_logger(__name__)

BESIDE_WATCHERS = 500  # connections at a time, beside those who watch
FEWEST = 50  # connections; with fewer no desk could work, however few descriptors there are
OWN_FILES = 200  # descriptors that the hotline itself may need: database, workers, recordings, Asterisk
REQUEST_SECONDS = 20.0  # for the next request to be there, from the connection or the last answer on
TAKE_SECONDS = 60.0  # for a reader to take a little of what waits for him
ACCEPTED_AT_A_TIME = 16  # new connections in one turn of the loop: a few milliseconds
BACKLOG = 1024  # connections that the kernel keeps until we come to them
TELL_SECONDS = 10.0  # between two lines of the log that tell of a crowd


class Door:
    """Makes the server's end of each connection: hand it to `create_server`."""

    def __init__(
        self,
        server: Callable[[], asyncio.Protocol],
        *,
        most: int,
        turns: Turns,
        stays: Callable[[asyncio.BaseTransport], bool],
    ) -> None:
        """`server` makes what serves one connection; `stays` tells who must not be sent away for another."""
        self.turns = turns
        self._server = server
        self._most = most
        self._stays = stays
        self._crowds: dict[str, OrderedDict[_Guest, None]] = {}  # by address; whoever spoke last stands last
        self._staying: set[_Guest] = set()
        self._told = 0.0
        self.open = 0
        """How many are connected now."""
        self.sent_away = 0
        """Connections that were ended for others, since the start."""

    def __call__(self) -> asyncio.Protocol:
        """Let one more in."""
        return _Guest(self._server(), self)

    def came(self, guest: "_Guest") -> None:
        """Take note that one is there; another goes where there is no place."""
        if self.open >= self._most:
            self._make_room()
        self.open += 1
        self._crowds.setdefault(guest.address, OrderedDict())[guest] = None

    def spoke(self, guest: "_Guest") -> None:
        """Take note that one is not silent."""
        crowd = self._crowds.get(guest.address)
        if crowd is not None and guest in crowd:
            crowd.move_to_end(guest)

    def went(self, guest: "_Guest") -> None:
        """Take note that one is gone."""
        if guest in self._staying:
            self._staying.discard(guest)
            self.open -= 1
        elif self._leaves_the_crowd(guest):
            self.open -= 1

    def _make_room(self) -> None:
        """Send the one away who has been silent for longest, of the address that has the most."""
        while self._crowds:
            crowd = max(self._crowds.values(), key=len)
            guest = next(iter(crowd))
            self._leaves_the_crowd(guest)
            if self._stays(guest.transport):
                self._staying.add(guest)
                continue
            guest.transport.abort()
            self.open -= 1
            self.sent_away += 1
            self._tell()
            return

    def _leaves_the_crowd(self, guest: "_Guest") -> bool:
        crowd = self._crowds.get(guest.address)
        if crowd is None or guest not in crowd:
            return False
        del crowd[guest]
        if not crowd:
            del self._crowds[guest.address]
        return True

    def _tell(self) -> None:
        now = asyncio.get_running_loop().time()
        if self.sent_away == 1 or now - self._told > TELL_SECONDS:
            self._told = now
            log.warning("all connections are taken; the most silent is ended for a new one", sent_away=self.sent_away)


class _Guest(asyncio.Protocol):
    """Stands between one connection and what serves it, and sees who comes, speaks and goes."""

    transport: asyncio.Transport

    def __init__(self, served: asyncio.Protocol, door: Door) -> None:
        self._served = served
        self._door = door
        self._unheard: deque[bytes] = deque()
        self.address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # a loop other than asyncio's own has classes of its own
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        its: socket.socket = transport.get_extra_info("socket")
        its.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(TAKE_SECONDS * 1000))
        self._door.came(self)
        self._served.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._door.spoke(self)
        if not self._unheard and self._door.turns.take():
            self._served.data_received(data)
            return
        self._unheard.append(data)
        self.transport.pause_reading()  # what comes meanwhile stays with the kernel
        self._door.turns.wait(self.address, self._hear)

    def _hear(self) -> None:
        """Hand on what waited; not before reading goes on, which the server may want to pause for its own reasons."""
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self._served.data_received(self._unheard.popleft())

    def eof_received(self) -> bool | None:
        return self._served.eof_received()

    def pause_writing(self) -> None:
        self._served.pause_writing()

    def resume_writing(self) -> None:
        self._served.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.went(self)
        self._served.connection_lost(exc)


class DoorSite(web.BaseSite):
    """Listens at one address, through the door."""

    def __init__(self, runner: web.AppRunner, door: Door, host: str, port: int) -> None:
        super().__init__(runner)
        self._door, self._host, self._port = door, host, port

    @property
    def name(self) -> str:
        """Its address."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen. Raises OSError."""
        await super().start()
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listening = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            if error.errno is None or isinstance(error, socket.gaierror):
                raise
            raise OSError(error.errno, os.strerror(error.errno)) from error  # without Python's own words behind it
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._door, sock=listening, backlog=ACCEPTED_AT_A_TIME)
        listening.listen(BACKLOG)  # asyncio means by it both how many wait and how many it accepts in one turn


def room_for(watchers: int) -> int:
    """Say how many connections there may be at a time, for so many who watch, and raise our limit of files to that.

    Fewer where the machine gives us fewer descriptors (`ulimit -Hn`, systemd's LimitNOFILE).
    """
    wanted = watchers + BESIDE_WATCHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted + OWN_FILES:
        soft = wanted + OWN_FILES if hard == resource.RLIM_INFINITY else min(hard, wanted + OWN_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = max(FEWEST, min(wanted, soft - OWN_FILES))
    if room < wanted:
        log.warning("the limit of open files leaves room for fewer connections", room=room, wanted=wanted, limit=soft)
    return room
