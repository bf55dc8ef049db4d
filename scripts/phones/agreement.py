"""What both sides of a call agree about its sound: our offers, our answers, and the line that keeps to them."""

from dataclasses import dataclass, replace

from scripts.phones.g711 import Codec
from scripts.phones.line import Line
from scripts.phones.sdp import Direction, NoCommonSoundError, Session, read_session
from scripts.phones.sound import Sound
from scripts.phones.speaking import nobody_waits


@dataclass(slots=True, eq=False, kw_only=True)
class Agreement:
    """Our side of it; made by Call."""

    host: str
    codecs: tuple[Codec, ...]
    line: Line
    sound: Sound
    """What is said once the call is up."""
    direction: Direction = Direction.BOTH
    """What we asked for last, and were given."""
    _version: int = 1

    def offer(self, direction: Direction) -> Session:
        """Give a description of our side, newer than all before."""
        self._version += 1
        address = (self.host, self.line.port)
        return Session(address=address, codecs=self.codecs, direction=direction, version=self._version)

    def answer(self, offered: bytes) -> Session:
        """Take an offer and give our answer to it, or an offer of ours to none; raises NoCommonSoundError."""
        ours = self.offer(self.direction)
        if not offered:
            return ours
        offer = read_session(offered)
        session = ours.answer_to(offer)
        self.connect(replace(offer, codecs=session.codecs))
        return session

    def connect(self, theirs: Session) -> None:
        """Send our sound where the other side wants it; raises NoCommonSoundError."""
        ours = [codec for codec in self.codecs if codec in theirs.codecs]
        if not ours:
            raise NoCommonSoundError("neither PCMA nor PCMU was answered")
        changes = ours[0] is not self.line.codec or self.line.remote is None
        self.line.codec = ours[0]
        self.line.key_payload_type = theirs.keys
        self.line.sends = theirs.direction.receives and self.direction is Direction.BOTH
        if changes:
            self.line.say(self.sound, when_said=nobody_waits)
        self.line.remote = theirs.address
