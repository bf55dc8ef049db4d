"""What is kept secret is neither in the sound nor in the words, and a stranger on the workers' port harms nobody."""

import asyncio
import random
import uuid
from contextlib import suppress

import pytest

from scripts.phones.tones import loudness_of
from tests.support.hotline import Hotline
from tests.support.recordings import read_recording
from tests.support.tap_sender import tapping
from tests.support.tone_hotline import ToneHotline, listening_ports
from tests.support.tone_recogniser import spoken


@pytest.mark.timeout(90)
async def test_a_secret_is_neither_recorded_nor_noted_and_the_other_call_goes_on(tones: Hotline) -> None:
    await tones.seat("8001", tone=None)
    await tones.seat("8002", tone=None)
    one, other = await tones.caller_dials(tone=None), await tones.caller_dials(tone=None)
    for seat in tones._seats.values():
        await (await seat.rings(within=10)).answer()
    for citizen in (one, other):
        await citizen.until("notes.changed", within=5, state="live")
    await asyncio.gather(
        one.call.speaks(spoken("天地", after=0.5, seconds=1.8)),
        other.call.speaks(spoken("江河", after=0.5, seconds=1.8)),
    )

    paused = await tones.api.put(f"calls/{one.id}/secret", {"on": True})
    assert paused["secret"] is True
    tones.tells("the operator of the first call paused recording and notes")
    await asyncio.gather(
        one.call.speaks(spoken("山水风", after=0.3, seconds=2.2)),
        other.call.speaks(spoken("湖海花", after=0.3, seconds=2.2)),
    )
    resumed = await tones.api.put(f"calls/{one.id}/secret", {"on": False})
    assert resumed["secret"] is False
    await one.call.speaks(spoken("云日", after=0.8, seconds=2.5))
    for citizen in (one, other):
        await citizen.hangs_up()
        await citizen.until("notes.changed", within=20, state="complete")
        await citizen.until("recording.changed", within=10, state="kept")

    record, beside = await one.record(), await other.record()
    tones.tells(f"the first call's words: {[each['text'] for each in record['utterances']]}")
    tones.tells(f"the other call's words: {[each['text'] for each in beside['utterances']]}")
    assert [each["text"] for each in record["utterances"]] == ["天地", "云日"]
    assert [each["text"] for each in beside["utterances"]] == ["江河", "湖海花"]
    shown = "".join(event.data["text"] for event in one.events("utterance.partial", "utterance.final"))
    assert not set(shown) & set("山水风"), "a secret was shown while it was told"
    (secret,) = record["recording"]["secrets"]
    tones.tells(f"secret from {secret['began']} to {secret['ended']}")
    data = await tones.api.recording(one.id)
    left, _ = read_recording(data)
    middle = round((record["utterances"][0]["end"] + record["utterances"][1]["start"]) / 2 * 8000)
    assert loudness_of(left[middle - 4000 : middle + 4000]) < 20, "a second in the midst of the secret is silent"
    assert "保密时段，未录音".encode() in data, "the sound file itself says so"


@pytest.mark.timeout(90)
async def test_a_private_consult_is_not_noted_and_a_talk_of_three_is(tones: Hotline) -> None:
    seat = await tones.seat("8001", tone=None)
    unit = await tones.unit("water", tone=None)
    citizen = await tones.caller_dials(tone=None)
    operator = await seat.rings(within=10)
    await operator.answer()
    await citizen.until("notes.changed", within=5, state="live")
    await operator.speaks(spoken("天地", after=0.5, seconds=1.8))

    leg_id = await citizen.calls_unit("water", private=True)
    called = await unit.rings(within=5)
    await called.answer()
    await citizen.leg(leg_id, "private", within=5)
    tones.tells("operator and unit talk alone")
    await operator.speaks(spoken("山水", after=0.3, seconds=1.4))
    await called.speaks(spoken("风云", after=0.3, seconds=1.4))
    await citizen.call.speaks(spoken("日月", after=0.3, seconds=1.4))

    await citizen.changes_unit(leg_id, "join")
    await citizen.leg(leg_id, "joined", within=5)
    tones.tells("all three talk")
    await called.speaks(spoken("江河", after=0.8, seconds=2.0))
    await operator.speaks(spoken("湖海", after=0.1, seconds=1.4))
    await citizen.call.speaks(spoken("花草", after=0.1, seconds=1.8))
    await citizen.hangs_up()
    await citizen.until("notes.changed", within=20, state="complete")

    record = await citizen.record()
    words = [(each["side"], each["text"], each["live"]) for each in record["utterances"]]
    tones.tells(f"noted: {words}")
    assert words == [
        ("seat", "天地", True),
        ("unit", "江河", True),
        ("seat", "湖海", True),
        ("caller", "花草", True),
    ]
    shown = "".join(event.data["text"] for event in citizen.events("utterance.partial", "utterance.final"))
    assert not set(shown) & set("山水风云日月"), "a word of the consult was shown"


@pytest.mark.timeout(90)
async def test_rubbish_on_the_workers_port_harms_no_call(tones: Hotline, tone_hotline: ToneHotline) -> None:
    await tones.seat("8001", tone=None)
    citizen = await tones.caller_dials(tone=None)
    await (await tones._seats["8001"].rings(within=10)).answer()
    await citizen.until("notes.changed", within=5, state="live")
    (port,) = {port for pid in tone_hotline.workers() for port in listening_ports(pid)}

    chance = random.Random(7)
    rubbish = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x10\xff\xff" + bytes(200),
        b"\x01\x00\x10short",
        chance.randbytes(3000),
    ]
    for data in rubbish:
        async with tapping(port, None) as stranger:
            stranger.sends(data)
            await stranger.closed(within=6)
    async with tapping(port, str(uuid.uuid4())) as stranger:
        with suppress(ConnectionError):  # closed in the middle of it
            await stranger.says(spoken("火"), pace=0)
        await stranger.closed(within=3)
    tones.tells(f"{len(rubbish) + 1} strangers were sent away")

    workers = tone_hotline.workers()
    await citizen.call.speaks(spoken("松梅", after=0.5, seconds=1.8))
    heard = await citizen.until("utterance.final", within=3, side="caller")
    assert heard.data["text"] == "松梅"
    assert tone_hotline.workers() == workers, "the worker lives on"
    await citizen.hangs_up()
    await citizen.until("notes.changed", within=10, state="complete")
    assert [each["text"] for each in (await citizen.record())["utterances"]] == ["松梅"]
