"""The figures of a day while it goes on: each fact changes what it changes, and nothing else is reckoned again.

What comes of it is to the last digit what `report` makes of the same facts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce

from callcenter.domain.facts import Fact
from callcenter.domain.figures import callers, calls, now, recalls, seats, tickets
from callcenter.domain.figures.figure import Figure, added
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import CallRecord, Constants, Period, Talk
from callcenter.domain.figures.report import half_hour_of, is_provisional, replace_end, resolved, sums
from callcenter.domain.figures.seats import Duty


@dataclass(slots=True)
class _Sheet:
    """The calls of one half-hour, and what they add up to."""

    invited: dict[str, CallRecord] = field(default_factory=dict)
    asked: dict[str, CallRecord] = field(default_factory=dict)
    sums: list[Figure] | None = None
    """None: a call of it has changed since."""
    waits: list[timedelta] = field(default_factory=list)
    longest: timedelta | None = None


class Running:
    """Adds up one day. Facts go in in the journal's order, from two days before the day on."""

    def __init__(self, day: Period, *, constants: Constants | None = None, talks: Iterable[Talk] = ()) -> None:
        """`talks`: answered calls of the week before that the facts do not tell."""
        self.day = day
        self.constants = constants or Constants()
        self._reader = Reader()
        self._reader.know(talks)
        self._calls: dict[str, CallRecord] = {}
        self._open: set[str] = set()
        self._sheets: dict[datetime, _Sheet] = {}
        self._spans_seen = 0
        self._duty = Duty()
        self.unclear = 0
        """Facts that do not add up; what they tell is not counted."""

    def take(self, fact: Fact) -> None:
        """Take in one fact; never raises."""
        try:
            self._reader.take(fact)
        except ValueError:
            self.unclear += 1

    def figures(self, at: datetime) -> list[Figure]:
        """Give every figure of the day as of this moment, which is not before any fact."""
        self._look_at_what_changed(at)
        found = list(self._calls.values())
        asked = [call for call in found if call.t2 in self.day]
        spans = self._reader.open_spans(at)
        sheets = [self._summed(sheet) for sheet in self._sheets.values()]
        until = replace_end(self.day, at)
        return [
            *self._added_up(sheets),
            *calls.spread(
                (wait for sheet in sheets for wait in sheet.waits),
                max((sheet.longest for sheet in sheets if sheet.longest is not None), default=None),
            ),
            *calls.worst_days(found, [self.day]),
            *now.waiting(found, min(at, self.day.ends)),
            *seats.occupancy(self._duty + seats.duty(spans, until)),
            *recalls.recalled(self._reader.recalls(), self.day, self.constants),
            *resolved(asked, self._talks(found, asked), self.constants),
            *tickets.on_time(self._reader.tickets(), self.day, at),
        ]

    def is_provisional(self, at: datetime) -> bool:
        """Tell whether a call of the day goes on."""
        return is_provisional(self._calls.values(), self.day, at)

    def _talks(self, found: Iterable[CallRecord], asked: Iterable[CallRecord]) -> callers.Talks:
        of_callers = {call.caller for call in asked if call.caller is not None}
        return callers.Talks(found, self._reader.talks(of_callers))

    def _look_at_what_changed(self, at: datetime) -> None:
        for call_id in self._reader.touched() | self._open:  # what goes on changes as time passes
            call = self._reader.call(call_id, at)
            if call is None:
                continue
            self._put(call, self._calls.get(call_id))
            self._calls[call_id] = call
            if call.t5 is None:
                self._open.add(call_id)
            else:
                self._open.discard(call_id)
        for span in self._reader.spans[self._spans_seen :]:
            self._duty += seats.duty([span], self.day)
        self._spans_seen = len(self._reader.spans)

    def _put(self, call: CallRecord, before: CallRecord | None) -> None:
        if call == before:
            return
        if call.t0 in self.day:
            self._sheet(call.t0).invited[call.id] = call
        if call.t2 is not None and call.t2 in self.day:
            self._sheet(call.t2).asked[call.id] = call

    def _sheet(self, moment: datetime) -> _Sheet:
        """Give the sheet of this moment's half-hour, to be changed."""
        sheet = self._sheets.setdefault(half_hour_of(moment), _Sheet())
        sheet.sums = None
        return sheet

    def _summed(self, sheet: _Sheet) -> _Sheet:
        if sheet.sums is None:
            invited, asked = list(sheet.invited.values()), list(sheet.asked.values())
            sheet.sums = sums(invited, asked, asked, self.constants)
            sheet.waits, sheet.longest = calls.answered_waits(asked), calls.longest_wait(asked)
        return sheet

    def _added_up(self, sheets: Iterable[_Sheet]) -> list[Figure]:
        nothing = sums([], [], [], self.constants)
        every = [sheet.sums for sheet in sheets if sheet.sums is not None]
        return [reduce(added, figures) for figures in zip(nothing, *every, strict=True)]
