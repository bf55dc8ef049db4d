"""The journal's program is killed, at every point that matters and at any point at all; nothing lasting is lost."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from callcenter.storage.journal import Journal
from callcenter.storage.rebuild import rebuild
from callcenter.storage.verify import verify
from tests.support.stores import Database, Teller, made, new_call_id, whole_call, writing

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KILLED = 9


@asynccontextmanager
async def _child(db: Database, moment: str, calls: int) -> AsyncIterator[Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.journal_child",
        db.url,
        str(db.folder),
        moment,
        str(calls),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=PIPE,
        stderr=DEVNULL,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        async with asyncio.timeout(10.0):
            await child.communicate()


async def _said(child: Process) -> int:
    """Wait for its end, and give the number up to which it called its entries lasting; 0 where it came to none."""
    async with asyncio.timeout(30.0):
        output, _ = await child.communicate()
    lines = output.decode().splitlines()
    return max((int(line) for line in lines if line.isdigit()), default=0)


async def _goes_on_whole(db: Database, *, at_least: int) -> int:
    """Start anew, tell one more call, and see that everything is there once, in order."""
    async with writing(Journal(db.url, db.folder)) as journal:
        found = journal.latest_seq
        assert found >= at_least
        Teller(journal).tell(*whole_call(new_call_id()))
        assert await journal.flush(10.0)
        assert journal.health()[0] == "ok"
    rows = await db.rows()
    assert [row[0] for row in rows["journal"]] == list(range(1, found + 11))
    verdict = await verify(db.url, db.folder)
    assert verdict.is_whole, verdict
    await rebuild(db.url)
    assert await db.rows() == rows
    return found


@pytest.mark.parametrize("moment", ["in the transaction", "after the commit"])
async def test_killed_while_the_database_is_there(db: Database, moment: str) -> None:
    async with _child(db, moment, 1) as child:
        said = await _said(child)

    assert child.returncode == KILLED
    found = await _goes_on_whole(db, at_least=said)
    assert found == (10 if moment == "after the commit" else 0)


@pytest.mark.parametrize("moment", ["in the middle of the spool's line", "after the spool is written"])
async def test_killed_while_the_spool_is_written(absent: Database, moment: str) -> None:
    async with _child(absent, moment, 1) as child:  # its database does not exist
        said = await _said(child)

    assert child.returncode == KILLED
    await made(absent)
    found = await _goes_on_whole(absent, at_least=said)
    if moment == "after the spool is written":
        assert found == 10
    else:
        assert 0 < found < 10  # the whole lines that were on the disk


@pytest.mark.parametrize("moment", ["before the spool is cleared", "after the spool is cleared"])
async def test_killed_while_the_spool_is_brought_into_the_database(absent: Database, moment: str) -> None:
    async with _child(absent, moment, 2) as child:
        async with asyncio.timeout(20.0):
            assert child.stdout is not None
            assert int(await child.stdout.readline()) == 10  # lasting, in the spool
        await made(absent)
        said = await _said(child)

    assert child.returncode == KILLED
    assert await _goes_on_whole(absent, at_least=max(10, said)) in (10, 20)


@pytest.mark.timeout(120)
async def test_killed_at_any_moment_while_the_database_comes_and_goes(db: Database) -> None:
    chance = random.Random(8)  # the same moments on every run, as far as a kill can be
    least = 0
    for _ in range(3):
        async with _child(db, "never by itself", 100_000) as child:
            assert child.stdout is not None
            async with asyncio.timeout(20.0):
                for _ in range(chance.randint(1, 20)):
                    least = max(least, int(await child.stdout.readline()))
                if chance.random() < 0.75:
                    async with db.locked():  # it goes to the spool, and back where it lives long enough
                        for _ in range(chance.randint(1, 20)):
                            least = max(least, int(await child.stdout.readline()))
                for _ in range(chance.randint(0, 20)):
                    least = max(least, int(await child.stdout.readline()))
                child.send_signal(signal.SIGKILL)
            least = max(least, await _said(child))
        least = await _goes_on_whole(db, at_least=least)
