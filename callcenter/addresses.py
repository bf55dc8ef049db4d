"""Where something listens or is reached, as people write it: `HOST:PORT` and `FROM-TO`."""

import ipaddress
import re
from dataclasses import dataclass

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_FIRST_FREE_PORT = 1024  # below it only root may listen, and Asterisk never runs as root
LAST_PORT = 65_535
_FEWEST_RTP_PORTS = 20  # five calls: each has two legs, and each leg takes two ports


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port. The host is an IP address without brackets, or a host name where one is allowed."""

    host: str
    port: int
    """1-65535."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Nobody outside this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_any(self) -> bool:
        """Listens on every address of this machine."""
        try:
            return ipaddress.ip_address(self.host).is_unspecified
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports from the first to the last, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last


def parse_endpoint(text: str, *, names: bool = False) -> Endpoint:
    """Read `HOST:PORT`; IPv6 hosts stand in brackets. Host names are taken only where `names` says so.

    `localhost` is read as 127.0.0.1. All addresses at once (`0.0.0.0`, `[::]`) are meant only when written so.

    Raises:
        ValueError: says what is wrong, in words that fit behind "is".

    """
    host, colon, port_text = text.strip().rpartition(":")
    if not colon:
        raise ValueError("without a port")
    if not host:
        raise ValueError("without a host")
    bracketed = host.startswith("[") and host.endswith("]")
    if ":" in host and not bracketed:
        raise ValueError("an IPv6 address without brackets")
    host = host[1:-1] if bracketed else host
    port = parse_port(port_text)
    if host == "localhost":
        return Endpoint("127.0.0.1", port)
    try:
        return Endpoint(str(ipaddress.ip_address(host)), port)
    except ValueError:
        if names and not bracketed and _HOST_NAME.fullmatch(host) and not host.replace(".", "").isdigit():
            return Endpoint(host.lower(), port)
    raise ValueError("not a host name" if names else "not an IP address")


def parse_port(text: str) -> int:
    """Read one port.

    Raises:
        ValueError: not 1 to 65535.

    """
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LAST_PORT):
        raise ValueError("with a port outside 1 to 65535")
    return int(text)


def parse_port_range(text: str) -> PortRange:
    """Read `FROM-TO`.

    Raises:
        ValueError: says what is wrong, in words that fit behind "is".

    """
    first_text, dash, last_text = (part.strip() for part in text.partition("-"))
    if not dash:
        raise ValueError("not a range of ports")
    ports = PortRange(parse_port(first_text), parse_port(last_text))
    if ports.first < _FIRST_FREE_PORT:
        raise ValueError(f"a range that begins below {_FIRST_FREE_PORT}, where only root may listen")
    if ports.last < ports.first:
        raise ValueError("a range that ends before it begins")
    if ports.last - ports.first + 1 < _FEWEST_RTP_PORTS:
        raise ValueError(f"a range of fewer than {_FEWEST_RTP_PORTS} ports")
    return ports
