"""A controller may die at any moment of a talk: the notes of every ended call come to their end all the same."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.domain.calls import Call, RecordingState
from callcenter.domain.exchange import Moment
from callcenter.domain.exchange.commands import NoteNotes, NoteRecording, NoteTicket
from callcenter.domain.facts import CallArrived, Fact, OfCall, SeatChanged
from callcenter.domain.fold import apply
from callcenter.domain.ids import TicketId
from callcenter.domain.notes import Notes, NotesState, TapId, Words
from callcenter.domain.records import Entry
from callcenter.domain.seats import Seat
from callcenter.domain.telephony import CallFound, LegFound, LinkRestored, Place
from callcenter.office import interrupted_notes, notes
from callcenter.office.interrupted_notes import InterruptedNotes
from callcenter.office.notes import LAST_WORDS_SECONDS, NoteTaker
from callcenter.office.recovery import recover
from tests.office.test_notes import FakeHearing, FakeTaps
from tests.support.office_fakes import CALL, FakeJournal, an_office, eventually, running

SEAT = "8001"
CLOSED = (NotesState.LATER, NotesState.COMPLETE)


class Step(IntEnum):
    """What happens in a talk, and after it."""

    ANSWERED = 1
    HANGS_UP = 2
    TICKET = 3
    RECORDING = 4


@dataclass
class Memory:
    """The store, as far as notes need it: all that any controller has noted."""

    journals: list[FakeJournal] = field(default_factory=list)

    @property
    def facts(self) -> list[Fact]:
        return [fact for journal in self.journals for fact in journal.facts]

    @property
    def calls(self) -> list[Call]:
        calls: dict[str, Call] = {}
        for fact in self.facts:
            if isinstance(fact, OfCall):
                calls[fact.call_id] = apply(calls.get(fact.call_id), fact)
        return list(calls.values())

    async def get(self, call_id: str) -> Call | None:
        return next((call for call in self.calls if call.id == call_id), None)

    async def unfinished(self) -> Sequence[Sequence[Fact]]:
        return [[fact for fact in self.facts if fact.call_id == call.id] for call in self.calls if call.is_live]

    async def without_ticket(self) -> Sequence[Call]:
        return [call for call in self.calls if call.t4 is not None and call.ticket_id is None]

    async def unsettled_recordings(self) -> Sequence[Call]:
        return [
            call
            for call in self.calls
            if not call.is_live and call.recording is not None and call.recording.state is RecordingState.RECORDING
        ]

    async def notes_interrupted(self) -> Sequence[Call]:
        return [
            call
            for call in self.calls
            if not call.is_live and call.notes is not None and call.notes.state is NotesState.LIVE
        ]

    async def journal(self, call_id: str) -> Sequence[Entry]:
        entries = FakeJournal()
        return [entries.append(fact, None) for fact in self.facts if fact.call_id == call_id]

    def loses_arrivals(self) -> None:
        """From now on no journal of a call adds up."""

        async def headless(call_id: str) -> Sequence[Entry]:
            entries, own = FakeJournal(), [fact for fact in self.facts if fact.call_id == call_id]
            return [entries.append(fact, None) for fact in own if not isinstance(fact, CallArrived)]

        self.journal = headless  # type: ignore[method-assign]

    async def last_seen(self) -> Sequence[Seat]:
        return list({fact.seat.extension: fact.seat for fact in self.facts if isinstance(fact, SeatChanged)}.values())


class Controller:
    """What of one controller has to do with notes; without a recogniser (`hears`) nobody makes any."""

    def __init__(self, memory: Memory, *, hears: bool) -> None:
        self.memory = memory
        self.office = an_office(ready=(SEAT,))
        self.hearing = FakeHearing()
        self.taker: NoteTaker | None = None
        if hears:
            self.taker = NoteTaker(
                self.office.switchboard,
                memory,  # type: ignore[arg-type]  # only what notes need
                taps=FakeTaps(),
                hearing=self.hearing,
                stream=self.office.stream,
                clock=self.office.clock,
            )
        self.closing = InterruptedNotes(
            memory,  # type: ignore[arg-type]  # only what notes need
            self.office.switchboard,
            listens=lambda call_id: self.taker is not None and self.taker.listens(call_id),
            clock=self.office.clock,
        )
        memory.journals.append(self.office.journal)

    @property
    def parts(self) -> list[Callable[[], Awaitable[None]]]:
        return [self.closing.run] if self.taker is None else [self.taker.run, self.closing.run]

    @property
    def call(self) -> Call:
        [call] = self.memory.calls
        return call

    @property
    def state(self) -> NotesState | None:
        return None if self.call.notes is None else self.call.notes.state

    def now(self) -> datetime:
        return self.office.clock.now()

    async def another(self, *, hears: bool) -> "Controller":
        """It has died; the next one begins where the journal ends, and finds in Asterisk who is on the line."""
        after = Controller(self.memory, hears=hears)
        after.office.clock.wall, after.office.clock.mono = self.office.clock.wall, self.office.clock.mono
        now = Moment(wall=self.now(), mono=self.office.clock.mono)
        await recover(after.office.switchboard.exchange, self.memory, self.memory, now)  # type: ignore[arg-type]
        found = tuple(_found(call) for call in self.memory.calls if call.is_live)
        after.office.tell(LinkRestored(at=now.wall, calls=found, seats_registered=frozenset({SEAT})))
        return after

    async def lives_through(self, step: Step) -> None:
        self.office.clock.advance(3)
        switchboard = self.office.switchboard
        match step:
            case Step.ANSWERED:
                self.office.a_caller_waits()
                self.office.the_seat_answers()
                for tap_id in self.taps_begin():
                    self.hears(tap_id, "停水了")
                await eventually(lambda: self.state is NotesState.LIVE)
            case Step.HANGS_UP:
                self.office.the_caller_hangs_up()
            case Step.TICKET:
                switchboard.ask(NoteTicket(call_id=CALL, ticket_id=TicketId("ticket")))
            case Step.RECORDING:
                assert self.call.recording is not None
                kept = replace(self.call.recording, state=RecordingState.KEPT, seconds=10.0)
                switchboard.ask(NoteRecording(call_id=CALL, recording=kept))

    def taps_begin(self) -> list[TapId]:
        assert self.taker is not None
        for tap_id in self.hearing.placed:
            self.taker.tap_ready(tap_id, 4000)
            self.taker.tap_begun(tap_id, self.now())
        return self.hearing.placed

    def hears(self, tap_id: TapId, text: str) -> None:
        assert self.taker is not None
        begins = self.now()
        self.office.clock.advance(1)
        self.taker.tap_heard(
            tap_id, Words(number=0, begins=begins, ends=self.now(), text=text, confidence=1, final=True)
        )

    def last_words_are_waited_for(self) -> None:
        self.office.clock.advance(LAST_WORDS_SECONDS + 1)


def _found(call: Call) -> CallFound:
    seat = next(leg for leg in call.legs if leg.party == SEAT)
    return CallFound(
        call_id=call.id,
        caller=call.caller,
        arrived=call.t0,
        answered=True,
        since=int(call.t0.timestamp()),
        place=Place.TALK,
        talk="t",
        legs=(LegFound(leg_id=seat.id, seat=SEAT, answered=True, talk="t"),),
        recording=call.recording_path,
    )


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(notes, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(interrupted_notes, "LOOK_SECONDS", 0.01)
    with structlog.testing.capture_logs():
        yield


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.sets(st.sampled_from(Step)), hears=st.booleans())
async def test_whenever_controllers_die_the_notes_are_closed(deaths: set[Step], *, hears: bool) -> None:
    lives: list[list[Step]] = [[]]
    for step in Step:
        lives[-1].append(step)
        if step in deaths:
            lives.append([])

    controller = Controller(Memory(), hears=True)
    for number, steps in enumerate(lives):
        if number:
            controller = await controller.another(hears=hears)
        async with running(*controller.parts):
            for step in steps:
                await controller.lives_through(step)
            if number == len(lives) - 1:
                controller.last_words_are_waited_for()
                await eventually(lambda: controller.state in CLOSED)  # noqa: B023 - it is waited for at once

    assert [said.text for said in controller.call.utterances] == ["停水了", "停水了"]


async def test_an_ended_call_that_was_taken_up_again_says_what_is_missing() -> None:
    """Its recording was still open, so that the next controller has it; nobody listens to it any more."""
    first = Controller(Memory(), hears=True)
    async with running(*first.parts):
        await first.lives_through(Step.ANSWERED)
        await first.lives_through(Step.HANGS_UP)
    assert first.state is NotesState.LIVE

    second = await first.another(hears=True)
    assert second.office.switchboard.exchange.call(CALL) is not None
    async with running(*second.parts):
        await eventually(lambda: second.state is NotesState.LATER)

    assert second.call.notes is not None
    assert {gap.side.value: (gap.start, gap.end) for gap in second.call.notes.gaps} == {
        "caller": (1.0, 5.0),
        "seat": (2.0, 5.0),
    }
    known = second.office.switchboard.exchange.call(CALL)
    assert known is not None
    assert known.notes == second.call.notes, "what is settled of it can be let go of"


async def test_last_words_that_are_waited_for_are_not_cut_off() -> None:
    controller = Controller(Memory(), hears=True)
    async with running(*controller.parts):
        await controller.lives_through(Step.ANSWERED)
        await controller.lives_through(Step.HANGS_UP)
        looked = 0

        async def interrupted() -> Sequence[Call]:
            nonlocal looked
            looked += 1
            return [controller.call]

        controller.memory.notes_interrupted = interrupted  # type: ignore[method-assign]
        await eventually(lambda: looked >= 3)
        assert controller.state is NotesState.LIVE
        assert controller.taker is not None
        for tap_id in controller.hearing.placed:
            controller.taker.tap_over(tap_id, controller.now())
        await eventually(lambda: controller.state is NotesState.COMPLETE)


async def test_a_call_that_was_let_go_of_before_its_last_words_is_closed() -> None:
    controller = Controller(Memory(), hears=True)
    async with running(*controller.parts):
        await controller.lives_through(Step.ANSWERED)
        await controller.lives_through(Step.HANGS_UP)
        controller.office.switchboard.exchange._state.let_go(CALL)
        controller.last_words_are_waited_for()

        await eventually(lambda: controller.state in CLOSED)


async def test_of_a_journal_that_does_not_add_up_nobody_can_tell_what_is_missing() -> None:
    first = Controller(Memory(), hears=True)
    async with running(*first.parts):
        await first.lives_through(Step.ANSWERED)
        await first.lives_through(Step.HANGS_UP)
    second = await first.another(hears=True)

    second.memory.loses_arrivals()
    async with running(*second.parts):
        await eventually(lambda: second.state is NotesState.FAILED)


async def test_a_journal_that_does_not_add_up_keeps_nobody_from_listening() -> None:
    first = Controller(Memory(), hears=True)
    async with running(*first.parts):
        await first.lives_through(Step.ANSWERED)
    second = await first.another(hears=True)

    second.memory.loses_arrivals()
    async with running(*second.parts):
        await eventually(lambda: bool(second.hearing.placed))
        for tap_id in second.taps_begin():
            second.hears(tap_id, "来电了")
        await eventually(lambda: [each.text for each in second.call.utterances][-1] == "来电了")
        assert second.state is NotesState.LIVE


async def test_notes_that_are_closed_meanwhile_stay_as_they_are() -> None:
    first = Controller(Memory(), hears=True)
    async with running(*first.parts):
        await first.lives_through(Step.ANSWERED)
        await first.lives_through(Step.HANGS_UP)
    second = await first.another(hears=True)
    complete, read = Notes(state=NotesState.COMPLETE), second.memory.journal

    async def slowly(call_id: str) -> Sequence[Entry]:
        second.office.switchboard.ask(NoteNotes(call_id=CALL, notes=complete))
        return await read(call_id)

    second.memory.journal = slowly  # type: ignore[method-assign]
    async with running(*second.parts):
        await eventually(lambda: second.call.notes == complete)
    assert [fact.kind for fact in second.office.journal.facts].count("notes.changed") == 1
