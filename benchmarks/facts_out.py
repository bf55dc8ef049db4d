"""How soon a fact is with those who watch: from Asterisk's own time of it to WebSocket and MQTT, at 200 seats.

Calls go through at a steady rate, each to a seat. Every event of a call that Asterisk's clock stamps is timed, at the
one watcher of each kind, and once more while each of 200 seats has a desk that watches as well; those desks are one
process on the same two cores. Figures of the day are followed meanwhile, and told to all of them.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
import aiomqtt

from benchmarks.chapter import Chapter, Row, percentile
from benchmarks.desks import watching
from benchmarks.sipp import dial, seats_of
from benchmarks.systems import System, ours
from callcenter.events.address import BrokerAddress, parse_broker

SEATS = 200
SEAT_PORT, BROKER_PORT = 17_720, 17_721
RUNS = 2
RATE, CALLS = 10, 150
TALK_SECONDS = 1.0
MOST_MS = 50.0
SETTLED_SECONDS = 2.0
STAMPED = frozenset({"call.arrived", "call.queued", "call.ringing", "call.talking", "call.ended"})


@dataclass(slots=True)
class _Late:
    """Milliseconds from an event's own time to its coming."""

    all: list[float] = field(default_factory=list)

    def take(self, told: str | bytes) -> None:
        """Time one message."""
        event = json.loads(told)
        if event["type"] in STAMPED:
            self.all.append((time.time() - datetime.fromisoformat(event["time"]).timestamp()) * 1000)


async def measure() -> Chapter:
    """Measure with one watcher, and with 200 more."""
    chapter = Chapter(
        name="facts_out",
        title="From Asterisk to who watches",
        how=f"{SEATS} seats, {RATE} calls a second. {str(__doc__).partition(chr(10) * 2)[2]}",
    )
    rows: dict[str, list[list[float]]] = {}
    for _ in range(RUNS):
        async with ours(SEATS, arrival="ring", mqtt_own_port=BROKER_PORT, live_figures="true") as system:
            await _measure(system, rows)
    for said, runs in rows.items():
        for share, name in ((0.5, "p50"), (0.99, "p99")):
            values = [percentile(run, share) for run in runs]
            chapter.rows.append(
                Row(figure=f"{said}, {name}", values=values, unit="ms", most=MOST_MS if name == "p99" else None)
            )
    return chapter


async def _measure(system: System, rows: dict[str, list[list[float]]]) -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as name:
        folder = Path(name)
        async with seats_of(system, folder, port=SEAT_PORT):
            for desks in (0, SEATS):
                async with _watched(system, desks) as (by_socket, by_broker):
                    dialled, _ = await dial(
                        system, folder, rate=RATE, calls=CALLS, talk_seconds=TALK_SECONDS, at_once=CALLS
                    )
                assert dialled.failed == 0
                beside = f" beside {desks} desks" if desks else ""
                rows.setdefault(f"WebSocket{beside}", []).append(by_socket.all)
                rows.setdefault(f"MQTT{beside}", []).append(by_broker.all)


@asynccontextmanager
async def _watched(system: System, desks: int) -> AsyncIterator[tuple[_Late, _Late]]:
    assert system.home is not None
    assert system.folder is not None
    by_socket, by_broker = _Late(), _Late()
    demo = json.loads(await asyncio.to_thread((system.folder / "demo.json").read_text, "utf-8"))
    broker = parse_broker(demo["mqtt"])
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        headers = {"Authorization": f"Bearer {system.home.token}"}
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
        url = f"{system.home.http}/api/v1/events"
        ours = [
            tasks.create_task(_socket(session, url, by_socket), name="one who watches"),
            tasks.create_task(_broker(broker, by_broker), name="one who listens to the broker"),
        ]
        if desks:
            await stack.enter_async_context(watching(desks, url, token=system.home.token))
        await asyncio.sleep(SETTLED_SECONDS)
        yield by_socket, by_broker
        for task in ours:
            task.cancel()


async def _socket(session: aiohttp.ClientSession, url: str, late: _Late) -> None:
    async with session.ws_connect(url, max_msg_size=0) as socket:
        await anext(socket)  # the snapshot
        async for message in socket:
            late.take(message.data)


async def _broker(address: BrokerAddress, late: _Late) -> None:
    async with aiomqtt.Client(
        address.host,
        address.port,
        username=address.user,
        password=address.password,
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:
        await client.subscribe("callcenter/+/calls/+", qos=0)
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            late.take(message.payload)
