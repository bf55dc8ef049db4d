"""A trunk on which packets are lost and late: what a phone's sockets send and take in, both ways, by seeded chance.

The kernel's own means (netem) is not on every machine; this one is, and is the same each time for the same seed.
"""

import heapq
import itertools
import random
import socket
import threading
import time
from dataclasses import dataclass, field

from scripts.phones.datagrams import Address, open_socket


@dataclass(frozen=True, slots=True)
class Weather:
    """What the wire is like."""

    loss: float
    """Share of packets that are lost, each way."""
    jitter: float = 0.04
    """Each packet that is sent is late by up to so many seconds, so that some overtake others."""
    first_is_lost: bool = False
    """The first copy of every SIP message is lost, each way: nothing arrives that is not said again."""


@dataclass(eq=False)
class Wire:
    """The wires of some phones. `lost` counts packets by kind, `sip` and `sound`."""

    weather: Weather
    seed: int
    lost: dict[str, int] = field(default_factory=lambda: {"sip": 0, "sound": 0})

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._seen: set[bytes] = set()
        self._late: list[tuple[float, int, LossySocket, bytes, Address]] = []
        self._numbers = itertools.count()
        self._more = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._deliver, name="lossy wire", daemon=True)
        self._thread.start()

    def open_socket(self, host: str, port: int = 0) -> "LossySocket":
        """Open a socket whose packets go over this wire."""
        return LossySocket(open_socket(host, port), self)

    def close(self) -> None:
        """Deliver nothing more."""
        with self._more:
            self._over = True
            self._more.notify()
        self._thread.join()

    def loses(self, data: bytes) -> bool:
        """Decide about one packet."""
        is_sip = data[:1].isalpha()
        with self._more:
            lost = self._chance.random() < self.weather.loss
            if self.weather.first_is_lost and is_sip and data not in self._seen:
                self._seen.add(data)
                lost = True
            self.lost["sip" if is_sip else "sound"] += lost
        return lost

    def send(self, by: "LossySocket", data: bytes, to: Address) -> None:
        """Send it later, or never."""
        if not self.loses(data):
            with self._more:
                due = time.monotonic() + self._chance.random() * self.weather.jitter
                heapq.heappush(self._late, (due, next(self._numbers), by, data, to))
                self._more.notify()

    def _deliver(self) -> None:
        with self._more:
            while not self._over:
                if not self._late:
                    self._more.wait()
                elif (wait := self._late[0][0] - time.monotonic()) > 0:
                    self._more.wait(wait)
                else:
                    _, _, by, data, to = heapq.heappop(self._late)
                    by.send_now(data, to)


class LossySocket(socket.socket):
    """A datagram socket at the end of such a wire."""

    def __init__(self, opened: socket.socket, wire: Wire) -> None:
        super().__init__(opened.family, opened.type, opened.proto, fileno=opened.detach())
        self.settimeout(0)
        self._wire = wire

    def sendto(self, data: bytes, to: Address) -> int:  # type: ignore[override]
        """Give it to the wire."""
        self._wire.send(self, bytes(data), to)
        return len(data)

    def send_now(self, data: bytes, to: Address) -> None:
        """Send it on; what is sent when the phone has gone arrives nowhere."""
        if self.fileno() >= 0:
            super().sendto(data, to)

    def recvmsg(self, *sizes: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, Address]:
        """Take the next packet that was not lost. Raises BlockingIOError where there is none."""
        while True:
            data, ancillary, flags, source = super().recvmsg(*sizes)
            if not self._wire.loses(data):
                return data, ancillary, flags, source
