"""Recalls: who gave up waiting and is owed a call, and the click that makes it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from callcenter.api import examples
from callcenter.api.contract import Answer, Ask, Nothing, Operation, listed, shown
from callcenter.api.words import Cursor, Name, Telephone, Whole
from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recall_view import attempt_view, recall_view
from callcenter.domain.recalls import AttemptOutcome, ClosedBy, Recall, RecallAttempt, Wait
from callcenter.domain.views import Json

TAG = "recalls"


class WaitShape(BaseModel):
    """A call in which he waited in vain."""

    call_id: str
    t5: datetime
    waited: float = Field(description="Seconds from asking for a person to the end.")


class AttemptShape(BaseModel):
    """One attempt to call him back."""

    call_id: str = Field(description="Id of the call it becomes when he answers; until then there is no such call.")
    seat: str
    asked: datetime
    dialled: datetime | None = Field(description="When his number was dialled; null: the seat did not pick up.")
    answered: datetime | None = Field(description="When he and the seat were joined.")
    ended: datetime | None = Field(description="End of the ringing, or the moment in which they were joined.")
    outcome: AttemptOutcome | None = Field(description="Null while a phone rings for it.")


class RecallShape(BaseModel):
    """The obligation to call one number back; a number has one open at most."""

    id: str
    caller: str | None = Field(description="Normalised number; null where none was given.")
    queue: str | None
    opened: datetime = Field(description="End of the first of its calls.")
    due: datetime = Field(description="By when the first attempt is to be made.")
    overdue: bool = Field(description="Open, never dialled, and due.")
    by_us: bool = Field(description="Opened by a call that the hotline lost.")
    waits: list[WaitShape] = Field(description="The calls in which he waited in vain, oldest first.")
    attempts: list[AttemptShape] = Field(description="Oldest first.")
    state: Literal["open", "closed"]
    closed: datetime | None
    closed_by: ClosedBy | None


class RecallList(BaseModel):
    """A page of recalls."""

    items: list[RecallShape]
    next: str | None


class RecallQuery(BaseModel):
    """Which recalls."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "closed", "all"] = Field(default="all", description="Which of them.", examples=["open"])
    caller: Telephone | None = Field(default=None, description="Those of this number.", examples=["13800000000"])
    sort: Literal["newest", "due"] = Field(
        default="newest", description="due: only open ones, the earliest due first.", examples=["due"]
    )
    limit: Whole = Field(default=50, ge=1, le=200, description="Recalls per page.", examples=[50])
    cursor: Cursor | None = Field(default=None, description="`next` of the page before.", examples=[examples.CURSOR])


class DialWish(BaseModel):
    """Which seat calls back."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seat: Name = Field(description="Its phone rings first, then the citizen's.")
    again: bool = Field(default=False, description="Call though the last attempt was a moment ago.")


async def list_recalls(ask: Ask[RecallQuery, Nothing]) -> web.Response:
    """Recalls, newest first; or what is to be done next."""
    query, office = ask.query, ask.desk.recalls
    if query.sort == "due":
        if query.state == "closed":
            return listed([])
        page = office.by_due(caller=query.caller or None, limit=query.limit, cursor=query.cursor)
        return listed([office.view(recall) for recall in page.items], next_cursor=page.next)
    page = await office.find(
        is_open=None if query.state == "all" else query.state == "open",
        caller=query.caller or None,
        limit=query.limit,
        cursor=query.cursor,
    )
    return listed([office.view(recall) for recall in page.items], next_cursor=page.next)


async def get_recall(ask: Ask[Nothing, Nothing]) -> web.Response:
    """One recall, open or closed."""
    office = ask.desk.recalls
    return shown(office.view(await office.get(ask.path("recall_id"))))


async def dial(ask: Ask[Nothing, DialWish]) -> web.Response:
    """Have a seat call back."""
    attempt = await ask.desk.recalls.dial(ask.path("recall_id"), ask.body.seat, again=ask.body.again)
    return shown(attempt, status=202)


def _at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 24, 1, minute, second, tzinfo=UTC)


_MISSED = RecallAttempt(
    call_id=CallId("0193a5b1-5d10-4a6b-8a1c-3d5e7f901234"),
    seat="8001",
    asked=_at(52),
    dialled=_at(52, 4),
    ended=_at(52, 34),
    outcome=AttemptOutcome.NO_ANSWER,
)
_ASKED = RecallAttempt(call_id=CallId("0193a5b1-6f22-4c8d-9b2e-4f6a8c0e2468"), seat="8001", asked=_at(52))
_RECALL = Recall(
    id=RecallId("0193a5b1-4c0f-4e2a-b7d9-1a3c5e7f9b2d"),
    caller="01066668888",
    queue="main",
    opened=_at(33, 20),
    due=_at(33, 20) + timedelta(minutes=30),
    waits=(Wait(call_id=CallId("0193a5b1-0b2c-4f8d-8e7a-1c2d3e4f5a6b"), t5=_at(33, 20), waited_ms=134_000),),
    attempts=(_MISSED,),
)
RECALL: Json = recall_view(_RECALL, now=_at(53))
RECALLS: Json = {"items": [RECALL], "next": None}

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    Operation(
        id="listRecalls",
        method="GET",
        path="/recalls",
        tag=TAG,
        summary="Who gave up waiting and is owed a call",
        chinese="回拨任务列表",
        handle=list_recalls,
        query=RecallQuery,
        body=Nothing,
        answers={200: Answer(says="A page of recalls.", shape=RecallList, example=RECALLS)},
    ),
    Operation(
        id="getRecall",
        method="GET",
        path="/recalls/{recall_id}",
        tag=TAG,
        summary="One recall",
        chinese="查看回拨任务",
        handle=get_recall,
        query=Nothing,
        body=Nothing,
        answers={200: Answer(says="The recall.", shape=RecallShape, example=RECALL)},
    ),
    Operation(
        id="dialRecall",
        method="POST",
        path="/recalls/{recall_id}/dial",
        tag=TAG,
        summary="Call back: the seat's phone rings first, then the citizen's",
        chinese="回拨",
        handle=dial,
        query=Nothing,
        body=DialWish,
        body_example={"seat": "8001"},
        answers={202: Answer(says="The attempt.", shape=AttemptShape, example=attempt_view(_ASKED))},
        problems=(409,),
    ),
)
