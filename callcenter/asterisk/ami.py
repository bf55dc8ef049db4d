"""The shapes of Asterisk's manager interface (AMI): blocks of headers, answers, and how the link is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from callcenter.domain.errors import InvalidInputError

Headers = Mapping[str, str]
HeaderValue = str | int | Sequence[str]

LONGEST_LINE = 1000  # bytes; Asterisk refuses a line of more than about 1020


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
    refused_first: float = 2.0
    """After a refused log-in: asking on and on fills the security log and gets addresses barred."""
    refused_most: float = 60.0
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
        """Know that Asterisk is not heard any more. Only told after `restored`."""


def parse_block(block: str) -> dict[str, str]:
    """Read one AMI block. Of a header that comes twice only the first counts: the second may be a caller's.

    `Variable: NAME=value` lines are kept under `Variable(NAME)`, since one block holds many.
    """
    headers: dict[str, str] = {}
    seen: set[str] = set()
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
        if name.lower() not in seen:
            seen.add(name.lower())
            headers[name] = value
    return headers


def checked(headers: Mapping[str, HeaderValue]) -> dict[str, str | list[str]]:
    """Let nothing through that would end its line: what follows would be an action of somebody else's making."""
    checked: dict[str, str | list[str]] = {}
    for name, value in headers.items():
        values = [str(value)] if isinstance(value, str | int) else [str(one) for one in value]
        for text in (name, *values):
            if any(mark in text for mark in "\r\n\0"):
                raise InvalidInputError(f"line break in AMI header {name!r}")
        if any(len(f"{name}: {text}".encode()) > LONGEST_LINE for text in values):
            raise InvalidInputError(f"AMI header {name!r} is longer than {LONGEST_LINE} bytes")
        checked[name] = values[0] if isinstance(value, str | int) else values
    return checked
