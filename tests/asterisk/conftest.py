"""One real Asterisk for all tests that want one: found in the cache, or made there, and started from our own files."""

import asyncio
import os
import socket
import wave
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from callcenter.asterisk.installation import find_or_make
from callcenter.asterisk.launch import Installation
from callcenter.asterisk.plan import Plan, SeatPhone
from callcenter.asterisk.process import AsteriskProcess

HOST = "127.0.0.1"
RTP = range(30000, 31800, 100)
SECRET = "a-secret-of-the-tests-0123456789"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callcenter"

ResultT = TypeVar("ResultT")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the making of an Asterisk, a minute once on a machine, out of the first test's time limit."""
    for item in items:
        if item.get_closest_marker("asterisk") is not None and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(60, func_only=True))


@dataclass(frozen=True)
class Ami:
    """Where a real Asterisk listens for its controller."""

    port: int
    secret: str


def run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run this on a loop of its own: fixtures that last longer than a test have none."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def write_sound(path: Path, seconds: float) -> Path:
    """Write a sound of that length: a low hum."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((b"\x00\x08" * 20 + b"\x00\xf8" * 20) * int(seconds * 200))
    return path


def plan_in(home: Path, **changes: Any) -> Plan:
    """Make a plan for this home on ports that nobody has."""
    with ExitStack() as held:

        def free(kind: socket.SocketKind) -> int:
            probe = held.enter_context(socket.socket(socket.AF_INET, kind))
            probe.bind((HOST, 0))
            return int(probe.getsockname()[1])

        values: dict[str, Any] = {
            "home": home,
            "recordings": home / "recordings",
            "log": home / "log",
            "greeting": home / "prompts" / "greeting.wav",
            "music": home / "music",
            "sip_host": HOST,
            "sip_port": free(socket.SOCK_DGRAM),
            "trunk_host": HOST,
            "trunk_port": free(socket.SOCK_DGRAM),
            "rtp_from": (first := next(port for port in RTP if _is_free(port))),
            "rtp_to": first + 99,
            "ami_port": free(socket.SOCK_STREAM),
            "ami_secret": SECRET,
            "hotline": "12345",
            "seats": [SeatPhone(f"800{n}", f"{SECRET}-{n}") for n in range(1, 5)],
        }
    return Plan(**{**values, **changes})


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="session")
def installation() -> Installation:
    """Give an Asterisk that has passed its trial; it is made where there is none yet."""
    return run(find_or_make(CACHE, tell=print))


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Give the plan of the one Asterisk; its greeting lasts a second, as long as the stories need."""
    home = tmp_path_factory.mktemp("home")
    write_sound(home / "prompts" / "greeting.wav", 1.0)
    write_sound(home / "music" / "hum.wav", 2.0)
    return plan_in(home)


@pytest.fixture(scope="session")
def asterisk(plan: Plan, installation: Installation) -> Iterator[AsteriskProcess]:
    """Give the one Asterisk, running."""
    process = AsteriskProcess(plan, installation)
    run(process.start())
    yield process
    run(process.stop())


@pytest.fixture
def ami(asterisk: AsteriskProcess, plan: Plan) -> Ami:
    """Give the way to it."""
    return Ami(plan.ami_port, plan.ami_secret)
