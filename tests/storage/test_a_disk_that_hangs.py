"""What a disk that neither answers nor fails keeps waiting: whoever asks it, and nobody else."""

import asyncio
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from callcenter.storage import recordings as sound
from callcenter.storage.recordings import Recordings
from tests.support.office_fakes import eventually
from tests.support.stores import new_call_id

SHANGHAI = ZoneInfo("Asia/Shanghai")
MANY = 100
"""More than the pool has threads, for which everybody else waits too."""


@dataclass
class HungDisk:
    """Keeps waiting whoever asks it, until it is mended."""

    mended: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def answer(self, *_: object) -> SimpleNamespace:
        self.asked += 1
        assert self.mended.wait(30)
        return SimpleNamespace(free=7)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[HungDisk]:
    disk = HungDisk()
    monkeypatch.setattr(shutil, "disk_usage", disk.answer)
    monkeypatch.setattr(Recordings, "_find", disk.answer)
    monkeypatch.setattr(sound, "ANSWER_SECONDS", 0.05)
    yield disk
    disk.mended.set()


async def _no_answer(recordings: Recordings) -> None:
    with pytest.raises(TimeoutError) as error:
        await recordings.free_bytes()
    assert error.value.strerror == "it does not answer"


async def test_who_asks_how_much_is_free_is_told_that_there_is_no_answer_and_asks_once(
    disk: HungDisk, tmp_path: Path
) -> None:
    recordings = Recordings(tmp_path, zone=SHANGHAI)

    async with asyncio.timeout(5):
        await asyncio.gather(*(_no_answer(recordings) for _ in range(MANY)))
        await _no_answer(recordings)
        assert disk.asked == 1
        disk.mended.set()
        free = 0
        while not free:
            with suppress(TimeoutError):
                free = await recordings.free_bytes()
            await asyncio.sleep(0.005)
    assert free == 7


async def test_counting_gives_what_was_counted_before_where_the_disk_does_not_answer(
    disk: HungDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound, "COUNT_SECONDS", 0.5)
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / f"{new_call_id()}.raw").write_bytes(b"1234")
    recordings = Recordings(tmp_path, zone=SHANGHAI)
    assert await recordings.used_bytes() == 4

    monkeypatch.setattr(Recordings, "_days", lambda _: disk.answer() and ())
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(recordings.used_bytes() for _ in range(MANY))) == [4] * MANY
    assert disk.asked == 1


async def test_what_hangs_at_the_recordings_takes_no_thread_from_others(disk: HungDisk, tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, zone=SHANGHAI)
    finding = [asyncio.create_task(recordings.path(new_call_id())) for _ in range(MANY)]
    try:
        async with asyncio.timeout(5):
            await eventually(lambda: disk.asked == sound.MOST_THREADS)
            assert await asyncio.to_thread(lambda: "at once") == "at once"
        assert disk.asked == sound.MOST_THREADS
    finally:
        disk.mended.set()
        await asyncio.gather(*finding)
    assert disk.asked == MANY, "whoever waited has his turn"


async def test_who_gives_up_leaves_room_only_when_the_disk_has_answered(disk: HungDisk, tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, zone=SHANGHAI)
    for _ in range(2 * sound.MOST_THREADS):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await recordings.path(new_call_id())
    assert disk.asked == sound.MOST_THREADS

    disk.mended.set()
    async with asyncio.timeout(5):
        await recordings.path(new_call_id())


def test_a_process_whose_recordings_hang_comes_to_its_end(tmp_path: Path) -> None:
    program = """
import asyncio, shutil, sys, threading, zoneinfo
from pathlib import Path
from callcenter.storage.recordings import Recordings

shutil.disk_usage = lambda _: threading.Event().wait()
Recordings._find = lambda *_: threading.Event().wait()

async def ask():
    recordings = Recordings(Path(sys.argv[1]), zone=zoneinfo.ZoneInfo("Asia/Shanghai"))
    tasks = [asyncio.create_task(recordings.path("7c1b0d64-0000-4000-8000-000000000001")) for _ in range(9)]
    try:
        await recordings.free_bytes()
    except TimeoutError as error:
        print(error.strerror)

asyncio.run(ask())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], timeout=20, capture_output=True, text=True, check=True
    )

    assert (ended.stdout, ended.stderr) == ("it does not answer\n", "")
