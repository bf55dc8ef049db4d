"""The link from connecting to being lost, against a scripted AMI server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from callcenter.asterisk.ami import Condition, Headers
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.wire import AT_ONCE
from callcenter.domain.errors import InvalidInputError, UnavailableError
from tests.support.ami_server import QUICK, AmiServer, block, linked, technologies


@pytest.fixture
async def server() -> AsyncIterator[AmiServer]:
    async with AmiServer() as one:
        yield one


async def state_becomes(link: AmiLink, condition: Condition) -> None:
    async with asyncio.timeout(5):
        while link.state.condition is not condition:  # noqa: ASYNC110  # the state is looked at, as /health does
            await asyncio.sleep(0.01)


async def test_the_state_says_ready_and_which_asterisk(server: AmiServer) -> None:
    async with linked(server) as (link, _):
        assert link.state.condition is Condition.READY
        assert "22.10.1" in link.state.detail


async def test_sends_reach_asterisk_in_their_order_without_waiting(server: AmiServer) -> None:
    server.replies["Setvar"] = lambda _: None

    async with linked(server) as (link, _):
        for value in range(20):
            link.send("Setvar", Variable="X", Value=value)
        link.send("Redirect", Channel="PJSIP/8001-00000001")
        await server.got("Redirect")

        assert [one["Value"] for one in server.received if one["Action"] == "Setvar"] == [str(n) for n in range(20)]


async def test_nothing_is_done_before_asterisk_is_fully_booted(server: AmiServer) -> None:
    server.booted = False

    async with linked(server, limits=replace(QUICK, boot=30), ready=False) as (link, ear):
        await server.got("Login")
        with pytest.raises(UnavailableError):
            link.send("Originate", Channel="PJSIP/8001")
        await asyncio.sleep(0.05)  # time enough to do what must not be done
        assert server.count("CoreSettings") == 0

        server.say(block(Event="FullyBooted"))
        await ear.until("(restored)")
        assert link.is_ready


async def test_a_caller_is_not_given_the_word_while_the_picture_is_taken(server: AmiServer) -> None:
    async with linked(server, ready=False) as (_, ear):

        async def look() -> None:
            server.say(block(Event="Hangup"))
            await server.got("Ping", times=server.count("Ping") + 1) if server.count("Ping") else None
            assert "Hangup" not in ear.told

        ear.when_restored = look
        await ear.until("Hangup")

        assert ear.told.index("(restored)") < ear.told.index("Hangup")


@pytest.mark.parametrize("version", ["22.9.4", "20.19.0", "", "garbage"])
async def test_an_asterisk_too_old_is_refused_with_what_is_needed(server: AmiServer, version: str) -> None:
    server.replies["CoreSettings"] = lambda a: block(
        Response="Success", ActionID=a["ActionID"], AsteriskVersion=version
    )

    async with linked(server, ready=False) as (link, ear):
        await state_becomes(link, Condition.REFUSED)

        assert "22.10.1" in link.state.detail
        assert ear.told == []


@pytest.mark.parametrize("version", ["22.10.1", "22.11.0-rc1", "23.0.0"])
async def test_a_newer_asterisk_is_taken(server: AmiServer, version: str) -> None:
    server.replies["CoreSettings"] = lambda a: block(
        Response="Success", ActionID=a["ActionID"], AsteriskVersion=version
    )

    async with linked(server) as (link, _):
        assert link.is_ready


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (("softmix", "simple_bridge"), "simple_bridge"),
        (("softmix", "native_rtp"), "native_rtp"),
        (("holding_bridge",), "bridge_softmix"),
        ((), "bridge_softmix"),
    ],
)
async def test_any_talk_technology_but_softmix_is_refused(server: AmiServer, names: tuple[str, ...], word: str) -> None:
    server.replies["BridgeTechnologyList"] = lambda a: technologies(a, *names)

    async with linked(server, ready=False) as (link, _):
        await state_becomes(link, Condition.REFUSED)

        assert word in link.state.detail


async def test_a_holding_bridge_beside_softmix_is_harmless(server: AmiServer) -> None:
    server.replies["BridgeTechnologyList"] = lambda a: technologies(a, "softmix", "holding_bridge")

    async with linked(server) as (link, _):
        assert link.is_ready


async def test_nobody_listening_is_said_and_tried_again(server: AmiServer) -> None:
    await server.close()

    async with linked(server, ready=False) as (link, ear):
        await state_becomes(link, Condition.LOST)
        assert f"nobody answers on 127.0.0.1:{server.port}" in link.state.detail

        await server.open()
        await ear.until("(restored)")


async def test_a_link_lost_in_the_middle_of_the_log_in_is_tried_again(server: AmiServer) -> None:
    server.mute = True

    async with linked(server, limits=replace(QUICK, answer=30), ready=False) as (_, ear):
        await server.got("Login")
        server.mute = False
        server.cut()

        await ear.until("(restored)")


async def test_more_events_than_can_be_kept_close_the_link_and_say_so(server: AmiServer) -> None:
    async with linked(server, limits=replace(QUICK, inbox=50), ready=False) as (link, ear):
        flooded = asyncio.Event()

        async def look() -> None:
            if not flooded.is_set():
                flooded.set()
                server.say(block(Event="Newstate") * 100)
                with pytest.raises(UnavailableError):
                    await link.act("Nothing", limit=5)
                raise UnavailableError("the picture could not be taken")

        server.replies["Nothing"] = lambda _: None
        ear.when_restored = look
        await ear.until("(restored)")

        assert flooded.is_set()
        assert len(server.logins) == 2


async def test_events_are_told_in_their_order_those_that_have_to_wait_as_well(server: AmiServer) -> None:
    async with linked(server, limits=replace(QUICK, inbox=5_000)) as (_, ear):
        together = b"".join(block(Event="Newstate", Number=str(number)) for number in range(4 * AT_ONCE))

        server.say(together)
        await ear.until("Newstate", times=2 * AT_ONCE)  # some still wait
        for number in range(4 * AT_ONCE, 8 * AT_ONCE):
            server.say(block(Event="Newstate", Number=str(number)))
            await asyncio.sleep(0)
        await ear.until("Newstate", times=8 * AT_ONCE)

        numbers = [int(one["Number"]) for one in ear.events if one["Event"] == "Newstate"]
        assert numbers == list(range(8 * AT_ONCE))


async def test_a_flood_lets_others_have_their_turn(server: AmiServer) -> None:
    """Of one reading no more is told at once than fits into a moment, however much came."""
    async with linked(server, limits=replace(QUICK, inbox=5_000)) as (_, ear):
        at_once: list[int] = [0]
        others_turn = asyncio.get_running_loop().call_soon

        def told(headers: Headers) -> None:
            if headers["Event"] == "Newstate":
                at_once[-1] += 1
                if at_once[-1] == 1:
                    others_turn(at_once.append, 0)

        ear.when_heard = told
        server.say(block(Event="Newstate") * 2_000)
        await ear.until("Newstate", times=2_000)

        assert max(at_once) <= 100 + AT_ONCE


async def test_a_flood_that_comes_faster_than_it_is_told_is_held_back_and_costs_no_event(server: AmiServer) -> None:
    async with linked(server, limits=replace(QUICK, inbox=5_000, ping_answer=10.0)) as (_, ear):
        over = asyncio.Event()
        ear.when_heard = lambda headers: over.set() if headers["Event"] == "Hangup" else None

        server.say(block(Event="Newstate", AppData="as long as others" * 15) * 20_000 + block(Event="Hangup"))
        async with asyncio.timeout(20):
            await over.wait()

        assert ear.told.count("Newstate") == 20_000
        assert len(server.logins) == 1


async def test_events_that_came_before_the_link_broke_are_told_before_the_loss(server: AmiServer) -> None:
    async with linked(server) as (_, ear):
        server.say(block(Event="Hangup") * 3)
        await ear.until("Hangup", times=3)
        server.cut()
        await ear.until("(lost)")

        assert ear.told.index("(lost)") > ear.told.index("Hangup")


async def test_a_line_that_asterisk_would_refuse_is_refused_here(server: AmiServer) -> None:
    async with linked(server) as (link, _):
        with pytest.raises(InvalidInputError, match="longer"):
            link.send("Setvar", Variable="SAY", Value="长" * 400)


async def test_a_block_without_end_ends_the_connection(server: AmiServer) -> None:
    async with linked(server) as (_, ear):
        server.say(b"Event: Newchannel\r\n" + b"x" * 1_100_000)
        await ear.until("(lost)")
        await ear.until("(restored)", times=2)


async def test_what_begins_otherwise_than_asterisk_writes_ends_the_connection(server: AmiServer) -> None:
    async with linked(server) as (link, ear):
        server.say(block(Event="Newchannel") + b"\x16\x03\x01 rubbish: \xff" + block(Event="Hangup"))
        await ear.until("(restored)", times=2)

        told = [one for one in ear.told if one != "FullyBooted"]
        assert told == ["(restored)", "Newchannel", "(lost)", "(restored)"]
        assert link.is_ready


async def test_an_answer_that_names_no_action_ends_the_connection(server: AmiServer) -> None:
    """What Asterisk says when what it was sent was spoilt on the way: whose answer is missing, nobody knows."""
    server.replies["Hangup"] = lambda _: block(Response="Error", Message="Missing action in request")

    async with linked(server, limits=replace(QUICK, answer=30)) as (link, ear):
        with pytest.raises(UnavailableError, match="did not understand"):
            await link.act("Hangup", Channel="PJSIP/8001-00000001")

        await ear.until("(restored)", times=2)
        assert server.count("Hangup") == 1


async def test_while_a_session_of_ours_is_not_over_the_link_asks_again_soon(server: AmiServer) -> None:
    server.in_use = True
    refused_for_long = replace(QUICK, refused_first=30, refused_most=60)

    async with linked(server, limits=refused_for_long, ready=False) as (link, ear):
        await server.got("Login", times=5)
        await state_becomes(link, Condition.REFUSED)
        assert "Already In Use" in link.state.detail
        server.in_use = False

        await ear.until("(restored)")


async def test_losing_and_finding_again_goes_on_for_ever(server: AmiServer) -> None:
    async with linked(server) as (link, ear):
        for times in range(2, 6):
            server.cut()
            await ear.until("(restored)", times=times)

        assert (await link.act("Ping")).success
        assert ear.told.count("(lost)") == 4
