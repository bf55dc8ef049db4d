import pytest

from callcenter.office import tickets as ticket_office
from callcenter.office.tickets import TicketOffice
from tests.support.office_fakes import CALL, FakeCalls, FakeTickets, Office, an_office, eventually, running


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
        await eventually(lambda: office.alarms() == [])

    assert list(tickets.drafted) == [CALL]


async def test_calls_that_an_earlier_controller_left_without_a_ticket_get_theirs() -> None:
    office, tickets = an_office(), FakeTickets()
    office.a_caller_waits()
    office.the_seat_answers()
    call = office.switchboard.exchange.call(CALL)
    assert call is not None

    desk = an_office_for(office, tickets, FakeCalls(undrafted=[call]))
    async with running(desk.run):
        await eventually(lambda: CALL in tickets.drafted)
