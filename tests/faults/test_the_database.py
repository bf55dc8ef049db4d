"""SQLite is locked by another program, or its disk is full: calls go on, and the journal has all of it in the end."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.faults.busy_hour import busy_hour, until_health
from tests.faults.conftest import PAGE
from tests.faults.results import TellResult
from tests.support.hotline import Hotline
from tests.support.strained_hotline import StrainedHotline

LOCKED_SECONDS = 60.0 if PAGE else 3.0
"""What the journal waits for a lock is half a second; the page of results shows a whole minute."""
BACK = 15.0


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock of whoever writes, as a backup or a careless administrator does."""
    with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def give_back_reserves(file: Path) -> None:
    """Free the room that a long transaction has made in the file written ahead; some facts would still find a place."""
    with closing(sqlite3.connect(file, timeout=10)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def test_the_database_is_locked_by_another_program(
    strained: Hotline, strained_hotline: StrainedHotline, tell_result: TellResult
) -> None:
    hour = await busy_hour(strained)

    with locked(strained_hotline.database_file):
        locked_until = asyncio.get_running_loop().time() + LOCKED_SECONDS
        rang = await hour.goes_on()
        arrived = await hour.one_more()
        _, said = await until_health(strained, "database", "degraded", within=5)
        assert "database is locked" in said
        assert "wait in the spool" in said
        await asyncio.sleep(locked_until - asyncio.get_running_loop().time())  # the rest of the time that is to pass
        spooled = await _spooled(strained)
    back, _ = await until_health(strained, "database", "ok", within=BACK)

    await hour.is_over(arrived)
    tell_result(
        fault=f"SQLite is locked by another program for {LOCKED_SECONDS:.0f} s",
        what="a talk, one waiting, one arriving",
        figures={
            "entries in the spool": spooled,
            "all in the database": f"{back:.1f} s after the lock",
            "a free seat rang after": f"{rang:.0f} ms",
        },
    )


async def test_the_disk_of_the_database_is_full(
    strained: Hotline, strained_hotline: StrainedHotline, tell_result: TellResult
) -> None:
    hour = await busy_hour(strained)

    give_back_reserves(strained_hotline.database_file)
    with strained_hotline.data_disk.filled():
        rang = await hour.goes_on()
        arrived = await hour.one_more()
        _, said = await until_health(strained, "database", "degraded", within=10)
        assert "entries wait in the spool" in said
        assert strained_hotline.data_disk.free_bytes < 4096
        spooled = await _spooled(strained)
    back, _ = await until_health(strained, "database", "ok", within=BACK)

    await hour.is_over(arrived)
    tell_result(
        fault="the database's disk is full",
        what="a talk, one waiting, one arriving",
        figures={
            "said on /health": said.partition(":")[2].partition(";")[0].strip(),
            "entries in the spool": spooled,
            "all in the database": f"{back:.1f} s after there is space",
            "a free seat rang after": f"{rang:.0f} ms",
        },
    )


async def _spooled(hotline: Hotline) -> int:
    health = await hotline.api.health()
    words = str(health["components"]["database"]["detail"]).partition(" entries wait in the spool")[0]
    return int(words.rsplit(maxsplit=1)[-1])
