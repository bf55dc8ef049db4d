"""Tells an MQTT broker what happens, for as long as the controller runs. Nobody ever waits for it.

A broker that is away costs events, never a call: what has no room in the backlog is dropped and counted. When the
broker is back it gets what waited, then how everything is now, and only then `online`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from callcenter.domain.errors import CallcenterError
from callcenter.events.address import BrokerAddress
from callcenter.events.backlog import Backlog
from callcenter.events.broker import GOODBYE_SECONDS, BrokerAwayError, Connection, connected
from callcenter.events.topics import (
    AT_MOST_ONCE,
    FLEETING,
    OFFLINE,
    ONLINE,
    Event,
    Message,
    State,
    Topics,
    forgotten,
)

log = structlog.get_logger(__name__)

BACKLOG = 5_000  # events kept for a broker that is away; some minutes of a busy hotline
TOGETHER = 10  # events handed over at one time; twice as many messages, each answered by the broker
RETRY_FIRST_SECONDS = 0.5
RETRY_MOST_SECONDS = 15.0
STEADY_SECONDS = 10.0  # a connection that lasted so long was a good one


class Publisher:
    """Owns the connection to one broker."""

    def __init__(
        self,
        address: BrokerAddress,
        *,
        node: str,
        stream: str,
        state: Callable[[], State],
        ca_file: Path | None = None,
        most_waiting: int = BACKLOG,
    ) -> None:
        """Join the parts.

        `node`: our name in every topic; `stream`: id of the stream the events' numbers count in; `state`: gives how
        everything is at this moment; `ca_file`: of the authority that signed the broker's certificate, where the
        machine does not know it.
        """
        self._address = address
        self._client_id = f"callcenter-{node}"  # the same at each start: the broker ends what is left of an earlier one
        self._topics = Topics(node, stream)
        self._state = state
        self._ca_file = ca_file
        self._backlog = Backlog(most_waiting)
        self._is_current: set[str] = set()  # topics that retain what is so
        self._connected = False
        self._is_online = False  # what is retained at the broker is up to date
        self._why = "not connected yet"
        self._told_dropping = False
        self.published = 0
        """Events that the broker has taken, since the start."""
        self.failures = 0
        """Events that our own code could not tell, since the start."""

    def give(self, event: Event) -> None:
        """Take in what just happened; never waits."""
        if event.type in FLEETING and not self._connected:
            return
        before = self._backlog.dropped
        self._backlog.give(event)
        if self._backlog.dropped > before and not self._told_dropping:
            self._told_dropping = True
            log.warning("events are dropped, the oldest first, until the broker is back", broker=str(self._address))

    def health(self) -> tuple[str, str]:
        """Say how it is: `ok` or `degraded`, and why."""
        counts = f"{self.published} events told"
        if len(self._backlog):
            counts += f", {len(self._backlog)} wait"
        if self._backlog.dropped:
            counts += f", {self._backlog.dropped} dropped"
        if self.failures:
            counts += f", {self.failures} could not be told"
        if not self._connected:
            return "degraded", f"the broker at {self._address} is away: {self._why}; {counts}"
        if not self._is_online:
            return "degraded", f"connected to {self._address}, which is being told what it missed; {counts}"
        return "degraded" if self.failures else "ok", f"connected to {self._address}; {counts}"

    async def run(self) -> None:
        """Publish until cancelled; a broker that is away is tried again and again."""
        loop = asyncio.get_running_loop()
        wait = RETRY_FIRST_SECONDS
        while True:
            began = loop.time()
            try:
                await self._serve()
            except BrokerAwayError as away:
                self._lost(str(away))
            except Exception:
                # A mistake of ours, or of the library, must not end the controller: nobody on the line needs a broker.
                log.exception("the publisher failed")
                self.failures += 1
                self._lost("a mistake of ours; see the log")
            wait = RETRY_FIRST_SECONDS if loop.time() - began > STEADY_SECONDS else wait
            await asyncio.sleep(wait)
            wait = min(RETRY_MOST_SECONDS, wait * 2)

    async def _serve(self) -> None:
        will = Message(topic=self._topics.status, payload=OFFLINE.encode(), retain=True)
        async with (
            connected(self._address, client_id=self._client_id, will=will, ca_file=self._ca_file) as connection,
            self._farewell(connection),
        ):
            self._back()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._tidy(connection), name="events: tidy")
                    tasks.create_task(self._tell(connection), name="events: tell")
            except* CallcenterError as group:
                raise BrokerAwayError(str(group.exceptions[0])) from group

    def _back(self) -> None:
        self._connected = True
        self._told_dropping = False
        log.info("connected to the broker", broker=str(self._address), waiting=len(self._backlog))

    def _lost(self, why: str) -> None:
        if self._connected or why != self._why:  # once for each absence, and when it changes
            log.warning("the broker is away", broker=str(self._address), why=why)
        self._connected = self._is_online = False
        self._why = why
        self._backlog.put_back()

    @asynccontextmanager
    async def _farewell(self, connection: Connection) -> AsyncIterator[None]:
        """When the hotline ends: tell what is left if that is quickly done, and that nothing follows."""
        try:
            yield
        except asyncio.CancelledError:
            self._backlog.put_back()
            with suppress(TimeoutError, BrokerAwayError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    while self._backlog.oldest is not None:
                        await self._send_some(connection)
            # Our will is not told after a proper end, so this goes out first, whatever still waits for an answer.
            last = Message(topic=self._topics.status, payload=OFFLINE.encode(), qos=AT_MOST_ONCE, retain=True)
            with suppress(BrokerAwayError):
                await connection.send([last])
            raise

    async def _tell(self, connection: Connection) -> None:
        """Tell what waited, then how everything is, then what happens."""
        newest = self._state().seq
        while (oldest := self._backlog.oldest) is not None and oldest <= newest:
            await self._send_some(connection)
        state = list(self._topics.state(self._state()))
        self._is_current = {message.topic for message in state}
        await connection.send(state)
        if not await connection.listen([*self._topics.retained, self._topics.status]):
            log.info("what an earlier controller left retained stays: this user may not read at the broker")
        await connection.send([Message(topic=self._topics.status, payload=ONLINE.encode(), retain=True)])
        self._is_online = True
        while True:
            await self._send_some(connection)

    async def _send_some(self, connection: Connection) -> None:
        events = await self._backlog.take(TOGETHER)
        messages = [message for event in events for message in self._messages(event)]
        try:
            await connection.send(messages)
        except ValueError:
            log.exception("events could not be told, and are left out", events=len(events))
            self.failures += len(events)
        else:
            self.published += len(events)
        self._backlog.done()

    def _messages(self, event: Event) -> list[Message]:
        try:
            messages = list(self._topics.messages(event))
        except Exception:
            # One event that we cannot write must not keep all others from being told.
            log.exception("an event could not be told", event_type=event.type)
            self.failures += 1
            return []
        for message in messages:
            if message.retain and message.payload:
                self._is_current.add(message.topic)
            elif message.retain:
                self._is_current.discard(message.topic)
        return messages

    async def _tidy(self, connection: Connection) -> None:
        """Take away what an earlier controller left retained and is no more; ends when the connection breaks.

        What was retained comes at once, marked so, and our own `online` comes behind it: then all was seen.
        """
        async for message in connection.heard():
            if message.topic == self._topics.status:
                if not message.retain and message.payload == ONLINE.encode():
                    await connection.listen_no_more([*self._topics.retained, self._topics.status])
            elif message.retain and message.topic not in self._is_current:
                await connection.send([forgotten(message.topic)])
