"""The figures of a day while it goes on: each fact changes what it changes, and nothing else is reckoned again.

What comes of it, for the hotline, a queue or a seat, is to the last digit what `report` makes of the same facts.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from callcenter.domain.facts import Fact, RecallChanged
from callcenter.domain.figures import callers, now, recalls, seats, tickets
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import CallRecord, Constants, Period, SeatSpan, Talk
from callcenter.domain.figures.report import is_provisional, recalls_of, replace_end, resolved, spans_of, tickets_of
from callcenter.domain.figures.scope import WHOLE, Scope, scopes_of
from callcenter.domain.figures.seats import Duty
from callcenter.domain.figures.tally import Tally


class Running:
    """Adds up one day. Facts go in in the journal's order, from two days before the day on."""

    def __init__(self, day: Period, *, constants: Constants | None = None, talks: Iterable[Talk] = ()) -> None:
        """`talks`: answered calls of the week before that the facts do not tell."""
        self.day = day
        self.constants = constants or Constants()
        self._reader = Reader()
        self._reader.know(talks)
        self._calls: dict[str, CallRecord] = {}
        self._behind: dict[str, CallRecord | None] = {}
        """Calls that count for the hotline as they stand now, for queues and seats still as they are here."""
        self._touched: set[str] = set()
        """Calls of which facts came since then."""
        self._of_caller: dict[str, set[str]] = {}
        self._tallies: dict[Scope, Tally] = {}
        self._spans_seen = 0
        self._duty: dict[Scope, Duty] = {}
        self._changed: set[Scope] = set()
        self.unclear = 0
        """Facts that do not add up; what they tell is not counted."""

    def take(self, fact: Fact) -> None:
        """Take in one fact; never raises."""
        try:
            self._reader.take(fact)
        except ValueError:
            self.unclear += 1
        if isinstance(fact, RecallChanged) and fact.recall.queue is not None:
            self._changed.add(Scope(queue=fact.recall.queue))

    def figures(self, at: datetime, scope: Scope = WHOLE) -> list[Figure]:
        """Give every figure of the day as of this moment, which is not before any fact.

        `scope` is the hotline, a queue or a seat.
        """
        tally = self._up_to_date(scope, at)
        asked = list(tally.asked())
        return [
            *tally.figures(),
            *now.waiting(list(tally.calls.values()), min(at, self.day.ends)),
            *seats.occupancy(self._spent(scope, at)),
            *recalls.recalled(recalls_of(self._reader.recalls(), scope), self.day, self.constants),
            *resolved(asked, self._talks(asked), self.constants),
            *tickets.on_time(tickets_of(self._reader.tickets(), scope), self.day, at),
        ]

    def changed(self, at: datetime) -> set[Scope]:
        """Give the queues and seats whose figures are others than when this was last asked, by more than time passing.

        A queue has the time of all seats, so that it changes with each.
        """
        self._look_at_what_changed(at)
        self._share_out()
        changed, self._changed = self._changed, set()
        return changed

    def is_provisional(self, at: datetime) -> bool:
        """Tell whether a call of the day goes on; any call of the hotline may yet come to a queue or seat."""
        self._look_at_what_changed(at)
        return is_provisional((self._calls[call_id] for call_id in self._tally(WHOLE).open), self.day, at)

    def _up_to_date(self, scope: Scope, at: datetime) -> Tally:
        """Give a scope's calls as they stand at this moment."""
        self._look_at_what_changed(at)
        if scope != WHOLE:
            self._share_out()
        tally = self._tally(scope)
        for call_id in list(tally.open):  # what goes on changes as time passes
            self._look_at(call_id, at)
        if scope != WHOLE:
            self._share_out()
        return tally

    def _tally(self, scope: Scope) -> Tally:
        if (tally := self._tallies.get(scope)) is None:
            tally = self._tallies[scope] = Tally(scope, self.day, self.constants)
        return tally

    def _look_at_what_changed(self, at: datetime) -> None:
        touched = self._reader.touched()
        for call_id in touched:
            self._look_at(call_id, at)
        self._touched |= touched
        self._look_at_seats()

    def _look_at(self, call_id: str, at: datetime) -> None:
        """See how a citizen's call stands now, and count it so."""
        call, before = self._reader.call(call_id, at), self._calls.get(call_id)
        if call is None or call == before:
            return
        self._calls[call_id] = call
        if call.caller is not None:
            self._of_caller.setdefault(call.caller, set()).add(call_id)
        self._tally(WHOLE).put(call)
        self._behind.setdefault(call_id, before)

    def _share_out(self) -> None:
        """Count what was looked at with its queue and seats too: the hotline's figures do not wait for that."""
        behind, self._behind = self._behind, {}
        for call_id, before in behind.items():
            call = self._calls[call_id]
            of_call = scopes_of(call)
            left = set() if before is None else scopes_of(before) - of_call
            for scope in left:
                self._tally(scope).drop(call_id)
            for scope in of_call:
                self._tally(scope).put(call)
            self._changed |= left
        touched, self._touched = self._touched, set()
        for call_id in touched:
            if (known := self._calls.get(call_id)) is not None:
                self._changed |= scopes_of(known) | self._repeats(behind.get(call_id, known), known)
            elif (caller := self._reader.caller_of_talk(call_id)) is not None:
                self._changed |= self._scopes_of_caller(caller)

    def _look_at_seats(self) -> None:
        for span in self._reader.spans[self._spans_seen :]:
            spent = seats.duty([span], self.day)
            for scope in (WHOLE, Scope(seat=span.seat)):
                self._duty[scope] = self._duty.get(scope, Duty()) + spent
        self._spans_seen = len(self._reader.spans)
        if moved := self._reader.moved():
            self._changed.update(Scope(seat=seat) for seat in moved)
            self._changed.update(scope for scope in self._tallies if scope.queue is not None)

    def _spent(self, scope: Scope, at: datetime) -> Duty:
        """What the scope's seats have done with the day so far."""
        of_seats = scope if scope.seat is not None else WHOLE
        goes_on: Sequence[SeatSpan] = spans_of(self._reader.open_spans(at), scope)
        return self._duty.get(of_seats, Duty()) + seats.duty(goes_on, replace_end(self.day, at))

    def _repeats(self, before: CallRecord | None, call: CallRecord) -> set[Scope]:
        """Give in whose figures those calls are that this one may be the repeat of, or may no more."""
        talk, was = callers.talk_of(call), None if before is None else callers.talk_of(before)
        if call.caller is None or talk == was:
            return set()
        return self._scopes_of_caller(call.caller, {each.matter for each in (talk, was) if each is not None})

    def _scopes_of_caller(self, caller: str, matters: set[str | None] | None = None) -> set[Scope]:
        """Give in whose figures the answered calls of a number are; `matters`: only those about one of these."""
        of_caller = [self._calls[call_id] for call_id in self._of_caller.get(caller, ())]
        answered = [call for call in of_caller if call.t4 is not None]
        alike = [call for call in answered if call.matter is not None and (matters is None or call.matter in matters)]
        return {scope for call in alike for scope in scopes_of(call)}

    def _talks(self, asked: Iterable[CallRecord]) -> callers.Talks:
        of_callers = {call.caller for call in asked if call.caller is not None}
        found = [self._calls[call_id] for caller in of_callers for call_id in self._of_caller.get(caller, ())]
        return callers.Talks(found, self._reader.talks(of_callers))
