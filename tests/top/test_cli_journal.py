import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from callcenter.cli import main
from callcenter.domain.facts import SeatChanged
from callcenter.home import Home
from callcenter.storage.journal import Journal
from callcenter.storage.migrate import migrate
from tests.support.stores import NOON, Teller, new_call_id, seat, whole_call, writing

Command = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("no_settings_of_this_machine")


@pytest.fixture
def journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Give a journal command in a home in which two calls were answered."""
    home = Home(tmp_path)
    home.make()
    url = f"sqlite:///{tmp_path / 'callcenter.sqlite3'}"

    async def two_calls() -> None:
        await migrate(url)
        async with writing(Journal(url, home.spool)) as journal:
            teller = Teller(journal)
            teller.tell(SeatChanged(at=NOON, seat=seat()))
            for _ in range(2):
                teller.tell(*whole_call(new_call_id()))

    asyncio.run(two_calls())

    def command(word: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["journal", word, "--home", str(tmp_path)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "callcenter.sqlite3")) as connection, connection:
        connection.execute(statement)


def count(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "callcenter.sqlite3")) as connection:
        number: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return number


def test_an_untouched_journal_is_proven(journal: Command, tmp_path: Path) -> None:
    entries = count(tmp_path, "journal")

    assert journal("verify") == (0, f"ok: {entries} entries, all as they were written\n", "")
    assert entries > 10


def test_a_changed_entry_is_found(journal: Command, tmp_path: Path) -> None:
    change(tmp_path, "UPDATE journal SET kind = 'call.held' WHERE seq = 7")

    code, out, err = journal("verify")

    assert code == 1
    assert "entry 7 is not what was written" in out
    assert "not all are what was written" in err


def test_removed_entries_are_found(journal: Command, tmp_path: Path) -> None:
    change(tmp_path, "DELETE FROM journal WHERE seq IN (3, 4, 9)")

    code, out, _ = journal("verify")

    assert code == 1
    assert "entries 3 to 4 are missing" in out
    assert "entry 9 is missing" in out


def test_a_removed_end_is_found(journal: Command, tmp_path: Path) -> None:
    last = count(tmp_path, "journal")
    change(tmp_path, f"DELETE FROM journal WHERE seq = {last}")

    code, out, _ = journal("verify")

    assert code == 1
    assert f"entry {last} is missing at the end" in out


def test_damaged_tables_are_built_anew(journal: Command, tmp_path: Path) -> None:
    change(tmp_path, "DELETE FROM legs")
    change(tmp_path, "DELETE FROM recordings")
    change(tmp_path, "UPDATE calls SET seat = '9999'")

    code, out, _ = journal("rebuild")

    assert (code, out) == (0, "2 calls and 1 seats are built anew from the journal\n")
    assert count(tmp_path, "calls") == 2
    assert count(tmp_path, "legs") >= 2
    assert count(tmp_path, "calls WHERE seat = '9999'") == 0


def test_without_a_database_the_journal_cannot_be_proven(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code = main(["journal", "verify", "--home", str(tmp_path)])

    assert code == 2
    assert (
        capsys.readouterr().err == f"callcenter: there is no journal in {tmp_path} yet; it is made at the first start\n"
    )
    assert list(tmp_path.iterdir()) == []
