"""Finding an Asterisk, or making one: with commands of our own in the place of apt's and Debian's."""

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from callcenter.asterisk import debian_root, installation
from callcenter.asterisk.debian_root import make_root, mirror
from callcenter.asterisk.installation import find_or_make, is_new_enough, locked, machines_own, version_in
from callcenter.asterisk.launch import Installation, NoWayError
from callcenter.asterisk.plan import TEMPLATES
from callcenter.domain.errors import UnavailableError

MODULES = "usr/lib/x86_64-linux-gnu/asterisk/modules"
VERSION = "Asterisk 22.10.1+dfsg+~cs6.17.60671434-1"

Command = Callable[[str, str], None]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give a way to put a command of our own on the path, before all others."""
    folder = tmp_path / "commands"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name: str, script: str) -> None:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return put


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take the place of the trial call; gives which versions were tried."""
    versions: list[str] = []

    async def try_out(found: Installation) -> None:
        versions.append(found.version)

    monkeypatch.setattr(installation, "try_out", try_out)
    return versions


def debian(command: Command, *, version: str = VERSION, spoken: str = "", first: str = "") -> None:
    """Put an apt and an mmdebstrap on the path that make a root with an Asterisk which only knows its version."""
    modules = " ".join(
        line.split("=")[1].strip()
        for line in (TEMPLATES / "modules.conf").read_text().splitlines()
        if line.startswith("load")
    )
    command("apt-get", 'echo "Packages http://mirror.example/debian bookworm Debian"')
    command("apt-config", "echo 'Acquire::http::Proxy \"http://proxy.example:3128\";'; echo 'Dir \"/\";'")
    command(
        "mmdebstrap",
        f"""
        printf '%s\\n' "$@" > "$0.arguments"
        {first}
        root=''
        for word in "$@"; do case "$word" in /*) root=$word;; esac; done
        echo '0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.'
        echo 'Get:1 http://mirror.example/debian sid/main amd64 libc6 amd64 2.43-7 [1 kB]'
        {spoken}
        mkdir -p "$root/usr/sbin" "$root/{MODULES}" "$root/usr/share/asterisk" "$root/etc" "$root/usr/share/doc/a"
        cd "$root/{MODULES}" && touch {modules}
        printf '#!/bin/sh\\necho "{version}"\\n' > "$root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
        chmod 755 "$root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
        touch "$root/usr/sbin/asterisk"
        """,
    )


def arguments(tmp_path: Path) -> list[str]:
    return (tmp_path / "commands" / "mmdebstrap.arguments").read_text().splitlines()


@pytest.mark.parametrize(
    ("said", "version", "good"),
    [
        (VERSION, "22.10.1", True),
        ("Asterisk 22.10.0", "22.10.0", False),
        ("Asterisk 22.9.5", "22.9.5", False),
        ("Asterisk 22.11.0~rc1", "22.11.0", True),
        ("Asterisk 22.11", "22.11", True),
        ("Asterisk 20.18.1~dfsg", "20.18.1", False),
        ("Asterisk 23.1.0", "23.1.0", False),
        ("Asterisk certified/20.7-cert2", "20.7", False),
        ("Asterisk GIT-22-abc", None, False),
        ("", None, False),
    ],
)
def test_a_version_is_read_and_judged(said: str, version: str | None, good: bool) -> None:  # noqa: FBT001
    assert version_in(said) == version
    assert is_new_enough(version) is good


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo Asterisk 20.6.0", "20.6.0; 22.10.1 or newer"),
        ("exit 1", "unknown version"),
        (f"echo {VERSION}", "place that is not known|lacks"),
    ],
)
def test_a_machines_own_that_will_not_do_is_left_alone_and_said(command: Command, script: str, why: str) -> None:
    command("asterisk", script)
    told: list[str] = []

    assert machines_own(told.append) is None
    assert [line for line in told if any(part in line for part in why.split("|"))]


async def test_one_is_made_once_tried_once_and_then_found(command: Command, tried: list[str], tmp_path: Path) -> None:
    debian(command)
    told: list[str] = []

    made = await find_or_make(tmp_path / "cache", tell=told.append, own=False)
    command("mmdebstrap", "exit 1")
    found = await find_or_make(tmp_path / "cache", tell=told.append, own=False)

    assert made == found
    assert made.root == tmp_path / "cache/asterisk-22/root"
    assert made.modules == Path("/") / MODULES
    assert tried == ["22.10.1"]
    assert not list((tmp_path / "cache/asterisk-22").glob("*making*"))


async def test_it_is_made_by_what_apt_says_and_nothing_of_it_is_run(
    command: Command, tried: list[str], tmp_path: Path
) -> None:
    debian(command)

    await find_or_make(tmp_path / "cache", tell=lambda _: None, own=False)

    said = arguments(tmp_path)
    assert said[-3:] == ["sid", str(tmp_path / "cache/asterisk-22/root.making"), "http://mirror.example/debian"]
    assert '--aptopt=Acquire::http::Proxy "http://proxy.example:3128"' in said
    assert {"--variant=extract", "--mode=chrootless"} <= set(said)
    assert not [word for word in said if "Valid-Until" in word or "trusted" in word]


async def test_an_expired_package_list_is_taken_at_the_second_try_and_said(
    command: Command, tried: list[str], tmp_path: Path
) -> None:
    expired = "echo 'E: Release file for http://mirror.example/debian/dists/sid/InRelease is expired'"
    debian(command, first=f'case "$*" in *Valid-Until*) ;; *) {expired}; exit 1;; esac')
    told: list[str] = []

    await find_or_make(tmp_path / "cache", tell=told.append, own=False)

    assert [line for line in told if "older than it promises" in line]
    assert '--aptopt=Acquire::Check-Valid-Until "false"' in arguments(tmp_path)


async def test_a_failure_says_what_debian_said_and_leaves_nothing_half_made(
    command: Command, tried: list[str], tmp_path: Path
) -> None:
    debian(command, spoken="echo 'E: Unable to locate package asterisk'; exit 100")

    with pytest.raises(UnavailableError, match="Unable to locate package asterisk"):
        await find_or_make(tmp_path / "cache", tell=lambda _: None, own=False)

    assert not (tmp_path / "cache/asterisk-22/root").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "E: You don't have enough free space in /cache/archives/.",
            r"the disk of .*cache/asterisk-22 is full; .*XDG_C",
        ),
        ("tar: usr/lib/x: Cannot write: No space left on device", "is full"),
        ("E: Failed to fetch InRelease  Temporary failure resolving 'mirror.example'", "mirror cannot be reached"),
        ("E: Could not connect to mirror.example:80", "mirror cannot be reached"),
    ],
)
async def test_a_full_disk_and_a_missing_network_are_told_in_words_and_leave_the_disk_as_it_was(
    command: Command, tmp_path: Path, words: str, told: str
) -> None:
    debian(command, spoken=f'mkdir -p "$root"; touch "$root/half"; echo "{words}"; echo "E: mmdebstrap failed"; exit 1')

    with pytest.raises(UnavailableError, match=rf"{told}.*; start again$"):
        await find_or_make(tmp_path / "cache", tell=lambda _: None, own=False)

    assert [path.name for path in (tmp_path / "cache/asterisk-22").iterdir()] == ["lock"]


async def test_a_version_that_is_too_old_is_not_taken(command: Command, tried: list[str], tmp_path: Path) -> None:
    debian(command, version="Asterisk 22.9.0")

    with pytest.raises(UnavailableError, match=r"gave Asterisk 22\.9\.0"):
        await find_or_make(tmp_path / "cache", tell=lambda _: None, own=False)

    assert tried == []


async def test_what_a_broken_attempt_left_is_made_anew(command: Command, tried: list[str], tmp_path: Path) -> None:
    debian(command)
    folder = tmp_path / "cache/asterisk-22"
    (folder / "root.making/usr").mkdir(parents=True)
    (folder / "root/usr/sbin").mkdir(parents=True)
    (folder / "root/usr/sbin/asterisk").touch()

    assert (await find_or_make(tmp_path / "cache", tell=lambda _: None, own=False)).version == "22.10.1"


async def test_one_that_fails_its_trial_is_not_taken_and_tried_again_next_time(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    debian(command)
    times: list[int] = []

    async def try_out(_: Installation) -> None:
        times.append(1)
        raise UnavailableError("no Voice")

    monkeypatch.setattr(installation, "try_out", try_out)

    for _ in range(2):
        with pytest.raises(UnavailableError, match="did not pass its trial: no Voice; delete"):
            await find_or_make(tmp_path / "cache", tell=lambda _: None, own=False)

    assert len(times) == 2


async def test_a_machine_that_bars_every_way_is_not_blamed_on_the_asterisk(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    debian(command)

    async def try_out(_: Installation) -> None:
        raise NoWayError("its user cannot enter /closed")

    monkeypatch.setattr(installation, "try_out", try_out)

    with pytest.raises(NoWayError, match=r"^its user cannot enter /closed$"):
        await find_or_make(tmp_path / "cache", tell=lambda _: None, own=False)


async def test_two_homes_make_one_asterisk(command: Command, tried: list[str], tmp_path: Path) -> None:
    debian(command, spoken=f"echo made >> {tmp_path}/made")
    told: list[str] = []

    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(find_or_make(tmp_path / "cache", tell=told.append, own=False)) for _ in range(2)]

    assert both[0].result() == both[1].result()
    assert (tmp_path / "made").read_text() == "made\n"
    assert [line for line in told if line.startswith("waiting: another hotline")]


async def test_a_lock_is_held_by_one_and_goes_on_to_the_next(tmp_path: Path) -> None:
    entered = asyncio.Event()

    async def enter() -> None:
        async with locked(tmp_path / "lock", tell=lambda _: None):
            entered.set()

    async with asyncio.TaskGroup() as tasks:
        async with locked(tmp_path / "lock", tell=lambda _: None):
            tasks.create_task(enter())
            await asyncio.sleep(0.1)
            assert not entered.is_set()
        async with asyncio.timeout(5):
            await entered.wait()

    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


async def test_a_long_step_tells_how_far_it_is(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    debian(command, spoken=f'while [ ! -e "{tmp_path}/go" ]; do sleep 0.02; done')
    monkeypatch.setattr(debian_root, "SHOWN_EVERY_SECONDS", 0.05)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if "%" in line:
            (tmp_path / "go").touch()

    await make_root(tmp_path / "root", tell=tell)

    assert [line for line in told if "30 % - fetching libc6 (1 of 2)" in line]


async def test_one_that_stands_still_is_ended(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    debian(command, spoken="sleep 1000")
    monkeypatch.setattr(debian_root, "SHOWN_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(debian_root, "STALLED_SECONDS", 0.3)

    with pytest.raises(UnavailableError, match="nothing happened"):
        await make_root(tmp_path / "root", tell=lambda _: None)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (
            [
                "Packages http://security.example/debian-security bookworm-security Debian",
                "Packages http://a/debian bookworm Debian",
            ],
            ["http://a/debian"],
        ),
        (
            ["Packages https://other.example/node nodistro .", "Packages https://local/pool bookworm Debian"],
            ["https://local/pool"],
        ),
        (["Sources http://a/debian bookworm Debian"], []),
        (["Packages http://a/debian/ bookworm "], ["http://a/debian"]),
        ([], []),
    ],
)
async def test_the_mirror_is_the_one_that_apt_uses(command: Command, lines: list[str], found: list[str]) -> None:
    command("apt-get", "\n".join(f"echo '{line}'" for line in lines) or "true")

    assert await mirror() == found


async def test_a_machine_without_apt_is_told_what_it_can_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UnavailableError, match=r"apt-get.*install Asterisk"):
        await make_root(tmp_path / "root", tell=lambda _: None)
