"""A ticket: edited, filed, and traced so that no step can be changed or taken out unseen."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain.errors import InvalidInputError, RefusedError
from callcenter.domain.ids import TicketId
from callcenter.domain.tickets import Ticket, TicketKind, TicketState, broken_at, edit, file, missing_to_file, traced
from tests.support.exchange_story import BEGIN

WHOLE: dict[str, Any] = {"kind": TicketKind.COMPLAINT, "category": "供水", "matter": "小区停水三天"}


def draft() -> Ticket:
    ticket = Ticket(
        id=TicketId("t"), number="20260302000001", version=1, state=TicketState.DRAFTED, created=BEGIN,
    )  # fmt: skip
    return traced(ticket, at=BEGIN, actor="hotline", action="drafted", note=None)


@pytest.mark.article("TN-7b")
@pytest.mark.parametrize("kind", ["consultation", "opinion", "suggestion", "help", "complaint", "report"])
def test_each_of_the_six_kinds_can_be_registered(kind: str) -> None:
    ticket = edit(draft(), WHOLE | {"kind": TicketKind(kind)}, at=BEGIN, actor="8001")

    assert file(ticket, at=BEGIN, actor="8001").kind == kind


@pytest.mark.article("BH-24")
def test_an_edit_raises_the_version_and_the_trace_names_the_fields_but_not_their_text() -> None:
    ticket = edit(draft(), WHOLE | {"confidential": False}, at=BEGIN, actor="8001")

    assert ticket.version == 2
    assert (ticket.trace[-1].action, ticket.trace[-1].actor) == ("edited", "8001")
    assert ticket.trace[-1].note == "category, kind, matter"


def test_what_may_not_be_changed_is_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        edit(draft(), {"number": "1", "state": "filed", "matter": "x"}, at=BEGIN, actor="8001")

    assert [fault.pointer for fault in refusal.value.faults] == ["/number", "/state"]


def test_a_ticket_that_lacks_something_is_not_filed_and_each_lack_is_named() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        file(draft(), at=BEGIN, actor="8001")

    assert [fault.pointer for fault in refusal.value.faults] == ["/kind", "/category", "/matter"]
    assert missing_to_file(replace(draft(), **WHOLE)) == []


def test_a_filed_ticket_is_neither_edited_nor_filed_again() -> None:
    filed = file(edit(draft(), WHOLE, at=BEGIN, actor="8001"), at=BEGIN + timedelta(minutes=1), actor="8001")

    assert (filed.state, filed.version, filed.filed) == (TicketState.FILED, 3, BEGIN + timedelta(minutes=1))
    with pytest.raises(RefusedError):
        edit(filed, {"matter": "x"}, at=BEGIN, actor="8001")
    with pytest.raises(RefusedError):
        file(filed, at=BEGIN, actor="8001")


def test_times_of_a_trace_never_go_back() -> None:
    ticket = traced(draft(), at=BEGIN - timedelta(hours=1), actor="8001", action="seen", note=None)

    assert ticket.trace[1].time == BEGIN


STEPS = st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6), st.none() | st.text(max_size=6)), min_size=1)


def with_steps(steps: list[tuple[str, str, str | None]]) -> Ticket:
    ticket = draft()
    for actor, action, note in steps:
        ticket = traced(ticket, at=BEGIN, actor=actor, action=action, note=note)
    return ticket


@pytest.mark.article("BH-24")
@given(STEPS, st.data())
def test_a_changed_step_is_found(steps: list[tuple[str, str, str | None]], data: st.DataObject) -> None:
    ticket = with_steps(steps)
    assert broken_at(ticket) is None
    place = data.draw(st.integers(0, len(ticket.trace) - 1))
    field, value = data.draw(
        st.sampled_from(
            [("actor", "somebody"), ("action", "nothing"), ("note", "another note"), ("hash", "0" * 64),
             ("time", BEGIN + timedelta(days=1)), ("seq", 99)]
        )
    )  # fmt: skip
    changes: dict[str, Any] = {field: value}
    changed = replace(ticket.trace[place], **changes)
    trace = (*ticket.trace[:place], changed, *ticket.trace[place + 1 :])

    assert broken_at(replace(ticket, trace=trace)) == place + 1


@given(STEPS, st.data())
def test_a_step_taken_out_before_the_last_or_exchanged_is_found(
    steps: list[tuple[str, str, str | None]], data: st.DataObject
) -> None:
    ticket = with_steps(steps)
    place = data.draw(st.integers(0, len(ticket.trace) - 2))
    removed = ticket.trace[:place] + ticket.trace[place + 1 :]
    swapped = (*ticket.trace[:place], ticket.trace[place + 1], ticket.trace[place], *ticket.trace[place + 2 :])

    assert broken_at(replace(ticket, trace=removed)) == place + 1
    assert broken_at(replace(ticket, trace=swapped)) == place + 1


def test_the_trace_of_one_ticket_does_not_fit_another() -> None:
    assert broken_at(replace(draft(), id=TicketId("other"))) == 1
