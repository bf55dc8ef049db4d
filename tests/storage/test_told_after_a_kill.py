"""The controller is killed between hand-over and acknowledgement: nothing is lost, and what comes twice says so."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.mosquitto import Seen, a_broker, listening, needs_mosquitto
from tests.support.receiver import HOLD, Receiver
from tests.support.stores import Database, eventually

CHECKOUT = Path(__file__).resolve().parents[2]
BEFORE, AFTER = 12, 3
STARTS_SECONDS = 50.0  # a process and all that it loads, beside other tests


@asynccontextmanager
async def a_controller(
    db: Database, port: int, receiver: Receiver, stream: str, events: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.support.outward_child", db.url, str(port), receiver.url, stream, str(events)),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def lasting(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(STARTS_SECONDS):
        while line := await process.stdout.readline():  # its log is there too
            if line == b"lasting\n":
                return
    raise AssertionError("the controller ended before")


def told(seen: list[Seen]) -> list[tuple[str, bool]]:
    """Events as they came under the topics that everybody reads: id, and whether it says that it may come again."""
    calls = [message for message in seen if message.topic.startswith("callcenter/node1/calls/")]
    assert [message.properties["id"] for message in calls] == [message.json["id"] for message in calls]
    return [(message.properties["id"], "redelivered" in message.properties) for message in calls]


def nothing_lost_and_no_secret_double(came: list[tuple[str, bool]]) -> None:
    ids = [id_ for id_, _ in came]
    assert list(dict.fromkeys(ids)) == [
        *(f"s1:{seq}" for seq in range(1, BEFORE + 1)),
        *(f"s2:{seq}" for seq in range(1, AFTER + 1)),
    ]
    unmarked = [id_ for id_, again in came if not again]
    assert len(unmarked) == len(set(unmarked)), "an event came twice and did not say so"


@needs_mosquitto
@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_killed_while_broker_and_webhook_hold_their_answers(db: Database, tmp_path: Path) -> None:
    receiver = Receiver(answers=[204, 204, 204, HOLD], always=HOLD)
    async with (
        a_broker(tmp_path) as broker,
        receiver.listening(),
        listening(broker.address, "callcenter/#") as everybody,
    ):
        async with a_controller(db, broker.address.port, receiver, "s1", BEFORE) as first:
            await receiver.until(4, within=STARTS_SECONDS)  # the fourth is there, and not answered
            broker.freeze(on=True)
            await lasting(first)
            first.kill()
            await first.wait()
        broker.freeze(on=False)
        receiver.always = 204
        async with a_controller(db, broker.address.port, receiver, "s2", AFTER) as second:
            await lasting(second)
            await eventually(lambda: f"s2:{AFTER}" in receiver.ids, within=STARTS_SECONDS)
            await eventually(lambda: (f"s2:{AFTER}", False) in told(everybody.seen), within=STARTS_SECONDS)

    nothing_lost_and_no_secret_double([(request.id, request.redelivered) for request in receiver.told])
    nothing_lost_and_no_secret_double(told(everybody.seen))
    assert receiver.ids.count("s1:4") == 2
    assert all(request.is_signed for request in receiver.told)
