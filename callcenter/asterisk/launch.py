"""The command line that runs Asterisk: in the foreground, under a user that may do nothing, seeing only its folders.

Asterisk is never run as root: whoever can write into an AGI command runs programs as Asterisk's user. Where the
hotline is started by root, Asterisk gets a user id of its own and, by a mount namespace, a root of its own: the
installation read-only, its configuration and the sounds read-only, and the three folders it writes into. So a home
below /root, which that user could not even enter, works too; secrets and the database are not there at all.

Where no namespace can be made, and for an ordinary user, it runs directly; from an isolated root by the root's own
loader, with all paths the machine's.
"""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from callcenter.asterisk.plan import Plan
from callcenter.asterisk.provision import Ground
from callcenter.domain.errors import UnavailableError

USER = "callcenter"
USER_ID = (
    59381  # where there is no such user: an id of people, which no system service gets, and no one is likely to have
)
OPEN_FILES = 16384  # a call takes up to 18
PROBE_SECONDS = 10.0
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc")
DEVICES = ("null", "zero", "random", "urandom")
NAMES = ("hosts", "resolv.conf", "localtime")  # of /etc: what the machine knows of names and time

LIMITS = f"""
ulimit -c 0
ulimit -n {OPEN_FILES} 2>/dev/null || ulimit -n "$(ulimit -Hn)" 2>/dev/null || true
umask 077
"""
RUN = f'{LIMITS}\nexec "$@"'
ENTER = f"""
set -eu
umask 022
new=$1 from=${{2%/}}
shift 2
mount -t tmpfs -o mode=755,size=8m,nosuid,nodev callcenter "$new"
for name in {" ".join(SYSTEM)}; do
  if [ -L "$from/$name" ]; then cp -P "$from/$name" "$new/$name"
  elif [ -d "$from/$name" ]; then
    mkdir "$new/$name"
    mount --rbind "$from/$name" "$new/$name"
  fi
done
for name in {" ".join(NAMES)}; do
  if [ -f "/etc/$name" ] && [ -f "$new/etc/$name" ]; then mount --bind "/etc/$name" "$new/etc/$name"; fi
done
for name in {" ".join(SYSTEM)}; do
  if [ -d "$new/$name" ] && [ ! -L "$new/$name" ]; then mount -o remount,bind,ro "$new/$name"; fi
done
mkdir "$new/dev" "$new/proc"
for name in {" ".join(DEVICES)}; do
  : > "$new/dev/$name"
  mount --bind "/dev/$name" "$new/dev/$name"
done
while [ "$1" != -- ]; do
  mkdir -p "$new$2"
  mount --bind "$2" "$new$2"
  if [ "$1" = ro ]; then mount -o remount,bind,ro "$new$2"; fi
  shift 2
done
shift
{LIMITS}
exec chroot "$new" "$@"
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """An Asterisk that can be run. All paths but `root` are as seen from inside the root."""

    root: Path
    """`/` for the machine's own Asterisk, else the folder of an isolated root."""
    version: str
    program: Path
    modules: Path
    data: Path
    libraries: Path

    @property
    def is_own(self) -> bool:
        """It is the machine's own Asterisk."""
        return self.root == Path("/")

    def outside(self, path: Path) -> Path:
        """Give the path on this machine of what lies at `path` inside the root."""
        return self.root / path.relative_to("/")


class NoWayError(UnavailableError):
    """This machine bars every way to run Asterisk; nothing is wrong with Asterisk itself."""


class Way(StrEnum):
    """How Asterisk is run."""

    NAMESPACE = "namespace"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Launch:
    """A chosen way, and what follows from it for the configuration."""

    way: Way
    installation: Installation
    ground: Ground

    def command(self, plan: Plan) -> list[str]:
        """Give the command line; the process it starts is Asterisk itself, under the same id."""
        user = _as_user(self.ground.owner)
        inside = [str(self.installation.program), "-f", "-C", str(plan.conf)]
        if self.way is Way.NAMESPACE:
            folders = [part for folder in plan.readable for part in ("ro", str(folder))]
            folders += [part for folder in plan.writable for part in ("rw", str(folder))]
            apart = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "asterisk"]
            return [*apart, str(plan.folder / "root"), str(self.installation.root), *folders, "--", *user, *inside]
        if self.installation.is_own:
            return ["sh", "-c", RUN, "asterisk", *user, *inside]
        libraries = self.installation.outside(self.installation.libraries)
        loader = [str(_loader(self.installation)), "--library-path", str(libraries)]
        program = str(self.installation.outside(self.installation.program))
        return ["sh", "-c", RUN, "asterisk", *user, *loader, program, *inside[1:]]


def choose(installation: Installation, plan: Plan) -> Launch:
    """Choose how this installation is run for this home. Blocking, for a moment.

    Raises:
        NoWayError: started by root, and there is no way to run it as another user; says why and what to do.

    """
    owner = own_user()
    if owner is None:
        return Launch(Way.DIRECT, installation, _direct_ground(installation, owner))
    without = _no_namespace(plan)
    if without is None:
        return Launch(Way.NAMESPACE, installation, Ground(installation.modules, installation.data, owner))
    for path in (installation.root, *plan.readable, *plan.writable):
        if path != installation.root:
            _open_way(path, plan.home)
        barred = _barred(path, owner)
        if barred is not None:
            raise NoWayError(
                f"Asterisk must not run as root, its user (id {owner[0]}) cannot enter {barred}, and it cannot be "
                f"given a root of its own here ({without}); choose a home and a cache outside of {barred} (--home "
                "DIR, XDG_CACHE_HOME=DIR), or start the hotline as an ordinary user"
            )
    return Launch(Way.DIRECT, installation, _direct_ground(installation, owner))


def own_user() -> tuple[int, int] | None:
    """Give the user and group id that Asterisk runs under; None: those of this process, which is not root."""
    if os.geteuid() != 0:
        return None
    try:
        known = pwd.getpwnam(USER)
    except KeyError:
        return (USER_ID, USER_ID)
    return (known.pw_uid, known.pw_gid) if known.pw_uid != 0 else (USER_ID, USER_ID)


def environment() -> dict[str, str]:
    """Give the little that Asterisk needs to know of its surroundings."""
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/"}


def _as_user(owner: tuple[int, int] | None) -> list[str]:
    if owner is None:
        return []
    user, group = owner
    rights = ["--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
    return ["setpriv", f"--reuid={user}", f"--regid={group}", *rights]


def _direct_ground(installation: Installation, owner: tuple[int, int] | None) -> Ground:
    return Ground(installation.outside(installation.modules), installation.outside(installation.data), owner)


def _loader(installation: Installation) -> Path:
    """Find the dynamic loader of an isolated root, by its true name: links in it may point to the machine's own."""
    folder = installation.outside(installation.libraries)
    found = sorted(folder.glob("ld-linux*.so.*"))
    if not found:
        raise UnavailableError(f"the Asterisk in {installation.root} has no program loader; delete that folder")
    return found[0]


def _no_namespace(plan: Plan) -> str | None:
    """Try what ENTER begins with; containers and plain chroots forbid it. Says why not; None where it works."""
    missing = [tool for tool in ("unshare", "chroot", "mount") if shutil.which(tool) is None]
    if missing:
        return f"{', '.join(missing)} not found"
    for path in (*plan.readable, *plan.writable):
        if path.parts[1] in (*SYSTEM, "dev"):
            return f"{path} lies in /{path.parts[1]}, where the installation's own folder would hide it"
    point = plan.folder / "root"
    point.mkdir(parents=True, exist_ok=True)
    trial = ["unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "callcenter", str(point)]
    try:
        done = subprocess.run(  # noqa: S603  # fixed words, one path
            trial, capture_output=True, timeout=PROBE_SECONDS, check=False, env=environment(), errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"unshare: {error}"
    if done.returncode == 0:
        return None
    words = (done.stderr.strip().splitlines() or ["unshare failed without a word"])[0]
    if "root filesystem propagation" in words:  # what unshare says in a chroot
        words += "; in a chroot / must be a mount: bind its folder onto itself before entering it"
    return words


def _open_way(path: Path, home: Path) -> None:
    """Let others pass through, but not look into, the folders inside the home that lead to this one."""
    for folder in path.parents:
        if home in folder.parents and folder.is_dir():
            mode = stat.S_IMODE(folder.stat().st_mode)
            if mode | stat.S_IXOTH != mode:
                folder.chmod(mode | stat.S_IXOTH)


def _barred(path: Path, owner: tuple[int, int]) -> Path | None:
    """Give the first folder on this way that its user may not enter."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            return None
        mode, user, group = (status := folder.stat()).st_mode, status.st_uid, status.st_gid
        bit = stat.S_IXUSR if user == owner[0] else stat.S_IXGRP if group == owner[1] else stat.S_IXOTH
        if not mode & bit:
            return folder
    return None
