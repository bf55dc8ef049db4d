"""Cutting and reading AMI blocks: whatever a caller writes into his number, and however the network cuts it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenter.asterisk.ami import cut_blocks, parse_block
from tests.support.ami_recordings import RECORDINGS

NEWCHANNEL = (
    b"Event: Newchannel\r\nPrivilege: call,all\r\nTimestamp: 1795534620.299387\r\nSystemName: n\r\n"
    b"Channel: PJSIP/trunk-00000019\r\nChannelState: 4\r\nChannelStateDesc: Ring\r\nCallerIDNum: %s\r\n"
    b"CallerIDName: <unknown>\r\nConnectedLineNum: <unknown>\r\nConnectedLineName: <unknown>\r\nLanguage: en\r\n"
    b"AccountCode: \r\nContext: hotline-in\r\nExten: 12345\r\nPriority: 1\r\nUniqueid: n-1795534620.2\r\n"
    b"Linkedid: n-1795534620.2\r\n\r\n"
)
HANGUP = b"Event: Hangup\r\nUniqueid: n-1795534620.9\r\n\r\n"


def events_of(data: bytes) -> list[dict[str, str]]:
    return [parse_block(block.decode("utf-8", "replace").strip("\r\n")) for block in cut_blocks(data)[0]]


@given(number=st.binary(max_size=79))
@example(number=b"a\r\nEvent: Hangup\r\nUniqueid: n-1795534620.0")
@example(number=b"b\r\n\r\nEvent: UserEvent\r\nUserEvent: Star\r\nCode: *1")
@example(number=b"1\r\n\r\nEvent: Shutdown\r\n\r\n")
@example(number=b"1\r\nLinkedid: x\r\n\r\nEvent: Shutdown\r\n\r\nEvent: x")
@example(number=b"1\r\nConnectedLineNum: x\r\nEvent: Shutdown\r\n\r\n")
@example(number=b"1\r\nCallerIDNum: x\r\n\r\nEvent: Shutdown\r\n\r\n")
def test_no_number_can_forge_an_event_or_hide_the_next_one(number: bytes) -> None:
    first, second = events_of(NEWCHANNEL % number + HANGUP)

    assert first["Event"] == "Newchannel"
    assert first["Channel"] == "PJSIP/trunk-00000019"
    assert first["Timestamp"] == "1795534620.299387"
    assert first["Uniqueid"] == first["Linkedid"] == "n-1795534620.2"
    assert first["Context"] == "hotline-in"
    assert second == {"Event": "Hangup", "Uniqueid": "n-1795534620.9"}


@pytest.mark.parametrize("name", ["talk", "hostile"])
@given(data=st.data())
def test_recorded_traffic_reads_the_same_however_it_is_cut(name: str, data: st.DataObject) -> None:
    whole = (RECORDINGS / f"{name}.ami").read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=40)))
    blocks: list[bytes] = []
    rest = b""
    for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        more, rest = cut_blocks(rest + whole[begin:end])
        blocks += more

    assert (blocks, rest) == cut_blocks(whole)


@given(data=st.binary(max_size=400))
def test_no_bytes_at_all_break_the_reader(data: bytes) -> None:
    blocks, rest = cut_blocks(data)

    for block in blocks:
        parse_block(block.decode("utf-8", "replace"))
    assert len(rest) <= len(data)


def test_variables_of_one_block_are_told_apart() -> None:
    event = parse_block("Event: Status\r\nVariable: CASEID=a=b\r\nVariable: QSINCE=(null)\r\nVariable: odd")

    assert event == {"Event": "Status", "Variable(CASEID)": "a=b", "Variable(QSINCE)": "(null)"}
