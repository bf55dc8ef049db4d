"""The disk of the recordings grows full while one waits and nobody is on duty: each is told once, and is over once.

Both are brought about as they come: by a file on a small disk, and by a seat that is not signed in. They stand side by
side, so that the scenario takes no longer than the one that is held for longer.
"""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from callcenter.domain.alarms import DISK_LOW, NO_SEAT_READY, kind_of
from scripts.hotline_client import Event
from scripts.phones.waiting import eventually
from tests.support.alarms_outside import HEAR, Outside, everybody_listens, kept, stands, topic_of
from tests.support.hotline import Hotline, visit
from tests.support.hotlines import running_as
from tests.support.mosquitto import free_port, needs_mosquitto
from tests.support.receiver import Receiver, write_webhooks
from tests.support.running_hotline import Ports, RunningHotline
from tests.support.small_disk import NoDiskError, SmallDisk

pytestmark = [needs_mosquitto, pytest.mark.timeout(120)]

DISK_MB, ENOUGH_MB, LEFT_MB = 64, 32, 16
MB = 2**20
SLACK = 8.0
"""Seconds beyond an alarm's own holding time: the disk is looked at every three seconds, on a busy machine."""


class SmallDiskHotline(RunningHotline):
    """Keeps its recordings on a small disk of its own. Raises NoDiskError where nothing can be mounted."""

    def __init__(self, ports: Ports, *flags: str, **settings: object) -> None:
        super().__init__(ports, *flags, **settings)
        self.disk = SmallDisk(self.folder / "recordings")
        self._is_mounted = False

    def start(self) -> None:
        """Mount the disk, start, and wait for READY."""
        self.disk.mount(DISK_MB)
        self._is_mounted = True
        self.disk.folder.chmod(0o711)
        super().start()

    def remove(self) -> None:
        """Unmount, and delete its home."""
        if self._is_mounted:
            self.disk.unmount()
        super().remove()


@pytest.fixture(scope="module")
def receiver() -> Receiver:
    """Is told of alarms, while a scenario lets it listen."""
    return Receiver()


@pytest.fixture(scope="module")
def watched_hotline(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDiskHotline]:
    webhooks = write_webhooks(tmp_path_factory.mktemp("webhooks"), receiver.entry("city", "alarm."))
    told = {"mqtt_own_port": free_port(), "webhooks_file": webhooks}
    try:
        yield from running_as(SmallDiskHotline, 5, minimum_free_mb=ENOUGH_MB, **told)
    except NoDiskError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
async def hotline(watched_hotline: SmallDiskHotline) -> AsyncIterator[Hotline]:
    async with visit(watched_hotline) as hotline:
        yield hotline


async def raised(outside: Outside, name: str) -> Event:
    """Wait until an alarm is raised, and everybody knows."""
    hotline = outside.hotline
    event = await hotline.events.until("alarm.raised", within=kind_of(name).raise_after + SLACK, name=name)
    hotline.tells(f"raised: {event.data['detail']}")
    assert await stands(hotline, name) == event.data
    assert name in (await hotline.api.health())["alarms"]
    seen, told = await outside.hears(event)
    assert (seen.json["data"], told.json) == (event.data, seen.json)
    assert told.is_signed
    [found] = await kept(hotline, name)
    assert found.text == seen.text, "who comes later finds the very event"
    return event


async def cleared(outside: Outside, name: str) -> None:
    """Wait until it is over, and everybody knows; each was told once."""
    hotline = outside.hotline
    event = await hotline.events.until("alarm.cleared", within=kind_of(name).clear_after + SLACK, name=name)
    hotline.tells(f"cleared: {name}")
    assert await stands(hotline, name) is None
    assert name not in (await hotline.api.health())["alarms"]
    seen, told = await outside.hears(event)
    assert (seen.json["data"], told.json) == (event.data, seen.json)
    assert told.is_signed
    await eventually(lambda: outside.broker.last(topic_of(name)) == "", within=HEAR, what="it is still at the broker")
    assert await kept(hotline, name) == []
    await outside.was_told_once(name, "alarm.raised", "alarm.cleared")


async def test_a_disk_that_grows_full_and_a_line_without_a_seat(
    hotline: Hotline, receiver: Receiver, watched_hotline: SmallDiskHotline
) -> None:
    async with everybody_listens(hotline, receiver) as outside:
        waiting = await hotline.caller_dials()
        await waiting.until("call.queued", within=HEAR)
        watched_hotline.disk.leave(LEFT_MB * MB)

        low = await raised(outside, DISK_LOW)
        assert low.data["detail"].endswith(f" MB are free for recordings, less than {ENOUGH_MB} MB")
        watched_hotline.disk.make_room()
        nobody = await raised(outside, NO_SEAT_READY)
        assert nobody.data["detail"] == "1 wait, and no seat is on duty"

        seat = await hotline.seat("8001")
        talk = await seat.rings(within=HEAR)
        await talk.answer()
        await cleared(outside, DISK_LOW)
        await cleared(outside, NO_SEAT_READY)
        assert (await hotline.api.health())["alarms"] == []
        await waiting.hangs_up()
        await seat.is_("ready", within=5)
