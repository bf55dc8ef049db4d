"""The link to Asterisk's manager interface (AMI): logged in over one wire, and over a new one when that breaks.

A link lost is an event. Nothing that was not answered is ever sent again; whoever needs it decides anew from what
Asterisk then says exists.
"""

import asyncio
import random
import re
from collections.abc import Callable, Mapping

import structlog

from callcenter.asterisk.ami import (
    Answer,
    Condition,
    Headers,
    HeaderValue,
    Limits,
    LinkState,
    Listener,
    checked,
)
from callcenter.asterisk.wire import Asked, Wire
from callcenter.domain.errors import UnavailableError

log = structlog.get_logger(__name__)

IN_USE = "Login Already In Use"  # Asterisk's words; there is no code for it
FAILURES_LOGGED = 20  # a mistake that meets every event must not fill the disk
ROUNDED_SECONDS = 2.0  # it tells whole seconds of a clock of its own
OLDEST_ASTERISK = (22, 10, 1)  # softmix and AsyncAGI behave as measured from here on
TALK_TECHNOLOGY = "softmix"
HARMLESS_TECHNOLOGIES = frozenset({TALK_TECHNOLOGY, "holding_bridge"})


class _RefusedError(Exception):
    """Asterisk let us in not at all, or is not the Asterisk we need; asking again soon is of no use."""


class _InUseError(Exception):
    """Asterisk holds an earlier session of ours to be alive, which ends in a moment: it is of use to ask again soon."""


class _LostError(Exception):
    """The connection is gone."""


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
        self._wire: Wire | None = None
        self._open = False
        self.state = LinkState(condition=Condition.CONNECTING, detail=f"connecting to {host}:{port}")
        self.version = ""
        """Asterisk's own version, once known."""
        self.is_another = False
        """It runs for less time than has passed since we were let in before: every call of before is over."""
        self._let_in_at: float | None = None
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
        self, wire: Wire, name: str, headers: Mapping[str, HeaderValue], *, as_list: bool, limit: float
    ) -> "asyncio.Future[Answer]":
        action = Asked({"Action": name, **checked(headers)}, as_list=as_list)
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

    async def _connect(self) -> Wire:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.connect):
                _, wire = await loop.create_connection(lambda: Wire(self._limits.inbox), self._host, self._port)
        except TimeoutError:
            raise _LostError(f"no connection to {self._host}:{self._port} in {self._limits.connect:g} s") from None
        except OSError as exc:
            raise _LostError(f"nobody answers on {self._host}:{self._port}") from exc
        return wire

    async def _log_in(self, wire: Wire) -> None:
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
        now, before = asyncio.get_running_loop().time(), self._let_in_at
        ran_less = wire.uptime is not None and before is not None and wire.uptime + ROUNDED_SECONDS < now - before
        self.is_another, self._let_in_at = ran_less, now

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

    async def _keep_pinging(self, wire: Wire) -> None:
        """Find a link that is open but dead: neither TCP nor panoramisk would notice for minutes."""
        while wire.gone is None:
            await asyncio.sleep(self._limits.ping_every)
            try:
                await self._ask(wire, "Ping", {}, as_list=False, limit=self._limits.ping_answer)
            except UnavailableError:
                wire.drop(f"Asterisk did not answer a ping within {self._limits.ping_answer:g} s")

    async def _tell_events(self, wire: Wire) -> None:
        """Tell each event in its order, also those that came before the link broke.

        From here on the wire tells most of them by itself; here come those that had to wait.
        """
        wire.tell = self._tell
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
