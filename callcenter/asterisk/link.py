"""The one connection to Asterisk's manager interface (AMI), and the only file that knows panoramisk.

Of panoramisk its protocol, its actions and its messages are used. Its `Manager` is not: that one reconnects by
itself, sends unanswered actions again, never looks at the answer to a ping or a log-in, and drops the link when
a callback raises. Here a link lost is an event; nothing that was
not answered is ever sent again; whoever needs it decides anew from what Asterisk then says exists.
"""

import asyncio
import random
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from callcenter.asterisk.ami import (
    Answer,
    Condition,
    Headers,
    HeaderValue,
    Limits,
    LinkState,
    Listener,
    checked,
    cut_blocks,
    parse_block,
)
from callcenter.domain.errors import UnavailableError

log = structlog.get_logger(__name__)

BEGINNINGS = (b"Event: ", b"Response: ", b"Asterisk Call Manager/")
"""How everything begins that Asterisk writes; the last is its greeting, once for each connection."""
IN_USE = "Login Already In Use"  # Asterisk's words; there is no code for it
LONGEST_BLOCK = 1_000_000  # bytes without an end: this is no AMI server, or one gone mad
HELD_BACK, LET_ON = 2_000, 500  # events that wait: from the first on Asterisk is held back, by TCP, down to the second
FAILURES_LOGGED = 20  # a mistake that meets every event must not fill the disk
OLDEST_ASTERISK = (22, 10, 1)  # softmix and AsyncAGI behave as measured from here on
TALK_TECHNOLOGY = "softmix"
HARMLESS_TECHNOLOGIES = frozenset({TALK_TECHNOLOGY, "holding_bridge"})


class _RefusedError(Exception):
    """Asterisk let us in not at all, or is not the Asterisk we need; asking again soon is of no use."""


class _InUseError(Exception):
    """Asterisk holds an earlier session of ours to be alive, which ends in a moment: it is of use to ask again soon."""


class _LostError(Exception):
    """The connection is gone."""


class _Asked(Action):  # type: ignore[misc]  # panoramisk has no types
    """One action on its way, with its answer's future.

    A list ends with its `...Complete` event or a refusal and by nothing else. panoramisk guesses it from the words
    of the message, which never ends a QueueAdd and swallows the AsyncAGIExec of an AGI action.
    """

    def add_message(self, message: Any) -> bool:
        self.responses.append(message)
        over = not self.as_list or not self.responses[0].success or message.event.endswith("Complete")
        if over and not self.future.done():
            self.future.set_result(_answer_of(self.responses))
        return bool(over)


def _answer_of(messages: Sequence[Any]) -> Answer:
    first, *rest = (dict(message.pairs) for message in messages)
    return Answer(
        success=bool(messages[0].success),
        message=first.get("Message", ""),
        headers=first,
        entries=tuple(entry for entry in rest if not entry.get("Event", "").endswith("Complete")),
    )


class _Wire(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One TCP connection: whole blocks in, answers to their askers, events into one bounded inbox."""

    def __init__(self, inbox_limit: int) -> None:
        self.inbox: deque[Headers] = deque()
        self.inbox_limit = inbox_limit
        self.arrived = asyncio.Event()
        self.booted = asyncio.Event()
        self.gone: str | None = None
        self.unread = b""
        self.is_told = False
        """Events are told as they come, so that to read no more makes fewer of them; else they wait for an answer."""
        self._held_back = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.responses: dict[str, _Asked] = {}

    def data_received(self, data: bytes) -> None:
        """Cut bytes into blocks first and decode after, so that no character is lost between two reads."""
        blocks, self.unread = cut_blocks(self.unread + data)
        if len(self.unread) > LONGEST_BLOCK:
            self.drop("Asterisk sent a block without end")
        for block in blocks:
            if (began := block.lstrip(b"\r\n")) and not began.startswith(BEGINNINGS):
                # Something stands between what Asterisk wrote, and an event or an answer may have been lost in it.
                self.drop("what came is not what Asterisk writes")
                return
            self.handle_message(parse_block(block.decode("utf-8", "replace").strip("\r\n")))

    def handle_message(self, message: dict[str, str]) -> None:
        """Give an answer to its asker and put everything else into the inbox."""
        if self.gone is not None:
            return
        asked = self.responses.get(message.get("ActionID", ""))
        is_event = "Event" in message  # an OriginateResponse has a `Response` and an `ActionID` as well
        if asked is not None and (asked.as_list and asked.responses if is_event else "Response" in message):
            whole = Message(message)
            whole.pairs = message
            if asked.add_message(whole):
                self.responses.pop(asked.id, None)
        elif is_event:
            self._take_in(message)
        elif "ActionID" not in message and "Response" in message:
            self.drop("Asterisk did not understand what it was sent")  # all of ours has an id; one of it was spoilt

    def _take_in(self, message: dict[str, str]) -> None:
        if len(self.inbox) >= self.inbox_limit:
            self.drop(f"more than {self.inbox_limit} events waited to be handled")
            return
        self.inbox.append(message)
        self.arrived.set()
        if self.is_told and len(self.inbox) >= HELD_BACK and not self._held_back:
            self._held_back = True
            self.transport.pause_reading()
        if message["Event"] == "FullyBooted":
            self.booted.set()
        elif message["Event"] == "Shutdown":
            self.drop("Asterisk is shutting down")

    def next_event(self) -> Headers:
        """Give the oldest event, and let Asterisk go on where few are left. Raises IndexError where there is none."""
        event = self.inbox.popleft()
        if self._held_back and len(self.inbox) <= LET_ON and self.gone is None:
            self._held_back = False
            self.transport.resume_reading()
        return event

    def ask(self, action: _Asked) -> None:
        self.responses[action.id] = action
        self.transport.write(str(action).encode())

    def forget(self, action: _Asked) -> None:
        self.responses.pop(action.id, None)

    def drop(self, why: str) -> None:
        """End this connection at once. Whoever waits for an answer is told; nothing is kept to be sent again."""
        if self.gone is None:
            self.gone = why
        self.closed = True
        self.transport.abort()
        waiting, self.responses = list(self.responses.values()), {}
        for action in waiting:
            if not action.future.done():
                action.future.set_exception(UnavailableError(f"the link to Asterisk was lost: {self.gone}"))
        self.arrived.set()
        self.booted.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.drop("Asterisk closed the connection" if exc is None else f"connection broke: {exc}")

    def close(self) -> None:
        self.drop("closed by us")


class AmiLink:
    """Keeps one logged-in connection to Asterisk, for as long as `run` runs.

    `host` and `port` should be loopback: AMI is neither encrypted nor safe to show to others.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        limits: Limits | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._host, self._port = host, port
        self._username, self._secret = username, secret
        self._limits = limits or Limits()
        self._jitter = jitter
        self._listener: Listener | None = None
        self._wire: _Wire | None = None
        self._open = False
        self.state = LinkState(condition=Condition.CONNECTING, detail=f"connecting to {host}:{port}")
        self.version = ""
        """Asterisk's own version, once known."""
        self.events_failed = 0
        """Events that our own code failed on, for /health; the link goes on with the next."""

    def attach(self, listener: Listener) -> None:
        """Say who hears the link; before `run`."""
        self._listener = listener

    @property
    def is_ready(self) -> bool:
        """Actions can be sent now."""
        return self._open and self._wire is not None and self._wire.gone is None

    def send(
        self, action: str, *, as_list: bool = False, limit: float | None = None, **headers: HeaderValue
    ) -> "asyncio.Future[Answer]":
        """Write an action at once; two sends reach Asterisk in their order. The answer may be left unread.

        Raises:
            UnavailableError: there is no link; also from the future, when it is lost or no answer comes in time.
            InvalidInputError: a name or value would break the line it stands in.

        """
        if not self.is_ready:
            raise UnavailableError(f"no link to Asterisk: {self.state.detail}")
        assert self._wire is not None
        return self._ask(self._wire, action, headers, as_list=as_list, limit=limit or self._limits.answer)

    async def act(
        self, action: str, *, as_list: bool = False, limit: float | None = None, **headers: HeaderValue
    ) -> Answer:
        """Send an action and wait for its answer. Raises as `send`; a refusal is an answer too."""
        return await self.send(action, as_list=as_list, limit=limit, **headers)

    def _ask(
        self, wire: _Wire, name: str, headers: Mapping[str, HeaderValue], *, as_list: bool, limit: float
    ) -> "asyncio.Future[Answer]":
        action = _Asked({"Action": name, **checked(headers)}, as_list=as_list)
        future: asyncio.Future[Answer] = action.future

        def too_late() -> None:
            if not future.done():
                future.set_exception(UnavailableError(f"Asterisk did not answer {name} within {limit:g} s"))

        timer = asyncio.get_running_loop().call_later(limit, too_late)

        def settled(done: "asyncio.Future[Answer]") -> None:
            timer.cancel()
            wire.forget(action)
            if not done.cancelled():
                done.exception()  # looked at here, so that an answer nobody waits for is no complaint

        future.add_done_callback(settled)
        wire.ask(action)
        return future

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        lost_in_a_row = refused_in_a_row = 0
        try:
            while True:
                try:
                    await self._session()
                except _InUseError as in_use:
                    lost_in_a_row = refused_in_a_row = 0
                    delay = self._delay(1, self._limits.in_use, self._limits.in_use)
                    self._say(Condition.REFUSED, f"{in_use}; asking again in {delay:.1f} s")
                except _RefusedError as refused:
                    refused_in_a_row, lost_in_a_row = refused_in_a_row + 1, 0
                    delay = self._delay(refused_in_a_row, self._limits.refused_first, self._limits.refused_most)
                    self._say(Condition.REFUSED, f"{refused}; asking again in {delay:.1f} s")
                except (_LostError, UnavailableError, OSError) as lost:
                    was_ready = self.state.condition is Condition.READY
                    lost_in_a_row = 1 if was_ready else lost_in_a_row + 1
                    refused_in_a_row = 0
                    delay = self._delay(lost_in_a_row, self._limits.retry_first, self._limits.retry_most)
                    self._say(Condition.LOST, f"{lost}; trying again in {delay:.1f} s")
                finally:
                    self._hang_up()
                await asyncio.sleep(delay)
        finally:
            self._say(Condition.LOST, "closed by us")

    def begin_anew(self, why: str) -> None:
        """Break the connection off; the next one begins with a look at what exists."""
        if self._wire is not None:
            self._wire.drop(why)

    def _delay(self, times: int, first: float, most: float) -> float:
        """Grow twofold up to `most`, and never in step with others who lost the same Asterisk."""
        return float(min(most, first * 2 ** min(times - 1, 16)) * (0.5 + 0.5 * self._jitter()))

    def _say(self, condition: Condition, detail: str) -> None:
        if condition is not self.state.condition:
            log.info("asterisk link", condition=condition.value, detail=detail)
        self.state = LinkState(condition=condition, detail=detail)

    def _hang_up(self) -> None:
        self._open = False
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.drop("closed by us")

    async def _session(self) -> None:
        """One connection from its beginning to its end."""
        wire = await self._connect()
        self._wire = wire
        await self._log_in(wire)
        self._open = True
        await self._look_at_asterisk()
        try:
            await self._have_stock_taken()
            self._say(Condition.READY, f"Asterisk {self.version} on {self._host}:{self._port}")
            async with asyncio.TaskGroup() as tasks:
                ping = tasks.create_task(self._keep_pinging(wire), name="ami ping")
                await self._tell_events(wire)
                ping.cancel()
        finally:
            self._open = False
            if self._listener is not None:
                self._listener.lost()
        raise _LostError(wire.gone or "connection lost")

    async def _have_stock_taken(self) -> None:
        """Let the listener look at what exists; where it fails the link is not ready, and is made anew."""
        if self._listener is None:
            return
        try:
            await self._listener.restored()
        except UnavailableError:
            raise
        except Exception as exc:
            log.exception("what exists in Asterisk could not be taken in")
            raise _LostError(f"what exists in Asterisk could not be taken in ({type(exc).__name__})") from exc

    async def _connect(self) -> _Wire:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.connect):
                _, wire = await loop.create_connection(lambda: _Wire(self._limits.inbox), self._host, self._port)
        except TimeoutError:
            raise _LostError(f"no connection to {self._host}:{self._port} in {self._limits.connect:g} s") from None
        except OSError as exc:
            raise _LostError(f"nobody answers on {self._host}:{self._port}") from exc
        return wire

    async def _log_in(self, wire: _Wire) -> None:
        login = {"Username": self._username, "Secret": self._secret, "Events": "on"}
        answer = await self._ask(wire, "Login", login, as_list=False, limit=self._limits.answer)
        if not answer.success:
            refused = _InUseError if answer.message == IN_USE else _RefusedError
            raise refused(f"Asterisk refused the log-in of {self._username!r}: {answer.message or 'no reason'}")
        try:
            async with asyncio.timeout(self._limits.boot):
                await wire.booted.wait()
        except TimeoutError:
            raise _LostError(f"Asterisk was not fully booted after {self._limits.boot:g} s") from None
        if wire.gone is not None:
            raise _LostError(wire.gone)

    async def _look_at_asterisk(self) -> None:
        """Refuse an Asterisk on which calls would go wrong later."""
        settings = await self.act("CoreSettings")
        self.version = settings.headers.get("AsteriskVersion", "")
        found = re.match(r"(\d+)\.(\d+)\.(\d+)", self.version)
        if found is None or tuple(map(int, found.groups())) < OLDEST_ASTERISK:
            oldest = ".".join(map(str, OLDEST_ASTERISK))
            raise _RefusedError(f"Asterisk says it is version {self.version!r}; {oldest} or newer is needed")
        listed = await self.act("BridgeTechnologyList", as_list=True)
        technologies = {
            entry.get("BridgeTechnology", "")
            for entry in listed.entries
            if entry.get("BridgeSuspended", "No").lower() != "yes"
        }
        if TALK_TECHNOLOGY not in technologies:
            raise _RefusedError("Asterisk has no bridge_softmix; load it in modules.conf")
        if others := sorted(technologies - HARMLESS_TECHNOLOGIES):
            raise _RefusedError(
                f"Asterisk would mix talks with {', '.join(others)}: phones go deaf when a party leaves; "
                "load bridge_softmix alone in modules.conf"
            )

    async def _keep_pinging(self, wire: _Wire) -> None:
        """Find a link that is open but dead: neither TCP nor panoramisk would notice for minutes."""
        while wire.gone is None:
            await asyncio.sleep(self._limits.ping_every)
            try:
                await self._ask(wire, "Ping", {}, as_list=False, limit=self._limits.ping_answer)
            except UnavailableError:
                wire.drop(f"Asterisk did not answer a ping within {self._limits.ping_answer:g} s")

    async def _tell_events(self, wire: _Wire) -> None:
        """Tell each event in its order, also those that came before the link broke."""
        wire.is_told = True
        while True:
            while wire.inbox:
                self._tell(wire.next_event())
                if len(wire.inbox) % 100 == 0:
                    await asyncio.sleep(0)  # a flood must not keep pings and calls from their turn
            if wire.gone is not None:
                return
            wire.arrived.clear()
            await wire.arrived.wait()

    def _tell(self, headers: Headers) -> None:
        if self._listener is None:
            return
        try:
            self._listener.heard(headers)
        except Exception:  # one event we fail on must not cost the link, and with it all calls
            self.events_failed += 1
            if self.events_failed <= FAILURES_LOGGED or self.events_failed % 1000 == 0:
                log.exception("an event could not be handled", kind=headers.get("Event"), failed=self.events_failed)
