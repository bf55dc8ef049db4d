"""The calls of a day, of the whole hotline, a queue or a seat, and what they add up to.

Where a call changes, only its half-hour is summed up again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from callcenter.domain.figures import calls
from callcenter.domain.figures.figure import Figure, summed
from callcenter.domain.figures.records import CallRecord, Constants, Period
from callcenter.domain.figures.report import half_hour_of, sums
from callcenter.domain.figures.scope import Scope


@dataclass(slots=True)
class _Sheet:
    """The calls of one half-hour, and what they add up to."""

    invited: dict[str, CallRecord] = field(default_factory=dict)
    asked: dict[str, CallRecord] = field(default_factory=dict)
    rang: dict[str, CallRecord] = field(default_factory=dict)
    sums: list[Figure] | None = None
    """None: a call of it has changed since."""
    waits: list[timedelta] = field(default_factory=list)
    longest: timedelta | None = None

    def put(self, sheet: dict[str, CallRecord], view: CallRecord) -> None:
        """Write a call on one of the three lists."""
        sheet[view.id] = view
        self.sums = None

    def drop(self, call_id: str) -> None:
        """Take a call off."""
        for listed in (self.invited, self.asked, self.rang):
            if listed.pop(call_id, None) is not None:
                self.sums = None


class Tally:
    """Adds up the calls of one scope on one day."""

    def __init__(self, scope: Scope, day: Period, constants: Constants) -> None:
        self.scope = scope
        self.calls: dict[str, CallRecord] = {}
        """Its calls as its scope sees them, those of the days before included."""
        self.open: set[str] = set()
        """Those of them that go on: what they come to changes as time passes."""
        self._day = day
        self._constants = constants
        self._sheets: dict[datetime, _Sheet] = {}

    def put(self, call: CallRecord) -> None:
        """Count a call as it now is."""
        view = self.scope.view(call)
        if self.scope.counts(view):
            self.calls[view.id] = view
            if view.t5 is None:
                self.open.add(view.id)
            else:
                self.open.discard(view.id)
            if view.t0 in self._day:
                sheet = self._sheet(view.t0)
                sheet.put(sheet.invited, view)
            if view.t2 is not None and view.t2 in self._day:
                sheet = self._sheet(view.t2)
                sheet.put(sheet.asked, view)
        if self.scope.counts_offers(view) and view.t2 is not None and view.t2 in self._day:
            sheet = self._sheet(view.t2)
            sheet.put(sheet.rang, view)

    def drop(self, call_id: str) -> None:
        """Count a call no more: it went to another queue."""
        self.calls.pop(call_id, None)
        self.open.discard(call_id)
        for sheet in self._sheets.values():
            sheet.drop(call_id)

    def asked(self) -> Iterator[CallRecord]:
        """Give those that asked for a person in the day."""
        for sheet in self._sheets.values():
            yield from sheet.asked.values()

    def figures(self) -> list[Figure]:
        """Give what its calls come to by themselves, whatever the moment."""
        sheets = [self._summed(sheet) for sheet in self._sheets.values()]
        nothing = sums([], [], [], self._constants)
        every = [sheet.sums for sheet in sheets if sheet.sums is not None]
        return [
            *(summed(figures) for figures in zip(nothing, *every, strict=True)),
            *calls.spread(
                (wait for sheet in sheets for wait in sheet.waits),
                max((sheet.longest for sheet in sheets if sheet.longest is not None), default=None),
            ),
            *calls.worst_days(self.calls.values(), [self._day]),
        ]

    def _sheet(self, moment: datetime) -> _Sheet:
        """Give the sheet of this moment's half-hour."""
        return self._sheets.setdefault(half_hour_of(moment), _Sheet())

    def _summed(self, sheet: _Sheet) -> _Sheet:
        if sheet.sums is None:
            invited, asked = list(sheet.invited.values()), list(sheet.asked.values())
            sheet.sums = sums(invited, asked, list(sheet.rang.values()), self._constants)
            sheet.waits, sheet.longest = calls.answered_waits(asked), calls.longest_wait(asked)
        return sheet
