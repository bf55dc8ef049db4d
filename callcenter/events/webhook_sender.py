"""Tells one webhook what happens: in order, each event until it is taken, or dies. Nobody ever waits for it."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import aiohttp
import structlog

from callcenter.domain.earlier import Earlier
from callcenter.domain.errors import UnavailableError
from callcenter.domain.letters import Letter
from callcenter.events.letters import DeadLetters, Letters
from callcenter.events.webhook import Webhook

log = structlog.get_logger(__name__)

_STORE_SECONDS = 1.0  # until the database is asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a receiver has for one event, and what is done when it does not take it."""

    answer_seconds: float = 15.0
    connect_seconds: float = 5.0
    first_seconds: float = 1.0
    """Until the second attempt; then twice as long each time, less up to a half by chance."""
    most_seconds: float = 300.0
    attempts: int = 10
    """Answers other than 2xx until an event is dead."""
    longest: timedelta = timedelta(hours=24)
    """Age at which it is dead whatever came of it: a receiver that cannot be reached is waited for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of one attempt; `why` None: it was taken."""

    why: str | None = None
    answered: bool = True
    pause_seconds: float = 0.0
    """The receiver asks for so long a pause."""


class WebhookSender:
    """Owns what one receiver is told."""

    def __init__(
        self,
        webhook: Webhook,
        letters: Letters,
        dead: DeadLetters,
        *,
        now: Callable[[], datetime],
        patience: Patience | None = None,
    ) -> None:
        """Join the parts; `dead`: this receiver's dead letters."""
        self.webhook = webhook
        self.letters = letters
        self._dead = dead
        self._now = now
        self._patience = patience or Patience()
        self._again: asyncio.Queue[int] = asyncio.Queue()
        self._wanted: set[int] = set()  # places of dead letters that are to be sent again
        self._one_at_a_time = asyncio.Lock()
        self._why: str | None = None
        self.told = self.died = self.failures = self.attempts = 0
        """Events taken; dead; not told by a mistake of ours; and requests sent; since the start."""

    def health(self) -> tuple[str, str]:
        """Say how it is: `ok` or `degraded`, and why; `Earlier` where the last that was told was taken."""
        counts = f"{self.told} events told"
        for number, what in (
            (self.letters.waiting, "wait"),
            (self.letters.dropped, "dropped"),
            (self.died, "dead"),
            (self.failures, "could not be told"),
        ):
            counts += f", {number} {what}" if number else ""
        if self._why is not None:
            return "degraded", f"tried again, as {self._why}; {counts}"
        if self.died or self.failures or self.letters.dropped:
            return "degraded", Earlier(counts)
        return "ok", counts

    def send_again(self, position: int) -> None:
        """Send a dead letter once more, beside what is new."""
        if position not in self._wanted:
            self._wanted.add(position)
            self._again.put_nowait(position)

    async def run(self) -> None:
        """Tell until cancelled."""
        patience = self._patience
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=patience.answer_seconds, sock_connect=patience.connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "callcenter"},
            trust_env=False,  # no proxy of the environment sees what is told
        ) as session:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._for_ever(partial(self._tell_next, session)), name="webhook: tell")
                    tasks.create_task(self._for_ever(partial(self._tell_dead, session)), name="webhook: dead letters")
            finally:
                self.letters.put_back()

    async def _for_ever(self, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await act()
            except UnavailableError as error:
                log.warning("a webhook waits for the database", webhook=self.webhook.id, why=str(error))
                await asyncio.sleep(_STORE_SECONDS)
            except Exception:
                # A mistake of ours must not end the controller: nobody on the line needs a webhook.
                log.exception("telling a webhook failed", webhook=self.webhook.id)
                self.failures += 1
                self._fails("telling it fails by a mistake of ours; see the log")
                await asyncio.sleep(_STORE_SECONDS)

    async def _tell_next(self, session: aiohttp.ClientSession) -> None:
        self.letters.put_back()  # what an earlier mistake has left under way
        (letter,) = await self.letters.take(1)
        if not self.webhook.wants(letter):
            self.letters.done()
            return
        try:
            body = self.webhook.body(letter)
        except Exception:
            # One event that we cannot write must not keep all others from being told.
            log.exception("an event could not be told", event_type=letter.type)
            self.failures += 1
            self.letters.done()
            return
        attempts = answers = 0
        while (outcome := await self._attempt(session, letter, body)).why is not None:
            attempts += 1
            answers += outcome.answered
            self._fails(outcome.why)
            if answers >= self._patience.attempts or self._now() - letter.time > self._patience.longest:
                await self._bury(attempts, outcome.why)
                return
            await asyncio.sleep(self._pause(attempts, outcome))
            letter = replace(letter, redelivered=True)
        self.letters.done()
        self.letters.is_live = True
        self._works()

    def _fails(self, why: str) -> None:
        self.letters.is_live = False
        if self._why is None:  # once for each absence
            log.warning("a webhook does not take what it is told", webhook=self.webhook.id, why=why)
        self._why = why

    def _works(self) -> None:
        self.told += 1
        if self._why is not None:
            log.info("a webhook takes what it is told", webhook=self.webhook.id, waiting=self.letters.waiting)
        self._why = None

    def _pause(self, attempts: int, outcome: _Outcome) -> float:
        grown = self._patience.first_seconds * 2.0 ** min(attempts - 1, 30)
        most = self._patience.most_seconds
        return min(most, max(outcome.pause_seconds, min(most, grown) * random.uniform(0.5, 1.0)))  # noqa: S311

    async def _bury(self, attempts: int, why: str) -> None:
        while True:
            try:
                await self.letters.bury(attempts=attempts, reason=why)
            except UnavailableError as error:
                log.warning("a webhook waits for the database", webhook=self.webhook.id, why=str(error))
                await asyncio.sleep(_STORE_SECONDS)
            else:
                break
        if not self.died:
            log.error("an event is dead: the webhook did not take it", webhook=self.webhook.id, why=why)
        self.died += 1
        await asyncio.sleep(self._patience.first_seconds)  # the next one may fare no better

    async def _tell_dead(self, session: aiohttp.ClientSession) -> None:
        position = await self._again.get()
        self._wanted.discard(position)
        try:
            found = await self._dead.get(position)
            if found is None:
                return
            letter = replace(found.letter, redelivered=True)
            outcome = await self._attempt(session, letter, self.webhook.body(letter))
            if outcome.why is None:
                await self._dead.remove(position)
                self._works()
                self.died = max(0, self.died - 1)
            else:
                await self._dead.failed_again(position, attempts=found.attempts + 1, reason=outcome.why)
        except UnavailableError:
            self.send_again(position)
            raise

    async def _attempt(self, session: aiohttp.ClientSession, letter: Letter, body: bytes) -> _Outcome:
        headers = self.webhook.headers(letter, body, now=self._now())
        async with self._one_at_a_time:
            self.attempts += 1
            try:
                async with session.post(self.webhook.url, data=body, headers=headers, allow_redirects=False) as answer:
                    return _answered(answer.status, answer.headers)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                return _Outcome(why=_words(error), answered=False)


def _answered(status: int, headers: Mapping[str, str]) -> _Outcome:
    match status // 100:
        case 2:
            return _Outcome()
        case 3:
            return _Outcome(why=f"it answers with a redirect ({status}), which is not followed")
        case _:
            asked = headers.get("Retry-After", "")
            return _Outcome(why=f"it answers {status}", pause_seconds=float(asked) if asked.isdecimal() else 0.0)


def _words(error: Exception) -> str:
    """Say why there is no answer, without the address: that may hold a token."""
    match error:
        case aiohttp.ClientSSLError():
            return "its certificate is not trusted"
        case TimeoutError():
            return "it does not answer in time"
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            return f"it cannot be reached ({os.strerror(number).lower()})" if number else "it cannot be reached"
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "the connection broke before it had answered"
        case _:
            return "its answer cannot be read"
