"""How many AMI events per second are taken in: by us, by panoramisk alone, and by reading lines and no more.

The events are those of one recorded talk, over and over, from a server in another process; who reads holds it back
when it cannot follow, as TCP does. "Taken in" is: cut, parsed, told in order. "Understood" adds what each means for
a call: its telephony event, as the exchange is given it.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Coroutine, Mapping

from panoramisk.manager import Manager

from benchmarks.chapter import Chapter, Row
from callcenter.asterisk.ami import Headers, Limits
from callcenter.asterisk.channels import ChannelTable
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.translate import translate
from tests.support.ami_recordings import RECORDINGS
from tests.support.ami_server import AmiServer, success

TALKS = 1500
RUNS = 5
LIMIT_SECONDS = 120.0
READY_SECONDS = 0.1  # after stock is taken
LAST = b"Event: UserEvent\r\nTimestamp: 1795535473.000000\r\nUserEvent: Over\r\n\r\n"


class Flood(AmiServer):
    """Sends all talks when it is asked to."""

    def __init__(self, stream: bytes) -> None:
        super().__init__()
        self.replies["Flood"] = lambda action: success(action) + stream


def _serve(port: "multiprocessing.Queue[int]") -> None:
    async def serve() -> None:
        async with Flood(_talk() * TALKS + LAST) as server:
            port.put(server.port)
            await asyncio.Event().wait()

    asyncio.run(serve())


def _talk() -> bytes:
    return (RECORDINGS / "talk.ami").read_bytes().rstrip(b"\r\n") + b"\r\n\r\n"


async def measure() -> Chapter:
    """Let each reader read in turns."""
    events = TALKS * _talk().count(b"Event: ") + 1
    readers: Mapping[str, Callable[[int], Coroutine[None, None, float]]] = {
        "lines read and nothing else": _lines,
        "panoramisk alone, one callback": _panoramisk,
        "taken in by our link": _link,
        "taken in and understood": _understood,
    }
    rates: dict[str, list[float]] = {name: [] for name in readers}
    spawning = multiprocessing.get_context("spawn")
    port: multiprocessing.Queue[int] = spawning.Queue()
    server = spawning.Process(target=_serve, args=(port,), daemon=True)
    server.start()
    try:
        at = await asyncio.to_thread(port.get, timeout=30)
        for _ in range(RUNS):
            for name, read in readers.items():
                async with asyncio.timeout(LIMIT_SECONDS):
                    rates[name].append(events / await read(at))
    finally:
        server.terminate()
        server.join()
    return Chapter(
        name="ami_events",
        title="AMI events per second taken in",
        how=f"{events:,} events of {len(_talk()) * TALKS // events} bytes on average, one core for whoever reads.",
        rows=[Row(figure=name, values=values, unit="events/s") for name, values in rates.items()],
        remarks=["A call makes some 25 events, so 10 calls a second are 250 events a second."],
    )


async def _lines(port: int) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"Action: Flood\r\nActionID: 1\r\n\r\n")
    began = time.perf_counter()
    while await reader.readline() != b"UserEvent: Over\r\n":
        pass
    took = time.perf_counter() - began
    writer.close()
    return took


async def _panoramisk(port: int) -> float:
    over = asyncio.Event()

    def heard(_: Manager, message: Mapping[str, str]) -> None:
        if message.get("UserEvent") == "Over":
            over.set()

    manager = Manager(host="127.0.0.1", port=port, username="us", secret="right")  # noqa: S106 - the test server's
    manager.register_event("*", heard)
    await manager.connect()
    began = time.perf_counter()
    manager.send_action({"Action": "Flood"}, as_list=False)
    await over.wait()
    took = time.perf_counter() - began
    manager.close()
    return took


class _Ear:
    """Counts what it is told until all is over."""

    def __init__(self, take: Callable[[Headers], object]) -> None:
        self._take = take
        self.ready, self.over = asyncio.Event(), asyncio.Event()

    def heard(self, headers: Headers) -> None:
        if headers.get("UserEvent") == "Over":
            self.over.set()
        else:
            self._take(headers)

    async def restored(self) -> None:
        self.ready.set()

    def lost(self) -> None:
        pass  # a flood that breaks the link never comes to its end, and the limit says so


async def _link(port: int) -> float:
    return await _heard(port, lambda _: None)


async def _understood(port: int) -> float:
    table = ChannelTable()
    return await _heard(port, lambda headers: translate(headers, table))


async def _heard(port: int, take: Callable[[Headers], object]) -> float:
    ear = _Ear(take)
    # The answer to a ping comes behind the flood, so none is asked for: it would tell that we are seconds behind.
    link = AmiLink("127.0.0.1", port, "us", "right", limits=Limits(ping_every=LIMIT_SECONDS))
    link.attach(ear)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(link.run(), name="link")
        await ear.ready.wait()
        await asyncio.sleep(READY_SECONDS)
        began = time.perf_counter()
        link.send("Flood", limit=LIMIT_SECONDS)
        await ear.over.wait()
        took = time.perf_counter() - began
        running.cancel()
    return took
