"""A backup becomes the home of a service user that was only just made, by root and by that user himself."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.backup.make import make_backup
from callcenter.backup.manifest import BackupError
from callcenter.backup.restore import Restored, restore
from callcenter.domain.errors import UnavailableError
from callcenter.home import Home
from callcenter.home_secrets import secrets_of
from callcenter.settings_sources import load_settings
from tests.support.stores import Database, made

SERVICE = (59_381, 59_382)
"""User and group of the service; nobody else's on any machine that runs tests."""
BY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")


@pytest.fixture(autouse=True)
def nobody_else() -> Iterator[None]:
    """What a restore writes is citizens' data: the command line has it so, too."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
async def backup(tmp_path: Path) -> Path:
    """A backup with a flow's recorded sound and a recording in it."""
    home = Home(tmp_path / "home")
    home.make()
    secrets_of(home, ["8001"])
    await made(Database(f"sqlite:///{home.database}", home.spool))
    for name in ("ivr_flows/sounds/zh/welcome.wav", "agents/seats.yaml", "recordings/2026/11/24/1.wav"):
        path = home.folder / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"RIFF")
    home.settings_file.write_text('agents_folder = "agents"\nflows_folder = "ivr_flows"\n', "utf-8")
    settings = load_settings(flags={"home": str(home.folder)}, environment={}).settings
    return (await make_backup(settings, tmp_path / "backups")).folder


@pytest.fixture
def fresh(tmp_path: Path) -> Home:
    """A home as `useradd --create-home` and a first look around leave it."""
    home = Home(tmp_path / "callcenter")
    home.folder.mkdir(mode=0o755)
    for name in (".bashrc", ".profile", ".bash_logout", ".cache/callcenter/setup.log", ".config/any/thing"):
        path = home.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return home


async def restored(backup: Path, home: Home) -> Restored:
    return await restore(backup, home.folder, force=False, assignments=(), environment={})


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_what_the_system_has_hidden_in_a_new_users_home_is_no_content(backup: Path, fresh: Home) -> None:
    await restored(backup, fresh)

    assert fresh.secrets_file.exists()
    assert (fresh.folder / ".bashrc").exists()


@pytest.mark.parametrize("name", ["notes.txt", "ivr_flows/.hidden", "recordings/2026/1.wav"])
async def test_any_other_file_still_makes_a_home_one_that_is_not_empty(backup: Path, fresh: Home, name: str) -> None:
    path = fresh.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")

    with pytest.raises(BackupError, match=rf"not empty \({name}\)"):
        await restored(backup, fresh)


async def test_asterisks_user_reaches_the_sounds_of_restored_flows_and_nothing_of_citizens(
    backup: Path, fresh: Home
) -> None:
    await restored(backup, fresh)

    sounds = fresh.folder / "ivr_flows/sounds/zh"
    assert [mode(folder) for folder in (sounds, sounds.parent, sounds.parents[1])] == [0o755] * 3
    assert mode(sounds / "welcome.wav") == 0o644
    assert mode(fresh.recordings / "2026/11/24") == 0o700


@BY_ROOT
async def test_root_leaves_nothing_in_a_home_that_its_owner_cannot_open(backup: Path, fresh: Home) -> None:
    os.chown(fresh.folder, *SERVICE)

    await restored(backup, fresh)

    hidden = [path for path in fresh.folder.iterdir() if path.name.startswith(".")]
    ours = [path for path in fresh.folder.rglob("*") if not any(path.is_relative_to(each) for each in hidden)]
    assert fresh.run / "home.lock" in ours
    assert {(path.stat().st_uid, path.stat().st_gid) for path in ours} == {SERVICE}


@BY_ROOT
async def test_after_a_restore_that_failed_the_homes_owner_can_still_hold_it(
    backup: Path, fresh: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(fresh.folder, *SERVICE)

    async def refuse(*_: object, **__: object) -> None:
        raise UnavailableError("the database cannot be written")

    monkeypatch.setattr("callcenter.backup.restore.put_back", refuse)
    with pytest.raises(UnavailableError):
        await restored(backup, fresh)

    assert (fresh.run / "home.lock").stat().st_uid == SERVICE[0]
