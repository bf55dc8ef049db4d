import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callcenter.domain.units import Unit
from callcenter.home import Home, HomeError, HomeInUseError, forget_pid, read_pid, write_pid
from callcenter.home_secrets import Secrets, known_secrets, read_demo, secrets_of, write_demo


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "var")
    home.make()
    return home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_home_has_every_folder_and_lets_asterisks_user_pass(home: Home) -> None:
    passable = (home.folder, home.run, home.recordings, home.incoming, home.asterisk, home.prompts)

    assert all(mode(folder) & 0o001 for folder in passable)
    assert all(mode(folder) == 0o700 for folder in (home.log, home.spool))


def test_making_a_home_again_changes_no_rights(home: Home) -> None:
    home.incoming.chmod(0o770)

    home.make()

    assert mode(home.incoming) == 0o770


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(HomeError, match=r"cannot be made .*choose another with --home"):
        Home(tmp_path / "file" / "var").make()


def test_secrets_are_made_once_and_fit_any_line(home: Home) -> None:
    made = secrets_of(home, ["8001", "8002"])

    assert secrets_of(home, ["8001", "8002"]) == made == known_secrets(home)
    everyone = [made.api_token, made.ami_secret, *made.seat_passwords.values()]
    assert len(set(everyone)) == 4
    assert all(len(secret) == 32 and not set(secret) & set("; \t\n=\"'#,") for secret in everyone)
    assert mode(home.secrets_file) == 0o600


def test_a_new_seat_gets_a_password_and_the_others_keep_theirs(home: Home) -> None:
    before = secrets_of(home, ["8001"])

    after = secrets_of(home, ["8002"])

    assert after.seat_passwords["8001"] == before.seat_passwords["8001"]
    assert set(after.seat_passwords) == {"8001", "8002"}
    assert after.api_token == before.api_token


def test_secrets_that_others_could_read_are_closed_again(home: Home) -> None:
    secrets_of(home, [])
    home.secrets_file.chmod(0o644)

    secrets_of(home, [])

    assert mode(home.secrets_file) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"api_token": "hush-hush-hush-hush", "ami_secret": "a;b", "seat_passwords": {}}',
        '{"api_token": "hush-hush-hush-hush", "ami_secret": "hush-hush-hush-hush", "seat_passwords": {"80\\n": "x"}}',
        '{"api_token": 5, "ami_secret": 5, "seat_passwords": 5}',
    ],
)
def test_damaged_secrets_are_told_and_never_overwritten(home: Home, content: str) -> None:
    home.secrets_file.write_text(content)

    with pytest.raises(HomeError, match="is damaged; put it back from a backup") as refused:
        secrets_of(home, ["8001"])

    assert home.secrets_file.read_text() == content
    assert "hush" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_demo_file_is_what_the_contract_says_and_closed(home: Home) -> None:
    write_demo(
        home,
        hotline="12345",
        sip="127.0.0.1:5060",
        http="http://127.0.0.1:8080",
        ami="127.0.0.1:5038",
        trunk="127.0.0.1:5080",
        secrets=Secrets(api_token="t", ami_secret="a", seat_passwords={"8001": "p", "8002": "q"}),
        operators={"8001": "王秀兰"},
        units=[Unit(id="water", name="水务局", number="02", parent="city")],
    )

    assert read_demo(home) == {
        "hotline": "12345",
        "sip": "127.0.0.1:5060",
        "http": "http://127.0.0.1:8080",
        "ami": "127.0.0.1:5038",
        "trunk": "127.0.0.1:5080",
        "api_token": "t",
        "seats": [{"extension": "8001", "sip_password": "p", "operator": "王秀兰"}],
        "units": [{"id": "water", "name": "水务局", "number": "02"}],
    }
    assert mode(home.demo_file) == 0o600


def test_a_file_is_whole_or_not_there(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = secrets_of(home, ["8001"])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HomeError, match=r"cannot be written .No space left"):
        secrets_of(home, ["8002"])
    monkeypatch.undo()

    assert known_secrets(home) == before
    assert set(secrets_of(home, ["8002"]).seat_passwords) == {"8001", "8002"}


def test_a_damaged_demo_file_is_told(home: Home) -> None:
    assert read_demo(home) is None

    home.demo_file.write_text("{")

    with pytest.raises(HomeError, match=r"demo\.json is damaged; it is written anew"):
        read_demo(home)


@pytest.fixture
def other_process(home: Home) -> Iterator[subprocess.Popen[str]]:
    """Holds the home until its input closes."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom callcenter.home import Home\n"
        "with Home(Path(sys.argv[1])).held():\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(home.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_two_processes_never_work_in_one_home(home: Home, other_process: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(HomeInUseError, match=f"in use by another run .process {other_process.pid}.*--home"),
        home.held(),
    ):
        pass


def test_a_killed_process_holds_nothing(home: Home, other_process: subprocess.Popen[str]) -> None:
    other_process.kill()
    other_process.wait(10)

    with home.held(), pytest.raises(HomeInUseError, match=str(os.getpid())), home.held():
        pass
    with home.held():
        pass


def test_a_process_id_counts_only_while_the_process_lives(home: Home) -> None:
    assert read_pid(home.controller_pid) is None

    write_pid(home.controller_pid, os.getpid())
    assert read_pid(home.controller_pid) == os.getpid()

    ended = subprocess.Popen(["true"])
    ended.wait()
    write_pid(home.controller_pid, ended.pid)
    assert read_pid(home.controller_pid) is None

    home.controller_pid.write_text("12a")
    assert read_pid(home.controller_pid) is None


def test_another_process_that_was_given_the_same_id_is_not_taken_for_ours(
    home: Home, other_process: subprocess.Popen[str]
) -> None:
    write_pid(home.controller_pid, other_process.pid)
    write_pid(home.asterisk_pid, os.getpid())
    beside = home.controller_pid.with_suffix(".began")
    assert read_pid(home.controller_pid) == other_process.pid
    ours, at = beside.read_text().split()

    beside.write_text(f"{ours} {int(at) - 1}\n")  # the one it was noted for began earlier, and has ended
    assert read_pid(home.controller_pid) is None

    home.asterisk_pid.write_text(f"{other_process.pid}\n")  # nothing is known of when it began
    assert read_pid(home.asterisk_pid) is None


def test_a_process_id_stands_alone_in_its_file_and_is_forgotten_whole(home: Home) -> None:
    write_pid(home.controller_pid, os.getpid())
    assert home.controller_pid.read_text() == f"{os.getpid()}\n"  # `kill $(cat …)` works

    forget_pid(home.controller_pid)
    assert not list(home.run.iterdir())


def test_a_file_that_says_it_already_is_not_written_again(home: Home) -> None:
    def write(name: str) -> int:
        write_demo(
            home,
            hotline="12345",
            sip="127.0.0.1:5060",
            http="http://127.0.0.1:8080",
            ami="127.0.0.1:5038",
            trunk="127.0.0.1:5080",
            secrets=secrets,
            operators={"8001": name},
            units=[],
        )
        return home.demo_file.stat().st_ino

    secrets = secrets_of(home, ["8001"])
    before = write("王芳")

    assert write("王芳") == before
    assert write("李强") != before
    home.demo_file.chmod(0o644)
    write("李强")
    assert mode(home.demo_file) == 0o600


def test_secrets_are_plain_json(home: Home) -> None:
    made = secrets_of(home, ["8001"])

    assert json.loads(home.secrets_file.read_bytes()) == {
        "api_token": made.api_token,
        "ami_secret": made.ami_secret,
        "seat_passwords": dict(made.seat_passwords),
    }


def test_the_database_is_closed_to_others_also_when_it_was_open(home: Home) -> None:
    home.close_database()
    made = mode(home.database)
    beside = home.folder / "callcenter.sqlite3-wal"
    beside.write_text("")
    for path in (home.database, beside):
        path.chmod(0o644)

    home.close_database()

    assert {made, mode(home.database), mode(beside)} == {0o600}


def test_a_lock_that_leads_elsewhere_is_not_followed(home: Home, tmp_path: Path) -> None:
    """Root gives the lock to the home's owner: he must not get another file so."""
    of_others = tmp_path / "of-others"
    of_others.write_text("kept")
    (home.run / "home.lock").symlink_to(of_others)

    with pytest.raises(HomeError, match=r"home\.lock cannot be made"), home.held():
        pass

    assert of_others.read_text() == "kept"
