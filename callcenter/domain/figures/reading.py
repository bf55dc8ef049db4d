"""From the journal's facts to what the figures count. Facts go in one by one, in the journal's order; twice is once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from callcenter.domain.facts import (
    CallDigits,
    CallFact,
    ClockStepped,
    Fact,
    NotesChanged,
    OfCall,
    RecallChanged,
    RecordingChanged,
    SeatChanged,
    SecretChanged,
    TicketChanged,
    TicketStands,
    UtteranceHeard,
)
from callcenter.domain.figures.presence import Presence, written_up
from callcenter.domain.figures.records import (
    CallRecord,
    Period,
    RecallEnd,
    RecallRecord,
    Records,
    SeatSpan,
    Talk,
    TicketRecord,
    whole_ms,
)
from callcenter.domain.figures.story import OpenStint, Story
from callcenter.domain.ids import CallId, RecallId, TicketId
from callcenter.domain.recalls import ClosedBy, Recall
from callcenter.domain.seats import SeatState
from callcenter.domain.tickets import Standing, TicketState

OF_NO_FIGURE = (CallDigits, UtteranceHeard, NotesChanged, RecordingChanged, SecretChanged)
"""What nothing is counted of."""

_ENDS: Mapping[ClosedBy, RecallEnd] = MappingProxyType(
    {
        ClosedBy.REACHED: RecallEnd.REACHED,
        ClosedBy.SELF_RETURN: RecallEnd.SELF_RETURN,
        ClosedBy.RETURNED: RecallEnd.GIVEN_UP,  # a duty still, and not reached by us
        ClosedBy.GIVEN_UP: RecallEnd.GIVEN_UP,
        ClosedBy.REFUSED: RecallEnd.REFUSED,
    }
)


class Reader:
    """Adds facts up. `records` can be had at any moment, and goes on to change."""

    def __init__(self) -> None:
        self._stories: dict[CallId, Story] = {}
        self.spans: list[SeatSpan] = []
        """What seats did and is over, in the order in which that was decided; see `presence`."""
        self._seats: dict[str, Presence] = {}
        self._after_talk: set[str] = set()
        self._to_write_up: dict[str, tuple[CallId, OpenStint]] = {}
        self._tickets: dict[TicketId, Standing] = {}
        self._first_due: dict[TicketId, datetime] = {}
        self._ticket_of: dict[CallId, TicketId] = {}
        self._recalls: dict[RecallId, Recall] = {}
        self._talks: dict[str, dict[str, Talk]] = {}
        self._touched: set[str] = set()
        self._moved: set[str] = set()
        self._clocks_set: set[datetime] = set()

    def take(self, fact: Fact) -> None:
        """Take in one fact. Raises ValueError for a fact of a call that has not arrived."""
        if isinstance(fact, SeatChanged):
            self._seat(fact)
        elif isinstance(fact, TicketStands):
            self._ticket(fact)
        elif isinstance(fact, ClockStepped):
            self._clock(fact)
        elif isinstance(fact, RecallChanged):
            self._recalls[fact.recall.id] = fact.recall
        elif isinstance(fact, CallFact) and not isinstance(fact, OF_NO_FIGURE):
            self._of_call(fact)

    def take_all(self, facts: Iterable[Fact]) -> "Reader":
        """Take in many."""
        for fact in facts:
            self.take(fact)
        return self

    def know(self, talks: Iterable[Talk]) -> None:
        """Learn of answered calls outside of what is read, for telling a repeat (figure 13).

        Their matters are what the facts of their tickets say.
        """
        for talk in talks:
            if talk.caller is not None:
                self._talks.setdefault(talk.caller, {})[talk.id] = talk

    def touched(self) -> set[str]:
        """Give the calls of which something was told since this was last asked."""
        touched, self._touched = self._touched, set()
        return touched

    def moved(self) -> set[str]:
        """Give the seats whose states changed since this was last asked."""
        moved, self._moved = self._moved, set()
        return moved

    def call(self, call_id: str, at: datetime) -> CallRecord | None:
        """Give one inbound call as it stands at this moment; None where there is none of that id."""
        story = self._stories.get(CallId(call_id))
        return None if story is None or not story.is_inbound else self._record(story, at)

    def records(self, at: datetime) -> Records:
        """Give everything as it stands at this moment; what goes on is cut there."""
        return Records(
            calls=[self._record(story, at) for story in self._stories.values() if story.is_inbound],
            spans=[*self.spans, *self.open_spans(at)],
            recalls=list(self.recalls()),
            tickets=list(self.tickets()),
            talks=self.talks(),
        )

    def open_spans(self, at: datetime) -> list[SeatSpan]:
        """Give what seats do now, cut at this moment."""
        at = whole_ms(at)
        return [span for presence in self._seats.values() for span in presence.open_spans(at)]

    def recalls(self) -> Iterator[RecallRecord]:
        """Give every obligation to call back, each once."""
        return (_recall(recall) for recall in self._recalls.values() if recall.closed_by is not ClosedBy.JOINED)

    def talks(self, of_callers: Iterable[str] | None = None) -> list[Talk]:
        """Give the answered calls that were learnt of beside what was read, with what is known of their matters."""
        return [
            replace(talk, matter=self._matter(CallId(talk.id)))
            for caller in (self._talks if of_callers is None else of_callers)
            for talk in self._talks.get(caller, {}).values()
        ]

    def caller_of_talk(self, call_id: str) -> str | None:
        """Give who called in one of the answered calls that were learnt of beside what was read."""
        return next((caller for caller, talks in self._talks.items() if call_id in talks), None)

    def tickets(self) -> Iterator[TicketRecord]:
        """Give every ticket; one that was settled on the line is finished when it is filed."""
        for ticket_id, standing in self._tickets.items():
            yield TicketRecord(
                id=ticket_id,
                due=standing.due,
                original_due=self._first_due.get(ticket_id),
                finished=standing.filed if standing.unit is None and standing.state is TicketState.FILED else None,
            )

    def _record(self, story: Story, at: datetime) -> CallRecord:
        ticket_id = self._ticket_of.get(story.id)
        return story.record(at, None if ticket_id is None else self._tickets.get(ticket_id))

    def _matter(self, call_id: CallId) -> str | None:
        ticket_id = self._ticket_of.get(call_id)
        standing = None if ticket_id is None else self._tickets.get(ticket_id)
        return None if standing is None else standing.category or None

    def _clock(self, fact: ClockStepped) -> None:
        """Date by the new time since when each seat is as it is, so that no state lasts as much longer or shorter."""
        if fact.taken_over and fact.at not in self._clocks_set:
            self._clocks_set.add(fact.at)
            step = timedelta(seconds=fact.seconds)
            for presence in self._seats.values():
                presence.clock_set(step)
            self._moved.update(self._seats)

    def _seat(self, fact: SeatChanged) -> None:
        seat, since = fact.seat.extension, whole_ms(fact.seat.since)
        presence = self._seats.get(seat)
        if presence is None:
            presence = self._seats[seat] = Presence.of(seat, fact.seat.state, since)
            self._moved.add(seat)
        if presence.state is not fact.seat.state and since >= presence.since:
            self._enters(presence, fact.seat.state, since)
        if presence.phone is not fact.seat.phone:
            self._moved.add(seat)
            self.spans += presence.phone_is(fact.seat.phone, whole_ms(fact.at))

    def _enters(self, presence: Presence, state: SeatState, at: datetime) -> None:
        """Have a seat do something else; who wrote up after a talk has done so."""
        seat = presence.seat
        self._moved.add(seat)
        if presence.state is SeatState.WRAP_UP and seat in self._after_talk and seat in self._to_write_up:
            call_id, stint = self._to_write_up.pop(seat)
            stint.writing = Period(presence.since, written_up(presence.since, at))
            self._touched.add(call_id)
        if presence.state is SeatState.TALKING and state is SeatState.WRAP_UP:
            self._after_talk.add(seat)
        else:
            self._after_talk.discard(seat)
        self.spans += presence.enters(state, at)

    def _ticket(self, fact: TicketStands) -> None:
        before = self._tickets.get(fact.ticket_id)
        if before is not None and before.version > fact.standing.version:
            return
        self._tickets[fact.ticket_id] = fact.standing
        if fact.standing.due is not None:
            self._first_due.setdefault(fact.ticket_id, fact.standing.due)
        for call_id in fact.standing.call_ids:
            self._ticket_of.setdefault(call_id, fact.ticket_id)
        self._touched.update(fact.standing.call_ids)

    def _of_call(self, fact: OfCall) -> None:
        story = self._stories.get(fact.call_id)
        self._touched.add(fact.call_id)
        if story is None:
            self._stories[fact.call_id] = Story.of(fact)
            return
        if isinstance(fact, TicketChanged):
            self._ticket_of.setdefault(fact.call_id, fact.ticket_id)
        for stint in story.take(fact):
            self._to_write_up[stint.seat] = (fact.call_id, stint)


def _recall(recall: Recall) -> RecallRecord:
    return RecallRecord(
        number=None if recall.closed_by is ClosedBy.UNDIALLABLE else recall.caller,
        opened=recall.opened,
        queue=recall.queue,
        first_attempt=recall.first_attempt,
        reached=recall.reached,
        end=None if recall.closed_by is None else _ENDS.get(recall.closed_by),
        by_us=recall.by_us,
    )
