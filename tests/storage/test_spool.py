import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callcenter.storage.chain import START, Chained, Link, chained, is_whole
from callcenter.storage.spool import DAMAGED_NAME, SPOOL_NAME, Spool
from tests.support.stores import NOON

ROOT = Path(__file__).parents[2]


def _entries(count: int, after: Link = START) -> list[Chained]:
    entries = []
    for number in range(count):
        entry = chained(
            after, time=NOON, call_id=f"c{number % 3}", kind="call.voice", data='{"a":"\\u4e2d"}', recovered=False
        )
        entries.append(entry)
        after = entry.link
    return entries


def _opened(folder: Path) -> Spool:
    spool = Spool(folder)
    spool.open()
    return spool


def test_what_was_added_is_read_in_order_and_in_parts(tmp_path: Path) -> None:
    entries = _entries(10)
    _opened(tmp_path).add(entries[:4])
    spool = _opened(tmp_path)
    spool.add(entries[4:])

    first, place = spool.read(7, place=0)
    second, place = spool.read(7, place=place)
    third, _ = spool.read(7, place=place)

    assert first + second == entries
    assert third == []
    assert spool.count == 10


def test_what_was_added_twice_counts_once(tmp_path: Path) -> None:
    entries = _entries(5)
    spool = _opened(tmp_path)
    spool.add(entries[:3])
    spool.add(entries)

    assert spool.read(9, place=0)[0] == entries
    assert spool.count == 5


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(min_value=0, max_value=2000))
@example(cut=0)
def test_a_file_torn_anywhere_gives_every_whole_line_and_takes_more(cut: int) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        entries = _entries(6)
        _opened(folder).add(entries)
        path = folder / SPOOL_NAME
        whole = path.read_bytes()
        cut = min(cut, len(whole))
        path.write_bytes(whole[:cut])
        left = whole[:cut].count(b"\n")

        spool = Spool(folder)
        newest = spool.open()
        assert spool.read(9, place=0)[0] == entries[:left]
        assert newest == (entries[left - 1].link if left else None)
        assert spool.damaged == 0

        spool.add(entries[left:])
        assert spool.read(9, place=0)[0] == entries


def test_a_line_that_was_changed_is_left_out_and_kept_aside(tmp_path: Path) -> None:
    entries = _entries(3)
    _opened(tmp_path).add(entries)
    path = tmp_path / SPOOL_NAME
    path.write_bytes(path.read_bytes().replace(b'"c1"', b'"c9"'))

    spool = _opened(tmp_path)

    assert spool.read(9, place=0)[0] == [entries[0], entries[2]]
    assert spool.damaged == 1
    assert b'"c9"' in (tmp_path / DAMAGED_NAME).read_bytes()


def test_what_waits_can_be_hung_on_another_chain(tmp_path: Path) -> None:
    entries = _entries(5)
    spool = _opened(tmp_path)
    spool.add(entries)

    end = spool.move(Link(40, "ff"), committed=2)

    moved, _ = spool.read(9, place=0)
    assert [entry.seq for entry in moved] == [41, 42, 43]
    assert [entry.data for entry in moved] == [entry.data for entry in entries[2:]]
    assert moved[0].previous == "ff"
    assert all(map(is_whole, moved))
    assert end == moved[-1].link == Spool(tmp_path).open()


def test_the_mark_is_read_back_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    spool = _opened(tmp_path)
    assert spool.read_mark() is None
    spool.write_mark(Link(7, "ab"))
    assert Spool(tmp_path).read_mark() == Link(7, "ab")
    (tmp_path / "journal.mark").write_bytes(b'00000000 [8, "ab"]\n')

    assert spool.read_mark() is None


def test_a_disk_that_is_full_in_the_middle_of_a_line_leaves_only_whole_lines(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from tests.storage.test_spool import _entries, _opened
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
spool = _opened(Path(sys.argv[1]))
entries = _entries(20)
spool.add(entries[:5])
size = (Path(sys.argv[1]) / "journal.spool").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size * 2 + 30, resource.RLIM_INFINITY))
try:
    spool.add(entries[5:])
except OSError:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert spool.read(99, place=0)[0] == entries[:5]
    spool.add(entries[5:])
    assert spool.read(99, place=0)[0] == entries
    print("full, and then not")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.stdout == "full, and then not\n", done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")
def test_only_its_owner_may_read_the_spool(tmp_path: Path) -> None:
    spool = _opened(tmp_path)
    spool.add(_entries(1))
    spool.write_mark(Link(1, "ab"))

    assert (tmp_path / SPOOL_NAME).stat().st_mode & 0o077 == 0
