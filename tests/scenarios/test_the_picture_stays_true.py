"""Whoever watches from the beginning knows what a newcomer is shown, at every moment; nobody learns it from the log."""

import copy

from tests.support.hotline import Hotline
from tests.support.picture import Picture
from tests.support.quiet_log import QuietLog
from tests.support.tone_hotline import ToneHotline
from tests.support.tone_recogniser import spoken


async def test_a_call_with_words_a_missed_offer_a_hold_and_a_unit(tones: Hotline, tone_hotline: ToneHotline) -> None:
    log = QuietLog(tone_hotline)
    sleeper = await tones.seat("8001")
    unit = await tones.unit()
    citizen = await tones.caller_dials(tone=None)
    await sleeper.rings(within=5)
    await citizen.until("call.missed", within=12, seat="8001")
    await sleeper.goes("break", "training")
    seat = await tones.seat("8002", tone=None)
    talk = await seat.rings(within=8)
    await talk.answer()
    await citizen.until("notes.changed", within=5, state="live")
    await citizen.call.speaks(spoken("风云日月星火", seconds=2.0))
    await citizen.until("utterance.final", within=5, side="caller")
    tones.tells("he was missed once, talks now, and his words are noted")

    live = await tones.api.get("live")
    (call,) = live["calls"]
    (trunk,) = live["trunks"]
    assert (call["id"], call["seat"], call["state"]) == (citizen.id, "8002", "talking")
    assert [(line["call_id"], line["direction"]) for line in trunk["lines"]] == [(citizen.id, "inbound")]

    leg = await citizen.calls_unit()
    in_unit = await unit.rings(within=5)
    await in_unit.answer()
    await citizen.leg(leg, "joined", within=5)
    await tones.events.until("trunk.changed", within=3, inbound=1, outbound=1)
    tones.tells("a unit is in the talk: two lines of the trunk are in use")
    await in_unit.hang_up()
    await tones.events.until("trunk.changed", within=5, inbound=1, outbound=0, since=_last(tones, outbound=1))
    await citizen.hangs_up()
    await tones.events.until("trunk.changed", within=5, inbound=0, outbound=0, since=_last(tones, inbound=1))

    lines = log.lines()
    assert any(line.get("call_id") == citizen.id for line in lines), "the log tells of this call"
    assert log.faults(tones.events.all) == []


async def test_one_who_missed_an_event_would_be_found_out(hotline: Hotline) -> None:
    """What looks for differences finds them: each kind of event is left out once, and the pictures differ."""
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=5)
    await talk.answer()
    await citizen.until("call.talking", within=5)
    await seat.is_("talking", within=3)
    await hotline.events.until("trunk.changed", within=3, inbound=1)
    await hotline.events.until("queue.changed", within=3, talking=1)
    live = await hotline.api.get("live")
    told = [event for event in hotline.events.all if event.seq <= live["seq"]]

    def differences(without: str | None) -> list[str]:
        picture = Picture(copy.deepcopy(hotline.events.snapshot))
        for event in told:
            if event.type != without:
                picture.fold(event.type, event.data)
        return picture.differences(live)

    assert differences(None) == []
    for kind in ("call.talking", "seat.changed", "queue.changed", "trunk.changed"):
        assert differences(kind), f"without {kind}"
    await citizen.hangs_up()


def _last(hotline: Hotline, **wanted: int) -> int:
    events = hotline.events.all
    return max(at for at, event in enumerate(events) if event.fits(("trunk.changed",), dict(wanted)))
