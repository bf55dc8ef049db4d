"""`callcenter figures`: what was shown is what the journal says, or it is named."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from callcenter.cli import main
from callcenter.domain.facts import SeatChanged
from callcenter.domain.figures.catalogue import DEFINITIONS
from callcenter.home import Home
from callcenter.storage.journal import Journal
from callcenter.storage.migrate import migrate
from tests.support.stores import NOON, Teller, new_call_id, seat, whole_call, writing

DAY = "2026-11-24"
Command = Callable[..., tuple[int, str]]

pytestmark = pytest.mark.usefixtures("no_settings_of_this_machine")


@pytest.fixture
def figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Give a figures command in a home in which two calls were answered on that day, and one goes on."""
    home = Home(tmp_path)
    home.make()
    url = f"sqlite:///{tmp_path / 'callcenter.sqlite3'}"

    async def a_day() -> None:
        await migrate(url)
        async with writing(Journal(url, home.spool)) as journal:
            teller = Teller(journal)
            teller.tell(SeatChanged(at=NOON, seat=seat()))
            for ends in (True, True, False):
                teller.tell(*whole_call(new_call_id(), ends=ends))

    asyncio.run(a_day())

    def command(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["figures", *words, "--home", str(tmp_path)])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "callcenter.sqlite3")) as connection, connection:
        assert connection.execute(statement).rowcount


def test_what_was_kept_is_what_the_journal_says(figures: Command) -> None:
    assert figures("keep", DAY)[0] == 0

    code, said = figures("recompute", DAY)

    assert code == 0, said
    assert f"equal: {len(DEFINITIONS)} figures" in said
    assert "provisional: a call of 2026-11-24 was going on" in said


def test_a_figure_that_was_shown_wrong_is_named(figures: Command, tmp_path: Path) -> None:
    figures("keep", DAY)
    change(tmp_path, """UPDATE figures_shown SET "values" = replace("values", '"2": [3, null]', '"2": [4, null]')""")

    code, said = figures("recompute", DAY)

    assert code == 1
    assert "2 answered: as shown 4 / —, from the journal 3 / —" in said
    assert "equal" not in said


def test_an_entry_that_was_taken_out_of_the_journal_shows(figures: Command, tmp_path: Path) -> None:
    figures("keep", DAY)
    change(tmp_path, "DELETE FROM journal WHERE kind = 'call.talking' AND seq < 15")

    code, said = figures("recompute", DAY)

    assert code == 1
    assert "4a connect_rate: as shown 3 / 3, from the journal 2 / 3" in said


def test_what_happens_later_changes_nothing_of_what_was_shown(figures: Command, tmp_path: Path) -> None:
    figures("keep", DAY)
    home = Home(tmp_path)

    async def more() -> None:
        async with writing(Journal(f"sqlite:///{tmp_path / 'callcenter.sqlite3'}", home.spool)) as journal:
            Teller(journal).tell(*whole_call(new_call_id()))

    asyncio.run(more())

    code, said = figures("recompute", DAY)
    assert code == 0, said


def test_a_day_of_which_nothing_is_known_says_so(figures: Command) -> None:
    assert figures("recompute", DAY)[0] == 2
    assert figures("recompute", "2026-11-31") == (2, "callcenter: '2026-11-31' is no day; write it as 2026-03-02\n")
    assert figures("show", DAY)[0] == 2  # no hotline runs from here
