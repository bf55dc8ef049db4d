"""The moves of a talk of three, as the actions that were proven, in their order; and a unit's events in our words."""

from collections.abc import Mapping

import pytest

from callcenter.asterisk.channels import Channel, Kind
from callcenter.domain.calls import LegKind
from callcenter.domain.ids import LegId
from callcenter.domain.telephony import Ending, LegAnswered, LegDialled, LegEnded, LegRang, LinkRestored, PartyJoined
from callcenter.domain.wishes import (
    BringSeatIn,
    DialUnit,
    EndLeg,
    GiveCallerBack,
    JoinCaller,
    KeepSeat,
    MeetUnit,
    MuteLeg,
    ParkCaller,
    ReturnToLine,
    RingSeatBack,
    SendSeatOut,
    Wish,
)
from tests.support.ami_server import block
from tests.support.telephone_line import CALL, CALLER, CHANNEL, LEG, SEAT, Line, on_line

UNIT = LegId("4f5bb1d8-0000-4000-8000-000000000003")
UNIT_NAME = "PJSIP/trunk-00000009"
SECONDS = "1795535474.0"


def dial(number: str = "02", *, private: bool = False) -> DialUnit:
    return DialUnit(call_id=CALL, leg_id=UNIT, party="water", number=number, ring_seconds=30, private=private)


def says(line: Line, event: str, **headers: str) -> None:
    line.server.say(block(Event=event, Timestamp=SECONDS, Uniqueid=UNIT, Channel=UNIT_NAME, **headers))


@pytest.mark.parametrize("private", [False, True])
async def test_a_unit_is_dialled_over_the_trunk_and_joined_by_asterisk_itself_unless_it_is_private(
    private: bool,  # noqa: FBT001 - parametrised
) -> None:
    async with on_line() as line:
        line.carries_out(dial(private=private))
        asked = await line.server.got("Originate")

    del asked["ActionID"]
    open_, waiting = (
        {"Application": "BridgeAdd", "Data": CALLER},
        {"Context": "unit-wait", "Exten": "s", "Priority": "1"},
    )
    assert asked == {
        "Action": "Originate",
        "Channel": "PJSIP/02@trunk",
        "Async": "true",
        "Timeout": "30000",
        "ChannelId": UNIT,
        "Variable": f"__CASEID={CALL} | UNITNUMBER=02 | UNITID=water" + (f" | TARGET={CALLER}" if private else ""),
        **(waiting if private else open_),
    }


async def test_a_units_way_is_told_from_its_dialling_to_its_end() -> None:
    async with on_line() as line:
        line.carries_out(dial())
        await line.server.got("Originate")
        says(line, "Newchannel", ChannelState="0")
        line.server.say(block(Event="DialState", Timestamp=SECONDS, DestUniqueid=UNIT, DialStatus="PROGRESS"))
        says(line, "Newstate", ChannelState="6")
        says(line, "BridgeEnter", BridgeUniqueid="talk")
        says(line, "HangupRequest")
        says(line, "Hangup", Cause="16")
        ended = await line.until(LegEnded)

        told = [type(event) for event in line.events if getattr(event, "leg_id", None) == UNIT]
        assert told == [LegDialled, LegRang, LegAnswered, PartyJoined, LegEnded]
        assert (await line.until(LegDialled)).kind is LegKind.UNIT
        assert (ended.ending, ended.by_itself) == (Ending.NORMAL, True)


@pytest.mark.parametrize(("cause", "ending"), [("17", Ending.BUSY), ("21", Ending.REFUSED), ("1", Ending.FAILED)])
async def test_why_a_unit_does_not_come_is_told_by_its_channel(cause: str, ending: Ending) -> None:
    async with on_line() as line:
        line.carries_out(dial())
        await line.server.got("Originate")
        says(line, "Newchannel", ChannelState="0")
        says(line, "Hangup", Cause=cause)

        assert (await line.until(LegEnded)).ending is ending


async def test_what_is_no_number_is_not_dialled() -> None:
    async with on_line() as line:
        line.carries_out(dial("02@elsewhere\r\nAction: Logoff"))
        ended = await line.until(LegEnded)

        assert (ended.leg_id, ended.ending) == (UNIT, Ending.FAILED)
        assert line.server.count("Originate") == 0


async def test_a_seat_is_rung_back_into_the_talk() -> None:
    async with on_line() as line:
        line.carries_out(RingSeatBack(call_id=CALL, leg_id=LEG, seat="8001", caller="13900000001", ring_seconds=15))
        asked = await line.server.got("Originate")

        assert (asked["Channel"], asked["Context"], asked["ChannelId"]) == ("PJSIP/8001", "add", LEG)
        assert asked["Variable"] == f"TARGET={CALLER} | __CASEID={CALL}"


def set_(channel: str, variable: str, value: str) -> tuple[str, ...]:
    return ("Setvar", channel, value, variable)


def redirect(channel: str, context: str) -> tuple[str, ...]:
    return ("Redirect", channel, context, "s", "1")


@pytest.mark.parametrize(
    ("wish", "actions"),
    [
        (ParkCaller(call_id=CALL, seat_leg=LEG), [set_(SEAT, "KEEP", "1"), redirect(CALLER, "park")]),
        (
            JoinCaller(call_id=CALL, seat_leg=LEG),
            [set_(CALLER, "AFTERTO", "requeue"), set_(CALLER, "TARGET", SEAT), redirect(CALLER, "add")],
        ),
        (ReturnToLine(call_id=CALL), [set_(CALLER, "MUTEAUDIO(all)", "off"), redirect(CALLER, "waiting")]),
        (KeepSeat(leg_id=LEG, kept=False), [set_(SEAT, "KEEP", "")]),
        (SendSeatOut(leg_id=LEG), [redirect(SEAT, "seat-out")]),
        (
            BringSeatIn(call_id=CALL, leg_id=LEG),
            [set_(SEAT, "KEEP", "1"), set_(SEAT, "TARGET", CALLER), redirect(SEAT, "add")],
        ),
        (
            GiveCallerBack(call_id=CALL, seat_leg=LEG),
            [
                set_(CALLER, "BRIDGEPEER", ""),
                set_(SEAT, "CALLER", CALLER),
                redirect(SEAT, "offer"),
            ],
        ),
        (MuteLeg(leg_id=LegId(CALL), muted=True), [set_(CALLER, "MUTEAUDIO(all)", "on")]),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
async def test_a_move_is_these_actions_in_this_order(wish: Wish, actions: list[tuple[str, ...]]) -> None:
    async with on_line() as line:
        line.talks()
        line.carries_out(wish)
        await line.settled()

        assert line.server.said("Setvar", "Redirect") == actions


async def test_a_unit_comes_to_the_seat_only_after_the_caller_has_been_mute_for_a_moment() -> None:
    async with on_line() as line:
        line.talks()
        line.table.add(Channel(uniqueid=UNIT, kind=Kind.UNIT, name=UNIT_NAME, call_id=CALL, leg_id=UNIT, up=True))
        line.carries_out(MeetUnit(call_id=CALL, unit_leg=UNIT, seat_leg=LEG))
        await line.settled()
        assert line.server.said("Setvar", "Redirect") == [
            set_(SEAT, "KEEP", "1"),
            set_(CALLER, "MUTEAUDIO(all)", "on"),
        ]

        await line.server.got("Redirect")
        assert line.server.said("Redirect") == [redirect(UNIT_NAME, "add")]


async def test_a_unit_that_was_let_go_in_that_moment_is_not_brought() -> None:
    async with on_line() as line:
        line.talks()
        line.table.add(Channel(uniqueid=UNIT, kind=Kind.UNIT, name=UNIT_NAME, call_id=CALL, leg_id=UNIT, up=True))
        line.carries_out(MeetUnit(call_id=CALL, unit_leg=UNIT, seat_leg=LEG), EndLeg(leg_id=UNIT))
        line.telephone._three_way._bring_unit(MeetUnit(call_id=CALL, unit_leg=UNIT, seat_leg=LEG))
        await line.settled()

        assert line.server.count("Redirect") == 0


def listed(**other: str) -> Mapping[str, str]:
    """Give a unit's channel as the list has it: the trunk's, with the account code of the caller it talks with."""
    its_own = {"Channel": UNIT_NAME, "Uniqueid": UNIT, "Context": "hotline-in"}
    unset = {"Variable(QSINCE)": "(null)", "Variable(RECORDING)": "(null)", "Variable(TARGET)": "(null)"}
    its_own |= {"Variable(UNITID)": "water", "Variable(UNITNUMBER)": "02"}
    return {**CHANNEL, **its_own, **unset, **other}


async def test_after_an_absence_units_are_told_from_citizens_and_private_ones_from_open_ones() -> None:
    talk = {"BridgeID": "talk"}
    for private in (False, True):
        there = {**listed(**talk), **({"Variable(TARGET)": CALLER} if private else {})}
        async with on_line((CHANNEL | talk, there)) as line:
            [call] = (await line.until(LinkRestored)).calls
            [leg] = call.legs

        assert (leg.leg_id, leg.kind, leg.seat) == (UNIT, LegKind.UNIT, None)
        assert (leg.party, leg.number) == ("water", "02")
        assert (leg.talk, leg.answered, leg.private) == ("talk", True, private)


async def test_a_unit_that_still_rings_is_told_again_and_one_without_its_caller_is_ended() -> None:
    rings = listed(ChannelState="5")
    async with on_line((CHANNEL, rings)) as line:
        assert (await line.until(LegRang)).leg_id == UNIT

    async with on_line((rings,)) as line:
        assert (await line.server.got("Hangup"))["Channel"] == UNIT_NAME


async def test_a_seat_that_was_kept_for_a_caller_who_has_gone_is_ended() -> None:
    kept = CHANNEL | {"Channel": SEAT, "AccountCode": "", "Uniqueid": LEG, "Context": "seat-out"}
    async with on_line((kept,)) as line:
        assert (await line.server.got("Hangup"))["Channel"] == SEAT
