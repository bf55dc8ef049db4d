"""The link comes back: what is found is told first, what is left over is ended, and what we set is set again."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from callcenter.domain.errors import CallerGone
from callcenter.domain.telephony import LegRang, LineTaken, LinkLost, LinkRestored, PhoneSeen, Place
from callcenter.domain.wishes import PlayMusic, StopMusic
from tests.support.ami_server import AmiServer, block
from tests.support.telephone_line import CALL, CHANNEL, LEG, MUSIC, SEAT, on_line


async def test_what_is_found_is_told_first_and_older_events_not_at_all() -> None:
    def prepare(server: AmiServer) -> None:
        def late(action: Mapping[str, str]) -> bytes:
            old = {"Event": "ContactStatus", "AOR": "8001", "EndpointName": "8001", "URI": "u"}
            server.say(block(**old, ContactStatus="Reachable", Timestamp="1795535472.9"))
            server.say(block(**old, ContactStatus="Removed", Timestamp="1795535473.1"))
            return block(Response="Success", ActionID=action["ActionID"], EventList="start") + block(
                Event="DeviceStateListComplete", ActionID=action["ActionID"]
            )

        server.replies["DeviceStateList"] = late

    async with on_line(prepare=prepare) as line:
        seen = await line.until(PhoneSeen)

        first = line.events[0]
        assert isinstance(first, LinkRestored)
        assert [call.call_id for call in first.calls] == [CALL]
        assert not seen.registered
        assert sum(isinstance(event, PhoneSeen) for event in line.events) == 1


async def test_a_seat_that_rings_and_one_busy_with_its_own_call_are_told_after_an_absence() -> None:
    rings = CHANNEL | {"Channel": SEAT, "ChannelState": "5", "Uniqueid": LEG, "AccountCode": ""}
    star = CHANNEL | {
        "Channel": "PJSIP/8002-00000009",
        "Uniqueid": "n-9.9",
        "Variable(CASEID)": "(null)",
        "AccountCode": "",
    }

    async with on_line(channels=(CHANNEL, rings, star)) as line:
        taken = await line.until(LineTaken)
        rang = await line.until(LegRang)

        assert (taken.seat, taken.channel) == ("8002", "n-9.9")
        assert (rang.call_id, rang.leg_id) == (CALL, LEG)


async def test_a_phone_that_rings_for_a_caller_who_has_gone_is_silenced() -> None:
    orphan = CHANNEL | {"Channel": SEAT, "ChannelState": "5", "Uniqueid": LEG, "AccountCode": ""}

    async with on_line(channels=(orphan,)) as line:
        asked = await line.server.got("Hangup")

        assert asked["Channel"] == SEAT
        assert (await line.until(LineTaken)).seat == "8001"


async def test_music_left_over_from_before_is_ended_and_the_seat_heard_again() -> None:
    music = CHANNEL | {
        "Channel": "Local/s@music-00000000;1",
        "Uniqueid": MUSIC,
        "AccountCode": "",
        "Variable(SEAT)": SEAT,
    }

    async with on_line(channels=(CHANNEL, music)) as line:
        await line.server.got("Hangup")
        await line.settled()

        assert line.server.said("Hangup", "Setvar") == [
            ("Hangup", "Local/s@music-00000000;1"),
            ("Setvar", SEAT, "off", "MUTEAUDIO(all)"),
        ]


async def test_what_exists_is_told_anew_when_it_is_asked_for() -> None:
    async with on_line() as line:
        line.telephone.look_again()

        await line.until(LinkLost)
        assert [call.call_id for call in (await line.until(LinkRestored, times=2)).calls] == [CALL]


async def test_a_seat_is_heard_again_though_the_link_broke_as_its_hold_ended() -> None:
    music = CHANNEL | {
        "Channel": "Local/s@music-00000000;1",
        "Uniqueid": MUSIC,
        "AccountCode": "",
        "Variable(SEAT)": SEAT,
    }

    async with on_line() as line:
        line.talks()
        line.carries_out(PlayMusic(call_id=CALL, music_id=MUSIC, seat_leg=LEG, mute_seat=True))
        await line.settled()
        line.server.channels = [CHANNEL, music]
        line.server.cut()
        await line.until(LinkLost)
        line.carries_out(StopMusic(call_id=CALL, music_id=MUSIC, seat_leg=LEG, unmute_seat=True))
        await line.until(LinkRestored, times=2)
        await line.server.got("Hangup")
        await line.settled()

        assert ("Setvar", SEAT, "off", "MUTEAUDIO(all)") in line.server.said("Setvar")


async def test_a_link_that_comes_back_finds_the_arrival_policy_set_again() -> None:
    async with on_line() as line:
        line.telephone.set_arrival("ring")
        await line.server.got("Setvar")
        line.server.cut()
        await line.until(LinkRestored, times=2)
        again = await line.server.got("Setvar", times=2)

        assert (again["Variable"], again["Value"]) == ("ARRIVAL", "ring")
        assert isinstance(line.events[1], LinkLost)


async def test_a_caller_in_the_menu_is_gone_when_the_link_is() -> None:
    async with on_line() as line:
        line.server.replies["AGI"] = lambda action: block(Response="Success", ActionID=action["ActionID"])
        caller = line.telephone.caller(CALL, number="13900000001", file_of=str)
        async with asyncio.TaskGroup() as tasks:
            said = tasks.create_task(_gone(caller.say(["/sounds/a"])))
            await line.server.got("AGI", times=2)
            await line.server.close()  # and it does not come back

        assert said.result()


async def _gone(words: object) -> bool:
    try:
        await words  # type: ignore[misc]  # any awaitable
    except CallerGone:
        return True
    return False


async def test_the_place_of_a_found_caller_is_told() -> None:
    async with on_line() as line:
        found = (await line.until(LinkRestored)).calls[0]

        assert found.place is Place.WAITING
        assert found.since == 1795535471
        assert found.arrived == datetime(2026, 11, 24, 15, 51, 10, tzinfo=UTC)
        assert found.recording == "/rec/a.raw"
        assert found.caller == "13900000001"
