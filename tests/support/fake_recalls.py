"""A recall office that keeps to what a test puts there; its answers are made by the real views."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from callcenter.domain.errors import NotFoundError, RefusedError
from callcenter.domain.ids import CallId
from callcenter.domain.recall_view import attempt_view, recall_view
from callcenter.domain.recalls import Recall, RecallAttempt, attempted
from callcenter.domain.records import Page
from callcenter.domain.views import Json
from callcenter.office.recalls import RecallOffice


@dataclass
class FakeRecallOffice(RecallOffice):
    """Every signature is the real office's, held to it by the type checker."""

    now: datetime
    known: dict[str, Recall] = field(default_factory=dict)
    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    def has(self, recall: Recall) -> Recall:
        self.known[recall.id] = recall
        return recall

    def view(self, recall: Recall) -> Json:
        return recall_view(recall, now=self.now)

    def by_due(self, *, caller: str | None, limit: int, cursor: str | None) -> Page[Recall]:
        waiting = [each for each in self.known.values() if each.is_open and (caller is None or each.caller == caller)]
        after = 0 if cursor is None else int(cursor)
        page = sorted(waiting, key=lambda each: each.due)[after : after + limit]
        return Page(page, str(after + limit) if after + limit < len(waiting) else None)

    async def find(self, *, is_open: bool | None, caller: str | None, limit: int, cursor: str | None) -> Page[Recall]:
        del cursor
        found = [
            recall
            for recall in self.known.values()
            if (is_open is None or recall.is_open == is_open) and (caller is None or recall.caller == caller)
        ]
        newest = sorted(found, key=lambda recall: recall.opened, reverse=True)
        return Page(newest[:limit], None)

    async def get(self, recall_id: str) -> Recall:
        if recall_id not in self.known:
            raise NotFoundError("there is no such recall")
        return self.known[recall_id]

    async def dial(self, recall_id: str, seat: str, *, again: bool) -> Json:
        recall = await self.get(recall_id)
        if not recall.is_open:
            raise RefusedError("the recall is closed; an open one can be dialled")
        self.asked.append((recall_id, seat, again))
        attempt = RecallAttempt(call_id=CallId(f"call-{len(self.asked)}"), seat=seat, asked=self.now)
        self.has(attempted(replace(recall), attempt))
        return attempt_view(attempt)
