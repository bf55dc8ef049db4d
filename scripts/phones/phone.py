"""A strict telephone: it does what it is told, keeps all it is sent, and believes nothing.

async with Phone("citizen", sound=Sound.tone(440)) as citizen:
    call = await citizen.calls("sip:12345@127.0.0.1:5060", number="13800138000")
    await call.answered(within=5)
    await call.hears_tone(660, within=20)
    await call.hang_up()
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Self

from scripts.phones.call import ALLOW, Call, Equipment
from scripts.phones.datagrams import Address
from scripts.phones.dialog import Dialog, response_to
from scripts.phones.digest import Credentials
from scripts.phones.g711 import PCMA, PCMU, Codec
from scripts.phones.line import Media, MediaThread
from scripts.phones.outcome import Times
from scripts.phones.registration import NotRegisteredError, Registration
from scripts.phones.rtp import StreamStart
from scripts.phones.sdp import Direction, Session
from scripts.phones.sip import Header, MalformedSipError, address_of, write_party
from scripts.phones.sound import Sound
from scripts.phones.transactions import NoResponseError, Taken, Transactions
from scripts.phones.waiting import in_time

Reaction = Callable[[Call], None]
"""What a phone does by itself as soon as a call comes in."""

_GOOD_BYE = 2.0  # seconds for the last BYE and the last REGISTER
_MOST_CALLS = 1000


def rings(call: Call) -> None:
    """Ring, and leave the rest to whoever took the phone with `called`."""
    call.ring()


def answers(call: Call) -> None:
    """Ring and lift the receiver at once."""
    call.ring()
    call.answer_at_once()


def is_busy(call: Call) -> None:
    """Refuse with 486."""
    call.refuse(486)


def declines(call: Call) -> None:
    """Ring and refuse with 603, as by the red button."""
    call.ring()
    call.refuse(603)


def is_dumb(_: Call) -> None:
    """Take the INVITE and say nothing, not even that it rings."""


class Phone:
    """One telephone with a SIP port of its own and an RTP port for each call; `async with` switches it on."""

    def __init__(
        self,
        name: str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        sound: Sound | None = None,
        reaction: Reaction = rings,
        codecs: tuple[Codec, ...] = (PCMA, PCMU),
        start: Callable[[], StreamStart] = StreamStart,
        media: Media | None = None,
    ) -> None:
        self.name = name
        self.sound = sound or Sound.silence()
        """What it says in each new call."""
        self.reaction = reaction
        """May be changed at any time; counts for calls that come from then on."""
        self.calls_taken: list[Call] = []
        """Every call that came in, oldest first."""
        self.registration: Registration | None = None
        self._host, self._port = host, port
        self._codecs, self._start = codecs, start
        self._media = media or MediaThread(host=host, name=name)
        self._transactions = Transactions(spawn=self._spawn, when_requested=self._take)
        self._calls: list[Call] = []
        self._arrivals: asyncio.Queue[Call] = asyncio.Queue(_MOST_CALLS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._keeping: asyncio.Task[None] | None = None
        self._credentials: Credentials | None = None
        self._is_dead = False

    async def __aenter__(self) -> Self:
        self._transactions.open(self._host, self._port)
        self._media.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._is_dead:
                await self._say_good_bye()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if not self._is_dead:
                self._transactions.close()
            self._media.stop()
        if self._failures and error is None:
            raise BaseExceptionGroup(f"in {self.name}", self._failures)

    # ---- where it is

    @property
    def address(self) -> Address:
        """Its SIP address."""
        return self._transactions.address

    @property
    def seen(self) -> list[str]:
        """First lines of all SIP messages, > sent and < received, to look at when a test fails."""
        return list(self._transactions.seen)

    @property
    def malformed(self) -> list[tuple[str, bytes]]:
        """What came that is no SIP message, with what is wrong with it."""
        return self._transactions.malformed

    async def register(self, server: str, credentials: Credentials, *, expires: int = 60) -> None:
        """Register at `HOST:PORT` and stay so; raises NotRegisteredError."""
        registration = Registration(
            name=self.name,
            transactions=self._transactions,
            server=address_of(f"sip:{server}"),
            credentials=credentials,
            contact=self._contact(credentials.user),
            expires=expires,
        )
        await registration.register()
        self.registration = registration
        self._credentials = credentials
        self._keeping = self._spawn(registration.keep())

    async def unregister(self) -> None:
        """Take the registration back; raises NotRegisteredError."""
        if self._keeping is not None:
            self._keeping.cancel()
        if self.registration is not None:
            registration, self.registration = self.registration, None
            await registration.unregister()

    # ---- calling and being called

    async def calls(
        self,
        uri: str,
        *,
        number: str = "",
        name: str = "",
        from_: str | None = None,
        headers: tuple[Header, ...] = (),
    ) -> Call:
        """Send an INVITE and give the call; the rest happens by itself.

        `number` and `name` make the From; `from_` is a whole From value as it stands, however wrong.
        """
        user = number or (self._credentials.user if self._credentials is not None else self.name)
        to = address_of(uri)
        host = f"{to[0]}:{to[1]}" if self._credentials is not None else f"{self.address[0]}:{self.address[1]}"
        dialog = Dialog(
            call_id=secrets.token_hex(12),
            local=from_ if from_ is not None else write_party(f"sip:{user}@{host}", name=name),
            remote=f"<{uri}>",
            contact=self._contact(user if user.isalnum() else "phone"),
            target=uri,
            next_hop=to,
        )
        line = self._media.open_line(self._start())
        session = Session(address=(self._host, line.port), codecs=self._codecs, direction=Direction.BOTH)
        invite = dialog.request(
            "INVITE",
            via=self._transactions.new_via(),
            headers=(("Content-Type", "application/sdp"), ALLOW, *headers),
            body=session.write(),
        )
        call = Call(
            equipment=self._equipment(dialog.contact),
            dialog=dialog,
            invite=invite,
            first_hop=to,
            times=Times(invited=time.monotonic()),
            line=line,
        )
        self._calls.append(call)
        self._spawn(call.place())
        return call

    async def called(self, *, within: float) -> Call:
        """Wait for the next call that comes in."""
        return await in_time(self._arrivals.get(), within=within, what=f"{self.name}: nobody called")

    # ---- being a bad phone

    def sends_raw(self, data: bytes, to: str) -> None:
        """Send bytes to `HOST:PORT` as they are."""
        self._transactions.send(data, address_of(f"sip:{to}"))

    def dies(self) -> None:
        """Fall silent in the middle of everything, without a BYE: as with the plug pulled."""
        if not self._is_dead:
            self._is_dead = True
            for task in self._tasks:
                task.cancel()
            for call in self._calls:
                call.line.finish()
            self._transactions.close()

    # ---- the parts of it

    def _contact(self, user: str) -> str:
        host, port = self.address
        return f"sip:{user}@{host}:{port}"

    def _equipment(self, contact: str) -> Equipment:
        return Equipment(
            name=self.name,
            transactions=self._transactions,
            spawn=self._spawn,
            host=self._host,
            contact=contact,
            credentials=self._credentials,
            codecs=self._codecs,
            sound=self.sound,
        )

    def _take(self, taken: Taken) -> None:
        request = taken.request
        for call in self._calls:
            if request.method == "CANCEL":
                if call.taken is not None and call.taken.request.branch == request.branch:
                    call.take_cancel(taken)
                    return
            elif call.dialog.holds(request):
                call.take(taken)
                return
        match request.method:
            case "ACK":
                return
            case "INVITE" if request.to_tag is None:
                self._take_call(taken)
            case "OPTIONS" if request.to_tag is None:
                self._answer(taken, 200, "OK")
            case _:
                self._answer(taken, 481, "Call/Transaction Does Not Exist")

    def _take_call(self, taken: Taken) -> None:
        try:
            contact = self._contact(self._credentials.user if self._credentials is not None else "phone")
            dialog = Dialog.of_invite(taken.request, source=taken.source, contact=contact)
        except MalformedSipError as mistake:
            self._transactions.malformed.append((str(mistake), taken.request.write()))
            self._answer(taken, 400, "Bad Request")
            return
        call = Call(
            equipment=self._equipment(contact),
            dialog=dialog,
            invite=taken.request,
            first_hop=taken.source,
            times=Times(invited=taken.arrived),
            line=self._media.open_line(self._start()),
            taken=taken,
        )
        self._calls.append(call)
        self.calls_taken.append(call)
        self._arrivals.put_nowait(call)
        self.reaction(call)

    def _answer(self, taken: Taken, status: int, reason: str) -> None:
        response = response_to(taken.request, status, reason, tag=secrets.token_hex(6), headers=(ALLOW,))
        self._transactions.respond(taken, response)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=f"phone {self.name}")
        self._tasks.add(task)
        task.add_done_callback(self._note_done)
        return task

    def _note_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    async def _say_good_bye(self) -> None:
        with contextlib.suppress(TimeoutError, NoResponseError, NotRegisteredError):
            async with asyncio.timeout(_GOOD_BYE):
                await asyncio.gather(*(call.hang_up() for call in self._calls))
                await self.unregister()
