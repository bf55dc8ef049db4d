"""What the journal holds in memory: each home has its own, and it outlives a supervisor that is killed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from callcenter.journal_memory import OPEN_VARIABLE, VARIABLE, forget_memories, handed_over, open_memories
from callcenter.storage.kept_memory import KeptMemory


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    forget_memories(tmp_path)


def supervisor_dies_holding(home: Path, *texts: bytes) -> None:
    for descriptor, text in zip(open_memories(home).values(), texts, strict=True):
        KeptMemory(descriptor).add(text)
        os.close(descriptor)


def found(home: Path) -> list[bytes]:
    memories = open_memories(home)
    texts = [KeptMemory(descriptor).text for descriptor in memories.values()]
    for descriptor in memories.values():
        os.close(descriptor)
    return texts


def file_of(home: Path) -> Path:
    """Where the first of a home's memories is."""
    descriptors = list(open_memories(home).values())
    path = Path(f"/proc/self/fd/{descriptors[0]}").readlink()
    for descriptor in descriptors:
        os.close(descriptor)
    return path


def test_the_next_supervisor_of_a_home_finds_what_the_one_before_held(home: Path) -> None:
    supervisor_dies_holding(home, b"not lasting\n", b"open\n", b"time\n")

    assert found(home) == [b"not lasting\n", b"open\n", b"time\n"]


def test_no_home_finds_what_is_anothers(home: Path) -> None:
    supervisor_dies_holding(home, b"not lasting\n", b"open\n", b"time\n")
    other = home / "other"

    assert found(other) == [b"", b"", b""]
    forget_memories(other)


def test_what_is_forgotten_is_gone(home: Path) -> None:
    supervisor_dies_holding(home, b"not lasting\n", b"open\n", b"time\n")

    forget_memories(home)

    assert found(home) == [b"", b"", b""]


def test_nobody_else_may_read_it(home: Path) -> None:
    path = file_of(home)

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("way", ["others may read it", "it leads elsewhere"])
def test_a_file_that_somebody_else_has_put_there_is_not_taken(home: Path, way: str) -> None:
    path = file_of(home)
    path.unlink()
    elsewhere = home / "elsewhere"
    elsewhere.write_bytes(b"")
    if way == "others may read it":
        path.touch()
        path.chmod(0o644)
    else:
        path.symlink_to(elsewhere)

    with structlog.testing.capture_logs() as told:
        supervisor_dies_holding(home, b"not lasting\n", b"open\n", b"time\n")

    assert [line["log_level"] for line in told] == ["warning"]
    assert path.read_bytes() == elsewhere.read_bytes() == b""


def test_a_controller_is_handed_each_of_them(home: Path) -> None:
    memories = open_memories(home)
    environment = {variable: str(descriptor) for variable, descriptor in memories.items()}

    assert handed_over(environment) == memories[VARIABLE]
    assert handed_over(environment, OPEN_VARIABLE) == memories[OPEN_VARIABLE]
    for descriptor in memories.values():
        os.close(descriptor)
