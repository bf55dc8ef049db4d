"""Real softphones without a screen: baresip, the program behind many a phone, driven from Python.

    async with SoftPhones.at("127.0.0.1:5060") as phones:
        citizen = await phones.add(number="13800138000")
        call = await citizen.calls("12345")
        await call.answered(within=5)

All phones of one process share one baresip (its library knows one at a time) and one SIP port.
"""

import asyncio
import contextlib
import socket
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import baresip
from baresip import Account, Config, Event, Runtime, StackEvent, UserAgent

from scripts.phones.sip import address_of
from scripts.phones.tones import SAMPLE_RATE, amplitude_of, loudness_of
from scripts.phones.waiting import eventually, in_time

_FRAME = SAMPLE_RATE // 50  # samples in 20 ms
_AHEAD_BYTES = 5 * 2 * _FRAME  # what is written ahead of its time: enough for a busy machine, too little to hear
_MOST_CALLS = 100
_REGISTER_SECONDS = 300
_GOOD_BYE = 3.0  # seconds for hanging up and unregistering


class SoftPhoneError(Exception):
    """A phone could not do what it was told."""


@dataclass(slots=True, eq=False)
class SoftCall:
    """One call of a softphone."""

    inner: baresip.Call
    phone: str
    heard: list[tuple[float, "array[int]"]] = field(default_factory=list, repr=False)
    """Pieces of received sound with the monotonic time each was read."""
    rang: float | None = None
    """When the other side's phone rang, monotonic seconds."""
    _answered: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    keys: str = ""
    """Keys the other side pressed."""
    _rate: int = SAMPLE_RATE

    @property
    def peer(self) -> str:
        """The other side's SIP address."""
        return self.inner.peer or ""

    @property
    def is_over(self) -> bool:
        """True once it has ended."""
        return self._ended.is_set()

    def note(self, event: StackEvent) -> None:
        """Take what baresip says of this call."""
        match event.event:
            case Event.CALL_RINGING | Event.CALL_PROGRESS:
                self.rang = self.rang or time.monotonic()
            case Event.CALL_ESTABLISHED:
                self._answered.set()
            case Event.CALL_CLOSED:
                self._ended.set()

    async def answer(self) -> None:
        """Lift the receiver."""
        await self.inner.answer()
        await self.answered(within=5.0)

    async def answered(self, *, within: float) -> None:
        """Wait until the line is open."""
        await in_time(self._answered.wait(), within=within, what=f"{self.phone}: the call was not answered")

    async def ended(self, *, within: float) -> None:
        """Wait for the end, whoever makes it."""
        await in_time(self._ended.wait(), within=within, what=f"{self.phone}: the call did not end")

    async def hang_up(self) -> None:
        """End it; does nothing when it has ended."""
        with contextlib.suppress(baresip.StaleHandleError):
            await self.inner.hangup()

    async def presses(self, keys: str) -> None:
        """Press keys (RFC 4733)."""
        await self.inner.send_dtmf(keys)

    async def hold(self) -> None:
        """Press the hold button."""
        await self.inner.hold()

    async def resume(self) -> None:
        """Press it again."""
        await self.inner.resume()

    async def speaks(self, samples: Sequence[int]) -> tuple[float, float]:
        """Say 8 kHz sound to its end; gives when it began and ended, monotonic seconds."""
        data = array("h", samples).tobytes()
        began, at = time.monotonic(), 0
        while at < len(data) and not self.is_over:
            try:
                room = _AHEAD_BYTES - self.inner.audio.info().tx_buffered
                if room > 0:
                    at += self.inner.audio.write(data[at : at + room])
            except baresip.AudioRestarted:
                continue
            await asyncio.sleep(0.01)
        if at < len(data):
            raise SoftPhoneError(f"{self.phone}: the call ended while speaking")
        await asyncio.sleep(max(0.0, began + len(samples) / SAMPLE_RATE - time.monotonic()))
        return began, time.monotonic()

    def sound(self, between: tuple[float, float]) -> "array[int]":
        """Give what came into the ear between two monotonic seconds."""
        found = array("h")
        for moment, piece in self.heard:
            if between[0] <= moment < between[1]:
                found.extend(piece)
        return found

    def loudness(self, between: tuple[float, float]) -> float:
        """Give how loud it was in the ear, root mean square, 0 to 32767."""
        return loudness_of(self.sound(between))

    def amplitude(self, hz: int, between: tuple[float, float]) -> float:
        """Give how loud one tone was in the ear, 0 to 32767."""
        return amplitude_of(hz, self.sound(between))

    async def hears_sound(self, *, within: float, lasting: float = 0.3, louder_than: float = 300.0) -> float:
        """Wait until there is sound; gives how loud it is."""

        def look() -> float | None:
            now = time.monotonic()
            loudness = self.loudness((now - lasting, now))
            if self.is_over:
                raise SoftPhoneError(f"{self.phone}: the call ended before anything was heard")
            return loudness if loudness > louder_than else None

        return await eventually(look, within=within, what=f"{self.phone}: heard nothing")

    async def listens(self) -> None:
        """Keep what is received until the call ends."""
        while not self.is_over:
            with contextlib.suppress(baresip.AudioNotActive, baresip.AudioRestarted):
                if self.inner.audio.info().rx_sample_rate not in (0, SAMPLE_RATE):
                    raise SoftPhoneError(f"{self.phone}: a codec that is not of 8 kHz was agreed on")
                while data := self.inner.audio.read(50 * 2 * _FRAME):
                    piece = array("h")
                    piece.frombytes(data)
                    self.heard.append((time.monotonic(), piece))
            await asyncio.sleep(0.02)


@dataclass(slots=True, eq=False)
class SoftPhone:
    """One telephone number's phone."""

    number: str
    agent: UserAgent
    host: str
    _owner: "SoftPhones"
    _arrivals: "asyncio.Queue[SoftCall]" = field(default_factory=lambda: asyncio.Queue(_MOST_CALLS))

    async def register(self) -> None:
        """Register with the account's password and stay so; raises SoftPhoneError."""
        try:
            await self.agent.register()
        except baresip.RegistrationError as refusal:
            raise SoftPhoneError(f"{self.number}: {refusal}") from refusal

    async def calls(self, number: str) -> SoftCall:
        """Dial a number at the server."""
        return await self._owner.dial(self, number)

    async def called(self, *, within: float) -> SoftCall:
        """Wait for the next call that comes in; the phone rings by itself."""
        return await in_time(self._arrivals.get(), within=within, what=f"{self.number}: nobody called")

    def take(self, inner: baresip.Call) -> None:
        """Note a call that comes in."""
        self._arrivals.put_nowait(self._owner.adopt(inner, self.number))


class SoftPhones:
    """All softphones of this process, towards one server `HOST:PORT`."""

    def __init__(self, runtime: Runtime, server: str) -> None:
        self._runtime = runtime
        self._server = server
        self._calls: list[SoftCall] = []
        self._phones: list[SoftPhone] = []
        self._listening: set[asyncio.Task[None]] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, server: str, *, listen: str | None = None) -> AsyncIterator[Self]:
        """Start baresip; at the end every call is hung up and every phone unregistered.

        `listen`: HOST:PORT of all phones, where others expect them; without it any free port.
        """
        runtime = Runtime(native_log_level="error")
        config = Config(
            net_interface=_own_address(server),
            native_log_level="error",
            max_concurrent_calls=None,
            extra_config_text=f"sip_listen {listen or _own_address(server) + ':0'}\n",
        )
        await runtime.start(config)
        phones = cls(runtime, server)
        try:
            yield phones
        finally:
            try:
                await phones.say_good_bye()
            finally:
                await runtime.close()

    async def add(self, *, number: str, password: str | None = None) -> SoftPhone:
        """Make a phone; with a password it may `register`."""
        account = Account(
            user=number,
            domain=self._server,
            password=password or "",
            reg_interval=_REGISTER_SECONDS if password else 0,
            audio_codecs=("PCMA/8000/1", "PCMU/8000/1"),
        )
        phone = SoftPhone(number, await UserAgent.create(self._runtime, account), self._server, self)
        phone.agent.on_incoming(phone.take)
        self._phones.append(phone)
        return phone

    async def dial(self, phone: SoftPhone, number: str) -> SoftCall:
        """Dial. Missed by nobody is an answer that comes while the library still makes its call of the dialling."""
        told: list[StackEvent] = []
        self._runtime.subscribe(told.append)
        try:
            call = self.adopt(await phone.agent.dial(f"sip:{number}@{phone.host}"), phone.number)
        finally:
            self._runtime.unsubscribe(told.append)
        for event in told:
            if event.call == call.inner.handle:
                call.note(event)
        return call

    def adopt(self, inner: baresip.Call, phone: str) -> SoftCall:
        """Follow a call from now on."""
        call = SoftCall(inner, phone)
        inner.on(call.note)
        inner.on_dtmf(lambda digit: setattr(call, "keys", call.keys + digit.digit))
        self._calls.append(call)
        task = asyncio.get_running_loop().create_task(call.listens(), name=f"{phone} listens")
        self._listening.add(task)
        return call

    async def say_good_bye(self) -> None:
        """Hang up, unregister, stop listening."""
        try:
            with contextlib.suppress(TimeoutError, baresip.BaresipError):
                async with asyncio.timeout(_GOOD_BYE):
                    for call in self._calls:
                        if not call.is_over:
                            await call.hang_up()
                    for phone in self._phones:
                        await phone.agent.unregister()
        finally:
            for task in self._listening:
                task.cancel()
            await asyncio.gather(*self._listening, return_exceptions=True)


def _own_address(server: str) -> str:
    """Give the address this machine has towards the server; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(address_of(f"sip:{server}"))
        return str(probe.getsockname()[0])
