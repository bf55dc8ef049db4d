"""Which of Asterisk's channels is whose: caller, seat, unit, music, tap. Held only while the channel lives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from callcenter.domain.ids import CallId, LegId, RecallId

TRUNK = "trunk"  # the one endpoint of pjsip.conf that is not a seat
_PJSIP = re.compile(r"PJSIP/([A-Za-z0-9_.-]{1,64})-[0-9a-f]{8,}")


class Kind(StrEnum):
    """What a channel is to us."""

    CALLER = "caller"
    SEAT = "seat"
    UNIT = "unit"
    RECALLED = "recalled"
    """A citizen who is being called back, until he answers; then he is the caller of a call."""
    MUSIC = "music"
    TAP = "tap"
    OTHER = "other"


class EndedBy(StrEnum):
    """Who asked for the end of a channel first."""

    ITSELF = "itself"
    US = "us"


@dataclass(slots=True, kw_only=True)
class Channel:
    """One channel, or one that we have asked for and that is still to come."""

    uniqueid: str
    kind: Kind
    name: str | None = None
    """Asterisk's name of it; None until it exists."""
    call_id: CallId | None = None
    leg_id: LegId | None = None
    seat: str | None = None
    linkedid: str | None = None
    made: datetime | None = None
    caller_number: str | None = None
    told: bool = False
    """The domain knows this leg."""
    rang: bool = False
    up: bool = False
    calls_back: RecallId | None = None
    """A seat that calls a citizen back, and what is owed to him."""
    private: bool = False
    """A unit that waits on its answer, to be spoken to without the caller."""
    joined: bool = False
    """It has been in a talk at least once."""
    held: bool = False
    """Its own hold button is pressed; such a phone may send no sound."""
    ended_by: EndedBy | None = None
    unwanted: bool = False
    """We have asked for its end, perhaps before it existed."""

    @property
    def is_ending(self) -> bool:
        """Somebody has asked for its end: its own side, or we."""
        return self.unwanted or self.ended_by is EndedBy.ITSELF


@dataclass(slots=True)
class ChannelTable:
    """All channels we know, found by Uniqueid, call or leg."""

    channels: dict[str, Channel] = field(default_factory=dict)
    _callers: dict[CallId, str] = field(default_factory=dict)
    phones: dict[str, "PhoneContacts"] = field(default_factory=dict)

    def expect(
        self,
        uniqueid: str,
        kind: Kind,
        *,
        call_id: CallId | None = None,
        leg_id: LegId | None = None,
        seat: str | None = None,
    ) -> Channel:
        """Announce a channel that we are about to ask for under this Uniqueid."""
        channel = Channel(uniqueid=uniqueid, kind=kind, call_id=call_id, leg_id=leg_id, seat=seat)
        self.channels[uniqueid] = channel
        return channel

    def add(self, channel: Channel) -> Channel:
        """Take in a channel that exists."""
        self.channels[channel.uniqueid] = channel
        if channel.kind is Kind.CALLER and channel.call_id is not None:
            self._callers[channel.call_id] = channel.uniqueid
        return channel

    def name_caller(self, channel: Channel, call_id: CallId) -> None:
        """Say which call this caller's channel is."""
        channel.kind, channel.call_id, channel.leg_id = Kind.CALLER, call_id, LegId(call_id)
        self._callers[call_id] = channel.uniqueid

    def get(self, uniqueid: str) -> Channel | None:
        """Give the channel of this Uniqueid."""
        return self.channels.get(uniqueid)

    def caller(self, call_id: CallId) -> Channel | None:
        """Give the channel of this call's caller."""
        return self.channels.get(self._callers.get(call_id, ""))

    def leg(self, leg_id: LegId) -> Channel | None:
        """Give the channel of a leg, the caller's included."""
        return self.channels.get(leg_id) or self.caller(CallId(leg_id))

    def call_of(self, linkedid: str) -> CallId | None:
        """Give the call that a channel belongs to by its Linkedid, which is the caller's Uniqueid."""
        caller = self.channels.get(linkedid)
        return caller.call_id if caller is not None and caller.kind is Kind.CALLER else None

    def remove(self, uniqueid: str) -> Channel | None:
        """Forget a channel that has ended or never came."""
        channel = self.channels.pop(uniqueid, None)
        if channel is not None and channel.call_id is not None and self._callers.get(channel.call_id) == uniqueid:
            del self._callers[channel.call_id]
        return channel

    def remove_never_came(self, uniqueid: str) -> None:
        """Forget a channel that will not come, and the far end that a Local channel would have had."""
        self.remove(uniqueid)
        self.remove(far_end(uniqueid))

    def clear(self) -> None:
        """Forget everything: what exists will be listed anew."""
        self.channels.clear()
        self._callers.clear()
        self.phones.clear()

    def phone(self, seat: str) -> "PhoneContacts":
        """Give what is known of a seat's phone."""
        return self.phones.setdefault(seat, PhoneContacts())

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self.channels.values()))

    def __len__(self) -> int:
        return len(self.channels)


@dataclass(slots=True)
class PhoneContacts:
    """Where a seat's phone is registered. A phone that registers anew has two contacts for a moment."""

    answers: dict[str, bool] = field(default_factory=dict)
    """Contact address → it answers."""
    registered: bool | None = None
    """None until anything was heard of it."""

    def saw(self, contact: str, *, answers: bool | None) -> bool:
        """Note a contact that answers, does not answer, or is removed (None); give whether the phone is there."""
        if answers is None:
            self.answers.pop(contact, None)
        else:
            self.answers[contact] = answers
        self.registered = any(self.answers.values())
        return self.registered

    def set(self, *, registered: bool) -> None:
        """Note what a list says; contacts are told apart again as they speak."""
        self.registered = registered
        self.answers.clear()


def far_end(uniqueid: str) -> str:
    """Give the id that the other half of a Local channel is asked to have."""
    return f"{uniqueid}-far"


def endpoint_of(name: str) -> str | None:
    """Read the endpoint from a channel's name: `PJSIP/8001-0000000a` → `8001`."""
    found = _PJSIP.fullmatch(name)
    return None if found is None else found[1]


def seat_of(name: str) -> str | None:
    """Read the seat from a channel's name; None for the trunk and for what is no phone."""
    endpoint = endpoint_of(name)
    return None if endpoint == TRUNK else endpoint
