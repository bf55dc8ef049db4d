"""A program that tells a journal one call after the other, until it is killed at the moment named.

Called as `journal_child.py URL FOLDER MOMENT CALLS`. Prints the number of each entry that is lasting, one a line.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import structlog

from callcenter.storage import projections
from callcenter.storage.journal import Journal
from callcenter.storage.spool import Spool
from tests.support.stores import Teller, new_call_id, whole_call


def _die() -> None:
    os._exit(9)


def _dying(original: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    def die_there(*arguments: Any, **named: Any) -> Any:
        if before:
            _die()
        original(*arguments, **named)
        _die()

    return die_there


def _dying_in_transaction(original: Callable[..., Any]) -> Callable[..., Any]:
    async def die_there(*arguments: Any, **named: Any) -> Any:
        await original(*arguments, **named)
        _die()

    return die_there


def _torn(self: Spool, path: Path, data: bytes) -> None:
    del self
    with path.open("ab") as file:
        file.write(data[: len(data) * 2 // 3])
    _die()


def _armed(moment: str) -> Any:
    """What is put in place of a part of the journal, so that the program dies there."""
    match moment:
        case "in the transaction":
            return mock.patch("callcenter.storage.entries.write_calls", _dying_in_transaction(projections.write_calls))
        case "after the commit":
            return mock.patch.object(Spool, "write_mark", _dying(Spool.write_mark, before=True))
        case "in the middle of the spool's line":
            return mock.patch.object(Spool, "_append", _torn)
        case "after the spool is written":
            return mock.patch.object(Spool, "add", _dying(Spool.add, before=False))
        case "before the spool is cleared":
            return mock.patch.object(Spool, "clear", _dying(Spool.clear, before=True))
        case "after the spool is cleared":
            return mock.patch.object(Spool, "clear", _dying(Spool.clear, before=False))
        case _:
            return mock.MagicMock()


async def _tell(url: str, folder: Path, moment: str, calls: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    journal = Journal(url, folder, retry_seconds=0.1)
    await journal.open()
    with _armed(moment):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(journal.run())
            teller = Teller(journal)
            for _ in range(calls):
                teller.tell(*whole_call(new_call_id()))
                while journal._queue:  # noqa: ASYNC110  # until the database or the spool has it
                    await asyncio.sleep(0.001)
                print(journal.latest_seq, flush=True)
            await journal.flush(30.0)
            await journal.close()


if __name__ == "__main__":
    asyncio.run(_tell(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
