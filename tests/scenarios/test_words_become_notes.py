"""While people talk their words become notes: each on its side, in order, at its time."""

from tests.support.hotline import Hotline
from tests.support.tone_recogniser import spoken


async def test_words_of_both_sides_are_noted_as_they_are_said(tones: Hotline) -> None:
    seat = await tones.seat("8001", tone=None)
    citizen = await tones.caller_dials(tone=None)
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.until("call.talking", within=3)
    await citizen.until("notes.changed", within=3, state="live")

    await talk.speaks(spoken("山水", after=0.5, seconds=1.5))
    await citizen.call.speaks(spoken("风云日月星火", seconds=2.0))

    heard = (await citizen.until("utterance.final", within=3, side="caller")).data
    tones.tells(f"the citizen was heard to say {heard['text']}")
    record = await citizen.record()
    tones.tells(f"{record['utterances']}")
    assert [(each["side"], each["text"], each["live"]) for each in record["utterances"]] == [
        ("seat", "山水", True),
        ("caller", "风云日月星火", True),
    ]
    await citizen.hangs_up()
    await citizen.until("notes.changed", within=10, state="complete")
