from datetime import timedelta

import pytest

from callcenter.domain.exchange.commands import NoteUtterance, SetSecret
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.notes import Side, Utterance, UtteranceId
from callcenter.domain.views import Json
from callcenter.office import tickets as ticket_office
from callcenter.office.tickets import TicketOffice
from tests.support.office_fakes import CALL, FakeCalls, FakeTickets, Office, an_office, eventually, running


def said(number: int, text: str, *, side: Side = Side.CALLER) -> Utterance:
    return Utterance(
        id=UtteranceId(f"u{number}"),
        side=side,
        leg_id=LegId("leg"),
        start=float(number),
        end=number + 0.8,
        text=text,
    )


def shown(office: Office) -> list[Json]:
    return [event.data for event in office.stream.since(0) or () if event.type == "ticket.changed"]


def an_office_for(office: Office, tickets: FakeTickets, calls: FakeCalls) -> TicketOffice:
    return TicketOffice(
        tickets,  # type: ignore[arg-type]  # only what drafting needs
        calls,  # type: ignore[arg-type]
        office.switchboard,
        stream=office.stream,
        clock=office.clock,
    )


async def test_a_ticket_is_drafted_as_soon_as_caller_and_operator_talk() -> None:
    office, tickets = an_office(), FakeTickets()
    desk = an_office_for(office, tickets, FakeCalls())

    async with running(desk.run):
        office.a_caller_waits()
        assert tickets.drafted == {}
        office.the_seat_answers()
        await eventually(lambda: "ticket.changed" in office.journal.kinds())

    call = office.switchboard.exchange.call(CALL)
    assert call is not None
    assert call.ticket_id == "ticket-1"
    published = [event.data for event in office.stream.since(0) or () if event.type == "ticket.changed"]
    assert [(ticket["id"], ticket["call_ids"]) for ticket in published] == [("ticket-1", [CALL])]


async def test_a_store_that_is_away_delays_the_draft_and_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_office, "RETRY_SECONDS", 0.02)
    office, tickets = an_office(), FakeTickets(away=True)
    desk = an_office_for(office, tickets, FakeCalls())

    async with running(desk.run):
        office.a_caller_waits()
        office.the_seat_answers()
        await eventually(lambda: office.alarms() == ["ticket_not_drafted"])
        tickets.away = False
        await eventually(lambda: office.alarms_in_a_while() == [])

    assert list(tickets.drafted) == [CALL]


async def test_one_that_the_store_does_not_take_together_with_others_keeps_nobody_from_his_ticket() -> None:
    office, tickets = an_office(), FakeTickets(takes_one=True)
    left = []
    for number in range(3):
        earlier, call_id = an_office(), CallId(f"7c1b0d64-0000-4000-8000-00000000001{number}")
        earlier.a_caller_waits(call_id)
        earlier.the_seat_answers()
        left.append(earlier.switchboard.exchange.call(call_id))
    desk = an_office_for(office, tickets, FakeCalls(undrafted=[call for call in left if call is not None]))

    async with running(desk.run):
        await eventually(lambda: len(tickets.drafted) == 3)


async def test_calls_that_an_earlier_controller_left_without_a_ticket_get_theirs() -> None:
    office, tickets = an_office(), FakeTickets()
    office.a_caller_waits()
    office.the_seat_answers()
    call = office.switchboard.exchange.call(CALL)
    assert call is not None

    desk = an_office_for(office, tickets, FakeCalls(undrafted=[call]))
    async with running(desk.run):
        await eventually(lambda: CALL in tickets.drafted)


async def test_words_stand_in_the_draft_as_they_come_and_nobody_s_version_goes_stale() -> None:
    office, tickets = an_office(), FakeTickets()
    desk = an_office_for(office, tickets, FakeCalls())

    async with running(desk.run):
        office.a_caller_waits()
        office.the_seat_answers()
        await eventually(lambda: len(shown(office)) == 1)
        for number, (side, text) in enumerate([(Side.SEAT, "您好，请讲。"), (Side.CALLER, "停水了。")], start=1):
            office.switchboard.ask(NoteUtterance(call_id=CALL, utterance=said(number, text, side=side)))
            await eventually(lambda number=number: len(shown(office)) == number + 1)  # type: ignore[misc]

    first, *_, last = shown(office)
    assert (first["notes"], first["heard"]) == (None, [])
    assert last["notes"] == "话务员：您好，请讲。\n市民：停水了。"
    assert [(word["utterance_id"], word["call_id"], word["side"]) for word in last["heard"]] == [
        ("u1", CALL, "seat"),
        ("u2", CALL, "caller"),
    ]
    assert {ticket["version"] for ticket in shown(office)} == {1}
    assert last["notes_edited"] is False


async def test_the_notes_say_where_a_secret_was_told() -> None:
    office, tickets = an_office(), FakeTickets()
    desk = an_office_for(office, tickets, FakeCalls())

    async with running(desk.run):
        office.a_caller_waits()
        office.the_seat_answers()
        call = office.switchboard.exchange.calls[0]
        began = (call.t1 or call.t0) - office.clock.now()
        assert began == timedelta()
        office.switchboard.ask(NoteUtterance(call_id=CALL, utterance=said(1, "我的身份证号是")))
        office.clock.advance(2.5)
        office.switchboard.ask(SetSecret(call_id=CALL, on=True))
        office.clock.advance(5)
        office.switchboard.ask(SetSecret(call_id=CALL, on=False))
        office.switchboard.ask(NoteUtterance(call_id=CALL, utterance=said(8, "记下了吗？")))
        await eventually(lambda: bool(shown(office)) and len(shown(office)[-1]["heard"]) == 2)

    assert shown(office)[-1]["notes"] == "市民：我的身份证号是\n〔保密时段，未录音、未记录〕\n市民：记下了吗？"


async def test_words_that_come_while_the_store_is_away_are_shown_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ticket_office, "RETRY_SECONDS", 0.02)
    office, tickets = an_office(), FakeTickets()
    desk = an_office_for(office, tickets, FakeCalls())

    async with running(desk.run):
        office.a_caller_waits()
        office.the_seat_answers()
        await eventually(lambda: len(shown(office)) == 1)
        tickets.away = True
        office.switchboard.ask(NoteUtterance(call_id=CALL, utterance=said(1, "停水了。")))
        await eventually(lambda: tickets.refused > 2)
        assert len(shown(office)) == 1
        tickets.away = False
        await eventually(lambda: len(shown(office)) == 2)

    assert shown(office)[-1]["notes"] == "市民：停水了。"


async def test_tickets_of_calls_long_over_show_what_was_heard_in_them() -> None:
    office, tickets, calls = an_office(), FakeTickets(), FakeCalls()
    desk = an_office_for(office, tickets, calls)
    office.a_caller_waits()
    office.the_seat_answers()
    call = office.switchboard.exchange.calls[0]
    (ticket,) = await tickets.draft_from_calls([call], at=office.clock.now())

    elsewhere = an_office()
    calls.stored[CALL] = call.with_utterance(said(1, "停水了。"))
    later = an_office_for(elsewhere, tickets, calls)

    assert (await desk.get(ticket.id)).notes is None
    assert (await later.get(ticket.id)).notes == "市民：停水了。"
