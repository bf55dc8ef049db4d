"""A LAN beside this machine, with hosts that are not it: a network namespace at the far end of a cable (veth)."""

import ctypes
import fcntl
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HOTLINE = "198.51.100.1"  # RFC 5737: a net that nobody has
_HOSTS = ("198.51.100.2", "198.51.100.3", "198.51.100.4")
_NEW_NET = 0x40000000  # CLONE_NEWNET of setns(2); Python has no name for it before 3.12
_LIMIT_SECONDS = 10
_TURN_SECONDS = 120  # another run's tests of its LAN take half a minute
_LOOK_SECONDS = 0.2


class NoLanError(Exception):
    """No namespace can be made here; says why."""


class Lan:
    """This machine at `hotline`, and three other hosts: `trunk`, `desk`, `stranger`."""

    hotline = _HOTLINE
    trunk, desk, stranger = _HOSTS

    def __init__(self) -> None:
        self.name = f"lan-{os.getpid()}"

    @contextmanager
    def plugged_in(self) -> Iterator["Lan"]:
        """Make it, and take it away at the end; one at a time on a machine. Raises NoLanError."""
        with _alone():
            yield from self._plugged_in()

    def _plugged_in(self) -> Iterator["Lan"]:
        near, far = f"n{os.getpid()}", f"f{os.getpid()}"
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.name)
            try:
                _ip("address", "add", f"{self.hotline}/24", "dev", near)
                _ip("link", "set", near, "up")
                for host in _HOSTS:
                    _ip("-n", self.name, "address", "add", f"{host}/24", "dev", far)
                for device in (far, "lo"):
                    _ip("-n", self.name, "link", "set", device, "up")
                yield self
            finally:
                _ip("link", "del", near)
        finally:
            _ip("netns", "del", self.name)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be a host of the LAN meanwhile: sockets that are opened belong to it. This thread only."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(there)
            try:
                yield
            finally:
                _enter(here)
        finally:
            os.close(there)
            os.close(here)

    def reaches(self, port: int, *, address: str = _HOTLINE) -> bool:
        """Tell whether a host of the LAN can open a TCP connection to this machine."""
        with self.inside(), socket.socket() as probe:
            probe.bind((self.stranger, 0))
            probe.settimeout(_LIMIT_SECONDS)
            try:
                probe.connect((address, port))
            except ConnectionRefusedError:
                return False
            return True


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other run of the tests has such a LAN: its addresses are the same."""
    path = Path(tempfile.gettempdir()) / f"callcenter-test-lan-{os.getuid()}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        end = time.monotonic() + _TURN_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(handle)


def _enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, _NEW_NET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*words: str) -> None:
    if os.geteuid() != 0:
        raise NoLanError("only root makes a network namespace")
    try:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS)
    except FileNotFoundError:
        raise NoLanError("ip (iproute2) is not installed") from None
    if done.returncode != 0:
        raise NoLanError(f"ip {' '.join(words)}: {done.stderr.strip()}")
