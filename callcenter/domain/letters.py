"""An event on its way to those outside, with what names it wherever it is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from callcenter.domain.views import moment

FLEETING = frozenset({"utterance.partial"})
"""Kinds that are worth nothing a moment later: told once, to those who are there, and never kept."""


class Event(Protocol):
    """Something that just happened, as everybody who watches is told it."""

    @property
    def type(self) -> str:
        """Its kind, such as `call.queued`."""
        ...

    @property
    def seq(self) -> int:
        """Its number in the stream."""
        ...

    @property
    def time(self) -> datetime:
        """When it happened."""
        ...

    @property
    def data(self) -> dict[str, Any]:
        """The whole object after the change, and what is special to it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One event of the outbox, as one of its readers takes it."""

    position: int
    """Its place in the outbox of this node; grows across restarts, with gaps."""
    stream: str
    seq: int
    time: datetime
    type: str
    data: dict[str, Any]
    redelivered: bool = False
    """This reader may have been told before: he was on the way to be when something broke."""

    @property
    def id(self) -> str:
        """The same each time that this event is told, to whomever; of no other event."""
        return f"{self.stream}:{self.seq}"

    @property
    def is_fleeting(self) -> bool:
        """Told now or never."""
        return self.type in FLEETING


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A letter that its receiver did not take, and that is not tried again by itself."""

    letter: Letter
    attempts: int
    """How often it was sent."""
    reason: str
    """What came of the last time, in words."""
    died: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookState:
    """One webhook and how it fares."""

    id: str
    address: str
    """Scheme, host and port; the rest may be secret."""
    kinds: tuple[str, ...]
    private: bool
    status: str
    """`ok` or `degraded`."""
    detail: str
    waiting: int
    told: int
    """Since the start of the controller, as `dropped`."""
    dropped: int
    dead: int
    """Dead letters that stand."""


def webhook_view(webhook: WebhookState) -> dict[str, Any]:
    """A webhook as others see it."""
    return {
        "id": webhook.id,
        "address": webhook.address,
        "kinds": list(webhook.kinds),
        "private": webhook.private,
        "status": webhook.status,
        "detail": webhook.detail,
        "waiting": webhook.waiting,
        "told": webhook.told,
        "dropped": webhook.dropped,
        "dead": webhook.dead,
    }


def dead_letter_view(dead: DeadLetter) -> dict[str, Any]:
    """A dead letter as others see it: what it is, not what it says."""
    letter = dead.letter
    return {
        "id": letter.id,
        "type": letter.type,
        "stream": letter.stream,
        "seq": letter.seq,
        "time": moment(letter.time),
        "attempts": dead.attempts,
        "reason": dead.reason,
        "died": moment(dead.died),
    }
