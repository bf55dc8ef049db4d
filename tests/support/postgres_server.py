"""A PostgreSQL server of a test's own, which may be killed and started again."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.mosquitto import free_port

_LIMIT_SECONDS = 60
USER = "postgres"


def programs() -> Path | None:
    """Give the folder of the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    return found[-1].parent if found else None


class PostgresServer:
    """One server on loopback; it refuses to run as root, who lends it another user."""

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="callcenter-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, USER)
        self._run("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        self.start()

    def url(self, *, port: int | None = None) -> str:
        """Give its address, or that of what stands before it."""
        return f"postgresql://{USER}@127.0.0.1:{port or self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c max_connections=60"
        self._run("pg_ctl", "-w", "-s", "-l", str(self._folder / "log"), "-o", options, "start")

    def crash(self) -> None:
        """End it at once, without a word to anybody."""
        self._run("pg_ctl", "-w", "-s", "-m", "immediate", "stop")

    def remove(self) -> None:
        """End it, and forget what it had."""
        self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *words: str) -> None:
        folder = programs()
        assert folder is not None, "PostgreSQL is not installed"
        user = USER if os.geteuid() == 0 else None
        subprocess.run(
            [str(folder / program), "-D", str(self._folder / "data"), *words],
            check=True,
            cwd=self._folder,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=_LIMIT_SECONDS,
        )
