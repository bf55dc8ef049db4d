"""The wire itself: no bytes from the other side, however cut, may break it."""

from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.wire import Asked, Wire

ALPHABET = st.sampled_from(
    [
        b"Event: ",
        b"Response: ",
        b"Success",
        b"ActionID: ",
        b"7",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b": ",
        b"Message: ",
        b"\xe5",
        b"Event: Shutdown\r\n\r\n",
        b"EventList: ",
        b"Complete",
        b"CallerIDNum: ",
        b"Variable: A=b",
        b"FullyBooted",
        b"\0",
    ]
)


def wire_with_a_question(*, as_list: bool) -> tuple[Wire, Asked]:
    wire = Wire(inbox_limit=50)
    wire.connection_made(Mock())
    action = Asked({"Action": "Status", "ActionID": "7"}, as_list=as_list)
    wire.ask(action)
    return wire, action


@pytest.mark.parametrize("as_list", [True, False])
@given(pieces=st.lists(st.one_of(ALPHABET, st.binary(max_size=20)), max_size=60), size=st.integers(1, 9))
async def test_no_bytes_break_the_wire(as_list: bool, pieces: list[bytes], size: int) -> None:  # noqa: FBT001  # pytest gives it
    wire, action = wire_with_a_question(as_list=as_list)
    data = b"".join(pieces)

    for start in range(0, len(data), size):
        wire.data_received(data[start : start + size])

    assert len(wire.inbox) <= 50
    assert all("Event" in headers for headers in wire.inbox)
    if action.future.done():
        action.future.exception()
        assert action.id not in wire.responses


async def test_what_comes_after_the_end_is_not_heard() -> None:
    wire, _ = wire_with_a_question(as_list=False)

    wire.data_received(b"Event: Shutdown\r\n\r\nEvent: Hangup\r\n\r\n")
    wire.data_received(b"Event: Hangup\r\n\r\n")

    assert [headers["Event"] for headers in wire.inbox] == ["Shutdown"]
