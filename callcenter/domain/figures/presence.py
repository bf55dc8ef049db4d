"""One seat on its way through the day: what it does and for how long, and whether anybody can be there at all.

A seat's own state is kept while its phone is gone, so that an Asterisk that starts anew signs nobody out; in the
figures a seat whose phone stays away is not staffed (kpis.md §9).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from callcenter.domain.figures.figure import MS
from callcenter.domain.figures.records import SeatSpan
from callcenter.domain.seats import Phone, SeatState

ABSENT_AFTER = timedelta(seconds=30)  # a page that is loaded anew, and a phone that registers anew, are back by then
WRAP_CAP = timedelta(seconds=120)  # who writes for longer than this has paused from then on (kpis.md §0.3, §9)
IN_CALL = (SeatState.RINGING, SeatState.TALKING)


@dataclass(slots=True)
class Presence:
    """What one seat does. Moments are in whole milliseconds."""

    seat: str
    state: SeatState
    since: datetime
    """When this state began."""
    phone: Phone
    phone_since: datetime
    """Since when its phone is there, or gone."""
    begins: datetime
    """From when on nothing has been cut off yet."""
    undecided: list[SeatSpan] = field(default_factory=list)
    """What it did since its phone is gone; whether it is back in time is not known yet."""

    @classmethod
    def of(cls, seat: str, state: SeatState, since: datetime) -> "Presence":
        """Begin with the state in which a seat is first met, and with a phone that is there."""
        return cls(seat, state, since, phone=Phone.REGISTERED, phone_since=since, begins=since)

    @property
    def is_away(self) -> bool:
        """Its phone is gone, and it is in no call either."""
        return self.phone is Phone.MISSING and self.state not in IN_CALL

    def enters(self, state: SeatState, at: datetime) -> Sequence[SeatSpan]:
        """Have it do something else from now on; gives what of it is over and decided."""
        was_away = self._cut(at)
        self.state, self.since = state, at
        return self._decided(was_away=was_away)

    def phone_is(self, phone: Phone, at: datetime) -> Sequence[SeatSpan]:
        """Have its phone come or go; gives what is over and decided. What is told late changes nothing."""
        if self.phone is phone or at < self.phone_since:
            return ()
        was_away = self._cut(at)
        self.phone, self.phone_since = phone, at
        return self._decided(was_away=was_away)

    def open_spans(self, at: datetime) -> Sequence[SeatSpan]:
        """Give what is not over or not decided, as it stands at this moment."""
        spans = [*self.undecided, *self._spans(max(at, self.begins))]
        return _judged(spans) if self.is_away else spans

    def clock_set(self, step: timedelta) -> None:
        """Date what is not over by the new time, so that it lasts no longer or shorter for it."""
        step -= step % MS
        self.since, self.phone_since, self.begins = self.since + step, self.phone_since + step, self.begins + step
        self.undecided = [replace(span, begins=span.begins + step, ends=span.ends + step) for span in self.undecided]

    def _cut(self, at: datetime) -> bool:
        """Put aside what it did up to now; tells whether it was away."""
        at = max(at, self.begins)
        self.undecided += self._spans(at)
        self.begins = at
        return self.is_away

    def _spans(self, ends: datetime) -> list[SeatSpan]:
        over = max(self.begins, written_up(self.since, ends))
        if self.state is not SeatState.WRAP_UP or ends <= over:
            return [SeatSpan(seat=self.seat, state=self.state, begins=self.begins, ends=ends)]
        return [
            SeatSpan(seat=self.seat, state=SeatState.WRAP_UP, begins=self.begins, ends=over),
            SeatSpan(seat=self.seat, state=SeatState.BREAK, begins=over, ends=ends),
        ]

    def _decided(self, *, was_away: bool) -> Sequence[SeatSpan]:
        if was_away and self.is_away:
            return ()
        spans, self.undecided = self.undecided, []
        return _judged(spans) if was_away else spans


def written_up(begins: datetime, ends: datetime) -> datetime:
    """Give the moment up to which a wrap-up counts as one."""
    return min(ends, begins + WRAP_CAP)


def _judged(spans: Sequence[SeatSpan]) -> Sequence[SeatSpan]:
    """Give the stretches of one absence as they count: all as they are, or, where it was long, none as staffed."""
    if spans[-1].ends - spans[0].begins <= ABSENT_AFTER:
        return spans
    return [replace(span, state=SeatState.OFFLINE) for span in spans]
