"""Wishes become actions in their order, and whatever comes of them comes back as events."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from callcenter.asterisk.channels import Channel, ChannelTable, Kind
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.telephone import Telephone
from callcenter.domain.errors import CallerGone
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import (
    CallerLeft,
    Ending,
    LegEnded,
    LegRang,
    LineTaken,
    LinkLost,
    LinkRestored,
    PartyHeld,
    PhoneSeen,
    Place,
    TelephonyEvent,
)
from callcenter.domain.wishes import (
    AfterTalk,
    Announce,
    EndCall,
    EndLeg,
    ListenForLife,
    OfferSeat,
    PauseInFallback,
    PlayMusic,
    StopMusic,
    TakeBack,
    Then,
    Wish,
)
from tests.support.ami_server import QUICK, AmiServer, block, refusal

CALL = CallId("071d713a-ce45-4b4d-a428-545a58b68129")
LEG = LegId("4f5bb1d8-0000-4000-8000-000000000001")
MUSIC = LegId("4f5bb1d8-0000-4000-8000-000000000002")
CALLER = "PJSIP/trunk-00000003"
SEAT = "PJSIP/8001-00000004"
NOW = datetime(2026, 11, 24, 15, 51, 13, tzinfo=UTC)


EventT = TypeVar("EventT", bound=TelephonyEvent)


class Line:
    """A telephone on a scripted AMI server, with one caller on the line."""

    def __init__(self, server: AmiServer) -> None:
        self.server = server
        self.events: list[TelephonyEvent] = []
        self.table = ChannelTable()
        self.time = 100.0
        self.link = AmiLink("127.0.0.1", server.port, "controller", "right", limits=QUICK, jitter=lambda: 1.0)
        self.telephone = Telephone(
            self.link,
            self.table,
            on_event=self._told,
            say_files=lambda wish: "&".join(f"/sounds/{wish.ahead}" for _ in range(wish.ahead)),
            now=lambda: NOW,
            monotonic=lambda: self.time,
            life_seconds=0.05,
            end_seconds=0.05,
        )
        self._moved = asyncio.Event()

    def _told(self, event: TelephonyEvent) -> None:
        self.events.append(event)
        self._moved.set()

    async def until(self, kind: type[EventT], times: int = 1) -> EventT:
        async with asyncio.timeout(5):
            while True:
                found = [event for event in self.events if isinstance(event, kind)]
                if len(found) >= times:
                    return found[times - 1]
                self._moved.clear()
                await self._moved.wait()

    async def settled(self) -> None:
        """Wait until Asterisk has read all that was sent."""
        await self.link.act("CoreStatus")

    def carries_out(self, *wishes: Wish) -> None:
        for wish in wishes:
            self.telephone.carry_out(wish)

    def talks(self) -> None:
        """Put the seat on the line as well."""
        self.table.add(Channel(uniqueid=LEG, kind=Kind.SEAT, name=SEAT, call_id=CALL, leg_id=LEG, seat="8001", up=True))


CHANNEL = {
    "Channel": CALLER,
    "ChannelState": "6",
    "CallerIDNum": "13900000001",
    "AccountCode": CALL,
    "Context": "waiting",
    "Uniqueid": "n-1795535470.4",
    "Linkedid": "n-1795535470.4",
    "BridgeID": "",
    "Application": "Wait",
    "Variable(CASEID)": CALL,
    "Variable(QSINCE)": "1795535471",
    "Variable(RECORDING)": "/rec/a.raw",
    "Variable(SEAT)": "(null)",
}


@asynccontextmanager
async def on_line(
    channels: tuple[Mapping[str, str], ...] = (CHANNEL,), prepare: Callable[[AmiServer], None] = lambda _: None
) -> AsyncIterator[Line]:
    async with AmiServer() as server, asyncio.TaskGroup() as tasks:
        server.channels = list(channels)
        prepare(server)
        line = Line(server)
        running = tasks.create_task(line.telephone.run())
        try:
            await line.until(LinkRestored)
            yield line
        finally:
            running.cancel()


def offer(caller: str | None = "13900000001") -> OfferSeat:
    return OfferSeat(call_id=CALL, leg_id=LEG, seat="8001", caller=caller, ring_seconds=15)


async def test_an_offer_is_one_originate_that_asterisk_itself_completes() -> None:
    async with on_line() as line:
        line.carries_out(offer())
        asked = await line.server.got("Originate")

        assert asked | {"ActionID": ""} == {
            "Action": "Originate",
            "ActionID": "",
            "Channel": "PJSIP/8001",
            "Context": "offer",
            "Exten": "s",
            "Priority": "1",
            "Async": "true",
            "Timeout": "15000",
            "ChannelId": LEG,
            "CallerID": "<13900000001>",
            "Variable": f"CALLER={CALLER} | __CASEID={CALL}",
        }


@pytest.mark.parametrize("number", [None, "a b", '"x" <139>', "139\r\nX: y", "9" * 33])
async def test_a_caller_without_a_proper_number_is_shown_as_nobody(number: str | None) -> None:
    async with on_line() as line:
        line.carries_out(offer(number))
        asked = await line.server.got("Originate")

        assert asked["CallerID"] == ""


async def test_an_offer_that_asterisk_refuses_has_failed_once() -> None:
    async with on_line(prepare=lambda server: server.replies.update(Originate=lambda a: refusal(a, "no"))) as line:
        line.carries_out(offer())
        ended = await line.until(LegEnded)
        line.server.say(
            block(Event="OriginateResponse", Timestamp="1795535474.0", Response="Failure", Reason="0", Uniqueid=LEG)
            + block(Event="ContactStatus", Timestamp="1795535474.0", AOR="8001", ContactStatus="Reachable", URI="u")
        )
        await line.until(PhoneSeen)

        assert ended == LegEnded(at=NOW, call_id=CALL, leg_id=LEG, ending=Ending.FAILED, by_itself=False)
        assert sum(isinstance(event, LegEnded) for event in line.events) == 1
        assert line.table.get(LEG) is None


async def test_an_offer_that_asterisk_took_as_the_link_broke_has_not_failed() -> None:
    rings = CHANNEL | {"Channel": SEAT, "ChannelState": "5", "Uniqueid": LEG, "AccountCode": ""}

    async with on_line(prepare=lambda server: server.replies.update(Originate=lambda _: None)) as line:
        line.carries_out(offer())
        await line.server.got("Originate")
        line.server.channels = [CHANNEL, rings]
        line.server.cut()

        [call] = (await line.until(LinkRestored, times=2)).calls
        assert [leg.leg_id for leg in call.legs] == [LEG]
        await line.until(LegRang)
        assert not any(isinstance(event, LegEnded) for event in line.events)


async def test_an_offer_for_a_caller_who_has_gone_is_cancelled_and_not_sent() -> None:
    async with on_line(channels=()) as line:
        line.carries_out(offer())

        assert (await line.until(LegEnded)).ending is Ending.CANCELLED
        assert line.server.count("Originate") == 0


async def test_an_offer_without_a_link_has_failed_and_leaves_nothing_behind() -> None:
    async with on_line() as line:
        line.server.cut()
        await line.until(LinkLost)
        line.carries_out(offer(), EndLeg(leg_id=LEG), TakeBack(call_id=CALL))

        assert (await line.until(LegEnded)).ending is Ending.FAILED
        assert line.table.get(LEG) is None


async def test_a_leg_whose_end_is_wished_before_it_exists_is_ended_when_it_does() -> None:
    async with on_line() as line:
        line.server.replies["Hangup"] = lambda action: refusal(action, "No such channel")
        line.carries_out(offer(), EndLeg(leg_id=LEG))
        first = await line.server.got("Hangup")
        line.server.say(block(Event="Newchannel", Timestamp="1795535474.0", Channel=SEAT, Uniqueid=LEG, Linkedid=LEG))
        second = await line.server.got("Hangup", times=2)
        line.server.say(block(Event="Hangup", Timestamp="1795535474.1", Channel=SEAT, Uniqueid=LEG, Cause="17"))

        assert first["Channel"] == LEG
        assert second["Channel"] == SEAT
        assert (await line.until(LegEnded)).ending is Ending.CANCELLED


async def test_a_caller_who_hung_up_as_he_was_moved_into_the_talk_is_ended_there() -> None:
    async with on_line() as line:
        where = {"Channel": CALLER, "Uniqueid": "n-1795535470.4"}
        line.server.say(block(Event="HangupRequest", Timestamp="1795535474.0", **where))
        line.server.say(block(Event="BridgeEnter", Timestamp="1795535474.001", BridgeUniqueid="b", **where))
        asked = await line.server.got("Hangup")
        line.server.say(block(Event="Hangup", Timestamp="1795535474.002", Cause="16", **where))

        assert asked["Channel"] == CALLER
        assert (await line.until(CallerLeft)).by_itself


async def test_a_caller_whose_end_we_asked_for_as_he_was_moved_is_ended_in_the_talk() -> None:
    async with on_line() as line:
        line.carries_out(EndCall(call_id=CALL))
        await line.server.got("Hangup")
        line.server.say(
            block(Event="BridgeEnter", Timestamp="1795535474.0", Uniqueid="n-1795535470.4", BridgeUniqueid="b")
        )

        assert (await line.server.got("Hangup", times=2))["Channel"] == CALLER


async def test_an_end_that_asterisk_forgot_is_asked_for_again() -> None:
    async with on_line() as line:
        line.server.say(block(Event="HangupRequest", Timestamp="1795535474.0", Uniqueid="n-1795535470.4"))

        assert (await line.server.got("Hangup"))["Channel"] == CALLER


async def test_an_end_that_comes_is_not_asked_for_again() -> None:
    async with on_line() as line:
        line.server.say(block(Event="HangupRequest", Timestamp="1795535474.0", Uniqueid="n-1795535470.4"))
        line.server.say(block(Event="Hangup", Timestamp="1795535474.002", Cause="16", Uniqueid="n-1795535470.4"))
        await line.until(CallerLeft)
        await asyncio.sleep(0.05 * 3)  # longer than an end may take here
        await line.settled()

        assert line.server.count("Hangup") == 0


async def test_wishes_reach_asterisk_in_their_order() -> None:
    async with on_line() as line:
        line.talks()
        line.carries_out(
            AfterTalk(call_id=CALL, then=Then.REQUEUE),
            PauseInFallback(seat="8001", paused=True, reason="break"),
            EndLeg(leg_id=LEG),
            AfterTalk(call_id=CALL, then=Then.END),
            TakeBack(call_id=CALL),
            EndCall(call_id=CALL),
        )
        await line.settled()

        assert line.server.said("Setvar", "QueuePause", "Hangup", "QueueWithdrawCaller") == [
            ("Setvar", CALLER, "requeue", "AFTERTO"),
            ("QueuePause", "PJSIP/8001", "true", "hotline", "break"),
            ("Hangup", SEAT),
            ("Setvar", CALLER, "end", "AFTERTO"),
            ("QueueWithdrawCaller", CALLER, "hotline"),
            ("Hangup", CALLER),
        ]


async def test_an_announcement_is_left_to_the_waiting_loop() -> None:
    async with on_line() as line:
        line.carries_out(Announce(call_id=CALL, ahead=2, wait_minutes=3))
        asked = await line.server.got("Setvar")

        assert (asked["Channel"], asked["Variable"], asked["Value"]) == (CALLER, "SAY", "/sounds/2&/sounds/2")


async def test_words_too_long_for_asterisk_harm_nothing_else() -> None:
    async with on_line() as line:
        line.carries_out(Announce(call_id=CALL, ahead=200, wait_minutes=None), EndCall(call_id=CALL))
        await line.server.got("Hangup")

        assert line.server.count("Setvar") == 0


async def test_a_reason_in_somebodys_own_words_cannot_break_out() -> None:
    async with on_line() as line:
        line.carries_out(PauseInFallback(seat="8001", paused=True, reason="午饭\r\nAction: Hangup" + "x" * 200))
        asked = await line.server.got("QueuePause")

        assert asked["Reason"] == ("午饭Action: Hangup" + "x" * 200)[:60]
        assert line.server.count("Hangup") == 0


async def test_a_hold_mutes_the_seat_and_plays_music_and_resuming_undoes_both() -> None:
    async with on_line() as line:
        line.talks()
        line.carries_out(PlayMusic(call_id=CALL, music_id=MUSIC, seat_leg=LEG, mute_seat=True))
        asked = await line.server.got("Originate")
        line.carries_out(StopMusic(call_id=CALL, music_id=MUSIC, seat_leg=LEG, unmute_seat=True))
        await line.settled()

        assert asked["Channel"] == "Local/s@music/n"
        assert (asked["Application"], asked["Data"]) == ("BridgeAdd", CALLER)
        assert (asked["ChannelId"], asked["OtherChannelId"]) == (MUSIC, f"{MUSIC}-far")
        assert asked["Variable"] == f"__SEAT={SEAT}"
        assert line.server.said("Setvar", "Originate", "Hangup")[0] == ("Setvar", SEAT, "on", "MUTEAUDIO(all)")
        assert line.server.said("Setvar", "Hangup") == [
            ("Setvar", SEAT, "on", "MUTEAUDIO(all)"),
            ("Hangup", MUSIC),
            ("Setvar", SEAT, "off", "MUTEAUDIO(all)"),
        ]


async def test_a_phones_own_hold_is_not_muted_by_us() -> None:
    async with on_line() as line:
        line.talks()
        line.carries_out(
            PlayMusic(call_id=CALL, music_id=MUSIC, seat_leg=LEG, mute_seat=False),
            StopMusic(call_id=CALL, music_id=MUSIC, seat_leg=LEG, unmute_seat=False),
        )
        await line.settled()

        assert line.server.said("Setvar") == []


@pytest.mark.parametrize(("counts", "ended"), [(["51", "101"], 0), (["51", "51"], 1), (["", "51"], 0)])
async def test_a_leg_that_sends_no_sound_is_ended(counts: list[str], ended: int) -> None:
    async with on_line() as line:
        line.talks()
        left = list(counts)
        line.server.replies["Getvar"] = lambda a: block(
            Response="Success", ActionID=a["ActionID"], Variable="CHANNEL(rtcp,rxcount)", Value=left.pop(0)
        )
        line.carries_out(ListenForLife(call_id=CALL, leg_id=LEG))
        await line.server.got("Getvar", times=2)
        await line.settled()
        await line.settled()

        assert line.server.count("Hangup") == ended


@pytest.mark.parametrize(("registered", "ended"), [(False, 1), (True, 0)])
async def test_a_phone_on_hold_is_silent_and_ended_only_when_it_stays_away(*, registered: bool, ended: int) -> None:
    async with on_line() as line:
        line.talks()
        line.server.say(block(Event="Hold", Timestamp="1795535474.0", Channel=SEAT, Uniqueid=LEG))
        await line.until(PartyHeld)
        line.table.phone("8001").set(registered=registered)
        line.server.replies["Getvar"] = lambda a: block(Response="Success", ActionID=a["ActionID"], Value="51")
        line.carries_out(ListenForLife(call_id=CALL, leg_id=LEG))
        await line.server.got("Getvar")
        await asyncio.sleep(0.05 * 11 + 0.1)  # its patience
        await line.settled()

        assert line.server.count("Hangup") == ended


async def test_an_arrival_policy_that_does_not_exist_is_our_mistake() -> None:
    async with on_line() as line:
        with pytest.raises(ValueError, match="answer or ring"):
            line.telephone.set_arrival("music")


async def test_the_beat_is_the_global_that_the_dialplan_looks_at() -> None:
    async with on_line() as line:
        line.telephone.beat(1795535475)
        asked = await line.server.got("Setvar")

        assert (asked["Variable"], asked["Value"]) == ("CTLBEAT", "1795535475")
        assert "Channel" not in asked

        line.server.cut()
        await line.until(LinkLost)
        line.telephone.beat(1795535476)  # nobody is there to be told, and nothing happens


async def test_the_guard_is_set_at_once_and_renewed_only_while_a_flow_works() -> None:
    async with on_line() as line:
        line.server.say(
            block(Event="AsyncAGIStart", Timestamp="1795535474.0", Channel=CALLER, Uniqueid="n-1795535470.4")
        )
        await line.server.got("AbsoluteTimeout")
        line.telephone.caller(CALL, number=None, file_of=str)
        for second in range(12):
            line.time = 100.0 + second
            line.telephone.beat(1795535475 + second)
        await line.settled()

        # at 1, 3 and 5 s it has just acted; after 5 s without a command it counts as hanging
        assert line.server.said("AbsoluteTimeout") == [("AbsoluteTimeout", CALLER, "6")] * 3


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


REGISTERS = {"Event": "SuccessfulAuth", "Timestamp": "1795535474.0", "Service": "PJSIP", "AccountID": "8001"}
CONTACT = {"Event": "ContactStatus", "Timestamp": "1795535474.1", "AOR": "8001", "EndpointName": "8001", "URI": "u"}


async def test_a_phone_that_was_given_up_is_asked_as_soon_as_it_registers_anew() -> None:
    async with on_line() as line:
        line.server.say(block(**CONTACT, ContactStatus="Unreachable"))
        await line.server.got("PJSIPQualify")  # perhaps it was only that question that was lost
        line.server.say(block(**REGISTERS))
        asked = await line.server.got("PJSIPQualify", times=2)
        line.server.say(block(**CONTACT, ContactStatus="Reachable"))

        assert asked["Endpoint"] == "8001"
        assert (await line.until(PhoneSeen, times=2)).registered


async def test_a_phone_that_is_there_is_not_asked_each_time_it_registers() -> None:
    async with on_line() as line:
        line.server.say(block(**CONTACT, ContactStatus="Reachable") + block(**REGISTERS))
        line.server.say(block(**REGISTERS | {"Service": "AMI", "AccountID": "controller"}))
        line.server.say(block(**CONTACT | {"EndpointName": "trunk", "AOR": "trunk"}, ContactStatus="Unreachable"))
        line.server.say(block(**CONTACT, ContactStatus="Removed"))
        await line.until(PhoneSeen, times=2)
        await line.settled()

        assert line.server.said("PJSIPQualify") == []


async def test_a_caller_who_is_not_on_the_line_cannot_be_spoken_to() -> None:
    async with on_line(channels=()) as line:
        with pytest.raises(CallerGone):
            line.telephone.caller(CALL, number=None, file_of=str)


async def test_the_place_of_a_found_caller_is_told() -> None:
    async with on_line() as line:
        found = (await line.until(LinkRestored)).calls[0]

        assert found.place is Place.WAITING
        assert found.since == 1795535471
        assert found.arrived == datetime(2026, 11, 24, 15, 51, 10, tzinfo=UTC)
        assert found.recording == "/rec/a.raw"
        assert found.caller == "13900000001"
