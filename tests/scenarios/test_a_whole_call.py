"""One call from the first ring to the filed ticket, with a real softphone on the citizen's side."""

from scripts.hotline_client import Json
from scripts.phones.tones import loudness_of, tone
from scripts.softphones import SoftPhones
from tests.support.hotline import OPERATOR, Hotline
from tests.support.recordings import read_recording

CITIZEN_SAYS = 440


async def test_a_citizen_is_greeted_talks_to_an_operator_and_a_ticket_is_filed(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    async with SoftPhones.at(hotline.home.sip) as phones:
        citizen = await phones.add(number="13800138000")
        call = await citizen.calls(hotline.home.hotline)
        arrived = (await hotline.events.until("call.arrived", within=5, caller="13800138000")).data
        hotline.tells("13800138000 dials 12345")
        call_id = arrived["id"]

        await call.answered(within=5)
        loudness = await call.hears_sound(within=5)
        hotline.tells(f"the hotline answers and greets, loudness {loudness:.0f}")
        talk = await seat.rings(within=10)
        hotline.tells(f"seat 8001 rings and shows {talk.caller.uri.partition('@')[0]}")
        assert talk.caller.uri.startswith("sip:13800138000@")
        await hotline.events.until("call.ringing", within=3, id=call_id, seat="8001")
        await talk.answer()
        await hotline.events.until("call.talking", within=3, id=call_id, seat="8001")
        await seat.is_("talking", within=2, call_id=call_id)

        began, ended = await call.speaks(tone(CITIZEN_SAYS, amplitude=8000, seconds=2.0))
        spoken = (began + 0.4, ended - 0.2)
        assert talk.heard.hears(CITIZEN_SAYS, between=spoken)
        assert not talk.heard.deaf_to(CITIZEN_SAYS, between=spoken)
        assert call.amplitude(OPERATOR, spoken) > 4000
        hotline.tells("each hears the other")

        await call.hang_up()
        await talk.ended(within=3)
        over = (await hotline.events.until("call.ended", within=3, id=call_id)).data
        assert over["outcome"] == "answered"
        _in_order(over)
        hotline.tells(f"the citizen hangs up; t0..t5 {[over[f't{n}'][14:] for n in range(6)]}")

    kept = await hotline.events.until("recording.changed", within=10, call_id=call_id, state="kept")
    left, right = read_recording(await hotline.api.recording(call_id))
    assert abs(len(left) / 8000 - kept.data["seconds"]) < 0.1
    assert loudness_of(left) > 500
    assert loudness_of(right) > 500
    hotline.tells(f"the recording is kept, {kept.data['seconds']:.1f} s")

    await seat.is_("ready", within=5)
    drafted = await hotline.events.until(
        "ticket.changed", within=5, where=lambda ticket: call_id in ticket["call_ids"], state="drafted"
    )
    ticket = drafted.data
    assert ticket["caller_phone"] == "13800138000"
    record = await hotline.api.get(f"calls/{call_id}")
    assert record["ticket_id"] == ticket["id"]
    changes = {"kind": "complaint", "category": "物业管理", "matter": "西门被锁，居民出入不便。"}
    edited = await hotline.api.patch(f"tickets/{ticket['id']}", changes, version=ticket["version"])
    filed = await hotline.api.post(f"tickets/{ticket['id']}/file")
    assert (filed["state"], filed["matter"]) == ("filed", changes["matter"])
    assert edited["version"] > ticket["version"]
    assert filed["filed"] is not None
    hotline.tells(f"ticket {filed['number']} is filed")

    kinds = [entry["kind"] for entry in await hotline.api.all_of(f"calls/{call_id}/journal")]
    told = ["call.arrived", "call.voice", "call.queued", "call.offered", "call.ringing", "call.talking", "call.ended"]
    assert [kind for kind in kinds if kind in told] == told


def _in_order(call: Json) -> None:
    times = [call[f"t{n}"] for n in range(6)]
    assert None not in times
    assert times[0] <= times[1] <= times[4] <= times[5]
    assert times[0] <= times[2] <= times[3] <= times[4]
