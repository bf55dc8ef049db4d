"""The sound of every prompt, made ready before a caller waits for it.

A recorded WAV of the prompt's name wins; what has none is spoken by the voice. Either way Asterisk plays a file of
the cache: there it may read, whoever owns the recorded one, and a sound that is played is never changed under it.
"""

import asyncio
import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import structlog

from callcenter.domain.errors import UnavailableError
from callcenter.domain.prompts import GREETING, PIECES, SURVEY_ASK, SURVEY_END, Prompt, position_said
from callcenter.domain.wishes import Announce
from callcenter.speech.child import ChildFailed, run_child
from callcenter.speech.sound import SoundError, level_db, read_telephone
from callcenter.speech.voice import Voice

log = structlog.get_logger(__name__)

CONVERT_SECONDS = 60.0  # some minutes of recorded sound; beyond it the file is no prompt
FILES_LENGTH = 800  # bytes of file names in one variable: Asterisk takes lines of about 1000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\"\\&,$|;()]")
_EDITION = 2  # raised when the same text would come out another way
_SILENT_DB = -70.0
_MAKING = ".making-"


class Prompts:
    """Gives Asterisk the files of prompts.

    `recorded_folders` hold WAVs named like prompts; the first folder that has a name wins. `cache` is made where it
    is missing; Asterisk's user must be able to reach it. Raises ValueError for a cache whose path Asterisk misreads.
    """

    def __init__(self, recorded_folders: Sequence[Path], cache: Path, voice: Voice) -> None:
        self._folders = tuple(recorded_folders)
        self._cache = cache.absolute()
        self._voice = voice
        self._ready: dict[Prompt, Path] = {}
        self._making = asyncio.Lock()
        self._made_now = 0
        if found := _UNSAFE.search(str(self._cache)):
            raise ValueError(f"the folder of prompts must not hold {found[0]!r}: {self._cache}")

    async def prepare_pieces(self) -> None:
        """Make ready what the dialplan plays, and the pieces of announcements and numbers. Raises UnavailableError."""
        await self.prepare({GREETING, SURVEY_ASK, SURVEY_END, *PIECES})

    async def prepare(self, prompts: AbstractSet[Prompt]) -> None:
        """Make these prompts ready to be played; one renderer runs at a time, each sound is made once.

        A sound that is damaged is made again, a recorded one that was changed is taken anew.
        Raises UnavailableError that names all that could not be made; the others are ready then.
        """
        failed: list[str] = []
        async with self._making:
            await self._open_cache()
            self._made_now = 0
            for prompt in sorted(prompts, key=lambda prompt: (prompt.name or "", prompt.text)):
                try:
                    self._ready[prompt] = await self._made(prompt)
                except (ChildFailed, SoundError) as error:
                    failed.append(f"{_called(prompt)}: {error}")
                except OSError as error:
                    failed.append(f"{_called(prompt)}: the sound cannot be kept ({error.strerror})")
            if self._made_now:
                log.info("sounds of prompts were made", sounds=self._made_now, prompts=len(prompts))
        if failed:
            raise UnavailableError("prompts could not be made: " + "; ".join(_few(failed)))

    def file_of(self, prompt: Prompt) -> str:
        """Give the file of a prepared prompt for Asterisk: absolute, without its ending. Raises UnavailableError."""
        path = self._ready.get(prompt)
        if path is None:
            raise UnavailableError(f"{_called(prompt)} was not prepared")
        return str(path.with_suffix(""))

    def say_files(self, announce: Announce) -> str:
        """Give the files of an announcement, joined by `&`. Raises UnavailableError."""
        files = "&".join(self.file_of(prompt) for prompt in position_said(announce.ahead, announce.wait_minutes))
        if len(files.encode()) > FILES_LENGTH:
            raise UnavailableError("the announcement's file names are too long for Asterisk; use a shorter home folder")
        return files

    @property
    def greeting(self) -> Path:
        """The prepared WAV of the greeting, for the dialplan. Raises UnavailableError."""
        return self.sound_of(GREETING)

    def sound_of(self, prompt: Prompt) -> Path:
        """Give the WAV of a prepared prompt, for the dialplan. Raises UnavailableError."""
        return Path(self.file_of(prompt) + ".wav")

    async def _open_cache(self) -> None:
        """Make the cache, and clear away what a killed process left in it."""

        def opened() -> None:
            self._cache.mkdir(parents=True, exist_ok=True)
            self._cache.chmod(0o755)
            for left in self._cache.glob(f"{_MAKING}*"):
                shutil.rmtree(left, ignore_errors=True)

        try:
            await asyncio.to_thread(opened)
        except OSError as error:
            raise UnavailableError(f"the folder of prompts cannot be made ({error.strerror}): {self._cache}") from error

    async def _made(self, prompt: Prompt) -> Path:
        recorded = await asyncio.to_thread(self._recorded, prompt.name)
        if recorded is not None:
            return await self._from_recorded(recorded)
        if not prompt.text.strip():
            raise SoundError("there is neither a recorded WAV nor a text")
        named = json.dumps([_EDITION, prompt.text, self._voice.name, self._voice.rate], ensure_ascii=False)

        async def speak(to: Path) -> None:
            await self._voice.speak(prompt.text, to=to)

        return await self._cached(_hash(named.encode()), speak)

    def _recorded(self, name: str | None) -> Path | None:
        if name is None or not _NAME.fullmatch(name):
            return None
        paths = (folder / f"{name}.wav" for folder in self._folders)
        return next((path for path in paths if path.is_file()), None)

    async def _from_recorded(self, recorded: Path) -> Path:
        content = await asyncio.to_thread(recorded.read_bytes)

        async def take(to: Path) -> None:
            source = to.with_suffix(".recorded.wav")  # what is named by its hash is what is taken
            await asyncio.to_thread(source.write_bytes, content)
            try:
                await asyncio.to_thread(read_telephone, source)
            except SoundError:
                arguments = ["--recorded", str(source), "--to", str(to)]
                await run_child("callcenter.speech.recorded_child", arguments, limit_seconds=CONVERT_SECONDS)
            else:
                await asyncio.to_thread(source.rename, to)

        return await self._cached(_hash(content), take)

    async def _cached(self, name: str, make: Callable[[Path], Awaitable[None]]) -> Path:
        """Give the cached sound of this name, made by `make` where it is missing or damaged."""
        path = self._cache / f"{name}.wav"
        if await asyncio.to_thread(_whole, path):
            return path
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=_MAKING, dir=self._cache))
        try:
            fresh = folder / "sound.wav"
            await make(fresh)
            await asyncio.to_thread(_put, fresh, path)
        finally:
            with contextlib.suppress(OSError):  # cleared at the next start
                await asyncio.to_thread(shutil.rmtree, folder)
        self._made_now += 1
        return path


def _put(fresh: Path, path: Path) -> None:
    if not _whole(fresh):
        raise SoundError("it holds nothing but silence")
    fresh.chmod(0o644)
    fresh.replace(path)


def _whole(path: Path) -> bool:
    """Tell whether this is a sound of the right kind that is neither cut short nor blank."""
    try:
        return level_db(read_telephone(path)) > _SILENT_DB
    except SoundError:
        return False


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:20]


def _called(prompt: Prompt) -> str:
    return f"the prompt '{prompt.name or prompt.text}'"


def _few(failed: Iterable[str], most: int = 5) -> list[str]:
    told = list(failed)
    return told if len(told) <= most else [*told[:most], f"and {len(told) - most} more"]
