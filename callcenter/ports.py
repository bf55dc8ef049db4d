"""Whether the ports that were set are free, found out by taking them for a moment."""

import errno
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from callcenter.addresses import Endpoint
from callcenter.domain.errors import CallcenterError
from callcenter.settings import Settings

LOOPBACK = "127.0.0.1"


class PortTakenError(CallcenterError):
    """Ports that cannot be used; `lines` names each with the flag that sets another."""

    def __init__(self, lines: Collection[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that a run listens on."""

    setting: str
    """Name of the setting and of its flag."""
    endpoint: Endpoint
    kind: socket.SocketKind

    @property
    def protocol(self) -> str:
        """TCP or UDP."""
        return "TCP" if self.kind is socket.SOCK_STREAM else "UDP"


def wanted_ports(settings: Settings) -> Iterator[Wanted]:
    """Give every port a run with these settings listens on; of the range for sound the first and the last."""
    yield Wanted("http", settings.http, socket.SOCK_STREAM)
    if settings.asterisk_elsewhere is None:
        yield Wanted("sip", settings.sip, socket.SOCK_DGRAM)
        yield Wanted("ami", Endpoint(LOOPBACK, settings.ami), socket.SOCK_STREAM)
        yield Wanted("rtp", Endpoint(settings.sip.host, settings.rtp.first), socket.SOCK_DGRAM)
        yield Wanted("rtp", Endpoint(settings.sip.host, settings.rtp.last), socket.SOCK_DGRAM)
    if settings.mqtt_own_port is not None:
        yield Wanted("mqtt_own_port", Endpoint(LOOPBACK, settings.mqtt_own_port), socket.SOCK_STREAM)


def trouble_with(wanted: Wanted) -> str | None:
    """Say why this port cannot be used and what to do, or None when it is free."""
    endpoint, flag = wanted.endpoint, f"--{wanted.setting.replace('_', '-')}"
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    try:
        with socket.socket(family, wanted.kind) as probe:
            if wanted.kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ports of ended connections are free
            probe.bind((endpoint.host, endpoint.port))
            if wanted.kind is socket.SOCK_STREAM:
                probe.listen(1)
    except OSError as error:
        match error.errno:
            case errno.EADDRINUSE:
                return (
                    f"port {endpoint.port} ({wanted.protocol}) on {endpoint.host} is in use by another program;"
                    f" end it, or choose another port with {flag}"
                )
            case errno.EACCES | errno.EPERM:
                return f"port {endpoint.port} ({wanted.protocol}) is kept for root; choose one above 1023 with {flag}"
            case errno.EADDRNOTAVAIL:
                flag = "--sip" if wanted.setting == "rtp" else flag  # sound has the address of SIP
                return f"{endpoint.host} is no address of this machine; set the right one with {flag}"
            case _:
                return f"{endpoint} ({wanted.protocol}) cannot be used ({error.strerror}); choose another with {flag}"
    return None


def check_ports(settings: Settings, *, ours: Collection[str] = ()) -> None:
    """Refuse to start on ports that others use. `ours` are settings whose ports a living part of this home holds.

    Raises:
        PortTakenError: with a line for each.

    """
    lines = [
        trouble
        for wanted in wanted_ports(settings)
        if wanted.setting not in ours and (trouble := trouble_with(wanted)) is not None
    ]
    if lines:
        raise PortTakenError(list(dict.fromkeys(lines)))  # one address, three ports: told once
