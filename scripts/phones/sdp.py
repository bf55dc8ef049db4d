"""Session descriptions: where a call's sound goes, in which codec, and which way (RFC 4566, RFC 3264)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scripts.phones.datagrams import Address
from scripts.phones.g711 import CODECS, Codec
from scripts.phones.rtp import TELEPHONE_EVENT


class Direction(StrEnum):
    """Which way sound goes, as the side that says it sees it."""

    BOTH = "sendrecv"
    SEND = "sendonly"
    RECEIVE = "recvonly"
    NONE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether that side sends."""
        return self in {Direction.BOTH, Direction.SEND}

    @property
    def receives(self) -> bool:
        """Whether that side wants to receive."""
        return self in {Direction.BOTH, Direction.RECEIVE}

    def answered(self) -> "Direction":
        """Give the answer of a side that would do both."""
        match self:
            case Direction.SEND:
                return Direction.RECEIVE
            case Direction.RECEIVE:
                return Direction.SEND
        return self


class NoCommonSoundError(ValueError):
    """The other side's description has nothing that this phone can use; answered with 488."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One side of a call's sound."""

    address: Address
    codecs: tuple[Codec, ...]
    keys: int | None = TELEPHONE_EVENT
    """The payload type of key presses; None when the side knows none."""
    direction: Direction = Direction.BOTH
    version: int = 1

    def write(self) -> bytes:
        """Give its text."""
        host, port = self.address
        types = [codec.payload_type for codec in self.codecs]
        lines = [f"a=rtpmap:{codec.payload_type} {codec.name}/8000" for codec in self.codecs]
        if self.keys is not None:
            types.append(self.keys)
            lines += [f"a=rtpmap:{self.keys} telephone-event/8000", f"a=fmtp:{self.keys} 0-16"]
        return "\r\n".join(
            [
                "v=0",
                f"o=- {port} {self.version} IN IP4 {host}",
                "s=-",
                f"c=IN IP4 {host}",
                "t=0 0",
                f"m=audio {port} RTP/AVP {' '.join(map(str, types))}",
                *lines,
                "a=ptime:20",
                f"a={self.direction}",
                "",
            ]
        ).encode()

    def answer_to(self, offer: "Session") -> "Session":
        """Give our answer to an offer: our first codec that it also has; raises NoCommonSoundError."""
        common = [codec for codec in self.codecs if codec in offer.codecs]
        if not common:
            raise NoCommonSoundError("neither PCMA nor PCMU is offered")
        return replace(self, codecs=(common[0],), keys=offer.keys, direction=offer.direction.answered())


def read_session(body: bytes) -> Session:
    """Read a description; raises NoCommonSoundError when it has no audio we know."""
    host, port, types = "", 0, list[int]()
    named: dict[int, str] = {}
    direction = Direction.BOTH
    in_audio = before_media = True
    for line in body.decode("utf-8", "replace").splitlines():
        kind, _, value = line.partition("=")
        words = value.split()
        if kind == "m":
            in_audio = bool(words) and words[0] == "audio" and not port
            before_media = False
            if in_audio:
                port, types = _read_media(words)
        elif kind == "c" and in_audio and len(words) == 3:  # noqa: PLR2004 - IN IP4 address
            host = words[2].partition("/")[0]
        elif kind == "a" and value in list(Direction) and (in_audio or before_media):
            direction = Direction(value)
        elif kind == "a" and in_audio and value.startswith("rtpmap:") and len(words) > 1:
            number = words[0].removeprefix("rtpmap:")
            if number.isascii() and number.isdigit():
                named[int(number)] = words[1].lower()
    if not port or not host:
        raise NoCommonSoundError("no audio with an address and a port")
    return Session(
        address=(host, port),
        codecs=_known(types),
        keys=next((number for number in types if named.get(number) == "telephone-event/8000"), None),
        direction=direction,
    )


def _read_media(words: Sequence[str]) -> tuple[int, list[int]]:
    port, *_ = words[1:2] or ["0"]
    numbers = [word for word in words[3:] if word.isascii() and word.isdigit()]
    return int(port) if port.isascii() and port.isdigit() else 0, [int(number) for number in numbers]


def _known(types: Sequence[int]) -> tuple[Codec, ...]:
    return tuple(CODECS[number] for number in types if number in CODECS)
