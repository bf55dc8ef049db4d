"""Talking to a running hotline over HTTP and WebSocket, as any program of its users would."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from scripts.phones.waiting import NotInTimeError

Json = dict[str, Any]

_LIMIT = aiohttp.ClientTimeout(total=10.0)
_IDLE_SECONDS = 5.0  # a connection nobody used is given back so soon
_LARGEST_EVENT = 16 << 20


class NoHotlineError(Exception):
    """There is no hotline to talk to; says what to do."""


class ProblemError(Exception):
    """The hotline said no: `status` and `problem` as it gave them (RFC 9457)."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(f"{status} {problem.get('title', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class SeatAccount:
    """A seat of demo.json."""

    extension: str
    password: str = field(repr=False)
    operator: str


@dataclass(frozen=True, slots=True)
class Home:
    """What demo.json of a home says (the contract, §2)."""

    hotline: str
    sip: str
    http: str
    trunk: str
    token: str = field(repr=False)
    seats: tuple[SeatAccount, ...]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a home; raises NoHotlineError."""
        path = folder / "demo.json"
        try:
            found = json.loads(path.read_text("utf-8"))
            seats = tuple(SeatAccount(s["extension"], s["sip_password"], s["operator"]) for s in found["seats"])
            return cls(found["hotline"], found["sip"], found["http"], found["trunk"], found["api_token"], seats)
        except FileNotFoundError:
            raise NoHotlineError(f"{path} is not there: start the hotline first with scripts/run") from None
        except PermissionError:
            raise NoHotlineError(f"{path} may be read only by whoever runs the hotline") from None
        except (ValueError, KeyError, TypeError) as mistake:
            raise NoHotlineError(
                f"{path} is damaged ({mistake}): start the hotline again with scripts/run"
            ) from mistake


class HotlineClient:
    """The HTTP side; paths are those behind /api/v1/."""

    def __init__(self, base: str, token: str) -> None:
        self.base = base.rstrip("/")
        self._token = token

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(keepalive_timeout=_IDLE_SECONDS)
        headers = {"Authorization": f"Bearer {self._token}"}
        self._session = aiohttp.ClientSession(timeout=_LIMIT, headers=headers, connector=connector)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str, **query: str) -> Json:
        """Read one thing; raises ProblemError, and NoHotlineError when nobody answers."""
        return await self._ask("GET", path, query=query)

    async def all_of(self, path: str, **query: str) -> list[Json]:
        """Read a whole list, page by page."""
        items: list[Json] = []
        while True:
            page = await self.get(path, **query)
            items += page["items"]
            if page["next"] is None:
                return items
            query = query | {"cursor": page["next"]}

    async def put(self, path: str, body: Json) -> Json:
        """Set something."""
        return await self._ask("PUT", path, body=body)

    async def post(self, path: str, body: Json | None = None) -> Json:
        """Do something."""
        return await self._ask("POST", path, body=body)

    async def patch(self, path: str, body: Json, *, version: int) -> Json:
        """Change something that is still at this version."""
        return await self._ask("PATCH", path, body=body, headers={"If-Match": f'"{version}"'})

    async def recording(self, call_id: str) -> bytes:
        """Fetch a call's WAV."""
        async with self._session.get(f"{self.base}/api/v1/calls/{call_id}/recording") as response:
            if response.status != 200:  # noqa: PLR2004 - OK
                raise ProblemError(response.status, await response.json(content_type=None))
            return await response.read()

    async def health(self) -> Json:
        """Read the health, whether good or bad; raises NoHotlineError."""
        try:
            async with self._session.get(f"{self.base}/api/v1/health") as response:
                return dict(await response.json(content_type=None))
        except (aiohttp.ClientError, TimeoutError, ValueError) as failure:
            raise NoHotlineError(f"no hotline answers at {self.base}: start it with scripts/run") from failure

    def events(self) -> "Events":
        """Follow the events from now on; an async context manager."""
        return Events(self._session, f"{self.base}/api/v1/events")

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Json | None = None,
        headers: Json | None = None,
    ) -> Json:
        try:
            async with self._session.request(
                method, f"{self.base}/api/v1/{path}", json=body, params=query, headers=headers
            ) as response:
                text = await response.text()
                answer = json.loads(text) if text.strip() else {}
                if response.status >= 400:  # noqa: PLR2004 - HTTP's own border
                    raise ProblemError(response.status, answer)
                return dict(answer)
        except (aiohttp.ClientConnectionError, TimeoutError) as failure:
            raise NoHotlineError(f"no hotline answers at {self.base}: start it with scripts/run") from failure


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the stream (the contract, §5)."""

    type: str
    seq: int
    time: datetime
    data: Json

    def fits(self, types: tuple[str, ...], wanted: Json) -> bool:
        """Tell whether it is one of these types and has all these values."""
        return self.type in types and all(self.data.get(key) == value for key, value in wanted.items())


class Events:
    """All events since the snapshot, in order."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.snapshot: Json = {}
        self.stream = ""
        """Id of the stream the numbers count in."""
        self.all: list[Event] = []
        self.gaps: list[tuple[int, int]] = []
        """Pairs of neighbours in the stream whose numbers do not follow each other."""
        self.is_over = False
        self._session, self._address = session, address
        self._more = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._socket = await self._session.ws_connect(self._address, max_msg_size=_LARGEST_EVENT, heartbeat=20.0)
        first = await self._socket.receive_json(timeout=5.0)
        self.snapshot, self.stream, self._last = first["data"], first["stream"], int(first["seq"])
        self._reading = asyncio.get_running_loop().create_task(self._read(), name="events")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    @property
    def last(self) -> int:
        """Number of the newest event, or of the snapshot's."""
        return self._last

    @property
    def now(self) -> int:
        """How many events there were up to now: a mark for `since`."""
        return len(self.all)

    async def until(
        self,
        *types: str,
        within: float,
        since: int = 0,
        where: Callable[[Json], bool] | None = None,
        **wanted: object,
    ) -> Event:
        """Give the first event of one of these types with all these values in its data, past or to come.

        Raises NotInTimeError with what came instead.
        """
        at = since
        try:
            async with asyncio.timeout(within), self._more:
                while True:
                    while at < len(self.all):
                        event = self.all[at]
                        at += 1
                        if event.fits(types, wanted) and (where is None or where(event.data)):
                            return event
                    if self.is_over:
                        raise NotInTimeError(f"the stream of events ended before {types} {wanted}")
                    await self._more.wait()
        except TimeoutError:
            came = ", ".join(event.type for event in self.all[since:])
            raise NotInTimeError(f"no {' or '.join(types)} with {wanted} within {within:g} s; came: {came}") from None

    def of(self, *types: str, since: int = 0, **wanted: object) -> list[Event]:
        """Give every such event up to now."""
        return [event for event in self.all[since:] if event.fits(types, wanted)]

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                found = json.loads(message.data)
                if found["seq"] != self._last + 1:
                    self.gaps.append((self._last, found["seq"]))
                event = Event(found["type"], found["seq"], datetime.fromisoformat(found["time"]), found["data"])
                async with self._more:
                    self.all.append(event)
                    self._last = event.seq
                    self._more.notify_all()
        finally:
            self.is_over = True
            async with self._more:
                self._more.notify_all()
