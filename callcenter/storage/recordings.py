"""The sound of calls on the disk.

Asterisk writes `FOLDER/incoming/ID.raw` while a call lasts: 16 bit, 8000 Hz, two channels interleaved (left the
caller, right the hotline's side), no header. When the call has ended this becomes `FOLDER/YYYY/MM/DD/ID.wav`, the day
being that of the hotline's zone on which the sound begins (time of the file's last change, less its length).
Stretches that were kept secret are silence in it, and marked by a `cue ` chunk with labels behind the sound.
A file is found by the call's UUID alone; no other text ever becomes a path.
"""

import asyncio
import contextlib
import errno
import os
import shutil
import stat
import struct
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import BinaryIO

from callcenter.domain.ids import CallId
from callcenter.domain.records import SoundSeen, Stretches

INCOMING = "incoming"
UNRECORDED = "保密时段，未录音"

_RATE_HZ = 8000
_CHANNELS = 2
_FRAME_BYTES = 2 * _CHANNELS
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST_BYTES = 0xFFFFFFFF - _HEADER.size - (1 << 20)  # what a WAV's header can count, marks included: 37 hours
_COPY_BYTES = 1 << 20
_UTF8 = 65001  # Windows' number of it, in which the labels are written
_UNFINISHED = ".part"


class Recordings:
    """Fills the office's port of that name: `Recordings(folder, zone=ZoneInfo("Asia/Shanghai"))`.

    The file work is done off the event loop. Methods raise OSError where the disk does not do its part.
    """

    def __init__(self, folder: Path, *, zone: tzinfo) -> None:
        self._folder = folder
        self._zone = zone

    async def look(self, call_ids: Collection[CallId]) -> Mapping[CallId, SoundSeen]:
        """Look at the files that Asterisk writes for these calls."""
        return await asyncio.to_thread(lambda: {call_id: self._look(call_id) for call_id in call_ids})

    async def incoming(self) -> Sequence[CallId]:
        """Give the calls whose own file of Asterisk's is still there, running or ended. Raises OSError."""
        return await asyncio.to_thread(self._incoming)

    def _incoming(self) -> Sequence[CallId]:
        return [CallId(path.stem) for path in (self._folder / INCOMING).glob("*.raw")]

    async def keep(self, ended: Mapping[CallId, Stretches]) -> Mapping[CallId, float | OSError | None]:
        """Make the lasting WAVs of ended calls; the seconds of each, None where there is no sound, or what went wrong.

        With each call stand the stretches of it that were not recorded, in seconds of the recording.
        May be called again at any time, also after a crash in between: the answer is the same.
        """
        return await asyncio.to_thread(self._keep_all, ended)

    async def path(self, call_id: CallId) -> Path | None:
        """Where the lasting WAV of this call is, or None."""
        own = _uuid(call_id)
        return None if own is None else await asyncio.to_thread(self._find, own)

    async def free_bytes(self) -> int:
        """Free space where recordings are kept."""
        return await asyncio.to_thread(lambda: shutil.disk_usage(self._folder).free)

    async def used_bytes(self) -> int:
        """What all recordings take, running ones included."""
        return await asyncio.to_thread(self._used)

    async def expire(self, older_than_days: int) -> int:
        """Delete the recordings of days that are more than so many days ago; their number. Nobody calls it by default.

        Raises:
            ValueError: fewer than one day.

        """
        if older_than_days < 1:
            raise ValueError("recordings are kept for one day at least")
        return await asyncio.to_thread(self._expire, older_than_days)

    def _raw(self, call_id: str) -> Path:
        return self._folder / INCOMING / f"{call_id}.raw"

    def _look(self, call_id: str) -> SoundSeen:
        own = _uuid(call_id)
        return SoundSeen(exists=False, size_bytes=0) if own is None else _seen(self._raw(own))

    def _keep_all(self, ended: Mapping[CallId, Stretches]) -> Mapping[CallId, float | OSError | None]:
        """Keep each; the fault of one is no other's. Asterisk's files go when the WAVs lie on the disk.

        A folder is synced once for all that came into it: that costs as much as a recording does.
        """
        kept: dict[CallId, float | OSError | None] = {}
        written: dict[Path, list[CallId]] = {}
        for call_id, secrets in ended.items():
            own = _uuid(call_id)
            try:
                kept[call_id], folder = (None, None) if own is None else self._keep(own, secrets)
            except OSError as error:
                kept[call_id] = error
            else:
                if folder is not None:
                    written.setdefault(folder, []).append(call_id)
        for folder, call_ids in written.items():
            try:
                _sync_folder(folder)
            except OSError as error:
                kept.update(dict.fromkeys(call_ids, error))
        for call_id, found in kept.items():
            if isinstance(found, float):
                try:
                    self._raw(call_id.lower()).unlink(missing_ok=True)
                except OSError as error:
                    kept[call_id] = error
        return kept

    def _keep(self, call_id: str, secrets: Stretches) -> tuple[float | None, Path | None]:
        """Give the seconds of a recording, and the folder that its WAV has just come into."""
        raw = self._raw(call_id)
        try:
            status = raw.lstat()
        except FileNotFoundError:
            return self._kept_before(call_id), None
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.ELOOP, "what lies in the place of a recording is no plain file")
        size = min(status.st_size, _MOST_BYTES) // _FRAME_BYTES * _FRAME_BYTES
        if size == 0:
            raw.unlink()
            return self._kept_before(call_id), None
        begun = datetime.fromtimestamp(status.st_mtime, UTC) - timedelta(seconds=_seconds(size))
        target = self._day(begun.astimezone(self._zone)) / f"{call_id}.wav"
        if target.is_file() and _sound_bytes(target) == size:
            return _seconds(size), target.parent  # kept already, by one who did not come to take away the raw file
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_wav(raw, target, size, marks(secrets, _seconds(size)))
        return _seconds(size), target.parent

    def _kept_before(self, call_id: str) -> float | None:
        kept = self._find(call_id)
        return None if kept is None else _seconds_of_wav(kept)

    def _day(self, local: datetime) -> Path:
        return self._folder / f"{local:%Y}" / f"{local:%m}" / f"{local:%d}"

    def _find(self, call_id: str) -> Path | None:
        """Look into one day after the other, newest first: calls are asked for soon after their end."""
        for day in self._days():
            path = day / f"{call_id}.wav"
            if path.is_file():
                return path
        return None

    def _days(self) -> Iterator[Path]:
        for year in _numbered(self._folder, 4):
            for month in _numbered(year, 2):
                yield from _numbered(month, 2)

    def _used(self) -> int:
        total = 0
        for folder in (self._folder / INCOMING, *self._days()):
            with contextlib.suppress(FileNotFoundError), os.scandir(folder) as files:
                for file in files:
                    with contextlib.suppress(FileNotFoundError):  # finished or deleted meanwhile
                        total += file.stat(follow_symlinks=False).st_size
        return total

    def _expire(self, older_than_days: int) -> int:
        oldest = datetime.now(self._zone).date() - timedelta(days=older_than_days)
        count = 0
        for day in list(self._days()):
            try:
                date = datetime.strptime("".join(day.parts[-3:]), "%Y%m%d").replace(tzinfo=self._zone).date()
            except ValueError:
                continue  # a folder of somebody else's
            if date >= oldest:
                continue
            for path in day.glob("*.wav"):
                if _uuid(path.stem) is not None:
                    path.unlink(missing_ok=True)
                    count += 1
            for folder in (day, day.parent, day.parent.parent):
                with contextlib.suppress(OSError):  # not empty: something else is in it
                    folder.rmdir()
        return count


def _uuid(text: str) -> str | None:
    """Give a UUID in its one usual form; None for anything else."""
    try:
        usual = str(uuid.UUID(text))
    except ValueError:
        return None
    return usual if usual == text.lower() else None


def _numbered(folder: Path, digits: int) -> list[Path]:
    """Sub-folders named by a number of so many digits, the greatest first."""
    try:
        names = [entry.name for entry in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    numbered = [name for name in names if len(name) == digits and name.isascii() and name.isdigit()]
    return [folder / name for name in sorted(numbered, reverse=True)]


def _seen(path: Path) -> SoundSeen:
    try:
        return SoundSeen(exists=True, size_bytes=path.stat().st_size)
    except FileNotFoundError:
        return SoundSeen(exists=False, size_bytes=0)


def _seconds(size_bytes: int) -> float:
    return size_bytes / _FRAME_BYTES / _RATE_HZ


def _seconds_of_wav(path: Path) -> float:
    return _seconds(_sound_bytes(path))


def _sound_bytes(path: Path) -> int:
    """Give how much sound a kept WAV says it holds, and holds."""
    with path.open("rb") as wav:
        header = wav.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return 0
    said: int = _HEADER.unpack(header)[-1]
    return min(said, max(0, path.stat().st_size - _HEADER.size))


def marks(stretches: Stretches, seconds: float) -> bytes:
    """Write the chunks that mark stretches of a WAV as kept secret, so that any player shows them.

    Each is a cue point at its beginning, and a `ltxt` with its length and a `labl` with words for people.
    """
    within = [(max(0.0, begins), min(seconds, ends)) for begins, ends in stretches]
    frames = [(round(begins * _RATE_HZ), round(ends * _RATE_HZ)) for begins, ends in within if begins < ends]
    if not frames:
        return b""
    cues = struct.pack("<I", len(frames))
    labels = b"adtl"
    for number, (first, last) in enumerate(frames, start=1):
        cues += struct.pack("<II4sIII", number, first, b"data", 0, 0, first)
        labels += _chunk(b"labl", struct.pack("<I", number) + UNRECORDED.encode() + b"\0")
        labels += _chunk(b"ltxt", struct.pack("<II4sHHHH", number, last - first, b"mark", 0, 0, 0, _UTF8))
    return _chunk(b"cue ", cues) + _chunk(b"LIST", labels)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _write_wav(raw: Path, target: Path, size: int, behind: bytes) -> None:
    """Write under a name of its own first, so that nobody ever finds half a recording; its folder is not yet synced."""
    unfinished = target.with_name(target.name + _UNFINISHED)
    try:
        # Asterisk's user owns the folder of running recordings and must not have us read another file for it.
        with open(raw, "rb", opener=_no_link) as sound, unfinished.open("wb") as wav:
            wav.write(_header(size, len(behind)))
            _copy(sound, wav, size)
            wav.write(behind)
            wav.flush()
            os.fsync(wav.fileno())
        unfinished.replace(target)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _copy(sound: BinaryIO, wav: BinaryIO, size: int) -> None:
    left = size
    while left:
        part = sound.read(min(left, _COPY_BYTES))
        if not part:
            raise OSError(f"the sound of a call became shorter while it was kept: {left} bytes are missing")
        wav.write(part)
        left -= len(part)


def _header(size: int, behind: int) -> bytes:
    return _HEADER.pack(
        b"RIFF",
        _HEADER.size - 8 + size + behind,
        b"WAVE",
        b"fmt ",
        16,
        1,
        _CHANNELS,
        _RATE_HZ,
        _RATE_HZ * _FRAME_BYTES,
        _FRAME_BYTES,
        16,
        b"data",
        size,
    )
