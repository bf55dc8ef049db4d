"""Left is the caller and nothing else, right is what he heard, and each is where the call was."""

from datetime import datetime

import pytest

from scripts.hotline_client import ProblemError
from scripts.phones.hearing import Break
from scripts.phones.sound import SENT_AMPLITUDE
from scripts.phones.tones import amplitude_of
from tests.support.hotline import CITIZEN, OPERATOR, Hotline
from tests.support.recordings import read_recording


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


async def test_each_side_is_on_its_channel_for_as_long_as_they_talked(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.until("call.talking", within=3)
    await citizen.call.hears_tone(OPERATOR, within=3, lasting=2.0)
    with pytest.raises(ProblemError) as running:
        await hotline.api.recording(citizen.id)
    assert running.value.status == 409
    over = await citizen.hangs_up()

    kept = (await citizen.until("recording.changed", within=10, state="kept")).data
    left, right = read_recording(await hotline.api.recording(citizen.id))
    began = _seconds(kept["started"])
    talked = slice(*(round((_seconds(over[t]) + shift - began) * 8000) for t, shift in (("t4", 0.3), ("t5", -0.3))))
    levels = {
        (side, hz): amplitude_of(hz, samples[talked]) / SENT_AMPLITUDE
        for side, samples in (("left", left), ("right", right))
        for hz in (CITIZEN, OPERATOR)
    }
    hotline.tells(f"in the talk: {', '.join(f'{side} {hz} Hz {level:.2f}' for (side, hz), level in levels.items())}")

    assert levels["left", CITIZEN] > 0.9
    assert levels["right", OPERATOR] > 0.9
    assert levels["left", OPERATOR] < 0.05
    assert levels["right", CITIZEN] < 0.05
    whole = _seconds(over["t5"]) - began
    silent = sum(jump.step for jump in citizen.call.heard.jumps() if jump.kind is Break.PAUSE) / 1000
    hotline.tells(f"nothing was sent for {silent:.2f} s")
    # what a machine that stood still for a moment did not send is in no recording
    assert whole - silent - 0.5 <= len(left) / 8000 <= whole + 0.5
    assert kept["seconds"] == pytest.approx(len(left) / 8000, abs=0.05)
    assert (await citizen.record())["recording"]["state"] == "kept"


async def test_a_caller_who_only_heard_the_greeting_has_a_recording_too(hotline: Hotline) -> None:
    citizen = await hotline.caller_dials()
    await citizen.call.hears_sound(within=5, lasting=1.0)
    await citizen.hangs_up()

    await citizen.until("recording.changed", within=10, state="kept")
    left, right = read_recording(await hotline.api.recording(citizen.id))

    assert amplitude_of(CITIZEN, left) > 0.5 * SENT_AMPLITUDE
    assert amplitude_of(CITIZEN, right) < 0.1 * SENT_AMPLITUDE


async def test_a_call_that_is_not_known_has_none(hotline: Hotline) -> None:
    with pytest.raises(ProblemError) as missing:
        await hotline.api.recording("00000000-0000-4000-8000-000000000000")
    assert missing.value.status == 404
