"""Tells an MQTT broker what happens, for as long as the controller runs. Nobody ever waits for it.

What a broker that is away misses waits in the outbox. When the broker is back it gets that, then how everything is now,
and only then `online`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from callcenter.domain.earlier import Earlier
from callcenter.domain.errors import CallcenterError
from callcenter.domain.letters import Letter
from callcenter.events.address import BrokerAddress
from callcenter.events.broker import GOODBYE_SECONDS, BrokerAwayError, Connection, connected
from callcenter.events.letters import Letters
from callcenter.events.topics import AT_MOST_ONCE, OFFLINE, ONLINE, TEXT_TYPE, Message, State, Topics, forgotten

log = structlog.get_logger(__name__)

TOGETHER = 50  # events handed over at one time; twice as many messages, each answered by the broker
UNDER_WAY = 2  # so often at most before the broker has answered: while it does, the next need not wait
RETRY_FIRST_SECONDS = 0.5
RETRY_MOST_SECONDS = 15.0
STEADY_SECONDS = 10.0  # a connection that lasted so long was a good one


class Publisher:
    """Owns the connection to one broker."""

    def __init__(
        self,
        address: BrokerAddress,
        letters: Letters,
        *,
        node: str,
        stream: str,
        state: Callable[[], State],
        ca_file: Path | None = None,
    ) -> None:
        """Join the parts.

        `letters`: what is to be told; `node`: our name in every topic; `stream`: id of the stream that `state` is of;
        `state`: gives how everything is at this moment; `ca_file`: of the authority that signed the broker's
        certificate, where the machine does not know it.
        """
        self._address = address
        self._client_id = f"callcenter-{node}"  # the same at each start: the broker ends what is left of an earlier one
        self._topics = Topics(node, stream)
        self._state = state
        self._ca_file = ca_file
        self._letters = letters
        self._as_of = 0  # place of the newest letter that the retained state knew of
        self._is_current: set[str] = set()  # topics that retain what is so, or will soon
        self._connected = False
        self._is_online = False  # what is retained at the broker is up to date
        self._why = "not connected yet"
        self._refused = 0  # at the connection, as far as it is counted
        self._refused_before = 0  # at earlier ones
        self._why_refused = ""
        self.published = 0
        """Events that the broker has taken, since the start."""
        self.failures = 0
        """Events that our own code could not tell, since the start."""

    def health(self) -> tuple[str, str]:
        """Say how it is: `ok` or `degraded`, and why; `Earlier` where the broker is told all that happens now."""
        counts = f"{self.published} events told"
        if self._letters.waiting:
            counts += f", {self._letters.waiting} wait"
        if self._letters.dropped:
            counts += f", {self._letters.dropped} dropped"
        if self.failures:
            counts += f", {self.failures} could not be told"
        if refused := self._refused_before + self._refused:
            counts += f", {refused} messages were refused: {self._why_refused}"
        if not self._connected:
            return "degraded", f"the broker at {self._address} is away: {self._why}; {counts}"
        if not self._is_online:
            return "degraded", f"connected to {self._address}, which is being told what it missed; {counts}"
        detail = f"connected to {self._address}; {counts}"
        if self._refused:  # whoever has given us too few rights is told until we connect anew
            return "degraded", detail
        return ("degraded", Earlier(detail)) if self.failures or self._refused_before else ("ok", detail)

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
        async with (
            connected(
                self._address, client_id=self._client_id, will=self._status(OFFLINE), ca_file=self._ca_file
            ) as connection,
            self._farewell(connection),
        ):
            self._back()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._tidy(connection), name="events: tidy")
                    tasks.create_task(self._tell(connection), name="events: tell")
            except* CallcenterError as group:
                raise BrokerAwayError(str(_first(group))) from group

    def _back(self) -> None:
        self._connected = True
        self._refused_before, self._refused = self._refused_before + self._refused, 0
        log.info("connected to the broker", broker=str(self._address), waiting=self._letters.waiting)

    def _lost(self, why: str) -> None:
        if self._connected or why != self._why:  # once for each absence, and when it changes
            log.warning("the broker is away", broker=str(self._address), why=why)
        self._connected = self._is_online = False
        self._letters.is_live = self._letters.hears_fleeting = False
        self._why = why
        self._letters.put_back()

    @asynccontextmanager
    async def _farewell(self, connection: Connection) -> AsyncIterator[None]:
        """When the hotline ends: tell what is left if that is quickly done, and that nothing follows."""
        try:
            yield
        except asyncio.CancelledError:
            self._letters.put_back()
            with suppress(TimeoutError, BrokerAwayError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    while await self._send_some(connection, wait=False):
                        pass  # what is left after that is told by our successor
            self._letters.put_back()
            # Our will is not told after a proper end, so this goes out first, whatever still waits for an answer.
            last = self._status(OFFLINE, qos=AT_MOST_ONCE)
            with suppress(BrokerAwayError):
                await connection.send([last])
            raise

    async def _tell(self, connection: Connection) -> None:
        """Tell what waited, then how everything is, then what happens."""
        await self._letters.opened()
        self._as_of = missed = self._letters.newest
        while self._letters.next <= missed and await self._send_some(connection, wait=False):
            pass
        self._letters.is_live = self._letters.hears_fleeting = True
        self._as_of = self._letters.newest
        state = self._state()
        messages = list(self._topics.state(state))
        self._is_current = {message.topic for message in messages} | set(self._topics.told_later(state))
        await connection.send(messages)
        if not await connection.listen([*self._topics.retained, self._topics.status]):
            log.info("what an earlier controller left retained stays: this user may not read at the broker")
        await connection.send([self._status(ONLINE)])
        self._is_online = True
        await self._tell_what_happens(connection)

    async def _tell_what_happens(self, connection: Connection) -> None:
        """Hand over what happens as it happens, while the broker still answers for what was before."""
        room, before = asyncio.Semaphore(UNDER_WAY), None
        async with asyncio.TaskGroup() as tasks:
            while True:
                await room.acquire()
                letters = await self._letters.take(TOGETHER)
                before = tasks.create_task(self._hand_over(connection, letters, before), name="events: hand over")
                before.add_done_callback(lambda _: room.release())

    def _status(self, word: str, **how: Any) -> Message:
        return Message(topic=self._topics.status, payload=word.encode(), retain=True, content_type=TEXT_TYPE, **how)

    async def _send_some(self, connection: Connection, *, wait: bool = True) -> bool:
        """Tell the next letters; False where there is none and `wait` is not asked for."""
        letters = await self._letters.take(TOGETHER, wait=wait)
        if letters:
            await self._hand_over(connection, letters)
        return bool(letters)

    async def _hand_over(
        self, connection: Connection, letters: Sequence[Letter], before: asyncio.Task[None] | None = None
    ) -> None:
        """Tell these, and count them as told once those `before` them are."""
        messages = [message for letter in letters for message in self._messages(letter)]
        try:
            await connection.send(messages)
        except ValueError:
            log.exception("events could not be told, and are left out", events=len(letters))
            self.failures += len(letters)
        else:
            self.published += len(letters)
        self._count_refused(connection)
        if before is not None:
            await before
        self._letters.done()

    def _count_refused(self, connection: Connection) -> None:
        if connection.refused > self._refused:
            if not self._refused_before + self._refused:
                log.error("the broker refuses messages", why=connection.why_refused)
            self._refused, self._why_refused = connection.refused, connection.why_refused

    def _messages(self, letter: Letter) -> list[Message]:
        try:
            messages = list(self._topics.messages(letter, as_it_is=letter.position > self._as_of))
        except Exception:
            # One event that we cannot write must not keep all others from being told.
            log.exception("an event could not be told", event_type=letter.type)
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


def _first(group: BaseExceptionGroup[CallcenterError]) -> CallcenterError:
    """Give the first of what went wrong, however deep it lies."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
