"""Wishes become actions in their order, and whatever comes of them comes back as events."""

import asyncio

import pytest

from callcenter.domain.errors import CallerGone
from callcenter.domain.telephony import (
    CallerLeft,
    Ending,
    LegEnded,
    LegRang,
    LinkLost,
    LinkRestored,
    PartyHeld,
    PhoneSeen,
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
)
from tests.support.ami_server import block, refusal
from tests.support.telephone_line import CALL, CALLER, CHANNEL, LEG, MUSIC, NOW, SEAT, on_line


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
