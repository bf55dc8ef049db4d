"""What a caller may hear of a ticket."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from callcenter.domain.ids import TicketId
from callcenter.domain.tickets import Ticket, TicketState
from callcenter.ivr.caller import Progress, ProgressAnswer, answer_for

TICKET = Ticket(
    id=TicketId("t"),
    number="20261122000017",
    version=1,
    state=TicketState.FILED,
    caller_phone="13800000000",
    created=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_a_ticket_is_told_to_the_number_it_belongs_to() -> None:
    assert answer_for(TICKET, "13800000000") == ProgressAnswer(Progress.FOUND, TicketState.FILED)


@pytest.mark.parametrize("written", ["+86 138 0000 0000", "138-0000-0000", "008613800000000"])
def test_a_number_that_an_operator_wrote_otherwise_is_the_same_number(written: str) -> None:
    assert answer_for(replace(TICKET, caller_phone=written), "13800000000").progress is Progress.FOUND


def test_a_landline_without_area_code_is_the_number_of_its_city() -> None:
    ticket = replace(TICKET, caller_phone="66668888")

    assert answer_for(ticket, "01066668888", area_code="010").progress is Progress.FOUND
    assert answer_for(ticket, "02066668888", area_code="010").progress is Progress.NOT_YOURS


@pytest.mark.parametrize("caller", ["13800000001", None])
def test_a_ticket_is_not_told_to_another_number_or_to_nobody(caller: str | None) -> None:
    assert answer_for(TICKET, caller) == ProgressAnswer(Progress.NOT_YOURS)


def test_a_ticket_without_a_number_belongs_to_nobody() -> None:
    assert answer_for(replace(TICKET, caller_phone=None), None) == ProgressAnswer(Progress.NOT_YOURS)


def test_no_ticket_is_unknown() -> None:
    assert answer_for(None, "13800000000") == ProgressAnswer(Progress.UNKNOWN)
