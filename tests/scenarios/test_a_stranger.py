"""Somebody on the wire who says he is a seat, or the trunk, or talks nonsense."""

import asyncio

import pytest

from scripts.phones.digest import Credentials
from scripts.phones.phone import Phone
from scripts.phones.registration import NotRegisteredError
from tests.support.hotline import Hotline


async def test_who_says_he_is_a_seat_without_its_password_may_dial_nothing(hotline: Hotline) -> None:
    seat = await hotline.seat("8001", state="break")
    stranger = await hotline.citizen("stranger")

    for dialled in ("*1", "8001", "8002", "13800138000", "110", "hotline", "s"):
        call = await stranger.calls(f"sip:{dialled}@{hotline.home.sip}", number="8001")
        ending = await call.ended(within=5)
        hotline.tells(f"From 8001 dials {dialled}: {ending.how}")
        assert ending.how in {"401", "403", "404"}

    await seat.is_("break", within=1)
    assert seat.phone.calls_taken == []
    assert hotline.events.of("call.arrived") == []


async def test_who_registers_with_a_wrong_password_is_refused_and_takes_nobodys_calls(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    stranger = await hotline.citizen("stranger")

    for credentials in (Credentials("8001", "wrong"), Credentials("8001", ""), Credentials("9999", "x")):
        with pytest.raises(NotRegisteredError):
            await stranger.register(hotline.home.sip, credentials)

    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)
    assert stranger.calls_taken == []
    await citizen.hangs_up()


async def test_who_says_he_is_the_trunk_reaches_the_hotline_number_only(hotline: Hotline) -> None:
    await hotline.seat("8001")
    stranger = await hotline.citizen("stranger")

    for dialled in ("8001", "13800138000", "*1", "waiting", "offer", "add", "123456", "1234"):
        call = await stranger.calls(f"sip:{dialled}@{hotline.home.sip}", number="trunk")
        ending = await call.ended(within=5)
        hotline.tells(f"From trunk dials {dialled}: {ending.how}")
        assert ending.how in {"401", "403", "404"}

    assert hotline.events.of("call.arrived") == []


async def test_nonsense_on_the_wire_does_no_harm(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    async with Phone("vandal") as vandal:
        host, port = vandal.address
        for data in (
            b"\x00" * 600,
            b"INVITE sip:12345@x SIP/2.0\r\n\r\n",
            b"INVITE sip:12345@x SIP/2.0\r\nVia: x\r\nFrom: <\r\nTo: >\r\nCall-ID: \r\nCSeq: -1 INVITE\r\n\r\n",
            f"INVITE sip:{hotline.home.hotline}@{hotline.home.sip} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bKbad\r\nFrom: <sip:1@h>;tag=a\r\n"
            f"To: <sip:12345@h>\r\nCall-ID: bad\r\nCSeq: 1 INVITE\r\nContact: <sip:1@{host}:{port}>\r\n"
            "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nm=aud".encode(),
            b"REGISTER " + b"A" * 4000,
        ):
            vandal.sends_raw(data, hotline.home.sip)

        citizen = await hotline.caller_dials()
        talk = await seat.rings(within=10)
        await talk.answer()
        await asyncio.gather(citizen.call.hears_tone(seat.tone, within=3), talk.hears_tone(440, within=3))
        await citizen.hangs_up()
    assert (await hotline.api.health())["components"]["asterisk"]["status"] == "ok"
