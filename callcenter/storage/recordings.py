"""The sound of calls on the disk.

Asterisk writes `FOLDER/incoming/ID.raw` while a call lasts: 16 bit, 8000 Hz, two channels interleaved (left the
caller, right the hotline's side), no header. When the call has ended this becomes `FOLDER/YYYY/MM/DD/ID.wav`, the day
being that of the hotline's zone on which the sound begins (time of the file's last change, less its length). On its way
it lies in `FOLDER/turning/ID.SIZE.DAY`, where it can become a WAV without being copied.
Stretches that were kept secret are silence in it, and marked by a `cue ` chunk with labels behind the sound.
A file is found by the call's UUID alone; no other text ever becomes a path.
"""

import contextlib
import errno
import os
import shutil
import stat
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from callcenter.domain.ids import CallId
from callcenter.domain.records import SoundSeen, Stretches
from callcenter.storage import in_place, wav
from callcenter.storage.own_threads import OwnThreads, Shared

INCOMING = "incoming"
TURNING = "turning"
ANSWER_SECONDS = 2.0  # a disk that takes longer to say how much is free does not answer
COUNT_SECONDS = 1.0  # with the former, as long as whoever asks how the hotline is may wait
MOST_THREADS = 4  # looking, keeping, deleting; and finding, as often as somebody asks


class Recordings:
    """Fills the office's port of that name: `Recordings(folder, zone=ZoneInfo("Asia/Shanghai"))`.

    The file work is done off the event loop, in threads that nobody else needs: a disk that hangs stops only what is
    asked of it. Methods raise OSError where the disk does not do its part.
    """

    def __init__(self, folder: Path, *, zone: tzinfo) -> None:
        self._folder = folder
        self._zone = zone
        self._threads = OwnThreads("recordings", most=MOST_THREADS)
        self._look_at_room = Shared(
            lambda: shutil.disk_usage(folder).free, name="recordings: room", limit_seconds=ANSWER_SECONDS
        )
        self._count = Shared(self._used, name="recordings: count", limit_seconds=COUNT_SECONDS)
        self._counted = 0

    async def look(self, call_ids: Collection[CallId]) -> Mapping[CallId, SoundSeen]:
        """Look at the files that Asterisk writes for these calls."""
        return await self._threads.run(lambda: {call_id: self._look(call_id) for call_id in call_ids})

    async def incoming(self) -> Sequence[CallId]:
        """Give the calls whose own file of Asterisk's is still there, running or ended. Raises OSError."""
        return await self._threads.run(self._incoming)

    def _incoming(self) -> Sequence[CallId]:
        turning = [CallId(path.name.partition(".")[0]) for path in (self._folder / TURNING).glob("*")]
        return [CallId(path.stem) for path in (self._folder / INCOMING).glob("*.raw")] + turning

    async def keep(self, ended: Mapping[CallId, Stretches]) -> Mapping[CallId, float | OSError | None]:
        """Make the lasting WAVs of ended calls; the seconds of each, None where there is no sound, or what went wrong.

        With each call stand the stretches of it that were not recorded, in seconds of the recording.
        May be called again at any time, also after a crash in between: the answer is the same.
        """
        return await self._threads.run(lambda: self._keep_all(ended))

    async def path(self, call_id: CallId) -> Path | None:
        """Where the lasting WAV of this call is, or None."""
        own = _uuid(call_id)
        return None if own is None else await self._threads.run(lambda: self._find(own))

    async def free_bytes(self) -> int:
        """Free space where recordings are kept. Raises TimeoutError, an OSError, where the disk does not answer."""
        return await self._look_at_room()

    async def used_bytes(self) -> int:
        """What all recordings take, running ones included.

        Where counting takes longer than COUNT_SECONDS, it is what was counted the last time, or so far.
        """
        try:
            return await self._count()
        except TimeoutError:
            return self._counted

    async def expire(self, older_than_days: int) -> int:
        """Delete the recordings of days that are more than so many days ago; their number. Nobody calls it by default.

        Raises:
            ValueError: fewer than one day.

        """
        if older_than_days < 1:
            raise ValueError("recordings are kept for one day at least")
        return await self._threads.run(lambda: self._expire(older_than_days))

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
            return self._go_on(call_id, secrets)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.ELOOP, "what lies in the place of a recording is no plain file")
        size = min(status.st_size, wav.MOST_BYTES) // wav.FRAME_BYTES * wav.FRAME_BYTES
        if size == 0:
            raw.unlink()
            return self._go_on(call_id, secrets)
        seconds = wav.seconds_of(size)
        begun = (datetime.fromtimestamp(status.st_mtime, UTC) - timedelta(seconds=seconds)).astimezone(self._zone)
        target = self._day(begun) / f"{call_id}.wav"
        if target.is_file() and wav.sound_bytes(target) == size:
            return seconds, target.parent  # kept already, by one who did not come to take away the raw file
        target.parent.mkdir(parents=True, exist_ok=True)
        marked = wav.marks(secrets, seconds)
        own = self._folder / TURNING / f"{call_id}.{size}.{begun:%Y%m%d}"
        if not (in_place.claim(raw, own) and self._turn(own, target, size, marked)):
            wav.copy(raw, target, size, marked)
        return seconds, target.parent

    def _turn(self, own: Path, target: Path, size: int, marked: bytes) -> bool:
        """Make a WAV of a claimed file; False where it cannot be, and then it is a raw file again."""
        turned = in_place.turn(own, target, size, marked)
        if not turned:
            own.rename(self._raw(target.stem))
        return turned

    def _go_on(self, call_id: str, secrets: Stretches) -> tuple[float | None, Path | None]:
        """Give what was kept before, or keep what one who was killed had begun to."""
        own = next((self._folder / TURNING).glob(f"{call_id}.*"), None)
        if own is None:
            kept = self._find(call_id)
            return (None, None) if kept is None else (wav.seconds_of(wav.sound_bytes(kept)), kept.parent)
        _, size, day = own.name.split(".")
        target = self._day(datetime.strptime(day, "%Y%m%d").replace(tzinfo=self._zone)) / f"{call_id}.wav"
        seconds = wav.seconds_of(int(size))
        if not self._turn(own, target, int(size), wav.marks(secrets, seconds)):
            return self._keep(call_id, secrets)
        return seconds, target.parent

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
        for folder in (self._folder / INCOMING, self._folder / TURNING, *self._days()):
            with contextlib.suppress(FileNotFoundError), os.scandir(folder) as files:
                for file in files:
                    with contextlib.suppress(FileNotFoundError):  # finished or deleted meanwhile
                        total += file.stat(follow_symlinks=False).st_size
            self._counted = max(self._counted, total)
        self._counted = total
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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
