"""Webhooks: how each receiver fares, what it did not take, and sending that once more."""

from datetime import UTC, datetime
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api import examples
from callcenter.api.contract import Answer, Ask, Nothing, Operation, listed, shown
from callcenter.api.words import Cursor, Whole
from callcenter.domain.letters import DeadLetter, Letter, WebhookState, dead_letter_view, webhook_view
from callcenter.domain.views import Json

_ACCEPTED = 202


class WebhookShape(BaseModel):
    """A receiver outside that is told what happens."""

    id: str
    address: str = Field(description="Scheme, host and port; the rest of the URL is a secret.")
    kinds: list[str] = Field(description="Kinds of events, or their beginnings; empty: all.")
    private: bool = Field(description="It is told callers' numbers and words as well.")
    status: Literal["ok", "degraded"]
    detail: str
    waiting: int = Field(description="Events that are not told yet.")
    told: int = Field(description="Events that it has taken, since the controller began.")
    dropped: int = Field(description="Events that grew too old or too many before it took them, since then.")
    dead: int = Field(description="Events that it did not take, and that are not tried again by themselves.")


class WebhookList(BaseModel):
    """All webhooks."""

    items: list[WebhookShape]
    next: str | None


class DeadLetterShape(BaseModel):
    """An event that a webhook did not take."""

    id: str = Field(description="As the receiver knows it: `webhook-id`.")
    type: str
    stream: str
    seq: int
    time: datetime
    attempts: int
    reason: str = Field(description="What came of the last attempt.")
    died: datetime


class DeadLetterList(BaseModel):
    """A page of dead letters."""

    items: list[DeadLetterShape]
    next: str | None


class RetriedShape(BaseModel):
    """How many events are sent once more."""

    retried: int


class DeadLetterQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    limit: Whole = Field(default=50, ge=1, le=200, description="How many.", examples=[50])
    cursor: Cursor | None = Field(
        default=None, description="The `next` of the page before.", examples=[examples.CURSOR]
    )


async def list_webhooks(ask: Ask[Nothing, Nothing]) -> web.Response:
    """All webhooks."""
    return listed([webhook_view(webhook) for webhook in await ask.desk.webhooks.all()])


async def list_dead_letters(ask: Ask[DeadLetterQuery, Nothing]) -> web.Response:
    """What a webhook did not take."""
    page = await ask.desk.webhooks.dead_letters(ask.path("webhook_id"), limit=ask.query.limit, cursor=ask.query.cursor)
    return listed([dead_letter_view(dead) for dead in page.items], next_cursor=page.next)


async def retry_dead_letters(ask: Ask[Nothing, Nothing]) -> web.Response:
    """Send all dead letters of a webhook once more."""
    return shown({"retried": await ask.desk.webhooks.retry(ask.path("webhook_id"), None)}, status=_ACCEPTED)


async def retry_dead_letter(ask: Ask[Nothing, Nothing]) -> web.Response:
    """Send one dead letter once more."""
    retried = await ask.desk.webhooks.retry(ask.path("webhook_id"), ask.path("letter_id"))
    return shown({"retried": retried}, status=_ACCEPTED)


WEBHOOK: Json = webhook_view(
    WebhookState(
        id="city",
        address="https://events.city.example",
        kinds=("call.ended", "ticket.", "alarm."),
        private=False,
        status="degraded",
        detail="tried again, as it answers 503; 1204 events told, 3 wait, 1 dead",
        waiting=3,
        told=1204,
        dropped=0,
        dead=1,
    )
)
DEAD_LETTER: Json = dead_letter_view(
    DeadLetter(
        letter=Letter(
            position=1205,
            stream="0193a5af-0000-7000-8000-000000000000",
            seq=42,
            time=datetime(2026, 11, 24, 1, 31, 6, tzinfo=UTC),
            type="call.ended",
            data={},
        ),
        attempts=10,
        reason="it answers 500",
        died=datetime(2026, 11, 24, 1, 48, tzinfo=UTC),
    )
)
OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="listWebhooks",
        method="GET",
        path="/webhooks",
        tag="events",
        summary="The webhooks, and how each fares",
        chinese="事件推送地址列表",
        handle=list_webhooks,
        query=Nothing,
        body=Nothing,
        answers={
            200: Answer(says="All webhooks.", shape=WebhookList, example={"items": [WEBHOOK], "next": None}),
        },
    ),
    Operation(
        id="listDeadLetters",
        method="GET",
        path="/webhooks/{webhook_id}/dead-letters",
        tag="events",
        summary="Events that a webhook did not take, the newest dead first",
        chinese="未能送达的事件",
        handle=list_dead_letters,
        query=DeadLetterQuery,
        body=Nothing,
        answers={
            200: Answer(
                says="A page of them.",
                shape=DeadLetterList,
                example={"items": [DEAD_LETTER], "next": examples.CURSOR},
            ),
        },
    ),
    Operation(
        id="retryDeadLetters",
        method="POST",
        path="/webhooks/{webhook_id}/dead-letters/retry",
        tag="events",
        summary="Send all events that a webhook did not take once more",
        chinese="重新推送全部未送达事件",
        handle=retry_dead_letters,
        query=Nothing,
        body=Nothing,
        body_needed=False,
        answers={202: Answer(says="They are sent.", shape=RetriedShape, example={"retried": 1})},
    ),
    Operation(
        id="retryDeadLetter",
        method="POST",
        path="/webhooks/{webhook_id}/dead-letters/{letter_id}/retry",
        tag="events",
        summary="Send one event that a webhook did not take once more",
        chinese="重新推送一条未送达事件",
        handle=retry_dead_letter,
        query=Nothing,
        body=Nothing,
        body_needed=False,
        answers={202: Answer(says="It is sent.", shape=RetriedShape, example={"retried": 1})},
    ),
)
