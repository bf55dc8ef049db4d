"""Finds an Asterisk that will do, or makes one; either way it is tried before a citizen's call is trusted to it.

The machine's own is taken if it is new enough and has every module that `modules.conf` loads. Else one is made in
the cache folder, `asterisk-22/root`, shared by all homes of this user, and kept.
"""

import asyncio
import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from callcenter.asterisk.debian_root import make_root
from callcenter.asterisk.launch import Installation, NoWayError
from callcenter.asterisk.link import OLDEST_ASTERISK
from callcenter.asterisk.plan import TEMPLATES
from callcenter.asterisk.selftest import try_out
from callcenter.domain.errors import UnavailableError

Tell = Callable[[str], None]

NEWEST_MAJOR = 22  # another major version talks another AMI
VERSION_SECONDS = 10.0
LOCK_LOOK_SECONDS = 0.5
LOCK_TOLD_EVERY = 10  # looks
PLACES = (Path("/usr/sbin"), Path("/usr/local/sbin"))
MODULE_FOLDERS = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules", "usr/lib64/asterisk/modules")
OWN_MODULE_FOLDERS = ("usr/local/lib/asterisk/modules", *MODULE_FOLDERS)
DATA_FOLDERS = ("usr/share/asterisk", "var/lib/asterisk")

_VERSION = re.compile(r"Asterisk (?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?")
_LOADED = re.compile(r"^load\s*=\s*(\S+\.so)", re.MULTILINE)


async def find_or_make(cache: Path, *, tell: Tell, own: bool = True) -> Installation:
    """Give an Asterisk >= 22.10.1 that has passed its trial. The first time on a machine this takes about a minute.

    `cache` is the folder shared by all homes; `tell` is given a line every few seconds of a long step.
    With `own` false the machine's own Asterisk is left alone.

    Raises:
        UnavailableError: there is none and none can be made; says what to do.
        OSError: the cache cannot be written.

    """
    folder = cache / "asterisk-22"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    machines = await asyncio.to_thread(machines_own, tell) if own else None
    async with locked(folder / "lock", tell=tell):
        if machines is not None:
            try:
                await _try_once(machines, folder, tell=tell)
            except NoWayError:
                raise
            except UnavailableError as error:
                tell(f"the Asterisk of this machine will not do: {error}")
            else:
                return machines
        installation = await _in_cache(folder, tell=tell)
        await _try_once(installation, folder, tell=tell)
    return installation


def machines_own(tell: Tell) -> Installation | None:
    """Look for the machine's own Asterisk; None, and a word on why, when there is one that will not do. Blocking."""
    found = shutil.which("asterisk", path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, PLACES)]))
    if found is None:
        return None
    version = version_in(_output([found, "-V"]))
    if not is_new_enough(version):
        tell(f"the Asterisk of this machine is {version or 'of an unknown version'}; 22.10.1 or newer is needed")
        return None
    installation = _laid_out(Path("/"), Path(found).resolve(), str(version), OWN_MODULE_FOLDERS)
    if installation is None:
        tell("the Asterisk of this machine has its modules in a place that is not known")
        return None
    missing = missing_modules(installation)
    if missing:
        tell(f"the Asterisk of this machine lacks {', '.join(missing)}")
        return None
    return installation


def version_in(said: str) -> str | None:
    """Read the version out of what `asterisk -V` says: `22.10.1`."""
    found = _VERSION.search(said)
    return None if found is None else ".".join(part for part in found.groups() if part is not None)


def is_new_enough(version: str | None) -> bool:
    """Tell whether this version behaves as measured."""
    if version is None:
        return False
    parts = tuple(int(part) for part in version.split("."))
    return parts >= OLDEST_ASTERISK and parts[0] == NEWEST_MAJOR


def missing_modules(installation: Installation, templates: Path = TEMPLATES) -> list[str]:
    """Name the modules that the configuration loads and this Asterisk has not. Blocking."""
    wanted = _LOADED.findall((templates / "modules.conf").read_text(encoding="utf-8"))
    folder = installation.outside(installation.modules)
    return [name for name in wanted if not (folder / name).exists()]


@asynccontextmanager
async def locked(path: Path, *, tell: Tell) -> AsyncIterator[None]:
    """Hold this file's lock, so that two homes do not make the same Asterisk at once; it goes with the process."""
    handle = await asyncio.to_thread(os.open, path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        looks = 0
        while not _take(handle):
            if looks % LOCK_TOLD_EVERY == 0:
                tell("waiting: another hotline on this machine is making or trying its Asterisk")
            looks += 1
            await asyncio.sleep(LOCK_LOOK_SECONDS)
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _in_cache(folder: Path, *, tell: Tell) -> Installation:
    """Give the Asterisk of the cache, made now if it is not there. The caller holds the lock."""
    root = folder / "root"
    installation = await asyncio.to_thread(_look_into, root)
    if installation is not None:
        return installation
    await asyncio.to_thread(_clear, folder)
    making = folder / "root.making"
    await make_root(making, tell=tell)
    made = await asyncio.to_thread(_look_into, making)
    if made is None:
        said = version_in(await asyncio.to_thread(_version_of, making))
        raise UnavailableError(
            f"Debian's packages gave Asterisk {said or 'of an unknown version'}, and 22.10.1 or a later 22 is needed; "
            "install one yourself and start again"
        )
    await asyncio.to_thread(making.rename, root)
    tell(f"Asterisk {made.version} is made, in {root}")
    found = await asyncio.to_thread(_look_into, root)
    assert found is not None
    return found


def _look_into(root: Path) -> Installation | None:
    """Give the Asterisk of an isolated root; None when there is no whole and new one. Blocking."""
    if not (root / "usr/sbin/asterisk").exists():
        return None
    version = version_in(_version_of(root))
    if version is None or not is_new_enough(version):
        return None
    installation = _laid_out(root, Path("/usr/sbin/asterisk"), version, MODULE_FOLDERS)
    return None if installation is None or missing_modules(installation) else installation


def _laid_out(root: Path, program: Path, version: str, module_folders: Iterable[str]) -> Installation | None:
    """Find where an Asterisk has its parts."""
    modules = next((found for pattern in module_folders for found in sorted(root.glob(pattern))), None)
    data = next((root / name for name in DATA_FOLDERS if (root / name).is_dir()), None)
    if modules is None or data is None:
        return None
    return Installation(
        root=root,
        version=version,
        program=program,
        modules=Path("/") / modules.relative_to(root),
        data=Path("/") / data.relative_to(root),
        libraries=Path("/") / modules.parents[1].relative_to(root),
    )


def _version_of(root: Path) -> str:
    """Ask an isolated root's Asterisk for its version, by the root's own loader."""
    loader = next(iter(sorted(root.glob("usr/lib/*/ld-linux*.so.*"))), None)
    if loader is None:
        return ""
    return _output([str(loader), "--library-path", str(loader.parent), str(root / "usr/sbin/asterisk"), "-V"])


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=VERSION_SECONDS, check=False)  # noqa: S603  # a found program, fixed words
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")


def _clear(folder: Path) -> None:
    """Remove what broken attempts left; the lock is held, so nobody is at work on it."""
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif left.name != "lock":
            left.unlink()


async def _try_once(installation: Installation, folder: Path, *, tell: Tell) -> None:
    """Have an installation prove itself, once for each version of it and of our configuration."""
    stamp = folder / "tried.txt"
    mark = await asyncio.to_thread(_mark, installation)
    if mark in await asyncio.to_thread(_lines, stamp):
        return
    tell(f"trying Asterisk {installation.version}: one call to itself")
    try:
        await try_out(installation)
    except NoWayError:
        raise  # another Asterisk would fare no better
    except UnavailableError as error:
        where = "" if installation.is_own else f"; delete {installation.root} to have it made anew"
        raise UnavailableError(f"Asterisk {installation.version} did not pass its trial: {error}{where}") from error
    await asyncio.to_thread(_add_line, stamp, mark)


def _mark(installation: Installation) -> str:
    program = installation.outside(installation.program).stat()
    known = [str(installation.root), installation.version, str(program.st_size), str(int(program.st_mtime))]
    known += [template.read_text(encoding="utf-8") for template in sorted(TEMPLATES.glob("*.conf"))]
    digest = sha256("\0".join(known).encode()).hexdigest()
    return f"{installation.version} {digest}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _add_line(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
