"""All webhooks: how each fares, and its dead letters, for those who look after them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from callcenter.domain.errors import NotFoundError
from callcenter.domain.letters import DeadLetter, WebhookState
from callcenter.domain.records import Page
from callcenter.events.letters import DeadLetters
from callcenter.events.webhook_sender import WebhookSender


class Cemetery(DeadLetters, Protocol):
    """One receiver's dead letters as a list. All raise UnavailableError."""

    async def find(self, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        """Give a page of them, the newest dead first."""
        ...

    async def count(self) -> int:
        """How many stand."""
        ...

    async def places(self, letter_id: str | None = None) -> Sequence[int]:
        """Give the places of all of them, or of the one with this id."""
        ...


class Webhooks:
    """Fills the office's port of that name."""

    def __init__(self, senders: Iterable[tuple[WebhookSender, Cemetery]] = ()) -> None:
        self._senders: Mapping[str, tuple[WebhookSender, Cemetery]] = {
            sender.webhook.id: (sender, dead) for sender, dead in senders
        }

    async def all(self) -> Sequence[WebhookState]:
        """Every webhook and how it fares. Raises UnavailableError."""
        return [await self._state(sender, dead) for sender, dead in self._senders.values()]

    async def dead_letters(self, webhook_id: str, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        """What this webhook did not take. Raises NotFoundError, InvalidInputError, UnavailableError."""
        _, dead = self._of(webhook_id)
        return await dead.find(limit=limit, cursor=cursor)

    async def retry(self, webhook_id: str, letter_id: str | None) -> int:
        """Send all dead letters once more, or this one; how many. Raises NotFoundError, UnavailableError."""
        sender, dead = self._of(webhook_id)
        places = await dead.places(letter_id)
        if letter_id is not None and not places:
            raise NotFoundError("there is no such dead letter")
        for place in places:
            sender.send_again(place)
        return len(places)

    def _of(self, webhook_id: str) -> tuple[WebhookSender, Cemetery]:
        found = self._senders.get(webhook_id)
        if found is None:
            raise NotFoundError("there is no such webhook")
        return found

    async def _state(self, sender: WebhookSender, dead: Cemetery) -> WebhookState:
        webhook = sender.webhook
        status, detail = sender.health()
        return WebhookState(
            id=webhook.id,
            address=webhook.shown,
            kinds=webhook.kinds,
            private=webhook.private,
            status=status,
            detail=detail,
            waiting=sender.letters.waiting,
            told=sender.told,
            dropped=sender.letters.dropped,
            dead=await dead.count(),
        )
