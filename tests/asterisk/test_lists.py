"""What is found after an absence, from lists as a real Asterisk 22.10.1 gave them in each state of one call."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest

from callcenter.asterisk.channels import Channel, ChannelTable, Kind
from callcenter.asterisk.lists import found
from callcenter.domain.errors import UnavailableError
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import CallFound, LegFound, LinkRestored, Place
from tests.support.ami_server import AmiServer, block, linked, refusal

CALL = CallId("071d713a-ce45-4b4d-a428-545a58b68129")
LEG = LegId("4f5bb1d8-0000-4000-8000-000000000001")
TALK = "4b66f923-60ec-428e-a090-032048c446a6"
Entry = Mapping[str, str]


def channel(**other: str) -> Entry:
    """Give a channel as `Status` lists it; a header's `_` stands for the brackets of a variable."""
    entry = {
        "Channel": "PJSIP/trunk-00000003",
        "ChannelState": "6",
        "ChannelStateDesc": "Up",
        "CallerIDNum": "13900000001",
        "ConnectedLineNum": "<unknown>",
        "AccountCode": CALL,
        "Context": "waiting",
        "Exten": "s",
        "Priority": "10",
        "Uniqueid": "node1-1795535473.4",
        "Linkedid": "node1-1795535473.4",
        "Type": "PJSIP",
        "EffectiveConnectedLineNum": "<unknown>",
        "EffectiveConnectedLineName": "<unknown>",
        "TimeToHangup": "0",
        "BridgeID": "",
        "Application": "Wait",
        "Data": "1",
        "Readtrans": "(alaw@8000)->(slin@8000)",
        "Seconds": "7",
        "Variable(CASEID)": CALL,
        "Variable(QSINCE)": "1795535474",
        "Variable(RECORDING)": f"/rec/{CALL}.raw",
        "Variable(SEAT)": "(null)",
    }
    return entry | other


def seat_channel(**other: str) -> Entry:
    """Give a seat's channel in the list."""
    its_own = {
        "Channel": "PJSIP/8001-00000004",
        "AccountCode": "",
        "Uniqueid": LEG,
        "Context": "offer",
        "Application": "AppDial",
        "Variable(QSINCE)": "(null)",
        "Variable(RECORDING)": "(null)",
    }
    return channel(**(its_own | other))


@pytest.fixture
async def server() -> AsyncIterator[AmiServer]:
    async with AmiServer() as one:
        one.time = "1795535480.250000"
        yield one


async def look(server: AmiServer, *channels: Entry, table: ChannelTable | None = None) -> LinkRestored:
    server.channels = list(channels)
    async with linked(server) as (link, _):
        return await found(link, ChannelTable() if table is None else table)


async def test_a_caller_in_the_line(server: AmiServer) -> None:
    seen = await look(server, channel())

    assert seen.at == datetime(2026, 11, 24, 15, 51, 20, 250000, tzinfo=UTC)
    assert seen.calls == (
        CallFound(
            call_id=CALL,
            caller="13900000001",
            arrived=datetime(2026, 11, 24, 15, 51, 13, tzinfo=UTC),
            answered=True,
            since=1795535474,
            place=Place.WAITING,
            talk=None,
            legs=(),
            recording=f"/rec/{CALL}.raw",
        ),
    )


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ({"Context": "hotline-in", "Application": "AGI", "Data": "agi:async"}, Place.FLOW),
        ({"Context": "waiting", "Application": "Playback"}, Place.WAITING),
        ({"Context": "waiting", "Application": "(null)", "BridgeID": TALK}, Place.TALK),
        ({"Context": "degraded", "Application": "Queue", "Data": "hotline,c,,,1800"}, Place.FALLBACK),
        ({"Context": "degraded", "Application": "Queue", "BridgeID": TALK}, Place.TALK),
        ({"Context": "after", "Application": "Wait"}, Place.OTHER),
        ({"Context": "hotline-in", "Application": "Answer"}, Place.OTHER),
    ],
)
async def test_where_a_caller_is(server: AmiServer, where: Entry, place: Place) -> None:
    seen = await look(server, channel(**where))

    assert seen.calls[0].place is place


async def test_a_caller_who_is_not_answered_and_has_not_asked_for_a_person(server: AmiServer) -> None:
    seen = await look(server, channel(ChannelState="4", **{"Variable(QSINCE)": "(null)"}, CallerIDNum="anonymous"))

    call = seen.calls[0]
    assert (call.answered, call.since, call.caller) == (False, None, None)


async def test_a_seat_that_rings_and_one_that_talks(server: AmiServer) -> None:
    rings = await look(server, channel(), seat_channel(ChannelState="5"))
    talks = await look(server, channel(BridgeID=TALK), seat_channel(BridgeID=TALK))

    assert rings.calls[0].legs == (LegFound(leg_id=LEG, seat="8001", answered=False, talk=None),)
    assert talks.calls[0].legs == (LegFound(leg_id=LEG, seat="8001", answered=True, talk=TALK),)
    assert talks.calls[0].talk == TALK


async def test_callers_are_told_in_the_order_in_which_they_came(server: AmiServer) -> None:
    cases = {f"n-1795535470.{number}": f"00000000-0000-4000-8000-00000000000{number % 10}" for number in (12, 9, 10)}
    callers = [
        channel(Uniqueid=uniqueid, AccountCode=case, **{"Variable(CASEID)": case}) for uniqueid, case in cases.items()
    ]

    seen = await look(server, *callers)

    assert [call.call_id[-1] for call in seen.calls] == ["9", "0", "2"]


async def test_a_unit_that_we_dialled_is_no_caller_though_it_is_the_trunks(server: AmiServer) -> None:
    seen = await look(server, channel(), channel(Channel="PJSIP/trunk-00000007", Uniqueid="own-unit", AccountCode=""))

    assert [call.call_id for call in seen.calls] == [CALL]


async def test_phones_that_are_there(server: AmiServer) -> None:
    server.devices = [
        {"Device": "PJSIP/trunk", "State": "INUSE"},
        {"Device": "Queue:hotline_pause_PJSIP/8004", "State": "NOT_INUSE"},
        {"Device": "PJSIP/8001", "State": "BUSY"},
        {"Device": "PJSIP/8002", "State": "UNAVAILABLE"},
        {"Device": "PJSIP/8003", "State": "NOT_INUSE"},
        {"Device": "PJSIP/8004", "State": "INVALID"},
    ]

    seen = await look(server)

    assert seen.seats_registered == {"8001", "8003"}


async def test_what_we_knew_of_our_own_channels_is_kept_and_the_rest_forgotten(server: AmiServer) -> None:
    table = ChannelTable()
    table.expect("music-1", Kind.MUSIC, call_id=CALL).name = "Local/s@music-00000000;1"
    table.expect(LEG, Kind.SEAT, call_id=CALL, leg_id=LEG, seat="8001").unwanted = True
    table.add(Channel(uniqueid="gone", kind=Kind.SEAT, seat="8002"))

    await look(
        server,
        channel(),
        seat_channel(),
        channel(Channel="Local/s@music-00000000;1", Uniqueid="music-1", AccountCode=""),
        table=table,
    )

    music, seat = table.get("music-1"), table.get(LEG)
    assert music is not None
    assert (music.kind, music.unwanted) == (Kind.MUSIC, False)
    assert seat is not None
    assert seat.unwanted
    assert table.get("gone") is None
    assert len(table) == 3


async def test_a_hostile_number_cannot_end_the_list_or_jump_the_line(server: AmiServer) -> None:
    forged = "x\r\nEventList: Complete\r\nVariable: QSINCE=1\r\nContext: degraded"

    seen = await look(server, channel(CallerIDNum=forged), channel(Uniqueid="node1-1795535475.9", AccountCode=""))

    assert [(call.since, call.place) for call in seen.calls] == [(1795535474, Place.WAITING)]


async def test_an_asterisk_that_may_not_be_asked_is_no_empty_one(server: AmiServer) -> None:
    server.replies["Status"] = lambda action: refusal(action, "Permission denied")

    async with linked(server) as (link, _):
        with pytest.raises(UnavailableError, match=r"manager\.conf"):
            await found(link, ChannelTable())


async def test_a_link_lost_while_looking_is_no_empty_asterisk(server: AmiServer) -> None:
    server.replies["Status"] = lambda action: block(Response="Success", ActionID=action["ActionID"], EventList="start")

    async with linked(server) as (link, _):
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(fails(link_found=found(link, ChannelTable())))
            await server.got("Status")
            server.cut()

        assert looking.result()


async def fails(*, link_found: object) -> bool:
    try:
        await link_found  # type: ignore[misc]  # any awaitable
    except UnavailableError:
        return True
    return False
