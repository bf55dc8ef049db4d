"""A wire between the hotline and PostgreSQL that is cut when it hurts most: a COMMIT has come through, its answer not.

It works in threads of its own, since the start of a hotline blocks the tests' loop.
"""

import socket
import threading
from contextlib import suppress
from typing import Self

_PIECE = 65536
_COMMIT = b"COMMIT;"  # asyncpg's own words, sent as they are


class CommitRelay:
    """Listens on a port of loopback and passes on to the server at `to`; `with` starts and ends it."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._to_cut = 0
        self.cut = 0
        """How many commits lost their answer."""
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="commit relay", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for each in self._open:
                _end(each)

    def cut_commits(self, count: int) -> None:
        """Cut the connections of the next so many commits, once the server has done them."""
        with self._lock:
            self._to_cut += count

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._to), timeout=5)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                with self._lock:
                    self._open |= {near, far}
                commits = threading.Event()
                for source, sink, watch in ((near, far, True), (far, near, False)):
                    words = (source, sink, commits, watch)
                    threading.Thread(target=self._pass_on, args=words, name="commit relay", daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, commits: threading.Event, watch: bool) -> None:  # noqa: FBT001
        with suppress(OSError):
            while data := source.recv(_PIECE):
                if watch and _COMMIT in data and self._takes_one():
                    commits.set()
                if not watch and commits.is_set():
                    break  # the server has done it, and says so: nobody hears of it
                sink.sendall(data)
        for each in (source, sink):
            _end(each)
            with self._lock:
                self._open.discard(each)

    def _takes_one(self) -> bool:
        with self._lock:
            if not self._to_cut:
                return False
            self._to_cut -= 1
            self.cut += 1
            return True


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
