"""SIP messages: reading them from bytes that anybody may have sent, and writing them (RFC 3261).

Text is UTF-8; bytes that are none survive reading and writing (surrogateescape).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from scripts.phones.datagrams import Address

VERSION = "SIP/2.0"
DEFAULT_PORT = 5060
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9])(?: (.*))?", re.DOTALL)
_CSEQ = re.compile(r"([0-9]{1,10})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)")
_SHORT_NAMES = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
    "s": "subject", "k": "supported", "e": "content-encoding", "o": "event", "r": "refer-to", "u": "allow-events",
}  # fmt: skip
_NEEDED = ("via", "from", "to", "call-id", "cseq")

Header = tuple[str, str]


class MalformedSipError(ValueError):
    """The bytes are no SIP message; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What requests and responses have in common."""

    headers: tuple[Header, ...]
    body: bytes = field(default=b"", repr=False)

    def all_of(self, name: str) -> list[str]:
        """Give the values of every header of this name, in order; short names count."""
        wanted = name.lower()
        return [value for key, value in self.headers if _SHORT_NAMES.get(key.lower(), key.lower()) == wanted]

    def get(self, name: str) -> str | None:
        """Give the first header of this name."""
        return next(iter(self.all_of(name)), None)

    def need(self, name: str) -> str:
        """Give the first header of this name; raises MalformedSipError when there is none."""
        value = self.get(name)
        if value is None:
            raise MalformedSipError(f"no {name} header")
        return value

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.need("call-id")

    @property
    def cseq(self) -> int:
        """The number in CSeq."""
        return _read_cseq(self.need("cseq"))[0]

    @property
    def cseq_method(self) -> str:
        """The method in CSeq."""
        return _read_cseq(self.need("cseq"))[1]

    @property
    def from_tag(self) -> str | None:
        """The tag of From."""
        return read_party(self.need("from")).params.get("tag")

    @property
    def to_tag(self) -> str | None:
        """The tag of To; None before there is a dialog."""
        return read_party(self.need("to")).params.get("tag")

    @property
    def branch(self) -> str:
        """The branch of the topmost Via: the name of the transaction."""
        return via_params(self.need("via")).get("branch", "")

    def _write(self, first_line: str) -> bytes:
        lines = [first_line, *(f"{name}: {value}" for name, value in self.headers), f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    """A request."""

    method: str
    uri: str

    def write(self) -> bytes:
        """Give its bytes."""
        return self._write(f"{self.method} {self.uri} {VERSION}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    """A response."""

    status: int
    reason: str

    @property
    def is_final(self) -> bool:
        """True from 200 on."""
        return self.status >= 200  # noqa: PLR2004 - SIP's own border

    @property
    def is_success(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - SIP's own borders

    def write(self) -> bytes:
        """Give its bytes."""
        return self._write(f"{VERSION} {self.status} {self.reason}")


@dataclass(frozen=True, slots=True)
class Party:
    """A From, To or Contact value: a name that may be empty, an address, and what stands behind it."""

    name: str
    uri: str
    params: dict[str, str]


def read_message(data: bytes) -> Request | Response:
    """Read one datagram; raises MalformedSipError."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        raise MalformedSipError("no empty line behind the headers")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    headers = tuple(_read_header(line) for line in _unfolded(lines))
    draft = Message(headers=headers)
    for name in _NEEDED:
        draft.need(name)
    _, method = _read_cseq(draft.need("cseq"))
    body = _cut(body, draft.get("content-length"))
    headers = tuple(header for header in headers if header[0].lower() not in {"content-length", "l"})
    if first.startswith(VERSION + " "):
        found = _STATUS_LINE.fullmatch(first)
        if found is None:
            raise MalformedSipError("a status line without a status")
        return Response(headers=headers, body=body, status=int(found[1]), reason=found[2] or "")
    words = first.split(" ")
    if len(words) != 3 or words[2] != VERSION or not _TOKEN.fullmatch(words[0]) or not words[1]:  # noqa: PLR2004
        raise MalformedSipError("a first line that is neither a request nor a status")
    if words[0] != method:
        raise MalformedSipError("CSeq names another method than the first line")
    return Request(headers=headers, body=body, method=words[0], uri=words[1])


def read_party(value: str) -> Party:
    """Read `"name" <uri>;tag=x`, `name <uri>` or a bare `uri;tag=x`; raises MalformedSipError."""
    opening = _outside_quotes(value, "<")
    if opening is None:
        uri, _, rest = value.strip().partition(";")
        return Party(name="", uri=uri.strip(), params=_read_params(rest))
    closing = value.find(">", opening)
    if closing < 0:
        raise MalformedSipError("an address that is not closed by >")
    name = value[:opening].strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1], flags=re.DOTALL)
    return Party(name=name, uri=value[opening + 1 : closing], params=_read_params(value[closing + 1 :].lstrip(" \t;")))


def write_party(uri: str, *, name: str = "", tag: str | None = None) -> str:
    """Write an address with its name in quotes."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return (f'"{quoted}" ' if name else "") + f"<{uri}>" + (f";tag={tag}" if tag else "")


def split_list(values: Iterable[str]) -> list[str]:
    """Split header values that hold lists, such as Record-Route, at the commas that divide them."""
    parts: list[str] = []
    for value in values:
        rest = value
        while (comma := _outside_quotes(rest, ",", bracketed=False)) is not None:
            parts.append(rest[:comma].strip())
            rest = rest[comma + 1 :]
        parts.append(rest.strip())
    return [part for part in parts if part]


def via_params(value: str) -> dict[str, str]:
    """Give the parameters of the topmost Via of a header value."""
    topmost = next(iter(split_list([value])), "")
    return _read_params(topmost.partition(";")[2])


def user_of(uri: str) -> str:
    """Give the user or the number of a sip: or tel: address; empty when it has none."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() == "tel":
        return rest.partition(";")[0]
    user, at, _ = rest.rpartition("@")
    return user.partition(":")[0].partition(";")[0] if at else ""


def address_of(uri: str) -> Address:
    """Give host and port of a sip: address; raises MalformedSipError."""
    rest = uri.partition(":")[2].rpartition("@")[2]
    host, _, port = rest.partition(";")[0].partition("?")[0].partition(":")
    if not host or (port and not (port.isascii() and port.isdigit() and 0 < int(port) <= 65535)):  # noqa: PLR2004
        raise MalformedSipError("an address without a host, or with a port that is none")
    return host, int(port) if port else DEFAULT_PORT


def _read_header(line: str) -> Header:
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t")
    if not colon or not _TOKEN.fullmatch(name):
        raise MalformedSipError("a header line without a name")
    return name, value.strip(" \t")


def _unfolded(lines: list[str]) -> list[str]:
    """Join lines that begin with white space to the ones before."""
    whole: list[str] = []
    for line in lines:
        if line[:1] in {" ", "\t"} and whole:
            whole[-1] += " " + line.strip(" \t")
        else:
            whole.append(line)
    return whole


def _read_cseq(value: str) -> tuple[int, str]:
    found = _CSEQ.fullmatch(value)
    if found is None:
        raise MalformedSipError("a CSeq that is no number and method")
    return int(found[1]), found[2]


def _cut(body: bytes, length: str | None) -> bytes:
    if length is None:
        return body
    if not (length.isascii() and length.isdigit() and len(length) < 8) or int(length) > len(body):  # noqa: PLR2004
        raise MalformedSipError("a Content-Length that the message does not have")
    return body[: int(length)]


def _read_params(text: str) -> dict[str, str]:
    params: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name.strip():
            params.setdefault(name.strip().lower(), value.strip())
    return params


def _outside_quotes(text: str, wanted: str, *, bracketed: bool = True) -> int | None:
    """Find a character outside "..." and, unless `bracketed`, outside <...>."""
    quoted = escaped = inside = False
    for at, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character == wanted and not (inside and not bracketed):
            return at
        elif character == "<":
            inside = True
        elif character == ">":
            inside = False
    return None
