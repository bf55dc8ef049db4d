"""A caller's name is text of a stranger's: it is never a command, a header or a second call."""

import json

import pytest

from tests.support.hotline import Hotline

NUMBER = "13800138009"
NAMES = {
    "quotes and commas": r'"a\",b,\"c" <sip:{number}@127.0.0.1>',
    "a folded line": '"a\r\n b" <sip:{number}@127.0.0.1>',
    "an AMI action": '"x\r\n Action: Originate\r\n Channel: PJSIP/8001" <sip:{number}@127.0.0.1>',
    "emoji": '"🚰没有水😡" <sip:{number}@127.0.0.1>',
    "two hundred characters": '"' + "长" * 200 + '" <sip:{number}@127.0.0.1>',
    "a dialplan expression": '"${{SHELL(id)}}${{CALLERID(num)}}" <sip:{number}@127.0.0.1>',
    "bytes that are no UTF-8": '"\udcff\udcfe" <sip:{number}@127.0.0.1>',
    "markup": '"<script>alert(1)</script>\'; DROP TABLE calls;--" <sip:{number}@127.0.0.1>',
}


@pytest.mark.parametrize("case", NAMES)
async def test_it_changes_nothing(hotline: Hotline, case: str) -> None:
    seat = await hotline.seat("8001")

    citizen = await hotline.caller_dials(from_=NAMES[case].format(number=NUMBER))
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)

    record = await citizen.record()
    hotline.tells(f"{case}: caller {record['caller']}, the seat's phone shows {talk.caller.name!r}")
    assert record["caller"] == NUMBER
    assert "Originate" not in json.dumps(record)
    over = await citizen.hangs_up()
    assert over["outcome"] == "answered"
    assert len(hotline.events.of("call.arrived")) == 1
    assert (await hotline.api.health())["components"]["asterisk"]["status"] == "ok"
