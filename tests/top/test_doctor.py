import asyncio
import os
import resource
import shutil
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from callcenter.doctor import Finding, Grade, examine
from callcenter.home import Home, write_pid
from callcenter.home_secrets import secrets_of
from callcenter.settings import Settings
from callcenter.settings_sources import load_settings
from callcenter.storage.migrate import migrate

CHECKOUT = Path(__file__).parents[2]
Look = Callable[..., dict[str, list[Finding]]]


def settings_of(home: Path, **values: str) -> Settings:
    with socket.socket() as http, socket.socket() as ami, socket.socket(type=socket.SOCK_DGRAM) as sip:
        for one in (http, ami, sip):
            one.bind(("127.0.0.1", 0))
        ports = {
            "http": f"127.0.0.1:{http.getsockname()[1]}",
            "ami": str(ami.getsockname()[1]),
            "sip": f"127.0.0.1:{sip.getsockname()[1]}",
            "rtp": "21700-21799",
        }
    return load_settings(flags={"home": str(home), **ports, **values}, environment={}).settings


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def by_subject(**values: str) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for finding in examine(settings_of(tmp_path, **values)):
            found.setdefault(finding.subject, []).append(finding)
        return found

    return by_subject


def test_everything_a_run_needs_is_looked_at(look: Look) -> None:
    found = look()

    assert {"Python", "locale", "time zone", "clock", "disk", "open files", "home", "ports", "Asterisk", "voice"} < set(
        found
    )
    assert {"database", "rosters", "flows"} < set(found)
    for subject in ("Python", "home", "ports", "database", "rosters", "flows"):
        assert [finding.grade for finding in found[subject]] == [Grade.OK], found[subject]


def test_what_is_not_well_always_comes_with_advice(look: Look) -> None:
    every = [finding for findings in look(http="0.0.0.0:1").values() for finding in findings]

    assert all(finding.advice for finding in every if finding.grade is not Grade.OK)


def test_a_port_in_use_is_found(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    with socket.socket() as taken:
        taken.bind((settings.http.host, settings.http.port))
        taken.listen()

        (found,) = [finding for finding in examine(settings) if finding.subject == "ports"]

    assert found.grade is Grade.BAD
    assert f"port {settings.http.port} (TCP)" in found.found
    assert "--http" in found.advice


def test_a_running_hotline_is_no_fault(look: Look, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    write_pid(home.controller_pid, os.getpid())

    found = look()

    assert found["ports"] == [Finding(Grade.OK, "ports", "not looked at: this home's hotline runs")]
    assert f"process {os.getpid()} runs" in found["home"][0].found


def test_secrets_that_others_may_read_are_found(look: Look, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    secrets_of(home, [])
    home.secrets_file.chmod(0o644)

    (found, *_) = look()["home"]

    assert (found.grade, found.advice) == (Grade.BAD, f"chmod 600 {home.secrets_file}")


def test_damaged_secrets_are_found_and_stop_nothing_else(look: Look, tmp_path: Path) -> None:
    Home(tmp_path).secrets_file.write_text("{")

    found = look()

    assert any(finding.grade is Grade.BAD and "is damaged" in finding.found for finding in found["home"])
    assert "flows" in found


def test_a_cache_without_room_for_the_set_up_is_found(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "not yet"))
    whole = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: whole._replace(free=300 * 2**20))

    (found,) = look()["cache"]

    assert found.grade is Grade.WARN
    assert found.found == f"300 MB free at {tmp_path}"
    assert "XDG_CACHE_HOME" in found.advice


def test_a_cache_that_is_made_needs_no_more_room(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    program = tmp_path / "callcenter/asterisk-22/root/usr/sbin/asterisk"
    program.parent.mkdir(parents=True)
    program.touch()
    whole = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: whole._replace(free=300 * 2**20))

    assert look()["cache"][0].grade is Grade.OK


def test_a_cache_that_cannot_be_written_is_found(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shut"))
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path and may(path, mode))

    (found,) = look()["cache"]

    assert found.grade is Grade.BAD
    assert "cannot be written" in found.found


def test_an_address_of_another_machine_is_told_once(look: Look) -> None:
    (found,) = look(sip="192.0.2.77:5060")["ports"]

    assert found.found == "192.0.2.77 is no address of this machine"
    assert found.advice == "set the right one with --sip"


def test_a_full_disk_is_found(look: Look) -> None:
    (found,) = look(minimum_free_mb="10000000")["disk"]

    assert found.grade is Grade.WARN
    assert "minimum_free_mb" in found.advice


def test_a_low_limit_of_open_files_is_found(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (512, 512))

    (found,) = look()["open files"]

    assert (found.grade, found.found) == (Grade.BAD, "at most 512")


def test_a_voice_that_is_not_there_is_found(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = look(voice="cmn-martian")["voice"][0]
    monkeypatch.setenv("PATH", str(tmp_path))
    nothing = look()["voice"][0]

    assert without.grade is nothing.grade is Grade.BAD
    assert "apt install espeak-ng" in nothing.advice


def test_an_asterisk_of_somebody_else_that_does_not_answer_is_found(look: Look) -> None:
    (found,) = look(asterisk="127.0.0.1:9", asterisk_secret="s")["Asterisk"]

    assert found.grade is Grade.BAD
    assert "nobody answers at 127.0.0.1:9" in found.found


def test_a_machine_that_cannot_make_an_asterisk_is_told(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    (found, *_) = look(asterisk="made")["Asterisk"]

    assert found.grade is Grade.BAD
    assert "apt-get" in found.found


def test_the_cached_asterisk_is_seen(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    program = tmp_path / "cache/callcenter/asterisk-22/root/usr/sbin/asterisk"
    program.parent.mkdir(parents=True)
    program.write_text("")

    (found,) = look(asterisk="made")["Asterisk"]

    assert (found.grade, found.found) == (Grade.OK, f"made already, in {tmp_path}/cache/callcenter/asterisk-22")


@pytest.mark.parametrize(
    ("values", "subject", "words"),
    [
        ({"http": "0.0.0.0:1"}, "address", "without encryption"),
        ({"sip": "0.0.0.0:5999", "public_address": "192.0.2.9"}, "address", "192.0.2.9 is not this machine's"),
    ],
)
def test_what_others_can_reach_is_told(look: Look, values: dict[str, str], subject: str, words: str) -> None:
    assert any(finding.grade is Grade.WARN and words in finding.found for finding in look(**values)[subject])


def test_the_database_tells_its_version(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    asyncio.run(migrate(settings.database))

    (found,) = [finding for finding in examine(settings) if finding.subject == "database"]

    with sqlite3.connect(tmp_path / "callcenter.sqlite3") as connection:
        ((version,),) = connection.execute("SELECT version_num FROM alembic_version")
    connection.close()
    assert (found.grade, found.found) == (Grade.OK, f"sqlite+aiosqlite, tables of version {version}")


def test_a_database_that_is_away_is_found_without_its_password(look: Look) -> None:
    (found,) = look(database_url="postgresql://me:hush@127.0.0.1:9/x")["database"]

    assert found.grade is Grade.BAD
    assert "hush" not in found.found + found.advice


def test_mistakes_in_rosters_and_flows_are_found(look: Look, tmp_path: Path) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    flow = (CHECKOUT / "ivr_flows/direct.yaml").read_text(encoding="utf-8")
    (flows / "direct.yaml").write_text(flow.replace("next: person", "next: persn"), encoding="utf-8")

    found = look(flows_folder=str(flows), agents_folder=str(tmp_path / "none"))

    assert found["flows"][0].grade is Grade.BAD
    assert found["flows"][0].advice == "write 'person'"
    assert [finding.grade for finding in found["rosters"]] == [Grade.BAD, Grade.BAD]


def test_one_look_that_fails_stops_no_other(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shutil, "disk_usage", broken)

    found = look()

    assert found["disk"][0].grade is Grade.BAD
    assert "Input/output error" in found["disk"][0].found
    assert "flows" in found
