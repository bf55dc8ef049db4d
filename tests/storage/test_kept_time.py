"""The time that is told, in a memory that outlives a kill."""

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest

from callcenter.domain.steady_time import Kept
from callcenter.storage.kept_time import KeptTime

AN_HOUR_AHEAD = Kept(apart=1_796_000_000.25, shift=timedelta(hours=1))


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = os.memfd_create("test")
    yield descriptor
    os.close(descriptor)


def test_the_next_process_reads_what_was_written_last(memory: int) -> None:
    kept = KeptTime(memory)
    kept.write(Kept(apart=1_795_996_400.25, shift=timedelta(0)))
    kept.write(AN_HOUR_AHEAD)

    assert KeptTime(memory).read() == AN_HOUR_AHEAD


def test_a_clock_set_back_is_kept_as_well(memory: int) -> None:
    back = Kept(apart=-12.5, shift=-timedelta(hours=1))
    KeptTime(memory).write(back)

    assert KeptTime(memory).read() == back


def test_the_first_process_finds_nothing(memory: int) -> None:
    assert KeptTime(memory).read() is None


def test_what_a_kill_tore_is_not_believed(memory: int) -> None:
    KeptTime(memory).write(AN_HOUR_AHEAD)
    os.pwrite(memory, b"0", 5)

    assert KeptTime(memory).read() is None


def test_where_a_kill_tore_the_first_line_the_next_process_writes_it_anew(memory: int) -> None:
    KeptTime(memory).write(AN_HOUR_AHEAD)
    os.pwrite(memory, bytes(41), 12)
    after = KeptTime(memory)
    assert after.read() is None

    after.write(AN_HOUR_AHEAD)

    assert KeptTime(memory).read() == AN_HOUR_AHEAD


def test_without_a_memory_nothing_is_kept_and_nobody_minds() -> None:
    kept = KeptTime()
    kept.write(AN_HOUR_AHEAD)

    assert kept.read() is None
