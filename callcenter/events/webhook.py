"""One webhook: whom it tells what, and how it signs. As Standard Webhooks 1.0.0 has it: its libraries verify it.

Signed is `ID.SECONDS.BODY` with HMAC-SHA256; the header is `v1,` and the signature in Base64.
"""

import base64
import binascii
import hmac
import ipaddress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from callcenter.domain.letters import Letter
from callcenter.events.topics import public_of, written

PREFIX = "whsec_"
_SECRET_BYTES = range(24, 65)  # Standard Webhooks: shorter can be guessed, longer is of no use


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One receiver of events."""

    id: str
    """Our own name for it."""
    url: str = field(repr=False)
    """May hold a token; only `shown` of it is ever shown."""
    secret: bytes = field(repr=False)
    kinds: tuple[str, ...] = ()
    """Kinds such as `call.ended`, or their beginnings such as `alarm.`; empty: all."""
    private: bool = False
    """It is told callers' numbers and words as well."""

    @property
    def shown(self) -> str:
        """Where it is, without what may be secret."""
        return shown_of(self.url)

    def wants(self, letter: Letter) -> bool:
        """Whether it is told of this; never of what is over a moment later."""
        if letter.is_fleeting:
            return False
        return not self.kinds or any(
            letter.type == kind or (kind.endswith(".") and letter.type.startswith(kind)) for kind in self.kinds
        )

    def body(self, letter: Letter) -> bytes:
        """Write what it is told, with what it may read: the same bytes each time. Raises KeyError as `Topics` does."""
        return written(letter, letter.data if self.private else public_of(letter.type, letter.data))

    def headers(self, letter: Letter, body: bytes, *, now: datetime) -> dict[str, str]:
        """Name the event and sign it, for this attempt."""
        seconds = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": letter.id,
            "webhook-timestamp": seconds,
            "webhook-signature": signature(self.secret, letter.id, seconds, body),
        }
        return {**headers, "hotline-redelivered": "true"} if letter.redelivered else headers


def signature(secret: bytes, event_id: str, seconds: str, body: bytes) -> str:
    """Sign one attempt."""
    signed = hmac.digest(secret, f"{event_id}.{seconds}.".encode() + body, "sha256")
    return f"v1,{base64.b64encode(signed).decode()}"


def read_secret(text: str) -> bytes:
    """Read `whsec_` and Base64. Raises ValueError, which does not repeat any of it."""
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if not text.startswith(PREFIX) or len(secret) not in _SECRET_BYTES:
        raise ValueError("no secret of 24 to 64 bytes in Base64 behind whsec_")
    return secret


def check_url(url: str, *, plain_http: bool) -> None:
    """See that nothing goes to others in the clear, unless that is meant. Raises ValueError, without any of the URL."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("no address with a port from 1 to 65535") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("no address that begins with https:// and a host")
    if parts.username is not None or parts.fragment:
        raise ValueError("an address with a login or a # in it")
    if parts.scheme == "http" and not plain_http and not _is_loopback(host):
        raise ValueError("plain http to another machine, where everybody on the way reads it")


def shown_of(url: str) -> str:
    """Give scheme, host and port of a URL."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
