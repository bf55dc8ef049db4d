"""What the figures count: calls, offers, stints, attempts, recalls and tickets, as the journal's facts add up to them.

All times are aware UTC; a stamp that did not happen is None, never 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from callcenter.domain.calls import Outcome
from callcenter.domain.seats import SeatState


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """What a report was reckoned with, so that an old one can be reckoned again."""

    short: timedelta = timedelta(seconds=5)
    """A caller who gave up sooner did not really wait."""
    service: tuple[int, ...] = (15, 20)
    """Limits of the service levels, in seconds."""
    three_rings: timedelta = timedelta(seconds=15)
    """The fourth ring begins here: 1 s on, 4 s off."""
    recall_within: timedelta = timedelta(minutes=30)
    repeat_within: timedelta = timedelta(days=7)
    bridged_at_least: timedelta = timedelta(seconds=5)
    """All parties of a three-way talk together for so long: it succeeded."""
    zone: str = "Asia/Shanghai"


def whole_ms(moment: datetime) -> datetime:
    """Cut a moment to its millisecond: what figures count in, so that parts add up to the whole (kpis.md §0.1)."""
    return moment - timedelta(microseconds=moment.microsecond % 1000)  # half of what `replace` takes


@dataclass(frozen=True, slots=True)
class Period:
    """Half open: `begins` is in it, `ends` is not."""

    begins: datetime
    ends: datetime

    def __contains__(self, moment: datetime | None) -> bool:
        return moment is not None and self.begins <= moment < self.ends

    def share(self, begins: datetime, ends: datetime) -> timedelta:
        """How much of this stretch lies within."""
        return max(timedelta(), min(ends, self.ends) - max(begins, self.begins))


class OfferResult(StrEnum):
    """How the ringing of one seat ended."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    CALLER_LEFT = "caller_left"
    TAKEN_ELSEWHERE = "taken_elsewhere"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRecord:
    """A seat that rang for a call."""

    seat: str
    ringing: datetime
    ended: datetime
    result: OfferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Stint:
    """One operator's own stretch of a call: from the bridge until the operator leaves."""

    seat: str
    begins: datetime
    ends: datetime
    holds: tuple[Period, ...] = ()
    """Stretches in which the caller heard music, a private consult included."""
    writing: Period | None = None
    """The wrap-up that followed; None where none did, or where it goes on."""

    @property
    def hold(self) -> timedelta:
        """How long the caller heard music."""
        return sum((held.share(self.begins, self.ends) for held in self.holds), timedelta())

    @property
    def talk(self) -> timedelta:
        """Bridged time without the holds."""
        return self.ends - self.begins - self.hold

    @property
    def wrap(self) -> timedelta:
        """How long the operator wrote up."""
        return timedelta() if self.writing is None else self.writing.ends - self.writing.begins


class AttemptKind(StrEnum):
    """How a third party was brought in."""

    THREE_WAY = "three_way"
    CONSULT = "consult"


class AttemptOutcome(StrEnum):
    """What came of it."""

    CONNECTED = "connected"
    NO_ANSWER = "unit_no_answer"
    BUSY = "unit_busy"
    REFUSED = "unit_refused"
    CANCELLED = "cancelled_by_operator"
    CALLER_LEFT = "caller_left"
    FAILED = "failed_by_us"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to bring a unit into a call."""

    kind: AttemptKind
    asked: datetime
    outcome: AttemptOutcome
    connected: datetime | None = None
    """When all parties were bridged, or seat and unit in a consult."""
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One citizen's call."""

    id: str
    caller: str | None
    queue: str | None
    t0: datetime
    tr: datetime | None = None
    t1: datetime | None = None
    t2: datetime | None = None
    t3: datetime | None = None
    t4: datetime | None = None
    t5: datetime | None = None
    outcome: Outcome | None = None
    offers: tuple[OfferRecord, ...] = ()
    stints: tuple[Stint, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    invited: bool = False
    """Asked for a grade after the talk."""
    grade: int | None = None
    """5 very satisfied … 1 very dissatisfied; None where none was given."""
    direct: bool | None = None
    """Settled on the line, no ticket dispatched; None where that is not known."""
    matter: str | None = None
    """What it was about, for telling a repeat; None never matches."""
    recovered: bool = False

    @property
    def cohort(self) -> datetime:
        """The moment whose half-hour and day the call belongs to."""
        return self.t2 or self.t0

    @property
    def first_voice(self) -> datetime | None:
        """When the caller first heard anything said."""
        heard = [moment for moment in (self.t1, self.t4) if moment is not None]
        return min(heard, default=None)

    @property
    def wait(self) -> timedelta | None:
        """From asking for a person to having one, or to the end; None while it goes on or was never asked."""
        until = self.t4 or self.t5
        return None if self.t2 is None or until is None else until - self.t2

    @property
    def gave_up(self) -> bool:
        """The caller asked for a person and hung up before there was one."""
        return self.outcome in (Outcome.ABANDONED_QUEUE, Outcome.ABANDONED_RINGING)

    @property
    def hung_up_first(self) -> bool:
        """The caller himself ended it, before a person answered or the menu came to its end (kpis.md §0.2)."""
        return self.gave_up or self.outcome is Outcome.ABANDONED_IVR

    @property
    def lost_waiting(self) -> bool:
        """The hotline lost a caller who had asked for a person."""
        return self.outcome is Outcome.LOST and self.t2 is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """An answered call, as far as another may be its repeat."""

    id: str
    caller: str | None
    matter: str | None
    t0: datetime
    t5: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatSpan:
    """A seat in one state; spans of a seat follow each other without a gap."""

    seat: str
    state: SeatState
    begins: datetime
    ends: datetime

    @property
    def period(self) -> Period:
        """From when to when."""
        return Period(self.begins, self.ends)


class RecallEnd(StrEnum):
    """How the obligation to call back was settled."""

    REACHED = "reached"
    SELF_RETURN = "self_return"
    GIVEN_UP = "given_up"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRecord:
    """The duty to call one number back."""

    number: str | None
    """None where the number cannot be dialled."""
    opened: datetime
    """End of the first call that was given up."""
    queue: str | None = None
    first_attempt: datetime | None = None
    reached: datetime | None = None
    end: RecallEnd | None = None
    by_us: bool = False
    """Opened by a call that we lost; counted on its own line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRecord:
    """A ticket's deadlines, and what was done by them."""

    id: str
    sign_due: datetime | None = None
    signed: datetime | None = None
    due: datetime | None = None
    original_due: datetime | None = None
    finished: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Everything that a report may count."""

    calls: Sequence[CallRecord] = field(default_factory=tuple)
    spans: Sequence[SeatSpan] = field(default_factory=tuple)
    recalls: Sequence[RecallRecord] = field(default_factory=tuple)
    tickets: Sequence[TicketRecord] = field(default_factory=tuple)
    rang: Sequence[CallRecord] | None = None
    """Calls whose offers are counted, where those are others than `calls`."""
    talks: Sequence[Talk] = field(default_factory=tuple)
    """Answered calls beside `calls`: those of the same callers in the week before and after."""
