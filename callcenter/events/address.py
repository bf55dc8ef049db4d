"""Where a broker is and how one signs in there, as one line: mqtts://USER:PASSWORD@HOST:PORT."""

from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""Where brokers listen when nothing else is written, by scheme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAddress:
    """An MQTT broker, and our login there."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Address and login in one line, as `parse_broker` reads it: a secret."""
        login = "" if self.user is None else quote(self.user, safe="")
        login += "" if self.password is None else f":{quote(self.password, safe='')}"
        return f"{'mqtts' if self.tls else 'mqtt'}://{login}{'@' if login else ''}{self}"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_broker(text: str) -> BrokerAddress:
    """Read `mqtt://` or `mqtts://`; signs such as @ and : in user and password are written as %40 and %3A.

    Raises:
        ValueError: what is wrong with it, without repeating any of it: it may hold a password.

    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("no address with a port from 1 to 65535") from None  # the cause repeats what was written
    if parts.scheme not in PORTS:
        raise ValueError("no address that begins with mqtt:// or mqtts://")
    if not parts.hostname:
        raise ValueError("an address without a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("an address with something behind the port")
    if port == 0:
        raise ValueError("no address with a port from 1 to 65535")
    if parts.password is not None and not parts.username:
        raise ValueError("an address with a password and no user")
    return BrokerAddress(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password is not None else None,
    )
