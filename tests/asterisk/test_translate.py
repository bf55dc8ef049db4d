"""Recorded traffic of a real Asterisk, told in the hotline's own words."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.ami import Headers
from callcenter.asterisk.channels import ChannelTable
from callcenter.asterisk.translate import grade_of, time_of, translate
from callcenter.domain.telephony import (
    Arrived,
    CallerLeft,
    CallerWaits,
    LegEnded,
    LineFreed,
    LineTaken,
    PartyJoined,
    VoiceBegan,
)
from tests.support.ami_recordings import RECORDINGS, Told, recorded

IN_THE_LINE = ["Arrived", "CallerUp", "FlowAsked", "CallerWaits", "VoiceBegan"]
RINGS = ["LegDialled 8001", "LegRang"]


def of_the_call(told: Told) -> list[str]:
    return [line for line in told.story if not line.startswith("PhoneSeen")]


def test_a_talk_is_two_who_joined_and_the_seat_that_hangs_up_ends_it() -> None:
    told = Told("talk")

    assert of_the_call(told) == [
        "Arrived", "CallerUp", "FlowAsked", "VoiceBegan", "CallerWaits", "VoiceBegan",
        *RINGS, "LegAnswered", "PartyJoined caller", "PartyJoined", "PartyHeld",
        "PartyLeft", "PartyLeft caller", "TalkOver", "LegEnded normal by itself", "CallerLeft",
    ]  # fmt: skip
    both = [event.talk for event in told.events if isinstance(event, PartyJoined)]
    assert both[0] == both[1] != ""
    assert len(told.table) == 0


def test_the_arrival_has_the_time_of_the_channel_and_the_path_of_the_recording() -> None:
    told = Told("busy")
    blocks = recorded("busy")

    arrived = next(event for event in told.events if isinstance(event, Arrived))
    channel = next(h for h in blocks if h["Event"] == "Newchannel" and "trunk" in h["Channel"])
    user_event = next(h for h in blocks if h.get("UserEvent") == "Arrived")
    assert arrived.at == time_of(channel) < time_of(user_event)
    assert arrived.caller == "13900000001"
    assert arrived.recording == f"/home/rec/{arrived.call_id}.raw"


def test_a_seat_that_is_busy() -> None:
    told = Told("busy")

    assert of_the_call(told) == [*IN_THE_LINE, "LegDialled 8001", "LegEnded busy by itself", "CallerLeft by itself"]


def test_a_seat_that_declines() -> None:
    told = Told("declined")

    assert of_the_call(told) == [*IN_THE_LINE, *RINGS, "LegEnded refused by itself", "CallerLeft by itself"]


def test_a_seat_that_lets_it_ring() -> None:
    told = Told("no_answer")

    assert of_the_call(told) == [*IN_THE_LINE, *RINGS, "LegEnded no_answer", "CallerLeft by itself"]


def test_a_phone_that_gives_no_sign_of_life_has_failed_and_not_let_it_ring() -> None:
    told = Told("silent_phone")

    assert of_the_call(told) == [*IN_THE_LINE, "LegDialled 8001", "LegEnded failed", "CallerLeft by itself"]


def test_a_phone_that_is_not_registered_fails_without_a_channel() -> None:
    told = Told("unregistered")

    assert of_the_call(told) == [*IN_THE_LINE, "LegEnded failed", "CallerLeft by itself"]
    assert len(told.table) == 0


def test_an_offer_taken_back_is_cancelled() -> None:
    def we_end_the_offer(headers: Headers, table: ChannelTable) -> None:
        if headers["Event"] == "Hangup" and "8001" in headers["Channel"]:
            channel = table.get(headers["Uniqueid"])
            assert channel is not None
            channel.unwanted = True

    told = Told("caller_gives_up_ringing", before=we_end_the_offer)

    assert of_the_call(told) == ["Arrived", "CallerWaits", *RINGS, "CallerLeft by itself", "LegEnded cancelled"]


def test_a_seat_that_answers_when_the_caller_has_gone_is_not_to_blame() -> None:
    told = Told("gone")

    assert of_the_call(told) == [
        *IN_THE_LINE, *RINGS, "CallerLeft by itself", "LegAnswered", "LegEnded cancelled",
    ]  # fmt: skip


def test_a_phone_on_hold_by_its_own_button_and_a_caller_who_hangs_up_first() -> None:
    told = Told("talk_caller_hangs")

    assert of_the_call(told) == [
        "Arrived", "CallerWaits", *RINGS, "LegAnswered", "CallerUp", "PartyJoined caller", "PartyJoined",
        "PartyHeld", "PartyResumed", "PartyLeft caller", "PartyLeft", "LegEnded normal", "CallerLeft by itself",
    ]  # fmt: skip


def test_a_caller_who_lost_his_operator_waits_again_with_his_place() -> None:
    told = Told("requeued")

    assert of_the_call(told)[-6:] == [
        "PartyLeft", "PartyLeft caller", "TalkOver", "LegEnded normal", "CallerWaits", "CallerLeft by itself",
    ]  # fmt: skip
    first, again = [event.since for event in told.events if isinstance(event, CallerWaits)]
    assert first == again


def test_a_phone_that_died_in_the_talk_did_not_hang_up_by_itself() -> None:
    told = Told("rtp_lost")

    ended = next(event for event in told.events if isinstance(event, LegEnded))
    assert not ended.by_itself
    assert of_the_call(told)[-1] == "CallerLeft by itself"


def test_a_caller_whose_line_died_did_not_hang_up_by_himself() -> None:
    told = Told("caller_rtp_lost")

    left = next(event for event in told.events if isinstance(event, CallerLeft))
    assert not left.by_itself


def test_asterisks_own_queue_rings_a_seat_under_the_callers_call() -> None:
    told = Told("fallback")

    assert of_the_call(told) == [
        "Arrived", "CallerUp", "CallerInFallback", "VoiceBegan", *RINGS, "LegAnswered",
        "PartyJoined", "PartyJoined caller", "PartyLeft caller", "PartyLeft",
        "CallerLeft by itself", "LegEnded normal",
    ]  # fmt: skip


def test_a_caller_who_gives_up_in_asterisks_own_queue() -> None:
    told = Told("fallback_caller_gives_up")

    assert of_the_call(told) == [
        "Arrived", "CallerUp", "CallerInFallback", "VoiceBegan", *RINGS, "LegEnded cancelled", "CallerLeft by itself",
    ]  # fmt: skip


def test_a_caller_taken_back_from_asterisks_own_queue_keeps_his_place() -> None:
    told = Told("taken_back")

    assert of_the_call(told) == [
        "Arrived", "CallerUp", "CallerInFallback", "VoiceBegan", *RINGS, "LegEnded busy by itself",
        "CallerWaits", "CallerLeft by itself",
    ]  # fmt: skip


def test_music_is_nobody() -> None:
    told = Told("music")

    assert of_the_call(told) == [
        *IN_THE_LINE, *RINGS, "LegAnswered", "PartyJoined caller", "PartyJoined",
        "PartyLeft", "PartyLeft caller", "TalkOver", "LegEnded normal by itself", "CallerLeft",
    ]  # fmt: skip
    assert len(told.table) == 0


def test_a_star_code_takes_the_line_for_as_long_as_it_is_dialled() -> None:
    told = Told("star")

    assert of_the_call(told) == [
        "LineTaken 8001", "CodeDialled 8001 *1", "LineFreed 8001",
        "LineTaken 8001", "CodeDialled 8001 *2", "LineFreed 8001",
    ]  # fmt: skip
    taken = [event.channel for event in told.events if isinstance(event, LineTaken)]
    freed = [event.channel for event in told.events if isinstance(event, LineFreed)]
    assert taken == freed


def test_a_phone_that_moves_is_never_missed_and_one_that_falls_silent_is() -> None:
    of_8002 = [line for line in Told("phones").story if line.startswith("PhoneSeen 8002")]

    # registers, registers again from elsewhere, signs off, registers, answers no OPTIONS, answers again
    assert of_8002 == [f"PhoneSeen 8002 {seen}" for seen in (True, False, True, False, True)]


def test_of_24_hostile_numbers_none_forges_an_event_and_none_is_taken_for_a_number() -> None:
    told = Told("hostile")

    arrived = [event for event in told.events if isinstance(event, Arrived)]
    left = [event for event in told.events if isinstance(event, CallerLeft)]
    assert len(arrived) == len(left) == len({event.call_id for event in arrived})
    assert all(event.by_itself for event in left)
    assert not [line for line in told.story if line.startswith(("CodeDialled", "Line", "Leg"))]
    assert all(event.caller is None or event.caller.isprintable() for event in arrived)
    assert len(told.table) == 0


@pytest.mark.parametrize(
    ("given_number", "number"),
    [
        ("13900000001", "13900000001"),
        ("+8613900000001", "+8613900000001"),
        ("<unknown>", None),
        ("", None),
        ("Anonymous", None),
        ("anonymous", None),
        ("a\nEvent: Hangup", None),
        ("9" * 79, None),
        ("tab\there", None),
    ],
)
def test_who_calls_is_said_only_where_it_can_be_a_number(given_number: str, number: str | None) -> None:
    arrived = translate(
        {
            "Event": "UserEvent",
            "Timestamp": "1795534620.1",
            "UserEvent": "Arrived",
            "Uniqueid": "n-1.0",
            "Channel": "PJSIP/trunk-00000001",
            "CallerIDNum": given_number,
            "CaseId": "c",
        },
        ChannelTable(),
    )

    assert arrived == [
        Arrived(
            at=datetime.fromtimestamp(1795534620, UTC).replace(microsecond=100_000),
            call_id=arrived[0].call_id,  # type: ignore[attr-defined]  # it is an Arrived
            caller=number,
            recording=None,
        )
    ]


@pytest.mark.parametrize(
    "forged",
    [
        {"Channel": "PJSIP/trunk-00000001", "Seat": "8001"},
        {"Channel": "PJSIP/8001-00000001", "Context": "hotline-in"},
        {"Channel": "Local/8001@seat-in-00000001;1"},
        {"Code": "*4"},
        {"Code": "*1*2"},
    ],
)
def test_a_star_code_counts_only_from_a_seats_own_phone(forged: dict[str, str]) -> None:
    star = {
        "Event": "UserEvent",
        "UserEvent": "Star",
        "Timestamp": "1.0",
        "Channel": "PJSIP/8001-00000001",
        "Context": "seat-in",
        "Code": "*1",
    }

    assert translate(star, ChannelTable())
    assert translate(star | forged, ChannelTable()) == []


def test_an_event_without_a_time_names_the_setting_that_is_missing() -> None:
    with pytest.raises(ValueError, match="timestampevents"):
        translate({"Event": "UserEvent", "UserEvent": "After"}, ChannelTable())


@pytest.mark.parametrize(
    ("key", "grade"), [("1", 1), ("5", 5), ("0", None), ("6", None), ("", None), ("*", None), ("１", None)]
)
def test_a_key_is_a_grade_from_1_to_5_and_nothing_else(key: str, grade: int | None) -> None:
    assert grade_of(key) == grade


def test_the_first_words_of_the_hotline_have_asterisks_time() -> None:
    voice = next(event for event in Told("talk").events if isinstance(event, VoiceBegan))

    assert voice == replace(voice, at=datetime(2026, 11, 24, 15, 26, 35, 563727, tzinfo=UTC))


ALL = sorted(path.stem for path in RECORDINGS.glob("*.ami"))


@given(data=st.data(), name=st.sampled_from(ALL))
def test_events_lost_doubled_or_out_of_order_never_fail_and_end_a_leg_at_most_once(
    data: st.DataObject, name: str
) -> None:
    blocks = recorded(name)
    order = data.draw(st.lists(st.integers(0, len(blocks) - 1), max_size=2 * len(blocks)))
    table = ChannelTable()

    events = [event for index in order for event in translate(blocks[index], table)]

    for channel in table:
        assert channel.uniqueid in {blocks[index].get("Uniqueid", "") for index in order}
    ends = [event.leg_id for event in events if isinstance(event, LegEnded)]
    hangups = [blocks[index].get("Uniqueid") for index in order if blocks[index].get("Event") == "Hangup"]
    assert all(ends.count(leg) <= hangups.count(leg) for leg in ends)


def device(state: str) -> Headers:
    return {"Event": "DeviceStateChange", "Timestamp": "1.0", "Device": "PJSIP/8001", "State": state}


def test_a_phone_known_from_a_list_alone_is_missed_by_its_device_state() -> None:
    table = ChannelTable()
    table.phone("8001").set(registered=True)

    assert translate(device("BUSY"), table) == []
    assert [event.registered for event in translate(device("UNAVAILABLE"), table)] == [False]  # type: ignore[attr-defined]  # PhoneSeen


def test_a_phone_whose_contact_is_known_is_not_missed_by_its_device_state() -> None:
    table = ChannelTable()
    contact = {"Event": "ContactStatus", "Timestamp": "1.0", "EndpointName": "8001", "URI": "u"}

    assert len(translate(contact | {"ContactStatus": "NonQualified"}, table)) == 1
    assert translate(device("UNAVAILABLE"), table) == []
    assert translate(contact | {"ContactStatus": "Reachable"}, table) == []


@pytest.mark.parametrize(
    ("asserted", "number"),
    [
        ("", "13900000001"),
        ("<sip:+8613800000001@ims.example>, <tel:+8613800000002>", "+8613800000001"),
        ("<sip:anonymous@ims.example>,<tel:+86-138-0000-0002>", "+86-138-0000-0002"),
        ("tel:+8613800000001;phone-context=x, sip:b@h", "+8613800000001"),
        ('"a \\" <sip:110@h>, <tel:119>" <SIP:+8613800000001;npdi@h>', "+8613800000001"),
        ("<sip:12ab@h>", "13900000001"),
        ('"<tel:110>', "13900000001"),
        ("<tel:" + "9" * 79 + ">", None),
        ("<tel:110\r\nEvent: Hangup>", "110"),
        ("%ff\x00%", "13900000001"),
    ],
)
def test_the_first_number_that_the_network_asserts_is_the_callers(asserted: str, number: str | None) -> None:
    headers = {
        "Event": "UserEvent",
        "Timestamp": "1795534620.1",
        "UserEvent": "Arrived",
        "Uniqueid": "n-1.0",
        "Channel": "PJSIP/trunk-00000001",
        "CallerIDNum": "13900000001",
        "CaseId": "c",
        "Asserted": quote(asserted, safe=""),
    }

    [arrived] = translate(headers, ChannelTable())

    assert isinstance(arrived, Arrived)
    assert arrived.caller == number
