"""Makes an Asterisk of Debian's own packages in a folder, for machines whose Debian has none that is new enough.

mmdebstrap fetches the packages and their signatures are checked as ever; they are only unpacked: nothing of them runs
while the root is made, so it needs neither root nor namespaces, and nothing outside the folder changes. Where the
packages come from is what apt on this machine says: its mirror, its proxies, its certificates.
"""

import asyncio
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from callcenter.domain.errors import UnavailableError

SUITE = "sid"  # the only suite of Debian that carries Asterisk 22.10
PACKAGES = ("asterisk", "util-linux")  # setpriv is in util-linux
KEYRINGS = Path("/usr/share/keyrings")
NEEDED = ("apt-get", "apt-config", "dpkg", "perl")
SHOWN_EVERY_SECONDS = 3.0
APT_SECONDS = 120.0
STALLED_SECONDS = 300.0  # without a word or a new package
LINES_SHOWN = 4
DOWNLOAD_SHARE = 60  # percent of the whole
EXPIRED = re.compile(r"Release file for .* is expired")
NO_SPACE = re.compile(r"No space left on device|You don't have enough free space")
NO_NETWORK = re.compile(
    r"Temporary failure resolving|Could not (?:resolve|connect)|Network is unreachable|Connection (?:timed out|refused)"
)

_FETCHED = re.compile(r"Get:(\d+) \S+ \S+ \S+ (\S+)")
_PLANNED = re.compile(r"(\d+) newly installed")
_OPTION = re.compile(r'(Acquire::https?::\S*) "(.+)";')

Tell = Callable[[str], None]
"""Takes one line for the person who waits."""


@dataclass(slots=True)
class _Progress:
    """What mmdebstrap has said so far, in numbers."""

    root: Path
    tell: Tell
    began: float
    planned: int = 0
    fetched: int = 0
    package: str = ""

    def heard(self, line: str) -> None:
        """Take in one line of apt's."""
        if (planned := _PLANNED.search(line)) is not None:
            self.planned, self.fetched = int(planned[1]), 0
        elif (fetched := _FETCHED.match(line)) is not None and self.planned:
            self.fetched, self.package = int(fetched[1]), fetched[2]

    def unpacked(self) -> int:
        """Count the packages that are unpacked: each has a folder of its own for its documents."""
        with suppress(OSError):
            return sum(1 for _ in (self.root / "usr/share/doc").iterdir())
        return 0

    def say(self) -> None:
        """Tell how far it is."""
        self.tell(
            f"making Asterisk 22 (once on this machine): {self._how_far()}, {time.monotonic() - self.began:.0f} s"
        )

    def _how_far(self) -> str:
        if not self.planned:
            return "reading Debian's package lists"
        if (unpacked := self.unpacked()) > 0:
            percent = DOWNLOAD_SHARE + (100 - DOWNLOAD_SHARE) * min(unpacked, self.planned) // self.planned
            return f"{percent} % - unpacking {self.planned} packages"
        percent = DOWNLOAD_SHARE * min(self.fetched, self.planned) // self.planned
        return f"{percent} % - fetching {self.package} ({self.fetched} of {self.planned})"


async def make_root(root: Path, *, tell: Tell) -> None:
    """Fill this folder, which must not exist yet, with an Asterisk and all that it needs. Takes 20 to 60 s.

    Raises:
        UnavailableError: a tool is missing, or Debian's packages cannot be had; says which and what to do.

    """
    missing = [tool for tool in NEEDED if shutil.which(tool) is None]
    if missing:
        raise UnavailableError(
            f"an Asterisk can only be made on Debian or a system with apt: {', '.join(missing)} not found; "
            "install Asterisk 22.10.1 or newer yourself"
        )
    with tempfile.TemporaryDirectory(prefix="mmdebstrap-", dir=root.parent, ignore_cleanup_errors=True) as work:
        program = await _mmdebstrap(Path(work), tell=tell)
        command = [*program, *await _options(), SUITE, str(root), *await mirror()]
        said = await _make(command, root, Path(work), tell=tell)
        if said is not None and EXPIRED.search(said):
            tell(
                "Debian's package list on this mirror is older than it promises to be; "
                "it is taken all the same, with its signatures checked"
            )
            await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
            relaxed = [*program, '--aptopt=Acquire::Check-Valid-Until "false"', *command[len(program) :]]
            said = await _make(relaxed, root, Path(work), tell=tell)
    if said is not None:
        await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)  # it may be what fills the disk
        raise UnavailableError(f"Asterisk could not be made from Debian's packages: {_reason(said, root)}; start again")
    await asyncio.to_thread(_finish, root)


async def mirror() -> list[str]:
    """Give the address that apt on this machine fetches Debian's packages from; none: mmdebstrap takes Debian's own."""
    status, said = await _run(["apt-get", "indextargets", "--format", "$(CREATED_BY) $(SITE) $(RELEASE) $(ORIGIN)"])
    if status != 0:
        return []
    sites = []
    for line in said.splitlines():
        created_by, site, release, *origin = [*line.split(" "), "", "", ""]
        origin = [word for word in origin if word]
        known = origin == ["Debian"] or (not origin and "debian" in site)  # no list fetched yet: by its name
        if created_by == "Packages" and "-" not in release and known:
            sites.append(site.rstrip("/"))
    return sites[:1]


async def _options() -> list[str]:
    """Give what mmdebstrap is told: unpack only, and how apt on this machine reaches its mirror."""
    options = ["--mode=chrootless", "--skip=check/chrootless", "--variant=extract", "--verbose"]
    options.append(f"--include={','.join(PACKAGES)}")
    if await asyncio.to_thread(KEYRINGS.is_dir):
        options.append(f"--keyring={KEYRINGS}")
    _, said = await _run(["apt-config", "dump"])
    return options + [f'--aptopt={name} "{value}"' for name, value in _OPTION.findall(said)]


async def _mmdebstrap(work: Path, *, tell: Tell) -> list[str]:
    """Find mmdebstrap, or fetch it: it is one Perl program, which needs no installing."""
    installed = shutil.which("mmdebstrap")
    if installed is not None:
        return [installed]
    tell("fetching mmdebstrap, which makes a Debian in a folder; it is used once and not installed")
    apt = ["apt-get", "-q", "-o", "APT::Sandbox::User=root"]
    own_lists = ["-o", f"Dir::State::lists={work}/lists", "-o", f"Dir::Cache={work}/cache"]
    status, said = await _run([*apt, "download", "mmdebstrap"], folder=work)
    if status != 0:
        for name in ("lists/partial", "cache/archives/partial"):
            (work / name).mkdir(parents=True)
        await _run([*apt, *own_lists, "update"], folder=work)
        status, said = await _run([*apt, *own_lists, "download", "mmdebstrap"], folder=work)
    packages = await asyncio.to_thread(lambda: list(work.glob("mmdebstrap_*.deb")))
    if status != 0 or not packages:
        raise UnavailableError(
            f"mmdebstrap is not installed and could not be fetched ({_last_lines(said)}); install it: "
            "apt-get install mmdebstrap"
        )
    status, said = await _run(["dpkg", "-x", str(packages[0]), str(work / "mmdebstrap")])
    program = ["perl", str(work / "mmdebstrap/usr/bin/mmdebstrap")]
    tried, _ = await _run([*program, "--version"])
    if status != 0 or tried != 0:
        raise UnavailableError("mmdebstrap does not run from a folder here; install it: apt-get install mmdebstrap")
    return program


async def _make(command: Sequence[str], root: Path, work: Path, *, tell: Tell) -> str | None:
    """Run mmdebstrap, telling how far it is; gives what it said when it failed."""
    progress = _Progress(root, tell, began=time.monotonic())
    said: list[str] = []
    async with _running(command, folder=work, environment={"TMPDIR": str(work)}) as process:
        assert process.stdout is not None
        reading = asyncio.ensure_future(_read(process.stdout, said, progress))
        try:
            moved, last = time.monotonic(), (-1, -1)
            while not reading.done():
                await asyncio.wait({reading}, timeout=SHOWN_EVERY_SECONDS)
                now = (len(said), await asyncio.to_thread(progress.unpacked))
                if now != last:
                    moved, last = time.monotonic(), now
                elif time.monotonic() - moved > STALLED_SECONDS:
                    return "\n".join([*said, f"nothing happened for {STALLED_SECONDS:.0f} s"])
                if not reading.done():
                    progress.say()
            await reading
        finally:
            reading.cancel()
        return None if await process.wait() == 0 else "\n".join(said)


async def _read(stream: asyncio.StreamReader, said: list[str], progress: _Progress) -> None:
    """Take mmdebstrap's lines in, of any length."""
    rest = b""
    while chunk := await stream.read(65536):
        *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").strip()
            if text:
                said.append(text[:500])
                progress.heard(text)


async def _run(command: Sequence[str], *, folder: Path | None = None) -> tuple[int, str]:
    """Run a short command; give its exit code and all it said."""
    try:
        async with asyncio.timeout(APT_SECONDS), _running(command, folder=folder) as process:
            said, _ = await process.communicate()
            return process.returncode or 0, said.decode(errors="replace")
    except TimeoutError:
        return 1, f"{command[0]} did not end within {APT_SECONDS:.0f} s"


@asynccontextmanager
async def _running(
    command: Sequence[str], *, folder: Path | None = None, environment: dict[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command in a session of its own, which is ended whole when it is left early."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
        start_new_session=True,
        umask=0o022,  # Asterisk's user reads what is made
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _reason(said: str, root: Path) -> str:
    if NO_SPACE.search(said):
        return f"the disk of {root.parent} is full; make room, or set XDG_CACHE_HOME to another folder"
    if NO_NETWORK.search(said):
        return "apt's mirror cannot be reached; see that there is a network"
    return _last_lines(said)


def _last_lines(said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith(("E:", "W:"))] or said.splitlines()
    return " | ".join(lines[-LINES_SHOWN:]) or "it said nothing"


def _finish(root: Path) -> None:
    """Add what installing the packages would have: the old names of folders, and places for the machine's own names."""
    for name in ("bin", "sbin", "lib", "lib64"):
        if (root / "usr" / name).is_dir() and not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for name in ("hosts", "resolv.conf", "localtime"):
        path = root / "etc" / name
        if not path.exists():
            path.unlink(missing_ok=True)
            path.touch(mode=0o644)
            path.chmod(0o644)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="utf-8")
