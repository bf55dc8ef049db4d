import asyncio
from datetime import timedelta

import pytest

from callcenter.domain.errors import NotFoundError, UnavailableError
from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import HangUpCall, NoteDigits
from callcenter.domain.facts import NotesChanged, TicketStands, UtteranceHeard
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Notes, NotesState, Side, Utterance, UtteranceId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    Arrived,
    CallerLeft,
    CallerUp,
    Ending,
    FlowAsked,
    LegEnded,
    LinkLost,
    LinkRestored,
)
from callcenter.domain.tickets import Standing, TicketState
from callcenter.domain.wishes import AfterTalk, EndCall, OfferSeat
from callcenter.office.switchboard import PICTURE_SECONDS, BrokenError, FrozenError
from tests.support.office_fakes import CALL, NOON, Office, an_office, eventually, running


def test_every_fact_goes_to_the_journal_and_to_whoever_watches() -> None:
    office = an_office()

    office.a_caller_waits()
    office.the_seat_answers()

    published = [event.type for event in office.stream.since(0) or ()]
    of_call = [kind for kind in published if kind not in ("queue.changed", "trunk.changed")]
    assert of_call == office.journal.kinds()
    assert [kind for kind in of_call if kind.startswith("call.")] == [
        "call.arrived",
        "call.queued",
        "call.offered",
        "call.ringing",
        "call.talking",
    ]


def test_an_event_holds_the_whole_call_after_the_change_and_what_is_special_to_it() -> None:
    office = an_office()

    office.a_caller_waits()
    office.the_seat_answers()
    office.switchboard.publish_changes()

    events = {event.type: event.data for event in office.stream.since(0) or ()}
    assert events["call.talking"]["state"] == "talking"
    assert events["call.talking"]["id"] == CALL
    assert events["call.talking"]["leg_id"]
    assert events["call.talking"]["seat"] == "8001"
    assert events["leg.changed"]["call_id"] == CALL
    assert events["queue.changed"]["talking"] == 1
    assert "recording_path" not in events["call.arrived"]


async def test_the_queue_is_told_at_once_and_then_fifty_times_a_second_at_most() -> None:
    office = an_office()
    running_task = asyncio.ensure_future(office.switchboard.run())
    await eventually(lambda: bool(office.telephone.beats))

    def told() -> list[tuple[int, int]]:
        events = [event.data for event in office.stream.since(0) or () if event.type == "queue.changed"]
        return [(len(queue["waiting"]), queue["talking"]) for queue in events]

    office.clock.advance(PICTURE_SECONDS)
    office.a_caller_waits()
    await eventually(lambda: told() == [(1, 0)])
    office.the_seat_answers()
    office.a_caller_waits(CallId("other"))
    office.clock.advance(PICTURE_SECONDS / 2)
    for _ in range(20):
        await asyncio.sleep(0)
    assert told() == [(1, 0)], "not yet"

    office.clock.advance(PICTURE_SECONDS / 2)
    await eventually(lambda: told() == [(1, 0), (1, 1)])
    running_task.cancel()


def test_wishes_are_carried_out_and_a_flow_is_started() -> None:
    office = an_office()

    office.tell(
        Arrived(at=NOON, call_id=CALL, caller=None, recording=None),
        CallerUp(at=NOON, call_id=CALL),
        FlowAsked(at=NOON, call_id=CALL),
    )
    assert [wish.call_id for wish in office.flows_started] == [CALL]

    office.a_caller_waits(CallId("other"))
    office.the_seat_answers()
    assert [type(wish) for wish in office.telephone.wishes][:2] == [OfferSeat, AfterTalk]


def test_what_is_asked_is_decided_on_the_newest_picture() -> None:
    office = an_office()
    office.switchboard.tell(Arrived(at=NOON, call_id=CALL, caller=None, recording=None))

    office.switchboard.ask(HangUpCall(call_id=CALL))

    assert EndCall(call_id=CALL) in office.telephone.wishes
    with pytest.raises(NotFoundError):
        office.switchboard.ask(HangUpCall(call_id=CallId("nobody")))


async def test_an_event_that_breaks_us_does_not_stop_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    office = an_office()
    handle = office.switchboard.exchange.handle

    def breaks(event: object, now: object) -> object:
        if isinstance(event, LinkLost):
            raise KeyError("a mistake of ours")
        return handle(event, now)  # type: ignore[arg-type]

    monkeypatch.setattr(office.switchboard.exchange, "handle", breaks)

    office.tell(LinkLost(at=NOON))
    office.a_caller_waits()

    assert office.switchboard.failures == 1
    assert "call.queued" in office.journal.kinds()
    assert office.telephone.looks == 1, "what the lost event told is looked for in another way"
    office.tell(LinkLost(at=NOON))
    assert office.telephone.looks == 1, "not again and again"
    office.clock.advance(31)
    office.tell(LinkLost(at=NOON))
    assert office.telephone.looks == 2


async def test_it_beats_from_the_task_that_decides() -> None:
    office = an_office()

    async with running(office.switchboard.run):
        await eventually(lambda: len(office.telephone.beats) == 1)
        office.clock.advance(1.0)
        await eventually(lambda: len(office.telephone.beats) == 2)

    first, second = office.telephone.beats
    assert second - first == 1


async def test_once_all_that_exists_is_told_nobody_waits_for_time_to_pass() -> None:
    office = an_office()
    found = LinkRestored(at=NOON, calls=(), seats_registered=frozenset({"8001"}))

    async with running(office.switchboard.run):
        await eventually(lambda: len(office.telephone.beats) == 1)
        office.tell(LinkLost(at=NOON), found)
        assert office.switchboard.exchange._state.settling
        await eventually(lambda: not office.switchboard.exchange._state.settling)  # the clock stands still


async def test_the_end_of_a_wrap_up_comes_with_time_alone() -> None:
    office = an_office(policy=Policy(wrap_up_seconds=4.0))
    office.a_caller_waits()
    leg_id = office.the_seat_answers()
    office.the_caller_hangs_up()
    office.tell(LegEnded(at=NOON, call_id=CALL, leg_id=leg_id, ending=Ending.NORMAL, by_itself=False))
    [seat] = office.switchboard.exchange.seats
    assert seat.state is SeatState.WRAP_UP

    async with running(office.switchboard.run):
        for _ in range(3):
            beats = len(office.telephone.beats)
            await eventually(lambda beats=beats: len(office.telephone.beats) > beats)  # type: ignore[misc]
            office.clock.advance(2.0)
        await eventually(lambda: office.switchboard.exchange.seats[0].state is SeatState.READY)


async def test_a_process_that_was_frozen_ends_before_it_decides_anything() -> None:
    office = an_office()
    running_task = asyncio.ensure_future(office.switchboard.run())
    await eventually(lambda: bool(office.telephone.beats))
    decided = len(office.journal.facts)

    office.switchboard.tell(Arrived(at=NOON, call_id=CALL, caller=None, recording=None))
    office.clock.advance(12.0)
    office.switchboard.settle()  # somebody else woke first
    with pytest.raises(UnavailableError, match="begins anew"):
        office.switchboard.ask(NoteDigits(call_id=CALL, node="main", digits="1"))

    with pytest.raises(FrozenError, match=r"12\.0 s"):
        await asyncio.wait_for(running_task, 2)
    assert len(office.journal.facts) == decided


def test_digits_of_a_caller_who_is_gone_are_dropped() -> None:
    office: Office = an_office()

    office.switchboard.ask(NoteDigits(call_id=CALL, node="main", digits="1"))

    assert office.journal.facts == []


async def test_while_nothing_can_be_decided_asterisk_is_not_told_that_we_decide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = an_office()
    tick, ticks = office.switchboard.exchange.tick, 0

    def breaks(now: object) -> object:
        nonlocal ticks
        ticks += 1
        if broken:
            raise KeyError("a mistake of ours")
        return tick(now)  # type: ignore[arg-type]

    monkeypatch.setattr(office.switchboard.exchange, "tick", breaks)
    broken = True

    running_task = asyncio.ensure_future(office.switchboard.run())
    for _ in range(5):
        before = ticks
        await eventually(lambda before=before: ticks > before)  # type: ignore[misc]
        office.clock.advance(1.0)
    assert office.telephone.beats == []

    broken = False
    await eventually(lambda: len(office.telephone.beats) == 1)

    broken = True
    for _ in range(12):
        before = ticks
        office.clock.advance(1.0)
        await eventually(lambda before=before: ticks > before or running_task.done())  # type: ignore[misc]
    with pytest.raises(BrokenError):
        await asyncio.wait_for(running_task, 2)


async def test_asterisk_is_told_nothing_before_we_know_what_exists() -> None:
    office = an_office()
    office.tell(LinkLost(at=NOON))
    turns = 0

    def turned() -> float:
        nonlocal turns
        turns += 1
        return office.clock.mono

    office.clock.monotonic = turned  # type: ignore[method-assign]
    async with running(office.switchboard.run):
        await eventually(lambda: turns > 8)
        assert office.telephone.beats == []
        office.switchboard.tell(LinkRestored(at=NOON, calls=(), seats_registered=frozenset()))
        await eventually(lambda: len(office.telephone.beats) == 1)


WORDS = Utterance(id=UtteranceId("u1"), side=Side.CALLER, leg_id=LegId(CALL), start=1.0, end=2.0, text="停水了。")


def test_words_found_out_afterwards_are_added_to_a_call_that_was_let_go_of() -> None:
    office, told = an_office(), []
    earlier = an_office()
    earlier.a_caller_waits()
    earlier.the_seat_answers()
    earlier.clock.advance(60)
    earlier.the_caller_hangs_up()
    call = earlier.switchboard.exchange.call(CALL)
    assert call is not None
    office.switchboard.when_noted(lambda fact, after: told.append((fact.kind, after)))

    after = office.switchboard.note_settled(call, UtteranceHeard(at=NOON, call_id=CALL, utterance=WORDS))
    complete = Notes(state=NotesState.COMPLETE)
    last = office.switchboard.note_settled(after, NotesChanged(at=NOON, call_id=CALL, notes=complete))

    assert (last.utterances, last.notes) == ((WORDS,), complete)
    assert (last.t5, last.outcome) == (call.t5, call.outcome)
    assert [fact.at for fact in office.journal.facts] == [call.last_at] * 2, "never before what is there already"
    assert told == [("utterance.final", after), ("notes.changed", last)]
    published = {event.type: event.data for event in office.stream.since(0) or ()}
    assert (published["utterance.final"]["text"], published["utterance.final"]["call_id"]) == ("停水了。", CALL)
    assert published["notes.changed"]["state"] == "complete"
    assert office.switchboard.exchange.call(CALL) is None


def test_a_ticket_that_is_drafted_behind_a_clock_set_back_does_not_stand_before_the_end_of_its_call() -> None:
    office = an_office()
    office.a_caller_waits()
    office.the_seat_answers()
    office.the_caller_hangs_up()
    call = office.switchboard.exchange.call(CALL)
    assert call is not None
    drafted = Standing(version=1, state=TicketState.DRAFTED, call_ids=(CALL,))

    office.switchboard.note_ticket(
        TicketStands(at=NOON - timedelta(hours=1), ticket_id=TicketId("t1"), standing=drafted, call_id=CALL)
    )

    assert office.journal.facts[-1].kind == "ticket.stands"
    assert office.journal.facts[-1].at == call.last_at


def test_an_end_that_asterisk_dates_before_the_ticket_was_noted_does_not_stand_behind_it_with_that_date() -> None:
    office = an_office()
    office.a_caller_waits()
    office.the_seat_answers()
    office.clock.advance(1)
    left = office.clock.now()
    office.clock.advance(0.003)
    drafted = Standing(version=1, state=TicketState.DRAFTED, call_ids=(CALL,))
    office.switchboard.note_ticket(
        TicketStands(at=office.clock.now(), ticket_id=TicketId("t"), standing=drafted, call_id=CALL)
    )

    office.tell(CallerLeft(at=left, call_id=CALL, by_itself=True))

    of_call = [fact for fact in office.journal.facts if fact.call_id == CALL]
    assert "call.ended" in [fact.kind for fact in of_call]
    assert [fact.at for fact in of_call] == sorted(fact.at for fact in of_call)


def test_words_found_out_afterwards_go_through_the_exchange_while_it_has_the_call() -> None:
    office = an_office()
    office.a_caller_waits()
    office.the_seat_answers()
    stale = office.switchboard.exchange.calls[0]
    office.switchboard.ask(HangUpCall(call_id=CALL))
    office.the_caller_hangs_up()

    after = office.switchboard.note_settled(stale, UtteranceHeard(at=NOON, call_id=CALL, utterance=WORDS))
    office.switchboard.note_settled(stale, NotesChanged(at=NOON, call_id=CALL, notes=Notes(state=NotesState.COMPLETE)))

    assert not after.is_live, "the exchange knows better than who asks"
    assert after.utterances == (WORDS,)
    kept = office.switchboard.exchange.call(CALL)
    assert kept is not None
    assert kept.notes == Notes(state=NotesState.COMPLETE)
