"""The list of webhooks and the certificate of the broker's authority, from a backup into a home on a new machine."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from callcenter.backup.make import Made, make_backup
from callcenter.backup.restore import Restored, restore
from callcenter.domain.errors import UnavailableError
from callcenter.home import Home
from callcenter.home_secrets import secrets_of
from callcenter.settings import Settings
from callcenter.settings_sources import load_settings
from callcenter.webhook_list import load_webhooks
from tests.support.stores import Database, database, made

HOOKS = f'[[webhook]]\nid = "city"\nurl = "https://events.example/hotline"\nsecret = "whsec_{"A" * 32}"\n'
NEWER_HOOKS = HOOKS.replace("city", "town")
AUTHORITY = "-----BEGIN CERTIFICATE-----\n"
BROKER = 'mqtt_url = "mqtts://broker.example"\n'


@pytest.fixture
async def home(tmp_path: Path) -> Home:
    """A home as a run leaves it; it has no settings yet."""
    home = Home(tmp_path / "home")
    home.make()
    secrets_of(home, ["8001"])
    await made(Database(f"sqlite:///{home.database}", home.spool))
    return home


@pytest.fixture
def new(tmp_path: Path) -> Home:
    return Home(tmp_path / "new")


def named(folder: Path) -> tuple[Path, Path]:
    """Make both files in a folder."""
    folder.mkdir(exist_ok=True)
    hooks, authority = folder / "hooks.toml", folder / "authority.pem"
    hooks.touch(mode=0o600)
    hooks.write_text(HOOKS, "utf-8")
    authority.write_text(AUTHORITY, "utf-8")
    return hooks, authority


def settings_of(home: Home, environment: Mapping[str, str] | None = None) -> Settings:
    return load_settings(flags={"home": str(home.folder)}, environment=environment or {}).settings


async def backed_up(home: Home, environment: Mapping[str, str] | None = None) -> Made:
    return await make_backup(settings_of(home, environment), home.folder.parent / "backups")


async def restored(backup: Made, home: Home, *, force: bool = False) -> Restored:
    return await restore(backup.folder, home.folder, force=force, assignments=(), environment={})


def without_named_files(backup: Made) -> Made:
    """Make it what a version wrote that did not take them."""
    file = backup.folder / "manifest.json"
    written = json.loads(file.read_text("utf-8"))
    for name in ("webhooks.toml", "mqtt-ca.pem"):
        del written["files"][name]
        (backup.folder / name).unlink()
    file.write_text(json.dumps(written), "utf-8")
    return backup


def assert_both_are_in(home: Home, hooks: Path, authority: Path) -> None:
    settings = settings_of(home)
    assert (settings.webhooks_file, settings.mqtt_ca_file) == (hooks, authority)
    assert [webhook.id for webhook in load_webhooks(settings.webhooks_file)] == ["city"]
    assert authority.read_text("utf-8") == AUTHORITY
    assert {stat.S_IMODE(path.stat().st_mode) for path in (hooks, authority)} == {0o600}


async def test_files_named_outside_the_home_come_into_the_restored_one_and_its_settings_name_them(
    home: Home, new: Home, tmp_path: Path
) -> None:
    hooks, authority = named(tmp_path / "srv")
    home.settings_file.write_text(
        f'hotline = "12345"\n  webhooks_file = "{hooks}"  # chmod 600\n{BROKER}"mqtt_ca_file" = \'{authority}\'\n'
    )
    backup = await backed_up(home)
    hooks.unlink()
    authority.unlink()

    back = await restored(backup, new)

    assert_both_are_in(new, new.folder / "webhooks.toml", new.folder / "mqtt-ca.pem")
    assert f"webhooks_file is now {new.folder}/webhooks.toml; it was {hooks}" in back.notes
    assert f"mqtt_ca_file is now {new.folder}/mqtt-ca.pem; it was {authority}" in back.notes
    assert settings_of(new).hotline == "12345"


async def test_files_named_in_the_home_keep_their_place_in_it(home: Home, new: Home) -> None:
    named(home.folder / "outside")
    told = f'webhooks_file = "outside/hooks.toml"\n{BROKER}mqtt_ca_file = "outside/authority.pem"\n'
    home.settings_file.write_text(told)

    back = await restored(await backed_up(home), new)

    assert_both_are_in(new, new.folder / "outside/hooks.toml", new.folder / "outside/authority.pem")
    assert new.settings_file.read_text("utf-8").endswith(told)
    assert not any("webhooks_file" in note or "mqtt_ca_file" in note for note in back.notes)


async def test_a_name_that_leads_out_of_the_home_is_not_written_to(home: Home, tmp_path: Path) -> None:
    hooks, _ = named(tmp_path / "srv")
    home.settings_file.write_text('webhooks_file = "../srv/hooks.toml"\n')
    backup = await backed_up(home)
    hooks.write_text(NEWER_HOOKS, "utf-8")
    new = Home(tmp_path / "new")

    await restored(backup, new)

    assert settings_of(new).webhooks_file == new.folder / "webhooks.toml"
    assert hooks.read_text("utf-8") == NEWER_HOOKS


async def test_a_list_of_webhooks_that_the_environment_named_is_named_by_the_settings_of_the_restored_home(
    home: Home, new: Home, tmp_path: Path
) -> None:
    hooks, _ = named(tmp_path / "srv")
    home.settings_file.write_text('webhooks_file = ""\nhotline = "12345"\n')
    backup = await backed_up(home, {"CALLCENTER_WEBHOOKS_FILE": str(hooks)})
    home.settings_file.unlink()
    second = await backed_up(home, {"CALLCENTER_WEBHOOKS_FILE": str(hooks)})

    await restored(backup, new)
    await restored(second, other := Home(tmp_path / "other"))

    assert settings_of(new).webhooks_file == new.folder / "webhooks.toml"
    assert settings_of(other).webhooks_file == other.folder / "webhooks.toml"


async def test_a_certificate_that_the_environment_named_is_named_beside_the_broker_of_the_settings(
    home: Home, new: Home, tmp_path: Path
) -> None:
    _, authority = named(tmp_path / "srv")
    home.settings_file.write_text(BROKER)

    await restored(await backed_up(home, {"CALLCENTER_MQTT_CA_FILE": str(authority)}), new)

    assert settings_of(new).mqtt_ca_file == new.folder / "mqtt-ca.pem"


async def test_a_certificate_whose_broker_the_environment_named_is_there_and_does_not_bar_the_start(
    home: Home, new: Home, tmp_path: Path
) -> None:
    """Settings that name a certificate and no broker would be refused."""
    _, authority = named(tmp_path / "srv")
    environment = {"CALLCENTER_MQTT_URL": "mqtts://broker.example", "CALLCENTER_MQTT_CA_FILE": str(authority)}

    back = await restored(await backed_up(home, environment), new)

    assert settings_of(new).mqtt_ca_file is None
    assert (new.folder / "mqtt-ca.pem").read_text("utf-8") == AUTHORITY
    assert f"mqtt_ca_file is not in the settings; write {new.folder}/mqtt-ca.pem where mqtt_url is set" in back.notes


async def test_a_setting_written_over_several_lines_is_left_and_told(home: Home, new: Home, tmp_path: Path) -> None:
    hooks, _ = named(tmp_path / "srv")
    told = f'webhooks_file = """\n{hooks}"""\n'
    home.settings_file.write_text(told)

    back = await restored(await backed_up(home), new)

    assert new.settings_file.read_text("utf-8").endswith(told)
    assert (new.folder / "webhooks.toml").read_text("utf-8") == HOOKS
    assert f"webhooks_file is still {hooks}; write {new.folder}/webhooks.toml for it" in back.notes


async def test_the_text_of_another_setting_is_not_taken_for_one(home: Home, new: Home, tmp_path: Path) -> None:
    hooks, _ = named(tmp_path / "srv")
    told = 'dial_out = """(?x)\nwebhooks_file = "a"\n|1[0-9]+"""\n'
    home.settings_file.write_text(f'{told}webhooks_file = "{hooks}"\n')

    await restored(await backed_up(home), new)

    assert settings_of(new).dial_out == settings_of(home).dial_out
    assert settings_of(new).webhooks_file == new.folder / "webhooks.toml"


async def test_a_backup_of_an_earlier_version_is_restored_and_says_which_files_it_lacks(
    home: Home, new: Home, tmp_path: Path
) -> None:
    hooks, _ = named(tmp_path / "srv")
    named(home.folder)
    home.settings_file.write_text(f'webhooks_file = "{hooks}"\n{BROKER}mqtt_ca_file = "authority.pem"\n')
    backup = without_named_files(await backed_up(home))

    back = await restored(backup, new)

    assert f"webhooks_file is {hooks}, which this backup does not hold; see that it is there" in back.notes
    lacking = new.folder / "authority.pem"
    assert f"mqtt_ca_file is {lacking}, which this backup does not hold; see that it is there" in back.notes


async def test_a_backup_of_an_earlier_version_leaves_the_files_of_the_home_in_their_place(home: Home) -> None:
    hooks, authority = named(home.folder)
    home.settings_file.write_text(f'webhooks_file = "hooks.toml"\n{BROKER}mqtt_ca_file = "authority.pem"\n')
    backup = without_named_files(await backed_up(home))

    await restored(backup, home, force=True)

    assert (hooks.read_text("utf-8"), authority.read_text("utf-8")) == (HOOKS, AUTHORITY)
    assert settings_of(home).webhooks_file == hooks


async def test_a_list_that_a_restore_replaces_is_laid_aside(home: Home) -> None:
    hooks, authority = named(home.folder / "outside")
    home.settings_file.write_text(f'webhooks_file = "{hooks}"\n{BROKER}mqtt_ca_file = "outside/authority.pem"\n')
    backup = await backed_up(home)
    hooks.write_text(NEWER_HOOKS, "utf-8")

    back = await restored(backup, home, force=True)

    assert_both_are_in(home, hooks, authority)
    assert back.replaced is not None
    assert (back.replaced / "webhooks.toml").read_text("utf-8") == NEWER_HOOKS


async def test_a_restore_that_fails_puts_the_list_back_where_it_stood(home: Home, tmp_path: Path) -> None:
    hooks, _ = named(home.folder / "outside")
    db = await made(database("sqlite", tmp_path))
    home.settings_file.write_text(f'webhooks_file = "outside/hooks.toml"\ndatabase_url = "{db.url}"\n')
    backup = await backed_up(home)
    hooks.write_text(NEWER_HOOKS, "utf-8")
    db.file.with_name("callcenter.sqlite3.restoring").mkdir()

    with pytest.raises(UnavailableError, match="cannot be written"):
        await restored(backup, home, force=True)

    assert hooks.read_text("utf-8") == NEWER_HOOKS
    assert not list(home.folder.glob("replaced-*"))


async def test_a_list_among_the_rosters_is_not_restored_for_everybody_to_read(
    home: Home, new: Home, tmp_path: Path
) -> None:
    hooks, _ = named(tmp_path / "site")
    (tmp_path / "site" / "seats.yaml").touch()
    environment = {"CALLCENTER_AGENTS_FOLDER": os.fspath(hooks.parent), "CALLCENTER_WEBHOOKS_FILE": os.fspath(hooks)}

    await restored(await backed_up(home, environment), new)

    assert (new.folder / "agents" / "seats.yaml").exists()
    holding = [path for path in new.folder.rglob("*.toml") if path.read_text("utf-8") == HOOKS]
    assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}


async def test_named_files_stand_in_the_backup_for_its_owner_alone(home: Home, tmp_path: Path) -> None:
    hooks, authority = named(tmp_path / "srv")
    home.settings_file.write_text(f'webhooks_file = "{hooks}"\n{BROKER}mqtt_ca_file = "{authority}"\n')

    backup = await backed_up(home)

    assert {"webhooks.toml", "mqtt-ca.pem"} <= set(backup.manifest.files)
    kept = [backup.folder / name for name in ("webhooks.toml", "mqtt-ca.pem")]
    assert [path.read_text("utf-8") for path in kept] == [HOOKS, AUTHORITY]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
