"""Whatever callers press and lines do, a call through a flow comes to an end that counts."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.domain.errors import CallerGone
from callcenter.domain.tickets import TicketState
from callcenter.ivr.caller import Progress, ProgressAnswer
from callcenter.ivr.interpret import HungUp, Queue
from tests.support.flow_line import NUMBER, Line, TicketOffice, shipped
from tests.support.scripted_caller import HANGS_UP, ScriptedCaller

KEYS = st.one_of(
    st.sampled_from(["", "0", "1", "2", "3", "4", "9", "*", "#", NUMBER, HANGS_UP]),
    st.text("0123456789*#", max_size=45),
)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(["direct", "menu", "night"]),
    keys=st.lists(KEYS, max_size=40),
    leaves_at=st.none() | st.integers(0, 60),
    number=st.sampled_from([None, "13800000000"]),
    answer=st.sampled_from(
        [
            ProgressAnswer(Progress.FOUND, TicketState.DRAFTED),
            ProgressAnswer(Progress.FOUND, TicketState.FILED),
            ProgressAnswer(Progress.UNKNOWN),
            ProgressAnswer(Progress.NOT_YOURS),
            None,
        ]
    ),
    line_counts=st.booleans(),
)
def test_whatever_is_pressed_a_caller_comes_to_a_person_or_a_good_bye_or_is_gone(
    *,
    name: str,
    keys: list[str],
    leaves_at: int | None,
    number: str | None,
    answer: ProgressAnswer | None,
    line_counts: bool,
) -> None:
    office = TicketOffice(fails_with=OSError()) if answer is None else TicketOffice(answer)
    caller = ScriptedCaller(keys, number=number, leaves_at=leaves_at, line_counts=line_counts)
    line = Line(shipped(name), office)
    try:
        end = asyncio.run(line.takes(caller))
    except CallerGone:
        assert leaves_at is not None or HANGS_UP in keys
        return
    assert isinstance(end, Queue | HungUp)
    if isinstance(end, Queue):
        assert end.name == "hotline"
        assert not end.failed or end.reason == "too_many_nodes"
    else:
        assert end.completed
    assert all(digits and len(digits) <= 14 for _, digits in line.digits)
    assert not (number is None and office.asked)
