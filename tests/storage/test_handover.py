"""What one controller leaves to the next in memory: all that is open, nothing that is settled."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Outcome, Recording, RecordingState
from callcenter.domain.fact_data import to_data
from callcenter.domain.facts import (
    AlarmCleared,
    AlarmRaised,
    CallArrived,
    CallEnded,
    CallTalking,
    Fact,
    NotesChanged,
    RecallChanged,
    RecordingChanged,
    SeatChanged,
    TicketChanged,
)
from callcenter.domain.ids import CallId, LegId, RecallId, TicketId
from callcenter.domain.notes import Notes, NotesState
from callcenter.domain.recalls import ClosedBy, Recall
from callcenter.domain.seats import Seat, SeatState
from callcenter.office.recovery import before_of
from callcenter.storage import handover as handover_module
from callcenter.storage.chain import START, canonical, chained
from callcenter.storage.handover import Handover
from callcenter.storage.kept_memory import KeptMemory
from callcenter.storage.write_ahead import WriteAhead
from tests.support.office_fakes import NOON

ONE, TWO = CallId("one"), CallId("two")
SEAT = Seat(extension="8001", operator="甲", state=SeatState.BREAK, since=NOON, idle_since=NOON)


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = os.memfd_create("test")
    yield descriptor
    os.close(descriptor)


def tell(handover: Handover, *facts: Fact) -> None:
    """Tell it as the journal does."""
    ahead = WriteAhead(os.memfd_create("ahead"), handover=handover)
    link = START
    for fact in facts:
        entry = chained(
            link,
            time=fact.at,
            call_id=fact.call_id,
            kind=fact.kind,
            data=canonical(to_data(fact)),
            recovered=fact.recovered,
        )
        ahead.add(entry)
        link = entry.link


def call(call_id: CallId, *, recorded: RecordingState, ticket: bool) -> list[Fact]:
    """An answered call that has ended."""
    recording = Recording(state=RecordingState.RECORDING, started=NOON)
    facts: list[Fact] = [
        CallArrived(at=NOON, call_id=call_id, caller="13900000001"),
        RecordingChanged(at=NOON, call_id=call_id, recording=recording),
        CallTalking(at=NOON, call_id=call_id, seat="8001", leg_id=LegId("leg")),
        CallEnded(at=NOON, call_id=call_id, outcome=Outcome.ANSWERED, ended_by="caller", where="talking", waited_ms=0),
        RecordingChanged(at=NOON, call_id=call_id, recording=replace(recording, state=recorded)),
    ]
    return [*facts, *([TicketChanged(at=NOON, call_id=call_id, ticket_id=TicketId("t"))] if ticket else [])]


def left(memory: int) -> Sequence[Fact]:
    """What the next controller finds."""
    facts = Handover(memory).facts()
    assert facts is not None
    return facts


def test_before_it_is_known_what_was_before_there_is_nothing_to_go_on_from(memory: int) -> None:
    handover = Handover(memory)
    tell(handover, SeatChanged(at=NOON, seat=SEAT))

    assert Handover(memory).facts() is None
    handover.begin([])
    assert left(memory) == [SeatChanged(at=NOON, seat=SEAT)]


def test_a_call_is_left_with_all_its_facts_until_it_is_settled(memory: int) -> None:
    handover = Handover(memory)
    handover.begin(call(ONE, recorded=RecordingState.RECORDING, ticket=True))
    tell(handover, *call(TWO, recorded=RecordingState.KEPT, ticket=False))
    assert before_of(left(memory)).calls == [
        call(ONE, recorded=RecordingState.RECORDING, ticket=True),
        call(TWO, recorded=RecordingState.KEPT, ticket=False),
    ]

    tell(handover, TicketChanged(at=NOON, call_id=TWO, ticket_id=TicketId("t")))
    assert {fact.call_id for fact in left(memory)} == {ONE}


def test_a_call_whose_last_words_are_still_being_noted_is_not_settled(memory: int) -> None:
    handover = Handover(memory)
    handover.begin([])
    arrived, *others = call(ONE, recorded=RecordingState.KEPT, ticket=True)
    tell(handover, arrived, NotesChanged(at=NOON, call_id=ONE, notes=Notes(state=NotesState.LIVE)), *others)
    assert {fact.call_id for fact in left(memory)} == {ONE}

    tell(handover, NotesChanged(at=NOON, call_id=ONE, notes=Notes(state=NotesState.COMPLETE)))
    assert left(memory) == []


def test_of_seats_alarms_and_recalls_the_last_word_counts(memory: int) -> None:
    recall = Recall(id=RecallId("r"), caller="13900000001", queue=None, opened=NOON, due=NOON)
    other = replace(recall, id=RecallId("other"), caller="13900000002")
    handover = Handover(memory)
    handover.begin([RecallChanged(at=NOON, recall=recall), AlarmRaised(at=NOON, name="disk_low", detail="")])
    tell(
        handover,
        SeatChanged(at=NOON, seat=SEAT),
        SeatChanged(at=NOON, seat=replace(SEAT, state=SeatState.READY)),
        AlarmRaised(at=NOON, name="speech", detail="slow"),
        AlarmCleared(at=NOON, name="disk_low"),
        RecallChanged(at=NOON, recall=other),
        RecallChanged(at=NOON, recall=replace(recall, closed=NOON, closed_by=ClosedBy.REACHED)),
    )

    before = before_of(left(memory))
    assert before.seats == [replace(SEAT, state=SeatState.READY)]
    assert before.alarms == [Alarm(name="speech", detail="slow", since=NOON)]
    assert before.recalls == [other]


def test_what_was_before_is_older_than_what_came_since(memory: int) -> None:
    handover = Handover(memory)
    tell(handover, SeatChanged(at=NOON + timedelta(seconds=1), seat=replace(SEAT, state=SeatState.READY)))
    handover.begin([SeatChanged(at=NOON, seat=SEAT)])

    assert [seat.state for seat in before_of(left(memory)).seats] == [SeatState.READY]


def test_a_kill_in_the_middle_of_a_line_costs_that_line_and_one_while_it_is_written_anew_all_of_it(memory: int) -> None:
    handover = Handover(memory)
    handover.begin([SeatChanged(at=NOON, seat=SEAT)])
    os.pwrite(memory, b"0000abcd [1,", KeptMemory(memory).size)
    assert left(memory) == [SeatChanged(at=NOON, seat=SEAT)]

    os.pwrite(memory, b"torn \n", 0)
    assert Handover(memory).facts() is None


def test_it_does_not_grow_with_what_is_settled(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover_module, "_LONG_BYTES", 20_000)
    handover = Handover(memory)
    handover.begin([])
    for number in range(200):
        tell(handover, *call(CallId(str(number)), recorded=RecordingState.KEPT, ticket=True))

    assert KeptMemory(memory).size < 25_000
    assert left(memory) == []
