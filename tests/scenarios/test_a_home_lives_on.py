"""A home of an earlier version is upgraded by the start, laid aside while people talk, and lives on elsewhere."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scripts.hotline_client import Json
from tests.support.hotline import Citizen, Hotline, visit
from tests.support.hotlines import SHORT
from tests.support.running_hotline import Ports, RunningHotline

OLD = Path(__file__).parents[1] / "storage" / "released" / "0002.sqlite.sql"
OLD_CALLS, OLD_TICKETS = 7, 5
OLD_IDS = "01934000-"  # what the identifiers of its tickets begin with


@pytest.fixture
def first() -> Iterator[RunningHotline]:
    """A hotline whose home holds the database of version 0002; not started yet."""
    running = RunningHotline(Ports.number(8), **SHORT)
    with closing(sqlite3.connect(running.folder / "callcenter.sqlite3")) as connection:
        connection.executescript(OLD.read_text("utf-8"))
    yield running
    running.kill()
    running.remove()


@pytest.fixture
def second() -> Iterator[RunningHotline]:
    """An empty home, for the one that lives on."""
    running = RunningHotline(Ports.number(9), **SHORT)
    yield running
    running.kill()
    running.remove()


def command(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command of the hotline to its end. Blocks."""
    line = [sys.executable, "-m", "callcenter", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, timeout=50, check=False)


async def done(*words: object) -> str:
    """Give what a command prints; it must end well."""
    ended = await asyncio.to_thread(command, *words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


async def is_settled(citizen: Citizen) -> Json:
    """Wait until recording and ticket of an ended call are there."""
    return await citizen.hotline.until_true(
        citizen.record,
        lambda call: bool(call["ticket_id"]) and (call["recording"] or {}).get("state") == "kept",
        within=20,
        what="settled",
    )


async def talks(hotline: Hotline) -> Citizen:
    """Let a citizen call, and seat 8001 answer him."""
    seat = hotline.seats.get("8001") or await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=15)
    await talk.answer()
    await citizen.until("call.talking", within=5)
    return citizen


@pytest.mark.timeout(240)
async def test_an_old_home_is_upgraded_backed_up_in_a_talk_and_restored_elsewhere(
    first: RunningHotline, second: RunningHotline, tmp_path: Path
) -> None:
    await asyncio.to_thread(first.start)
    async with visit(first) as hotline:
        assert len(await hotline.api.all_of("calls")) == OLD_CALLS
        tickets = await hotline.api.all_of("tickets")  # those of calls that had none are drafted meanwhile
        assert sum(ticket["id"].startswith(OLD_IDS) for ticket in tickets) == OLD_TICKETS
        over = await talks(hotline)
        await over.hangs_up()
        before = await is_settled(over)
        sound = await hotline.api.recording(over.id)
        talking = await talks(hotline)

        told = await done("backup", tmp_path / "backups", "--home", first.folder)
        assert told.startswith("ok: "), told

        assert (await talking.record())["state"] == "talking"
        await talking.hangs_up()
    assert first.stop() == 0

    refused = await asyncio.to_thread(command, "restore", tmp_path / "backups", "--home", first.folder)
    assert (refused.returncode, "not empty" in refused.stderr) == (1, True)
    await done("restore", tmp_path / "backups", "--home", second.folder)
    assert "all as they were written" in await done("journal", "verify", "--home", second.folder)

    await asyncio.to_thread(second.start)
    async with visit(second) as hotline:
        assert await hotline.api.get(f"calls/{over.id}") == before
        assert await hotline.api.recording(over.id) == sound
        left_open = await hotline.until_true(
            lambda: hotline.api.get(f"calls/{talking.id}"),
            lambda call: call["state"] == "ended",
            within=10,
            what="closed, as nobody is on the line here",
        )
        assert (left_open["outcome"], left_open["recovered"]) == ("answered", True)
        assert len(await hotline.api.all_of("tickets")) >= OLD_TICKETS + 1
        await (await talks(hotline)).hangs_up()
    assert second.stop() == 0
    assert "all as they were written" in await done("journal", "verify", "--home", second.folder)
