"""One connection to an MQTT 5 broker; the only place that knows aiomqtt. What goes wrong is said in words."""

import asyncio
import contextlib
import logging
import math
import os
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import Any

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.client import Client as Paho
from paho.mqtt.client import ConnectFlags, DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from callcenter.domain.errors import UnavailableError
from callcenter.events.address import BrokerAddress
from callcenter.events.topics import AT_LEAST_ONCE, Message

REACH_SECONDS = 3.0  # to find that a host answers at all, before a thread is spent on it
CONNECT_SECONDS = 25.0  # to be signed in; paho takes a thread for it, which must be over: 5 s for TCP, 15 s for TLS
ANSWER_SECONDS = 5.0  # to take messages
GOODBYE_SECONDS = 1.0  # for the last words, when we end
KEEPALIVE_SECONDS = 15  # between signs of life; the broker tells our will after one and a half of it
AT_ONCE = 200  # messages on their way to the broker at one time; paho keeps their order as long as it need not queue
_REFUSED = 0x80  # answers to a subscription from here on mean no
_OWN_LIMIT = math.inf  # for aiomqtt, whose limits lose a cancellation that meets an answer (asyncio.wait_for of 3.11)
_SILENT = "it does not answer"
_BROKEN = "the connection broke"
_LOGIN = "the login is refused: user or password is wrong, or this user may not connect"
_OLD = "it speaks no MQTT 5; Mosquitto does since version 1.6"
_CLOSED = "it closes the connection before it has answered; perhaps it speaks no MQTT 5"
_FULL = 151  # the one refusal of a message that may be over a moment later
_WHY = {
    1: _OLD,  # as MQTT 3.1.1 has it
    132: _OLD,
    133: "the broker does not take our client id",
    134: _LOGIN,
    135: _LOGIN,
    136: "the broker is not ready to serve",
    137: "the broker is busy",
    138: "the broker has banned us",
    139: "the broker is shutting down",
    141: "the broker has heard no sign of life of us",
    142: "another client with our name has taken over: give each controller a node of its own",
    147: "the broker takes fewer messages at a time than we send",
    149: "a message is larger than the broker takes",
    151: "the broker's quota is used up",
    152: "the broker has ended the connection by hand",
    156: "the broker wants us to use another server",
    157: "the broker has moved",
    159: "the broker takes no more connections at this rate",
}
"""Why a broker does not let us in, or ends it, by reason code (MQTT 5 §2.4)."""
_REFUSALS = {
    135: "this user may not write there",
    144: "the broker takes no such topic",
    149: "it is larger than the broker takes",
    153: "the broker takes its payload for wrong",
}
"""Why it does not take one message."""


_UNHEARD = logging.getLogger(f"{__name__}.library")  # what it would log is said once, by whoever holds the connection
_UNHEARD.setLevel(logging.CRITICAL)


class BrokerAwayError(UnavailableError):
    """The broker cannot be reached, lets us not in, or takes nothing any more; the message says which."""


class _Client(aiomqtt.Client):
    """Also notices what aiomqtt passes over: a message that the broker refuses, and an end before the beginning."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self.refusals: list[int] = []
        self.taken_at_once = AT_ONCE
        """How many messages may be on their way to this broker: its Receive Maximum (MQTT 5 §3.2.2.3.3)."""

    def _on_connect(
        self,
        client: Paho,
        userdata: Any,
        flags: ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.taken_at_once = min(AT_ONCE, getattr(properties, "ReceiveMaximum", AT_ONCE))
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_publish(
        self, client: Paho, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        if reason_code.value >= _REFUSED:
            self.refusals.append(reason_code.value)
        super()._on_publish(client, userdata, mid, reason_code, properties)

    def _on_disconnect(
        self,
        client: Paho,
        userdata: Any,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(_CLOSED))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)


class Connection:
    """A connection that stands."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._turn = asyncio.Lock()
        self.at_once = client.taken_at_once
        """How many messages may be on their way."""
        self._room = asyncio.Semaphore(self.at_once)
        self.refused = 0
        """Messages that the broker did not take, and never will."""
        self.why_refused = ""

    async def send(self, messages: Iterable[Message]) -> None:
        """Hand these over, in this order, and wait until the broker has them all; no more than it takes at a time.

        Who asks meanwhile hands his over behind these, and need not wait for the broker's answer to them. Those that it
        refuses are counted; sending them again would not help.

        Raises:
            BrokerAwayError: some may not have come through.
            ValueError: one of them is nothing that MQTT can carry.

        """
        try:
            async with asyncio.TaskGroup() as tasks, self._turn:
                for message in messages:
                    await self._room.acquire()
                    sending = tasks.create_task(self._send(message), name="events: send")
                    sending.add_done_callback(self._make_room)
        except* BrokerAwayError as failed:
            raise BrokerAwayError(str(failed.exceptions[0])) from failed
        except* ValueError as failed:
            raise ValueError("a message that MQTT cannot carry") from failed
        finally:
            refusals, self._client.refusals = self._client.refusals, []
        if _FULL in refusals:
            raise BrokerAwayError(_WHY[_FULL])
        if refusals:
            self.refused += len(refusals)
            self.why_refused = _REFUSALS.get(refusals[0], f"reason code {refusals[0]}")

    def _make_room(self, _: asyncio.Task[None]) -> None:
        self._room.release()

    async def _send(self, message: Message) -> None:
        async with _answered():
            await self._client.publish(
                message.topic,
                message.payload,
                qos=message.qos,
                retain=message.retain,
                properties=_properties(message),
                timeout=_OWN_LIMIT,
            )

    async def listen(self, filters: Sequence[str]) -> bool:
        """Ask for what goes under these topics; False where we may not. Raises BrokerAwayError."""
        async with _answered():
            answers = await self._client.subscribe([(name, AT_LEAST_ONCE) for name in filters], timeout=_OWN_LIMIT)
        return all(_code(answer) < _REFUSED for answer in answers)

    async def listen_no_more(self, filters: Sequence[str]) -> None:
        """Take it back. Raises BrokerAwayError."""
        async with _answered():
            await self._client.unsubscribe(list(filters), timeout=_OWN_LIMIT)

    async def heard(self) -> AsyncIterator[Message]:
        """Give what comes in under topics that were asked for. Raises BrokerAwayError when the connection breaks."""
        try:
            async for message in self._client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                yield Message(topic=str(message.topic), payload=payload, qos=message.qos, retain=message.retain)
        except aiomqtt.MqttError as error:
            raise BrokerAwayError(_words(error)) from error


@contextlib.asynccontextmanager
async def connected(
    address: BrokerAddress, *, client_id: str, will: Message, ca_file: Path | None
) -> AsyncIterator[Connection]:
    """Connect for as long as the block runs. `will` is told by the broker if we vanish without a word.

    Raises:
        BrokerAwayError: it cannot be reached or lets us not in.

    """
    await _reach(address)
    client = _Client(
        address.host,
        address.port,
        username=address.user,
        password=address.password,
        identifier=client_id,
        logger=_UNHEARD,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,  # and no session beyond the connection: what is not told yet is in our own outbox
        timeout=_OWN_LIMIT,
        keepalive=KEEPALIVE_SECONDS,
        max_inflight_messages=AT_ONCE,
        socket_options=[
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ],  # else each small message waits 40 ms for the last
        will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain, _properties(will, PacketTypes.WILLMESSAGE)),
        tls_params=aiomqtt.TLSParameters(ca_certs=None if ca_file is None else str(ca_file)) if address.tls else None,
    )
    client.pending_calls_threshold = AT_ONCE  # it would log a warning for what is meant
    stack = contextlib.AsyncExitStack()
    async with _answered(CONNECT_SECONDS):
        await stack.enter_async_context(client)
    try:
        yield Connection(client)
    finally:
        with contextlib.suppress(BrokerAwayError):  # it is over in any case
            async with _answered(GOODBYE_SECONDS):
                await stack.aclose()


@contextlib.asynccontextmanager
async def _answered(within: float = ANSWER_SECONDS) -> AsyncIterator[None]:
    """Limit how long the broker may take for one answer. Raises BrokerAwayError."""
    try:
        async with asyncio.timeout(within):
            yield
    except TimeoutError as error:
        raise BrokerAwayError(_SILENT) from error
    except aiomqtt.MqttError as error:
        raise BrokerAwayError(_words(error)) from error


def _properties(message: Message, packet: int = PacketTypes.PUBLISH) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]  # paho has no types here
    if message.payload:
        properties.PayloadFormatIndicator = 1  # UTF-8
        properties.ContentType = message.content_type
    if message.properties:
        properties.UserProperty = list(message.properties)
    if message.expires_seconds is not None:
        properties.MessageExpiryInterval = message.expires_seconds
    return properties


async def _reach(address: BrokerAddress) -> None:
    """Find out that somebody listens there, at no cost to anybody when nobody does. Raises BrokerAwayError."""
    try:
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError as error:
        raise BrokerAwayError("it cannot be reached") from error
    except OSError as error:
        raise BrokerAwayError(f"it cannot be reached ({_reason(error)})") from error
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):  # however this one ends, the next is made afresh
        async with asyncio.timeout(REACH_SECONDS):
            await writer.wait_closed()


def _reason(error: OSError) -> str:
    """Give the plain reason; asyncio's own text repeats the address, or all of them where a host has several."""
    if error.errno is None:
        return "no address of its host answers"
    return (
        os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    ).lower()  # below 0: looking up its name


def _words(error: Exception) -> str:
    """Say why the broker is away, in words for whoever reads /health."""
    match error:
        case MqttConnectError():
            return _WHY.get(_code(error.rc), f"it does not let us in ({error})")
        case aiomqtt.MqttCodeError():
            said = error.rc if isinstance(error.rc, ReasonCode) else getattr(error.__cause__, "rc", None)
            return _WHY.get(said.value, _BROKEN) if isinstance(said, ReasonCode) else _BROKEN
        case _:
            return _words_of_text(str(error))


def _words_of_text(text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"its certificate is not trusted ({text.rpartition(': ')[2]}); set mqtt_ca_file"
    return {"Operation timed out": _SILENT, "Disconnected during message iteration": _BROKEN}.get(text, text) or _BROKEN


def _code(answer: int | ReasonCode | None) -> int:
    if isinstance(answer, ReasonCode):
        return answer.value
    return _REFUSED if answer is None else answer
