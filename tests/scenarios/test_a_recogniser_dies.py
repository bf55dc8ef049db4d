"""The recogniser dies in the middle of a talk: nobody on the line notices, and no word is missing in the end."""

import asyncio
import os
import signal

import pytest

from scripts.hotline_client import Json
from scripts.phones.call import Call
from tests.support.hotline import Citizen, Hotline, Seat
from tests.support.mortality import controller_dead
from tests.support.tone_hotline import ToneHotline
from tests.support.tone_recogniser import spoken


async def _talk(hotline: Hotline) -> tuple[Seat, Citizen, Call]:
    seat = await hotline.seat("8001", tone=None)
    citizen = await hotline.caller_dials(tone=None)
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.until("notes.changed", within=5, state="live")
    return seat, citizen, talk


def _lines(utterances: list[dict[str, object]]) -> list[str]:
    return [f"{each['start']:6.2f} {each['side']:6} {each['text']}  live={each['live']}" for each in utterances]


@pytest.mark.timeout(90)
async def test_words_said_while_it_was_dead_are_made_from_the_recording(
    tones: Hotline, tone_hotline: ToneHotline
) -> None:
    _, citizen, talk = await _talk(tones)
    await talk.speaks(spoken("天地", after=0.5, seconds=1.6))
    await citizen.until("utterance.final", within=3, side="seat")
    tones.tells("the operator was heard")

    speaking = asyncio.ensure_future(citizen.call.speaks(spoken("山水风", after=0.1, seconds=3.0)))
    await citizen.until("utterance.partial", within=3, side="caller")
    shown = citizen.events("utterance.partial", side="caller")[-1].data
    for pid in tone_hotline.workers():
        os.kill(pid, signal.SIGKILL)
    tones.tells(f"the recogniser is killed; {shown['text']} was shown as said by the citizen")
    await speaking
    await tones.until_true(tones.api.health, _hears, within=10, what="hearing again")
    tones.tells("another one is there")
    await talk.speaks(spoken("木金", after=2.5, seconds=4.0))
    await citizen.until("utterance.final", within=3, side="seat", text="木金")

    await citizen.hangs_up()
    await citizen.until("notes.changed", within=10, state="later")
    await citizen.until("notes.changed", within=20, state="complete")
    record = await citizen.record()
    for line in _lines(record["utterances"]):
        tones.tells(line)

    assert [(each["side"], each["text"], each["live"]) for each in record["utterances"]] == [
        ("seat", "天地", True),
        ("caller", "山水风", False),
        ("seat", "木金", True),
    ]
    late = record["utterances"][1]
    assert late["id"] == shown["id"], "what was shown became what is noted"
    assert late["start"] == pytest.approx(shown["start"], abs=0.1)


@pytest.mark.timeout(120)
async def test_words_said_while_the_controller_was_dead_are_made_from_the_recording(tones: Hotline) -> None:
    _, citizen, talk = await _talk(tones)
    await citizen.call.speaks(spoken("春夏", after=0.5, seconds=1.8))
    await citizen.until("utterance.final", within=3, side="caller")
    tones.tells("the citizen was heard")

    async with controller_dead(tones):
        tones.tells("the controller is killed, and its recogniser with it; they talk on")
        await talk.speaks(spoken("东西南", after=0.2, seconds=2.0))
    await tones.until_true(tones.api.health, _hears, within=15, what="hearing again")
    tones.tells("both are back")
    await citizen.call.speaks(spoken("秋冬", after=2.5, seconds=4.0))

    def heard_again(call: Json) -> bool:
        return "秋冬" in [each["text"] for each in call["utterances"]]

    await tones.until_true(citizen.record, heard_again, within=5, what="heard again")
    await citizen.call.hang_up()
    record = await tones.until_true(citizen.record, _is_complete, within=30, what="complete")
    for line in _lines(record["utterances"]):
        tones.tells(line)

    assert [(each["side"], each["text"], each["live"]) for each in record["utterances"]] == [
        ("caller", "春夏", True),
        ("seat", "东西南", False),
        ("caller", "秋冬", True),
    ]


def _is_complete(call: Json) -> bool:
    return bool(call["notes"] == "complete")


def _hears(health: dict[str, object]) -> bool:
    speech = health["components"]["speech"]  # type: ignore[index]
    return bool(speech["status"] == "ok")
