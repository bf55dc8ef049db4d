"""A caller's name is text of a stranger's: it is never a command, a header or a second call."""

import json

import pytest

from scripts.phones.waiting import eventually
from tests.support.hotline import Hotline

NUMBER = "13800138009"
NAMES = {
    "quotes and commas": r'"a\",b,\"c" <sip:{number}@127.0.0.1>',
    "an AMI action": '"x%0d%0aAction: Originate%0d%0aChannel: PJSIP/8001" <sip:{number}@127.0.0.1>',
    "emoji": '"🚰没有水😡" <sip:{number}@127.0.0.1>',
    "two hundred characters": '"' + "长" * 200 + '" <sip:{number}@127.0.0.1>',
    "a dialplan expression": '"${{SHELL(id)}}${{CALLERID(num)}}" <sip:{number}@127.0.0.1>',
    "bytes that are no UTF-8": '"\udcff\udcfe" <sip:{number}@127.0.0.1>',
    "markup": '"<script>alert(1)</script>\'; DROP TABLE calls;--" <sip:{number}@127.0.0.1>',
}


@pytest.mark.parametrize("case", NAMES)
async def test_it_changes_nothing(hotline: Hotline, case: str) -> None:
    citizen = await hotline.caller_dials(from_=NAMES[case].format(number=NUMBER))
    await citizen.call.hears_sound(within=5)

    record = await citizen.record()
    hotline.tells(f"{case}: caller {record['caller']}")
    assert record["caller"] == NUMBER
    assert "Originate" not in json.dumps([event.data for event in hotline.events.all])
    assert (await citizen.hangs_up())["outcome"] in {"abandoned_ivr", "abandoned_queue"}
    assert len(hotline.events.of("call.arrived")) == 1
    assert (await hotline.api.health())["components"]["asterisk"]["status"] == "ok"


async def test_the_seat_is_shown_the_number_and_not_the_name(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials(from_=NAMES["quotes and commas"].format(number=NUMBER))

    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)

    hotline.tells(f"the seat's phone shows {talk.caller.name!r} {talk.caller.uri}")
    assert talk.caller.uri.startswith(f"sip:{NUMBER}@")
    assert talk.caller.name in {"", NUMBER}
    assert (await citizen.hangs_up())["outcome"] == "answered"


@pytest.mark.parametrize("name", ["a\r\n b", "x\r\n Action: Originate\r\n Channel: PJSIP/8001"])
async def test_a_name_broken_over_lines_is_no_sip_to_asterisk_and_the_next_call_is_taken(
    hotline: Hotline, name: str
) -> None:
    vandal = await hotline.citizen("vandal")
    await vandal.calls(hotline.uri, from_=f'"{name}" <sip:{NUMBER}@127.0.0.1>')
    await eventually(lambda: len(vandal.seen) >= 2, within=3, what="the INVITE was not said again")

    citizen = await hotline.caller_dials()
    await citizen.call.hears_sound(within=5)

    await citizen.hangs_up()
    assert {line[0] for line in vandal.seen} == {">"}, "answered, though unreadable"
    assert len(hotline.events.of("call.arrived")) == 1


async def test_line_breaks_in_the_number_do_no_harm(hotline: Hotline) -> None:
    citizen = await hotline.caller_dials(from_=f"<sip:{NUMBER}%0d%0aAction%3a%20Originate@127.0.0.1>")
    await citizen.call.hears_sound(within=5)

    record = await citizen.record()
    hotline.tells(f"the caller is {record['caller']}")
    assert record["caller"] in {None, NUMBER}
    await citizen.hangs_up()
    assert (await hotline.api.health())["components"]["asterisk"]["status"] == "ok"
