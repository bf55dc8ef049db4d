"""The obligation to call a citizen back whom nobody answered: what it is, and what becomes of it (kpis.md §12)."""

import heapq
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from callcenter.domain.calls import Call, Outcome
from callcenter.domain.ids import CallId, RecallId


class ClosedBy(StrEnum):
    """What ended the obligation."""

    REACHED = "reached"
    """We called, he answered, and was joined with a seat."""
    SELF_RETURN = "self_return"
    """He called again and was answered before we had dialled him; no duty is left to be counted (figure 12f)."""
    RETURNED = "returned"
    """He called again and was answered after an attempt of ours; a duty still, and not reached by us."""
    GIVEN_UP = "given_up"
    """Attempts enough, far enough apart, all in vain."""
    REFUSED = "refused"
    """The site's rule forbids this number; no duty (figure 12)."""
    UNDIALLABLE = "undiallable"
    """No number was given, or none that may be dialled from here (figure 12e)."""
    JOINED = "joined"
    """It was opened while an older one of its number was not known; that one is settled for both, and counted alone."""


class AttemptOutcome(StrEnum):
    """How one attempt to call back ended."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    FAILED = "failed"
    """The number could not be reached, or how it ended is not known: nobody saw it."""
    SEAT_NO_ANSWER = "seat_no_answer"
    """The seat itself did not answer; the citizen was never dialled."""
    CANCELLED = "cancelled"
    """The operator put down while the citizen's phone rang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallAttempt:
    """One click on “call back”."""

    call_id: CallId
    """Id of the call it becomes when he answers; until then there is no such call."""
    seat: str
    asked: datetime
    dialled: datetime | None = None
    """When the citizen's number was dialled: the attempt that figures 12a, 12b and 12d count. None: it never was."""
    answered: datetime | None = None
    """When citizen and seat were joined."""
    ended: datetime | None = None
    """End of the attempt: of the ringing where it came to nothing, else the moment in which the two were joined."""
    outcome: AttemptOutcome | None = None

    @property
    def runs(self) -> bool:
        """A phone rings for it at this moment."""
        return self.ended is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A call in which he waited in vain."""

    call_id: CallId
    t5: datetime
    waited_ms: int
    """From asking for a person (from t0 where he asked for none) to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """The obligation to call one number back, from the first call that was given up to its settlement.

    Read into figure 12: `caller` (None: 12e), `opened`, `queue`, `by_us`, `first_attempt`, `reached`, `closed_by`.
    """

    id: RecallId
    caller: str | None
    """Normalised number; None where none was given. One that may not be dialled is named, and `undiallable`."""
    queue: str | None
    opened: datetime
    """t5 of the first of its calls; later ones join without changing it."""
    due: datetime
    by_us: bool = False
    """Opened by a call that we lost; counted on its own line, without the limit for short waits."""
    waits: tuple[Wait, ...] = ()
    attempts: tuple[RecallAttempt, ...] = ()
    closed: datetime | None = None
    closed_by: ClosedBy | None = None
    late: bool = False
    """It was told that he had not been dialled when it was due."""

    @property
    def is_open(self) -> bool:
        """It is still to be settled."""
        return self.closed is None

    @property
    def running(self) -> RecallAttempt | None:
        """The attempt for which a phone rings now; there is never a second one."""
        return next((attempt for attempt in self.attempts if attempt.runs), None)

    @property
    def first_attempt(self) -> datetime | None:
        """When the citizen was first dialled."""
        return min((attempt.dialled for attempt in self.attempts if attempt.dialled is not None), default=None)

    @property
    def last_attempt(self) -> datetime | None:
        """When the citizen was last dialled."""
        return max((attempt.dialled for attempt in self.attempts if attempt.dialled is not None), default=None)

    @property
    def reached(self) -> datetime | None:
        """When an attempt of ours joined him with a seat."""
        return next((each.answered for each in self.attempts if each.outcome is AttemptOutcome.REACHED), None)

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether he should have been dialled by now."""
        return self.is_open and self.first_attempt is None and now > self.due


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRules:
    """This site's rules for calling back. Durations in seconds."""

    short_seconds: float = 5.0
    """Who gave up sooner did not really wait (θ)."""
    due_seconds: float = 1800.0
    """The first attempt is due so long after the end of the call (T_recall)."""
    gap_seconds: float = 600.0
    """Attempts nearer to each other than this are one."""
    most_attempts: int = 3
    """Given up after so many in vain."""
    after_menu: bool = False
    """Also who hung up in the menu, without asking for a person, is called back (`recall_ai`)."""
    diallable: str = r"[0-9]{3,15}"
    """Pattern of the numbers that may be dialled."""
    never: frozenset[str] = frozenset()
    """Our own number and our seats' extensions: callers that are no citizens outside."""
    refused: str = ""
    """Pattern of the numbers that are not called back by the site's own rule."""
    ring_seconds: float = 30.0
    """How long the citizen's phone may ring."""

    def may_dial(self, number: str | None) -> bool:
        """Tell whether this number can be called back at all."""
        return number is not None and number not in self.never and re.fullmatch(self.diallable, number) is not None

    def refuses(self, number: str) -> bool:
        """Tell whether the site's own rule forbids to call this number back."""
        return bool(self.refused) and re.fullmatch(self.refused, number) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A call that ended without a person, and how."""

    call: Call
    outcome: Outcome
    at: datetime
    """t5."""

    @property
    def waited(self) -> timedelta:
        """From asking for a person, or from t0 where he asked for none."""
        return max(timedelta(), self.at - (self.call.t2 or self.call.t0))


def obliges(rules: RecallRules, given_up: GivenUp) -> bool:
    """Tell whether the hotline owes this caller a call: he waited long enough in vain, or was lost by us."""
    match given_up.outcome:
        case Outcome.LOST:
            return given_up.call.t2 is not None
        case Outcome.ABANDONED_QUEUE | Outcome.ABANDONED_RINGING:
            return given_up.waited >= timedelta(seconds=rules.short_seconds)
        case Outcome.ABANDONED_IVR:
            return rules.after_menu and given_up.waited >= timedelta(seconds=rules.short_seconds)
        case _:
            return False


def opened(rules: RecallRules, given_up: GivenUp, recall_id: RecallId) -> Recall:
    """Begin an obligation; one that nothing can be done about is closed from the beginning."""
    call = given_up.call
    recall = Recall(
        id=recall_id,
        caller=call.caller,
        queue=call.queue,
        opened=given_up.at,
        due=given_up.at + timedelta(seconds=rules.due_seconds),
        by_us=given_up.outcome is Outcome.LOST,
        waits=(_wait(given_up),),
    )
    if call.caller is None or not rules.may_dial(call.caller):
        return replace(recall, closed=given_up.at, closed_by=ClosedBy.UNDIALLABLE)
    if rules.refuses(call.caller):
        return replace(recall, closed=given_up.at, closed_by=ClosedBy.REFUSED)
    return recall


def joined(recall: Recall, given_up: GivenUp) -> Recall:
    """Let one more call of the same number join; a call joins once, and the first end stays."""
    if any(wait.call_id == given_up.call.id for wait in recall.waits):
        return recall
    return replace(recall, waits=(*recall.waits, _wait(given_up)))


def _wait(given_up: GivenUp) -> Wait:
    waited = round(given_up.waited.total_seconds() * 1000)
    return Wait(call_id=given_up.call.id, t5=given_up.at, waited_ms=waited)


def attempted(recall: Recall, attempt: RecallAttempt) -> Recall:
    """Add an attempt, or put it in its place; never a second one that runs beside another.

    Raises:
        ValueError: another one runs.

    """
    running = recall.running
    if attempt.runs and running is not None and running.call_id != attempt.call_id:
        raise ValueError("an attempt to call this number back runs already")
    if any(old.call_id == attempt.call_id for old in recall.attempts):
        kept = tuple(attempt if old.call_id == attempt.call_id else old for old in recall.attempts)
        return replace(recall, attempts=kept)
    return replace(recall, attempts=(*recall.attempts, attempt))


def came_to_nothing(rules: RecallRules, recall: Recall, attempt: RecallAttempt) -> Recall:
    """End an attempt without a talk; after enough of them the obligation is given up."""
    assert attempt.ended is not None
    recall = attempted(recall, attempt)
    if recall.is_open and _counted(rules, recall) >= rules.most_attempts:
        return replace(recall, closed=attempt.ended, closed_by=ClosedBy.GIVEN_UP)
    return recall


def _counted(rules: RecallRules, recall: Recall) -> int:
    """Count the attempts in which the citizen was dialled, each long enough after the one counted before it."""
    count, last = 0, None
    for attempt in recall.attempts:
        was_dialled = attempt.dialled is not None and attempt.outcome is not AttemptOutcome.CANCELLED
        if was_dialled and (last is None or attempt.asked - last >= timedelta(seconds=rules.gap_seconds)):
            count, last = count + 1, attempt.asked
    return count


def reached(recall: Recall, attempt: RecallAttempt) -> Recall:
    """He answered our call and was joined with a seat."""
    return replace(attempted(recall, attempt), closed=attempt.ended, closed_by=ClosedBy.REACHED)


def came_through(recall: Recall, at: datetime) -> Recall:
    """He called again and was answered; nothing is owed to him any more."""
    closed_by = ClosedBy.SELF_RETURN if recall.first_attempt is None else ClosedBy.RETURNED
    return replace(recall, closed=max(at, recall.opened), closed_by=closed_by)


def made_one(one: Recall, other: Recall, at: datetime) -> tuple[Recall, Recall]:
    """Make one obligation of two of the same number: the older with all that is known of both, and the other, closed.

    Of two attempts that run nobody saw the end of the earlier one: while a phone rings for it there is no second.
    """
    first, second = sorted((one, other), key=lambda recall: (recall.opened, recall.id))
    waits = {wait.call_id: wait for wait in (*second.waits, *first.waits)}
    attempts = {attempt.call_id: attempt for attempt in (*second.attempts, *first.attempts)}
    in_order = sorted(attempts.values(), key=lambda attempt: attempt.asked)
    running = [attempt for attempt in in_order if attempt.runs]
    whole = replace(
        first,
        waits=tuple(sorted(waits.values(), key=lambda wait: wait.t5)),
        attempts=tuple(_unseen(each, at) if each in running[:-1] else each for each in in_order),
    )
    return whole, replace(second, attempts=(), closed=max(at, second.opened), closed_by=ClosedBy.JOINED)


def _unseen(attempt: RecallAttempt, at: datetime) -> RecallAttempt:
    return replace(attempt, ended=max(at, attempt.dialled or attempt.asked), outcome=AttemptOutcome.FAILED)


@dataclass(slots=True)
class RecallBook:
    """The open obligations: one for each number."""

    _by_id: dict[RecallId, Recall] = field(default_factory=dict)
    _by_number: dict[str, RecallId] = field(default_factory=dict)
    _deadlines: list[tuple[datetime, RecallId]] = field(default_factory=list)
    """A heap: of thousands that are open a tick looks at the next one that is due, and at no other."""

    def put(self, recall: Recall) -> None:
        """Take a recall in as it is now; a closed one is let go of.

        Raises:
            ValueError: another one of its number is open.

        """
        number = recall.caller
        if number is not None and recall.is_open and self._by_number.get(number, recall.id) != recall.id:
            raise ValueError("one number has one open recall")
        if recall.is_open and number is not None:
            if recall.id not in self._by_id and not recall.late:
                heapq.heappush(self._deadlines, (recall.due, recall.id))
            self._by_id[recall.id], self._by_number[number] = recall, recall.id
        elif self._by_id.pop(recall.id, None) is not None and number is not None:
            del self._by_number[number]

    def get(self, recall_id: RecallId) -> Recall | None:
        """Give an open one."""
        return self._by_id.get(recall_id)

    def of_number(self, number: str | None) -> Recall | None:
        """Give the open one of a number."""
        found = None if number is None else self._by_number.get(number)
        return None if found is None else self._by_id[found]

    def became_late(self, now: datetime, *, most: int) -> list[Recall]:
        """Give those that are overdue now and were not given before, so many at most, the earliest due first."""
        late: list[Recall] = []
        while len(late) < most and self._deadlines and self._deadlines[0][0] < now:
            recall = self._by_id.get(heapq.heappop(self._deadlines)[1])
            if recall is not None and recall.is_overdue(now):
                late.append(recall)
        return late

    def by_due(self) -> list[Recall]:
        """All open ones, the earliest due first."""
        return sorted(self._by_id.values(), key=lambda recall: (recall.due, recall.id))
