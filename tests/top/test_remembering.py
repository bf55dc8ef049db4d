import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from callcenter import remembering
from callcenter.home import Home
from callcenter.remembering import Remembering
from callcenter.roster import load_roster
from callcenter.settings import Settings
from callcenter.storage.units import Units
from tests.support.stores import eventually


async def test_a_database_that_is_away_at_the_start_is_taken_up_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MIGRATE_RETRY_SECONDS", 0.01)
    home = Home(tmp_path / "var")
    home.make()
    its_disk = tmp_path / "not mounted"
    settings = Settings(home=home.folder, database_url=f"sqlite:///{its_disk / 'calls.sqlite3'}")
    roster = load_roster(settings.agents_folder)
    remembers = Remembering(settings, home, roster)

    with capture_logs() as told:
        assert not await remembers.migrate()
        assert not await remembers.migrate()
        tried_again = asyncio.create_task(remembers.migrate_later())
        its_disk.mkdir()
        await eventually(tried_again.done)

    tried_again.result()
    assert [line["event"] for line in told if line["log_level"] == "error"] == [
        "the database is away; the journal goes to the spool meanwhile"
    ]
    assert {unit.id for unit in await Units(remembers.store).active()} == {unit.id for unit in roster.units}
    await remembers.close()
