"""Memory that outlives the process which writes it."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from callcenter.storage.kept_memory import KeptMemory

_WRITES_AND_DIES = """
import os, signal, sys
from callcenter.storage.kept_memory import KeptMemory
memory = KeptMemory(int(sys.argv[1]))
for number in range(20_000):
    memory.add(b"line %d\\n" % number)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = os.memfd_create("test", os.MFD_ALLOW_SEALING)
    yield made
    os.close(made)


def test_what_a_killed_process_wrote_is_there_and_written_on_behind_it(descriptor: int) -> None:
    died = subprocess.run([sys.executable, "-c", _WRITES_AND_DIES, str(descriptor)], pass_fds=[descriptor], check=False)
    assert died.returncode == -9

    memory = KeptMemory(descriptor)
    assert memory.text.splitlines() == [b"line %d" % number for number in range(20_000)]
    memory.add(b"and on\n")
    assert KeptMemory(descriptor).text.endswith(b"line 19999\nand on\n")


def test_what_is_let_go_of_is_gone_for_the_next_as_well_and_so_is_much_memory(descriptor: int) -> None:
    memory = KeptMemory(descriptor)
    memory.add(b"torn \n")
    memory.add(b"x" * 10_000_000)
    memory.put(b"whole")
    assert os.fstat(descriptor).st_size > 10_000_000

    memory.clear(keeping=6)
    assert (KeptMemory(descriptor).text, os.fstat(descriptor).st_size) == (b"whole\n", 1 << 16)
    memory.clear()
    memory.add(b"new")
    assert KeptMemory(descriptor).text == b"new"


def test_without_memory_nothing_of_it_is_there_and_what_was_stays(descriptor: int) -> None:
    memory = KeptMemory(descriptor)
    memory.add(b"first\n")
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)  # as where the machine has no more

    with pytest.raises(OSError, match="not permitted"):
        memory.add(b"x" * 1_000_000)
    memory.add(b"second\n")
    assert KeptMemory(descriptor).text == b"first\nsecond\n"


def test_whoever_counts_open_files_finds_no_more_of_them_when_something_is_written(descriptor: int) -> None:
    memory = KeptMemory(descriptor)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the listing's own descriptor counts each time

    memory.add(b"line\n" * 100_000)

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
