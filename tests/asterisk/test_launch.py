"""How Asterisk is run: by which way, as whom, seeing what."""

import os
import stat
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from callcenter.asterisk import launch
from callcenter.asterisk.launch import USER_ID, Installation, Launch, NoWayError, Way, choose
from callcenter.asterisk.plan import Plan
from callcenter.asterisk.provision import Ground
from callcenter.domain.errors import UnavailableError
from tests.asterisk.conftest import plan_in

LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_in(tmp_path)


def isolated(root: Path) -> Installation:
    loader = root / LIBRARIES.relative_to("/") / "ld-linux-x86-64.so.2"
    loader.parent.mkdir(parents=True)
    loader.touch()
    return Installation(
        root=root,
        version="22.10.1",
        program=Path("/usr/sbin/asterisk"),
        modules=LIBRARIES / "asterisk/modules",
        data=Path("/usr/share/asterisk"),
        libraries=LIBRARIES,
    )


def as_user(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_an_ordinary_user_runs_it_directly_as_himself(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 1000)

    chosen = choose(isolated(tmp_path / "root"), plan)
    command = chosen.command(plan)

    assert chosen.way is Way.DIRECT
    assert chosen.ground.owner is None
    assert chosen.ground.modules == tmp_path / "root" / LIBRARIES.relative_to("/") / "asterisk/modules"
    assert not {"setpriv", "unshare"} & set(command)
    assert command[-3:] == ["-f", "-C", str(plan.conf)]


def test_the_machines_own_asterisk_needs_no_loader_of_ours(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 1000)
    own = replace(isolated(tmp_path / "root"), root=Path("/"))

    assert choose(own, plan).command(plan)[-4:] == ["/usr/sbin/asterisk", "-f", "-C", str(plan.conf)]


def test_root_gives_it_another_user_and_a_root_of_its_own(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 0)
    monkeypatch.setattr(launch, "_no_namespace", lambda _: None)

    chosen = choose(isolated(tmp_path / "root"), plan)
    command = chosen.command(plan)
    inside = command[command.index("--") :]

    assert chosen.way is Way.NAMESPACE
    assert chosen.ground.owner == (USER_ID, USER_ID)
    assert command[:2] == ["unshare", "--mount"]
    assert {f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups", "--no-new-privs"} <= set(inside)
    assert [after for before, after in pairwise(command) if before == "rw"] == [str(folder) for folder in plan.writable]
    assert str(plan.home) not in command


def test_root_without_namespaces_runs_it_as_another_user_where_that_one_may_go(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 0)
    monkeypatch.setattr(launch, "_no_namespace", lambda _: "unshare: no")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)

    chosen = choose(isolated(tmp_path / "root"), plan)

    assert chosen.way is Way.DIRECT
    assert f"--reuid={USER_ID}" in chosen.command(plan)


def test_root_without_namespaces_opens_the_way_through_its_own_home_only(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 0)
    monkeypatch.setattr(launch, "_no_namespace", lambda _: "unshare: no")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    plan.log.mkdir(mode=0o700)

    choose(isolated(tmp_path / "root"), plan)

    assert stat.S_IMODE(plan.log.stat().st_mode) == 0o701


def test_root_without_namespaces_says_which_folder_bars_the_way(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 0)
    monkeypatch.setattr(launch, "_no_namespace", lambda _: "unshare: no")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(
        NoWayError, match=rf"must not run as root.*cannot enter {closed}, .*\(unshare: no\).*--home DIR"
    ):
        choose(isolated(closed / "root"), plan)


def test_in_a_plain_chroot_it_is_told_that_the_root_is_no_mount(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = tmp_path / "commands"
    commands.mkdir()
    said = "unshare: cannot change root filesystem propagation: Invalid argument"
    unshare = commands / "unshare"
    unshare.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    unshare.chmod(0o755)
    monkeypatch.setattr(launch, "environment", lambda: {"PATH": f"{commands}:{os.environ['PATH']}"})
    as_user(monkeypatch, 0)
    plan.folder.mkdir(parents=True, mode=0o700)
    tmp_path.chmod(0o700)

    with pytest.raises(NoWayError, match=rf"\({said}; in a chroot / must be a mount: bind its folder"):
        choose(isolated(tmp_path / "root"), plan)


def test_a_root_without_its_loader_is_named(plan: Plan, tmp_path: Path) -> None:
    found = isolated(tmp_path / "root")
    (tmp_path / "root" / LIBRARIES.relative_to("/") / "ld-linux-x86-64.so.2").unlink()
    direct = Launch(Way.DIRECT, found, Ground(found.modules, found.data))

    with pytest.raises(UnavailableError, match="no program loader; delete"):
        direct.command(plan)


def test_a_path_is_never_read_as_a_command(plan: Plan, tmp_path: Path) -> None:
    found = isolated(tmp_path / "a b '$(touch x)' root")
    command = Launch(Way.DIRECT, found, Ground(found.modules, found.data)).command(plan)
    shown = [*command[:3], command[3], "printf", "%s\\n", *command[4:]]

    said = subprocess.run(shown, capture_output=True, check=True, text=True, cwd=tmp_path).stdout

    assert said.splitlines() == command[4:]
    assert not (tmp_path / "x").exists()
