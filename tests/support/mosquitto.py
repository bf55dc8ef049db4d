"""A real Mosquitto on loopback, and one who listens to it."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from callcenter.events.address import BrokerAddress
from tests.support.office_fakes import eventually

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None and os.environ.get("CI") != "true", reason="Debian's mosquitto is not installed"
)
_STARTS_SECONDS = 5.0


def free_port() -> int:
    """Give a port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One broker; it forgets everything when it ends, as one without persistence does."""

    def __init__(
        self,
        folder: Path,
        *lines: str,
        login: tuple[str, str] | None = None,
        tls: bool = False,
        port: int | None = None,
    ) -> None:
        self.address = BrokerAddress(
            host="127.0.0.1",
            port=port or free_port(),
            tls=tls,
            user=login[0] if login else None,
            password=login[1] if login else None,
        )
        self._folder = folder
        self._login = login
        self._lines = lines
        self._process: asyncio.subprocess.Process | None = None

    @property
    def said(self) -> str:
        """Its log."""
        return (self._folder / "mosquitto.log").read_text("utf-8", "replace")

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        assert MOSQUITTO is not None, "Debian's mosquitto is not installed"
        settings = [f"listener {self.address.port} 127.0.0.1", "persistence false", "user root", *self._lines]
        if self._login is None:
            settings.append("allow_anonymous true")
        else:
            passwords = self._folder / "passwords"
            passwords.write_text(":".join(self._login) + "\n")
            await asyncio.to_thread(subprocess.run, ["mosquitto_passwd", "-U", str(passwords)], check=True)
            settings += ["allow_anonymous false", f"password_file {passwords}"]
        (self._folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                MOSQUITTO,
                *("-c", str(self._folder / "mosquitto.conf"), "-v"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        await eventually(self._answers, within=_STARTS_SECONDS)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.said
        with socket.socket() as probe:
            return probe.connect_ex((self.address.host, self.address.port)) == 0

    async def kill(self) -> None:
        """End it by force."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    def freeze(self, *, on: bool) -> None:
        """Let it do nothing, though its port stays open, or go on."""
        assert self._process is not None
        os.kill(self._process.pid, 19 if on else 18)  # SIGSTOP, SIGCONT


@asynccontextmanager
async def a_broker(folder: Path, *lines: str, **how: Any) -> AsyncIterator[Mosquitto]:
    """Run a broker for as long as the block takes."""
    broker = Mosquitto(folder, *lines, **how)
    try:
        await broker.start()
        yield broker
    finally:
        await broker.kill()


@dataclass(frozen=True)
class Seen:
    """One message as a subscriber got it."""

    topic: str
    text: str
    retained: bool
    """It was there before he asked."""
    properties: Mapping[str, str] = field(default_factory=dict)
    """User properties."""
    content_type: str | None = None
    expires_seconds: int | None = None
    qos: int = 0

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Listener:
    """Somebody who listens, and remembers."""

    seen: list[Seen] = field(default_factory=list)

    def under(self, topic: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.topic == topic]

    def types(self, topic: str) -> list[str]:
        return [seen.json["type"] for seen in self.under(topic) if seen.text]

    def last(self, topic: str) -> str | None:
        return found[-1].text if (found := self.under(topic)) else None

    async def until_last(self, topic: str, text: str, *, within: float = 5.0) -> None:
        await eventually(lambda: self.last(topic) == text, within=within)

    async def until_seen(self, topic: str, count: int = 1, *, within: float = 5.0) -> list[Seen]:
        await eventually(lambda: len(self.under(topic)) >= count, within=within)
        return self.under(topic)


@asynccontextmanager
async def listening(address: BrokerAddress, *filters: str) -> AsyncIterator[Listener]:
    """Listen at a broker for as long as the block takes; everything, without filters."""
    listener = Listener()
    client = aiomqtt.Client(
        address.host,
        address.port,
        username=address.user,
        password=address.password,
        protocol=aiomqtt.ProtocolVersion.V5,
    )

    async def listen() -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            properties = message.properties
            listener.seen.append(
                Seen(
                    str(message.topic),
                    message.payload.decode(),
                    message.retain,
                    dict(getattr(properties, "UserProperty", ())),
                    getattr(properties, "ContentType", None),
                    getattr(properties, "MessageExpiryInterval", None),
                    message.qos,
                )
            )

    async with client, asyncio.TaskGroup() as tasks:
        await client.subscribe([(name, 1) for name in filters or ("#",)])
        hearing = tasks.create_task(listen())
        try:
            yield listener
        finally:
            hearing.cancel()
