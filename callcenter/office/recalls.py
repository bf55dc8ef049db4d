"""Calling citizens back whom nobody answered: the list, and the click."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

from callcenter.domain.calls import Call
from callcenter.domain.cursors import cursor_after, place_of
from callcenter.domain.errors import Fault, InvalidInputError, NotFoundError, RefusedError
from callcenter.domain.exchange.commands import CallBack, RingToCallBack
from callcenter.domain.facts import Fact, RecallChanged
from callcenter.domain.ids import CallId, NewId, RecallId
from callcenter.domain.numbers import normalise
from callcenter.domain.recall_view import attempt_view, recall_view
from callcenter.domain.recalls import Recall
from callcenter.domain.records import Page
from callcenter.domain.views import Json
from callcenter.office.ports import Clock
from callcenter.office.switchboard import Switchboard

KEPT = 200
"""Recalls that changed last, kept in memory: far more than the journal's writer is ever behind by."""


JOURNAL_SECONDS = 3.0
"""How long the ringing waits for the journal; then it rings all the same, and after a crash Asterisk's lists tell."""


class Lasting(Protocol):
    """Waits until everything that was noted is lasting; False where it is not within so many seconds."""

    async def __call__(self, within: float) -> bool:
        """Wait."""
        ...


class Recalls(Protocol):
    """Obligations to call back as the journal tells them, settled ones too."""

    async def get(self, recall_id: str) -> Recall | None:
        """One recall."""
        ...

    async def still_open(self) -> Sequence[Recall]:
        """Every open one, however old: for recovery."""
        ...

    async def find(
        self,
        *,
        is_open: bool | None,
        caller: str | None,
        newest: Mapping[RecallId, Recall],
        limit: int,
        cursor: str | None,
    ) -> Page[Recall]:
        """Recalls newest first; those of `newest` stand for what the store may not have yet."""
        ...


class RecallOffice:
    """Shows who is owed a call, and has it made. `new_id` makes ids of calls."""

    def __init__(
        self,
        switchboard: Switchboard,
        recalls: Recalls,
        *,
        lasting: Lasting,
        clock: Clock,
        new_id: NewId,
        area_code: str = "",
    ) -> None:
        self._switchboard = switchboard
        self._recalls = recalls
        self._lasting = lasting
        self._clock = clock
        self._new_id = new_id
        self._area_code = area_code
        self._newest: OrderedDict[RecallId, Recall] = OrderedDict()
        switchboard.when_noted(self._noted)

    def _noted(self, fact: Fact, _call: Call | None) -> None:
        if isinstance(fact, RecallChanged):
            self._newest[fact.recall.id] = fact.recall
            self._newest.move_to_end(fact.recall.id)
            if len(self._newest) > KEPT:
                self._newest.popitem(last=False)

    def view(self, recall: Recall) -> Json:
        """Give a recall as others see it now."""
        return recall_view(recall, now=self._clock.now())

    def by_due(self, *, caller: str | None, limit: int, cursor: str | None) -> Page[Recall]:
        """Give open ones, the earliest due first: what is to be done next. Raises InvalidInputError."""
        number = None if caller is None else normalise(caller, area_code=self._area_code)
        after = None if cursor is None else place_of(cursor)
        waiting = [
            recall
            for recall in self._switchboard.exchange.recalls
            if (caller is None or recall.caller == number) and (after is None or (recall.due, recall.id) > after)
        ]
        page = waiting[:limit]
        return Page(page, cursor_after(page[-1].due, page[-1].id) if len(waiting) > limit else None)

    async def find(self, *, is_open: bool | None, caller: str | None, limit: int, cursor: str | None) -> Page[Recall]:
        """Give recalls, newest first. Raises InvalidInputError, UnavailableError."""
        number = None if caller is None else normalise(caller, area_code=self._area_code)
        if caller is not None and number is None:
            return Page((), None)
        newest = dict(self._newest) | {recall.id: recall for recall in self._switchboard.exchange.recalls}
        return await self._recalls.find(is_open=is_open, caller=number, newest=newest, limit=limit, cursor=cursor)

    async def get(self, recall_id: str) -> Recall:
        """Give one recall, open or settled. Raises NotFoundError, UnavailableError."""
        known = self._switchboard.exchange.recall(recall_id) or self._newest.get(RecallId(recall_id))
        recall = known or await self._recalls.get(recall_id)
        if recall is None:
            raise NotFoundError("there is no such recall")
        return recall

    async def dial(self, recall_id: str, seat: str, *, again: bool) -> Json:
        """Have this seat call back; gives the attempt, which is in the journal before any phone rings.

        Raises:
            NotFoundError: no such recall.
            InvalidInputError: no such seat.
            RefusedError: settled already, or not possible now.
            UnavailableError: Asterisk or the store is away.

        """
        recall = await self.get(recall_id)
        if not recall.is_open:
            why = "" if recall.closed_by is None else f" ({recall.closed_by.value})"
            raise RefusedError(f"the recall is closed{why}; an open one can be dialled")
        if all(known.extension != seat for known in self._switchboard.exchange.seats):
            raise InvalidInputError("no seat can call back so", [Fault("/seat", "is no seat; GET /seats lists them")])
        call_id = CallId(self._new_id())
        self._switchboard.ask(CallBack(recall_id=recall.id, call_id=call_id, seat=seat, again=again))
        await self._lasting(JOURNAL_SECONDS)
        self._switchboard.ask(RingToCallBack(call_id=call_id))
        after = await self.get(recall_id)
        return attempt_view(next(attempt for attempt in after.attempts if attempt.call_id == call_id))
