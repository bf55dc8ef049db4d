import errno
import os
import stat
import struct
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callcenter.domain.ids import CallId
from callcenter.domain.records import SoundSeen, Stretches
from callcenter.storage import in_place
from callcenter.storage.recordings import Recordings
from tests.support.stores import new_call_id

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENDED = datetime(2026, 11, 23, 16, 0, 1, tzinfo=UTC)  # 00:00:01 of the 24th in Shanghai
SOUND = b"\x01\x00\x02\x00" * 16000  # two seconds: 1 on the left, 2 on the right


@pytest.fixture(params=["in place", "copied"])
def recordings(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Recordings:
    """Where the file system can make room before a sound, and where it cannot."""
    (tmp_path / "incoming").mkdir()
    if request.param == "copied":
        monkeypatch.setattr(in_place, "_make_room", lambda _: False)
    elif not _can_make_room(tmp_path):
        pytest.skip("this file system cannot make room before a file's first byte")
    return Recordings(tmp_path, zone=SHANGHAI)


def _can_make_room(folder: Path) -> bool:
    for name in ("raw", "own", "wav"):
        (folder / name).unlink(missing_ok=True)
    (folder / "raw").write_bytes(SOUND)
    can = in_place.claim(folder / "raw", folder / "own") and in_place.turn(folder / "own", folder / "wav", 8, b"")
    for name in ("raw", "own", "wav"):
        (folder / name).unlink(missing_ok=True)
    return can


async def _keep(recordings: Recordings, call_id: CallId, secrets: Stretches = ()) -> float | None:
    """Keep one by itself. Raises OSError."""
    kept = (await recordings.keep({call_id: secrets}))[call_id]
    if isinstance(kept, OSError):
        raise kept
    return kept


async def _wav(recordings: Recordings, call_id: CallId) -> bytes:
    path = await recordings.path(call_id)
    assert path is not None
    return path.read_bytes()


async def _look(recordings: Recordings, call_id: CallId) -> SoundSeen:
    return (await recordings.look([call_id]))[call_id]


def _written(folder: Path, call_id: CallId, sound: bytes = SOUND, ended: datetime = ENDED) -> Path:
    raw = folder / "incoming" / f"{call_id}.raw"
    raw.write_bytes(sound)
    os.utime(raw, (ended.timestamp(), ended.timestamp()))
    return raw


async def test_the_sound_of_a_call_becomes_a_wav_of_the_day_on_which_it_begins(
    recordings: Recordings, tmp_path: Path
) -> None:
    call_id = new_call_id()
    raw = _written(tmp_path, call_id)

    assert await _look(recordings, call_id) == SoundSeen(exists=True, size_bytes=64000)
    assert await _keep(recordings, call_id) == 2.0

    path = await recordings.path(call_id)
    assert path == tmp_path / "2026" / "11" / "23" / f"{call_id}.wav"
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 8000)
        assert wav.readframes(16001) == SOUND
    assert not raw.exists()
    assert await _look(recordings, call_id) == SoundSeen(exists=False, size_bytes=0)


async def test_keeping_twice_changes_nothing_also_after_a_crash_in_between(
    recordings: Recordings, tmp_path: Path
) -> None:
    call_id = new_call_id()
    _written(tmp_path, call_id)
    await _keep(recordings, call_id)
    first = await recordings.path(call_id)
    assert first is not None
    before = first.read_bytes()

    assert await _keep(recordings, call_id) == 2.0
    _written(tmp_path, call_id)  # the crash came before the raw file was removed
    first.with_name(first.name + ".part").write_bytes(b"half")
    assert await _keep(recordings, call_id) == 2.0

    assert await recordings.path(call_id) == first
    assert first.read_bytes() == before


async def test_to_keep_a_recording_costs_no_more_after_years_of_them(
    recordings: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = new_call_id(), new_call_id()
    _written(tmp_path, one)
    _written(tmp_path, other)
    synced: list[int] = []
    monkeypatch.setattr(Recordings, "_days", lambda _: pytest.fail("it went through the days before"))
    monkeypatch.setattr(os, "fsync", synced.append)

    assert await recordings.keep({one: (), other: ()}) == {one: 2.0, other: 2.0}
    assert len(synced) == 3  # each sound, and their folder once


async def test_where_the_folder_is_not_safe_on_the_disk_it_is_said_and_synced_again(
    recordings: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = new_call_id()
    raw = _written(tmp_path, call_id)
    sync, synced = os.fsync, []

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "the disk is going")
        sync(descriptor)

    with monkeypatch.context() as going:
        going.setattr(os, "fsync", only_files)
        with pytest.raises(OSError, match="the disk is going"):
            await _keep(recordings, call_id)
    assert _sounds(tmp_path), "the sound has one name at least"

    def any_file(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))

    monkeypatch.setattr(os, "fsync", any_file)
    assert await _keep(recordings, call_id) == 2.0
    assert synced == [True], "the folder, once more"
    assert not raw.exists()


def _sounds(folder: Path) -> list[str]:
    """Where the sound of a call lies, whatever it is there."""
    return [
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and SOUND in path.read_bytes()
    ]


@pytest.mark.parametrize("sound", [None, b"", b"\x01\x00\x02"])
async def test_no_sound_is_none_and_leaves_nothing(recordings: Recordings, tmp_path: Path, sound: bytes | None) -> None:
    call_id = new_call_id()
    if sound is not None:
        _written(tmp_path, call_id, sound)

    assert await _keep(recordings, call_id) is None
    assert await recordings.path(call_id) is None
    assert await recordings.used_bytes() == 0


async def test_half_a_sample_at_the_end_is_left_out(recordings: Recordings, tmp_path: Path) -> None:
    call_id = new_call_id()
    _written(tmp_path, call_id, SOUND + b"\x01\x00\x02")

    assert await _keep(recordings, call_id) == 2.0


@pytest.mark.parametrize("strange", ["../../etc/passwd", "", "x", "..", "7c1b0d64000040008000000000000001", "a/b\x00"])
async def test_only_a_uuid_ever_becomes_a_path(recordings: Recordings, tmp_path: Path, strange: str) -> None:
    (tmp_path / "passwd.raw").write_bytes(SOUND)

    assert await _look(recordings, CallId(strange)) == SoundSeen(exists=False, size_bytes=0)
    assert await _keep(recordings, CallId(strange)) is None
    assert await recordings.path(CallId(strange)) is None


async def test_a_folder_that_cannot_be_made_is_an_oserror_and_keeps_the_raw_file(
    recordings: Recordings, tmp_path: Path
) -> None:
    call_id = new_call_id()
    raw = _written(tmp_path, call_id)
    (tmp_path / "2026").write_text("in the way")

    with pytest.raises(OSError, match="2026"):
        await _keep(recordings, call_id)

    assert raw.read_bytes() == SOUND


async def test_the_fault_of_one_is_no_other_ones(recordings: Recordings, tmp_path: Path) -> None:
    good, bad, silent = new_call_id(), new_call_id(), new_call_id()
    _written(tmp_path, good)
    (tmp_path / "incoming" / f"{bad}.raw").symlink_to(tmp_path)

    kept = await recordings.keep({bad: (), good: (), silent: ()})

    assert isinstance(kept[bad], OSError)
    assert (kept[good], kept[silent]) == (2.0, None)


async def test_space_is_counted_and_only_old_days_are_deleted_when_asked(
    recordings: Recordings, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    old, new, running = new_call_id(), new_call_id(), new_call_id()
    _written(tmp_path, old, ended=now - timedelta(days=31))
    _written(tmp_path, new, ended=now - timedelta(days=29))
    await _keep(recordings, old)
    await _keep(recordings, new)
    _written(tmp_path, running)

    assert 2 * 44 <= await recordings.used_bytes() - 3 * len(SOUND) <= 2 * 4096, "sound, and two headers"
    assert await recordings.free_bytes() > 0
    assert await recordings.expire(30) == 1
    assert await recordings.path(old) is None
    assert await recordings.path(new) is not None
    assert (await _look(recordings, running)).exists
    with pytest.raises(ValueError, match="one day"):
        await recordings.expire(0)


async def test_a_link_in_the_place_of_a_recording_is_not_followed(recordings: Recordings, tmp_path: Path) -> None:
    call_id = new_call_id()
    secret = tmp_path / "secrets.json"
    secret.write_bytes(b"nobody's business" * 100)
    raw = tmp_path / "incoming" / f"{call_id}.raw"
    raw.symlink_to(secret)

    with pytest.raises(OSError, match="no plain file"):
        await _keep(recordings, call_id)

    assert await recordings.path(call_id) is None


def _chunks(data: bytes, at: int) -> dict[bytes, bytes]:
    """Read the chunks of a RIFF file from here on, by name."""
    found: dict[bytes, bytes] = {}
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        found[name] = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return found


async def test_the_wav_itself_says_which_stretches_were_kept_secret(recordings: Recordings, tmp_path: Path) -> None:
    call_id = new_call_id()
    _written(tmp_path, call_id)

    assert await _keep(recordings, call_id, [(0.25, 0.75), (1.5, 99.0)]) == 2.0
    path = await recordings.path(call_id)
    assert path is not None
    before = path.read_bytes()
    _written(tmp_path, call_id)  # the crash came before the raw file was removed
    assert await _keep(recordings, call_id, [(0.25, 0.75), (1.5, 99.0)]) == 2.0

    assert path.read_bytes() == before
    assert struct.unpack_from("<I", before, 4)[0] == len(before) - 8, "a RIFF file knows its own length"
    chunks = _chunks(before, 12)
    assert chunks[b"data"] == SOUND
    count, *cues = struct.unpack("<I" + "II4sIII" * 2, chunks[b"cue "])
    assert (count, cues[:2], cues[6:8], cues[5], cues[11]) == (2, [1, 2000], [2, 12000], 2000, 12000)
    labels = chunks[b"LIST"]
    assert labels.startswith(b"adtl")
    marked = _chunks(labels, 4)
    assert marked[b"labl"][4:] == "保密时段，未录音".encode() + b"\0"
    assert struct.unpack_from("<II", marked[b"ltxt"]) == (2, 4000), "from 1.5 s to the end of two seconds"
    with wave.open(str(path)) as wav:
        assert wav.readframes(99999) == SOUND


async def test_a_wav_without_secrets_holds_nothing_but_sound(recordings: Recordings, tmp_path: Path) -> None:
    call_id = new_call_id()
    _written(tmp_path, call_id)

    await _keep(recordings, call_id, [(1.0, 1.0), (5.0, 6.0)])

    path = await recordings.path(call_id)
    assert path is not None
    assert path.stat().st_size in (44 + len(SOUND), 4096 + len(SOUND))
    assert set(_chunks(path.read_bytes(), 12)) <= {b"fmt ", b"JUNK", b"data"}


CUT_OFF_AT = ["fallocate64", "pwrite", "ftruncate", "fsync", "replace"]


@pytest.mark.parametrize("step", CUT_OFF_AT)
@pytest.mark.parametrize("recordings", ["in place"], indirect=True)
async def test_one_that_is_killed_while_it_turns_a_sound_is_followed_by_one_who_ends_it(
    recordings: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    call_id = new_call_id()
    _written(tmp_path, call_id, SOUND + b"\x01")

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        if step == "fallocate64":
            dying.setattr(in_place, "_make_room", killed)
        elif step == "replace":
            dying.setattr(Path, "replace", killed)
        else:
            dying.setattr(os, step, killed)
        with pytest.raises(Killed):
            await _keep(recordings, call_id, [(0.5, 1.0)])

    assert call_id in await recordings.incoming(), "whoever begins anew finds it"
    assert await _keep(recordings, call_id, [(0.5, 1.0)]) == 2.0

    path = await recordings.path(call_id)
    assert path == tmp_path / "2026" / "11" / "23" / f"{call_id}.wav"
    data = path.read_bytes()
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    chunks = _chunks(data, 12)
    assert (chunks[b"data"], set(chunks)) == (SOUND, {b"fmt ", b"JUNK", b"data", b"cue ", b"LIST"})
    assert await recordings.incoming() == []


@pytest.mark.parametrize("recordings", ["in place"], indirect=True)
async def test_a_sound_that_somebody_has_open_is_copied_and_his_own_stays_as_it_was(
    recordings: Recordings, tmp_path: Path
) -> None:
    """Asterisk writes at the place it has come to: room made before that would put its next words over others."""
    call_id = new_call_id()
    raw = _written(tmp_path, call_id)
    with raw.open("r+b") as asterisk:
        assert await _keep(recordings, call_id) == 2.0
        asterisk.seek(0, os.SEEK_END)
        asterisk.write(b"a late word")

    assert (await _wav(recordings, call_id))[44:] == SOUND
    assert not raw.exists()


@pytest.mark.parametrize("recordings", ["in place"], indirect=True)
async def test_a_sound_of_two_names_is_copied_so_that_nobody_changes_what_is_kept(
    recordings: Recordings, tmp_path: Path
) -> None:
    call_id = new_call_id()
    raw = _written(tmp_path, call_id)
    (tmp_path / "other").hardlink_to(raw)

    assert await _keep(recordings, call_id) == 2.0
    (tmp_path / "other").write_bytes(b"something else")

    assert (await _wav(recordings, call_id))[44:] == SOUND


@pytest.mark.parametrize("recordings", ["in place"], indirect=True)
async def test_a_sound_lies_where_it_lay_when_it_is_kept(recordings: Recordings, tmp_path: Path) -> None:
    call_id = new_call_id()
    inode = _written(tmp_path, call_id).stat().st_ino

    await _keep(recordings, call_id)

    path = await recordings.path(call_id)
    assert path is not None
    assert path.stat().st_ino == inode


def test_a_c_library_without_it_starts_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_place, "_fallocate", None)
    own = tmp_path / "own"
    own.write_bytes(SOUND)

    assert not in_place.turn(own, tmp_path / "wav", len(SOUND), b"")
    assert own.read_bytes() == SOUND
