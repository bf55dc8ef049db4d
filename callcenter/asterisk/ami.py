"""The shapes of Asterisk's manager interface (AMI): blocks of headers, answers, and how the link is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from callcenter.domain.errors import InvalidInputError

Headers = Mapping[str, str]
HeaderValue = str | int | Sequence[str]

BLOCK_END = b"\r\n\r\n"
STRANGERS_HEADERS = frozenset(
    {"calleridnum", "connectedlinenum", "destcalleridnum", "destconnectedlinenum", "effectiveconnectedlinenum"}
)
STRANGERS_TEXT = (
    b"\r\nCallerIDNum: ",
    b"\r\nConnectedLineNum: ",
    b"\r\nDestCallerIDNum: ",
    b"\r\nDestConnectedLineNum: ",
    b"\r\nEffectiveConnectedLineNum: ",
)
LONGEST_STRANGERS_TEXT = 84  # bytes; Asterisk keeps 79, and more than 100 of its own follow in a channel's event
SHORT_EVENTS = (b"Event: OriginateResponse", b"Event: QueueEntry")  # less follows; the number there is one we sent
LONGEST_LINE = 1000  # bytes; Asterisk refuses a line of more than about 1020
_ENDS_A_LINE = re.compile("[\r\n\0]")


class Condition(StrEnum):
    """How the link is."""

    CONNECTING = "connecting"
    READY = "ready"
    REFUSED = "refused"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """How the link is, and why, for a person who reads /health."""

    condition: Condition
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take, in seconds, and how much may pile up."""

    connect: float = 3.0
    answer: float = 3.0
    boot: float = 60.0
    ping_every: float = 2.0
    ping_answer: float = 2.5
    retry_first: float = 0.2
    retry_most: float = 5.0
    refused_first: float = 1.0
    """After a refused log-in: asking on and on fills the security log and gets addresses barred."""
    refused_most: float = 60.0
    in_use: float = 1.0
    """While an earlier session of ours is not over in Asterisk; it takes one more second to say so."""
    inbox: int = 20_000
    """Events not yet handled; more than that and the picture is not to be trusted, so the link starts anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Asterisk said to one action."""

    success: bool
    message: str
    headers: Headers
    entries: tuple[Headers, ...] = ()
    """The list that followed, where one was asked for."""


class Listener(Protocol):
    """Who hears the link. Every method is called from the link's own task, one after the other."""

    def heard(self, headers: Headers) -> None:
        """Take one event in."""

    async def restored(self) -> None:
        """Look at what exists; events wait meanwhile and are told afterwards, in order."""

    def lost(self) -> None:
        """Know that Asterisk is not heard any more. Only told after `restored` was called."""


def cut_blocks(data: bytes) -> tuple[list[bytes], bytes]:
    """Cut what was read into whole blocks and the rest.

    Asterisk writes a caller's number into its events as it came, percent-decoded, line breaks included: seen with
    22.10.1 and `From: <sip:b%0d%0a%0d%0aEvent%3a...@...>`. So a blank line that stands where such a number may still
    go on is the caller's, not the end of the block. (A caller's name is escaped.)
    """
    blocks: list[bytes] = []
    start = 0
    while (end := _block_end(data, start)) >= 0:
        blocks.append(data[start:end])
        start = end + len(BLOCK_END)
    return blocks, data[start:]


def _block_end(data: bytes, start: int) -> int:
    end = data.find(BLOCK_END, start)
    if end < 0 or not data.startswith(b"Event: ", start) or data.startswith(SHORT_EVENTS, start):
        return end
    bound = end
    for name in STRANGERS_TEXT:
        found = data.find(name, start, end)
        if found >= 0:
            bound = max(bound, found + len(name) + LONGEST_STRANGERS_TEXT)
    return data.find(BLOCK_END, bound)


def parse_block(block: str) -> dict[str, str]:
    """Read one AMI block.

    Of a header that comes twice one is a caller's (see `cut_blocks`). Before a caller's number stands what Asterisk
    wrote first, after it what Asterisk wrote last; so that is what counts.
    `Variable: NAME=value` lines are kept under `Variable(NAME)`, since one block holds many.
    """
    headers: dict[str, str] = {}
    written: dict[str, str] = {}  # lower case → as first seen
    trusted: frozenset[str] | None = None
    for line in block.split("\r\n"):
        name, colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if not colon:
            continue
        if name in ("Variable", "ChanVariable"):
            variable, equals, value = value.partition("=")
            if not equals:
                continue
            name = f"Variable({variable})"
        key = name.lower()
        name = written.setdefault(key, name)
        if trusted is None:
            headers.setdefault(name, value)
            if key in STRANGERS_HEADERS:
                trusted = frozenset(written)
        elif key not in trusted:
            headers[name] = value
    return headers


def checked(headers: Mapping[str, HeaderValue]) -> dict[str, str | list[str]]:
    """Let nothing through that would end its line: what follows would be an action of somebody else's making."""
    checked: dict[str, str | list[str]] = {}
    for name, value in headers.items():
        values = [str(value)] if isinstance(value, str | int) else [str(one) for one in value]
        for line in [f"{name}: {text}" for text in values] or [name]:
            if _ENDS_A_LINE.search(line):
                raise InvalidInputError(f"line break in AMI header {name!r}")
            if len(line.encode()) > LONGEST_LINE:
                raise InvalidInputError(f"AMI header {name!r} is longer than {LONGEST_LINE} bytes")
        checked[name] = values[0] if isinstance(value, str | int) else values
    return checked
