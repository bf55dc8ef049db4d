"""One test for each defect of panoramisk 1.4 that was found: none of them may reach us."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from callcenter.asterisk.ami import Condition, Headers, checked
from callcenter.domain.errors import InvalidInputError, UnavailableError
from tests.support.ami_server import QUICK, AmiServer, Ear, block, linked, refusal, success


@pytest.fixture
async def server() -> AsyncIterator[AmiServer]:
    async with AmiServer() as one:
        yield one


async def test_defect_1_a_queue_add_is_answered_at_once_and_leaves_nothing_behind(server: AmiServer) -> None:
    server.replies["QueueAdd"] = lambda action: success(action, "Added interface to queue")

    async with linked(server) as (link, _):
        answer = await link.act("QueueAdd", Queue="hotline", Interface="PJSIP/8001")

        assert answer.success
        assert link._wire is not None
        assert [asked["Action"] for asked in link._wire.responses.values() if asked["Action"] != "Ping"] == []


async def test_defect_2_an_agi_action_is_answered_and_its_end_reaches_the_listener(server: AmiServer) -> None:
    server.replies["AGI"] = lambda action: (
        success(action, "Added AGI command to queue")
        + block(Event="AsyncAGIExec", Channel="PJSIP/trunk-00000001", CommandId="mine", Result="200%20result%3D0%0A")
    )

    async with linked(server) as (link, ear):
        answer = await link.act("AGI", Channel="PJSIP/trunk-00000001", Command="NOOP", CommandID="mine")
        await ear.until("AsyncAGIExec")

        assert answer.message == "Added AGI command to queue"
        assert ear.event("AsyncAGIExec")["CommandId"] == "mine"


async def test_defect_3_whether_a_list_is_wanted_is_said_by_the_asker_not_guessed(server: AmiServer) -> None:
    server.replies["Status"] = lambda action: (
        block(Response="Success", ActionID=action["ActionID"], EventList="start", Message="Channel status will follow")
        + block(Event="Status", Uniqueid="n-1.0", ActionID=action["ActionID"])
        + block(Event="StatusComplete", EventList="Complete", ActionID=action["ActionID"])
    )

    async with linked(server) as (link, _):
        listed = await link.act("Status", as_list=True)
        alone = await link.act("Status")

        assert [entry["Uniqueid"] for entry in listed.entries] == ["n-1.0"]
        assert alone.entries == ()


@pytest.mark.parametrize("action", ["Originate", "PlayDTMF"])
async def test_defect_4_successfully_queued_without_async_keeps_the_link(server: AmiServer, action: str) -> None:
    server.replies[action] = lambda asked: success(asked, f"{action} successfully queued")

    async with linked(server) as (link, ear):
        assert (await link.act(action, Channel="PJSIP/8001")).success
        assert (await link.act("Ping")).success

        assert "(lost)" not in ear.told


async def test_defect_5_an_originate_is_acknowledged_and_its_response_is_an_event(server: AmiServer) -> None:
    async with linked(server) as (link, ear):
        answer = await link.act("Originate", Channel="PJSIP/8001", Async="true", ChannelId="own-1")
        asked = await server.got("Originate")
        server.say(
            block(
                Event="OriginateResponse", ActionID=asked["ActionID"], Response="Failure", Reason="0", Uniqueid="own-1"
            )
        )
        await ear.until("OriginateResponse")

        assert answer.success
        assert ear.event("OriginateResponse")["Uniqueid"] == "own-1"


async def test_defect_6_a_listener_that_fails_costs_one_event_and_not_the_link(server: AmiServer) -> None:
    def fail_on_newchannel(headers: Headers) -> None:
        if headers["Event"] == "Newchannel":
            raise RuntimeError("our own mistake")

    async with linked(server) as (link, ear):
        ear.when_heard = fail_on_newchannel
        server.say(block(Event="Newchannel") + block(Event="Hangup"))
        await ear.until("Hangup")

        assert link.events_failed == 1
        assert "(lost)" not in ear.told


async def test_defect_7_a_doubled_event_header_is_no_new_event_and_keeps_the_link(server: AmiServer) -> None:
    async with linked(server) as (link, ear):
        server.say(b"Event: UserEvent\r\nUserEvent: Said\r\nEvent: Hangup\r\nMessage: a\r\nMessage: b\r\n\r\n")
        await ear.until("UserEvent")

        assert (await link.act("Ping")).success
        assert "Hangup" not in ear.told


async def test_defect_8_nothing_is_sent_again_after_a_reconnect(server: AmiServer) -> None:
    unanswered = {"Originate", "Hangup", "AGI", "QueueStatus"}
    for action in unanswered:
        server.replies[action] = lambda _: None

    async with linked(server) as (link, ear):
        waiting = [link.send(action, as_list=action == "QueueStatus", Channel="x") for action in unanswered]
        await server.got("QueueStatus")
        server.cut()
        for answer in waiting:
            with pytest.raises(UnavailableError):
                await answer
        await ear.until("(restored)", times=2)
        await server.got("Ping", times=server.count("Ping") + 2)

        assert {action: server.count(action) for action in unanswered} == dict.fromkeys(unanswered, 1)


async def test_defect_8_a_list_that_breaks_off_fails_at_once(server: AmiServer) -> None:
    server.replies["Status"] = lambda action: (
        block(Response="Success", ActionID=action["ActionID"], EventList="start")
        + block(Event="Status", ActionID=action["ActionID"])
    )

    async with linked(server) as (link, _):
        answer = link.send("Status", as_list=True, limit=30)
        await server.got("Status")
        server.cut()

        with pytest.raises(UnavailableError, match="lost"):
            await answer


async def test_defect_9_an_action_without_a_link_is_refused_and_never_sent(server: AmiServer) -> None:
    async with linked(server) as (link, ear):
        await server.close()
        await ear.until("(lost)")

        with pytest.raises(UnavailableError):
            link.send("Originate", Channel="PJSIP/8001")

        await server.open()
        await ear.until("(restored)", times=2)
        assert server.count("Originate") == 0


async def test_defect_10_a_server_that_answers_no_ping_is_left_and_tried_anew(server: AmiServer) -> None:
    async with linked(server) as (link, ear):
        server.mute = True
        await ear.until("(lost)")

        assert link.state.condition is Condition.LOST
        assert "ping" in link.state.detail

        server.mute = False
        await ear.until("(restored)", times=2)


async def test_defect_11_a_refused_log_in_is_said_and_not_hammered(server: AmiServer) -> None:
    async with linked(server, secret="wrong", ready=False) as (link, ear):
        await server.got("Login", times=3)

        assert link.state.condition is Condition.REFUSED
        assert "controller" in link.state.detail
        assert "Authentication failed" in link.state.detail
        assert "wrong" not in link.state.detail
        first, second, third = server.logins
        assert second - first >= QUICK.refused_first * 0.9
        assert third - second >= QUICK.refused_first * 2 * 0.9
        assert ear.told == []


async def test_defect_12_a_character_cut_in_two_by_the_network_is_whole(server: AmiServer) -> None:
    said = block(Event="UserEvent", Name="张三丰")

    async with linked(server) as (_, ear):
        for at in range(1, len(said)):
            await server.say_in_two(said[:at], said[at:])
        await ear.until("UserEvent", times=len(said) - 1)

        assert {one["Name"] for one in ear.events if one["Event"] == "UserEvent"} == {"张三丰"}


@pytest.mark.parametrize("mark", ["\r", "\n", "\r\n\r\nAction: DBPut", "\0"])
async def test_defect_13_a_line_break_in_a_value_or_a_name_is_refused(server: AmiServer, mark: str) -> None:
    async with linked(server) as (link, _):
        with pytest.raises(InvalidInputError):
            link.send("Setvar", Variable="X", Value=f"a{mark}b")
        with pytest.raises(InvalidInputError):
            link.send("Setvar", Variable=["A=1", f"B={mark}"])
        with pytest.raises(InvalidInputError):
            checked({f"X{mark}": "1"})

        assert b"DBPut" not in server.raw
        assert server.count("Setvar") == 0


async def test_defect_14_a_link_that_was_closed_stays_closed(server: AmiServer) -> None:
    async with linked(server) as (link, _):
        logins = len(server.logins)
        server.cut()

    await asyncio.sleep(QUICK.retry_most * 3)
    assert len(server.logins) == logins
    assert not link.is_ready


async def test_defect_15_an_action_that_times_out_or_is_cancelled_is_forgotten(server: AmiServer) -> None:
    server.replies["Getvar"] = lambda _: None

    async with linked(server) as (link, ear):
        with pytest.raises(UnavailableError, match="did not answer Getvar"):
            await link.act("Getvar", Variable="X", limit=0.05)
        link.send("Getvar", Variable="Y").cancel()
        await server.got("Ping", times=server.count("Ping") + 1)

        assert link._wire is not None
        assert [asked for asked in link._wire.responses.values() if asked["Action"] == "Getvar"] == []
        assert "(lost)" not in ear.told


async def test_defect_16_a_missing_header_is_missing_and_an_empty_one_is_empty(server: AmiServer) -> None:
    async with linked(server) as (_, ear):
        server.say(b"Event: UserEvent\r\nEmpty: \r\nLast:\r\n\r\n")
        await ear.until("UserEvent")

        event = ear.event("UserEvent")
        assert event["Empty"] == ""
        assert event["Last"] == ""
        assert event.get("Missing") is None


async def test_defect_17_a_shutdown_is_a_lost_link_with_its_reason(server: AmiServer) -> None:
    async with linked(server) as (link, ear):
        server.say(block(Event="Shutdown", Shutdown="Cleanly", Restart="False"))
        await ear.until("(lost)")

        assert ear.told.index("Shutdown") < ear.told.index("(lost)")
        await ear.until("(restored)", times=2)
        assert link.is_ready


async def test_a_refused_list_is_an_answer_and_not_an_endless_wait(server: AmiServer) -> None:
    server.replies["Status"] = lambda action: refusal(action, "Permission denied")

    async with linked(server) as (link, _):
        answer = await link.act("Status", as_list=True)

        assert not answer.success
        assert answer.message == "Permission denied"


async def test_panoramisk_never_writes_a_message_to_the_log(
    server: AmiServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async with linked(server) as (link, ear):
        await link.act("Setvar", Variable="CALLER", Value="13900000001")
        server.say(block(Event="Newchannel", Exten="13900000002"))
        await ear.until("Newchannel")

    assert "1390000000" not in caplog.text
    assert "right" not in caplog.text


def test_the_ear_is_a_listener() -> None:
    assert Ear().told == []
