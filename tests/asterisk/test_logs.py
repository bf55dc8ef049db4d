"""Asterisk's logs do not fill the disk, and nothing else is touched on the way."""

import os
import stat
from pathlib import Path

from callcenter.asterisk.logs import trim

LONGEST = 1000


def test_a_long_log_is_put_aside_once_and_written_on_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "security"
    with log.open("a") as writer:
        for name in "ab":
            writer.write(name * (LONGEST + 1))
            writer.flush()
            trim(tmp_path, longest=LONGEST)
            writer.write("on\n")
            writer.flush()

    assert log.read_text() == "on\n"
    assert (tmp_path / "security.1").read_text() == "on\n" + "b" * (LONGEST + 1)
    assert stat.S_IMODE((tmp_path / "security.1").stat().st_mode) == 0o600


def test_a_short_log_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "messages").write_text("x" * LONGEST)

    trim(tmp_path, longest=LONGEST)

    assert [path.name for path in tmp_path.iterdir()] == ["messages"]


def test_a_link_or_a_folder_in_the_place_of_a_log_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("x" * (LONGEST + 1))
    logs = tmp_path / "logs"
    (logs / "folder").mkdir(parents=True)
    (logs / "messages").symlink_to(other)
    (logs / "security").write_text("y" * (LONGEST + 1))
    (logs / "security.1").symlink_to(other)
    os.mkfifo(logs / "pipe")

    trim(logs, longest=LONGEST)

    assert other.read_text() == "x" * (LONGEST + 1)
    assert not (logs / "security.1").is_symlink()
    assert (logs / "security").read_text() == ""


def test_a_folder_that_is_gone_is_no_mistake(tmp_path: Path) -> None:
    trim(tmp_path / "nowhere")

    assert not (tmp_path / "nowhere").exists()
