"""A program that tells a broker and a webhook what happens, until it is killed.

Called as `outward_child.py DATABASE BROKER_PORT HOOK_URL STREAM EVENTS`. Prints `lasting` when the outbox has them all.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from callcenter.events.address import BrokerAddress
from callcenter.events.publisher import Publisher
from callcenter.events.topics import State
from callcenter.events.webhook import Webhook
from callcenter.events.webhook_sender import Patience, WebhookSender
from callcenter.office.stream import Stream
from callcenter.storage.dead_letters import DeadLetters
from callcenter.storage.outbox import Outbox
from callcenter.storage.store import Store

_LOOK_SECONDS = 0.01
_SECRET = bytes(range(32))  # as tests/support/receiver.py has it, which would load much else


def _now() -> datetime:
    return datetime.now(UTC)


async def tell(url: str, port: str, hook: str, stream_id: str, events: str) -> None:
    """Tell until the end of the process."""
    store = Store(url)
    stream = Stream(stream_id)
    outbox = Outbox(store, node="node1", stream=stream_id, readers=["mqtt", "city"], now=_now)
    stream.when_published(outbox.give)

    def state() -> State:
        return State(
            seq=stream.seq,
            time=_now(),
            seats=[],
            queues=[],
            trunks=[],
            alarms=[],
            figures=[],
            queue_figures=[],
            seat_figures=[],
            figures_follow=False,
        )

    address = BrokerAddress(host="127.0.0.1", port=int(port))
    publisher = Publisher(address, outbox.readers["mqtt"], node="node1", stream=stream_id, state=state)
    sender = WebhookSender(
        Webhook(id="city", url=hook, secret=_SECRET),
        outbox.readers["city"],
        DeadLetters(store, "node1", "city", now=_now),
        now=_now,
        patience=Patience(first_seconds=0.05, most_seconds=0.2, longest=timedelta(days=1)),
    )
    async with asyncio.TaskGroup() as tasks:
        for run in (outbox.run, publisher.run, sender.run):
            tasks.create_task(run())
        await outbox.opened.wait()
        for number in range(int(events)):
            stream.publish("call.queued", _now(), {"id": f"c{number}", "state": "queued"})
            await asyncio.sleep(_LOOK_SECONDS)
        while outbox._written < outbox.newest:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(_LOOK_SECONDS)
        print("lasting", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    asyncio.run(tell(*sys.argv[1:]))
