"""Telling and asking a caller by AsyncAGI, against a scripted AMI server that plays the channel's part."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.asterisk.agi import AgiCaller
from callcenter.asterisk.channels import Channel, Kind
from callcenter.domain.errors import CallerGone, UnavailableError
from callcenter.domain.ids import CallId, LegId
from tests.support.ami_server import AmiServer, Ear, block, linked, refusal, success

CALL = "071d713a-ce45-4b4d-a428-545a58b68129"
CHANNEL = "PJSIP/trunk-00000003"


class Stage:
    """A caller in the menu, whose channel does what it is told at once."""

    def __init__(self, server: AmiServer, caller: AgiCaller[str], ear: Ear) -> None:
        self.server = server
        self.caller = caller
        self.ear = ear
        self.keys = ""
        server.replies["AGI"] = self.plays
        server.replies["Getvar"] = lambda a: block(
            Response="Success", ActionID=a["ActionID"], Variable=a["Variable"], Value=self.keys
        )
        ear.when_heard = lambda headers: caller.heard(headers) if headers["Event"] == "AsyncAGIExec" else None

    def plays(self, action: Mapping[str, str]) -> bytes:
        return success(action, "Added AGI command to queue") + self.ends(action, "200 result=0")

    @staticmethod
    def ends(action: Mapping[str, str], result: str) -> bytes:
        return block(Event="AsyncAGIExec", CommandId=action["CommandID"], Result=quote(f"{result}\n"))

    @property
    def commands(self) -> list[str]:
        return [one["Command"] for one in self.server.received if one["Action"] == "AGI"]

    @property
    def variables(self) -> list[tuple[str, str]]:
        return [(one["Variable"], one["Value"]) for one in self.server.received if one["Action"] == "Setvar"]

    async def ask(self, *files: str, terminator: str | None = "#", barge_in: bool = True, max_digits: int = 4) -> str:
        return await self.caller.ask(
            files,
            max_digits=max_digits,
            terminator=terminator,
            barge_in=barge_in,
            first_digit_seconds=5,
            next_digit_seconds=2.5,
        )


@asynccontextmanager
async def on_stage(file_of: Callable[[str], str] = "/p/{}".format) -> AsyncIterator[Stage]:
    async with AmiServer() as server, linked(server) as (link, ear):
        channel = Channel(
            uniqueid="n-1.0", kind=Kind.CALLER, name=CHANNEL, call_id=CallId(CALL), leg_id=LegId(CALL), up=True
        )
        loop = asyncio.get_running_loop()
        caller = AgiCaller(link, channel, number="13900000001", file_of=file_of, monotonic=loop.time)
        yield Stage(server, caller, ear)


async def test_the_first_words_are_told_with_asterisks_time_and_all_words_go_together() -> None:
    async with on_stage() as stage:
        await stage.caller.say(["a", "b"])
        await stage.caller.say(["c"])
        await stage.server.got("Setvar", times=2)

        assert stage.commands == [
            f'EXEC UserEvent "Voice,CaseId: {CALL}"',
            'EXEC Playback "/p/a&/p/b,noanswer"',
            'EXEC Playback "/p/c,noanswer"',
        ]
        assert stage.variables == [("GREETED", "1")] * 2


async def test_asterisk_is_made_to_look_for_the_words_at_once() -> None:
    async with on_stage() as stage:
        await stage.caller.say(["a"])
        await stage.server.got("SendFlash")
        (flash,) = [one for one in stage.server.received if one["Action"] == "SendFlash"]

        assert (flash["Channel"], flash["Receive"]) == (CHANNEL, "true")
        given = [one["Action"] for one in stage.server.received if one["Action"] in ("AGI", "SendFlash", "Getvar")]
        assert given == ["AGI", "AGI", "SendFlash", "Getvar"]


async def test_a_prompt_without_its_file_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    async with on_stage() as stage:
        stage.keys = "FAILED"  # what the channel's PLAYBACKSTATUS says
        await stage.caller.say(["a"])

    assert "a prompt did not play" in capsys.readouterr().out


async def test_nothing_to_say_says_nothing_new() -> None:
    async with on_stage() as stage:
        await stage.caller.say(["a"])
        stage.server.received.clear()
        await stage.caller.say([])

        assert stage.commands == []


async def test_asking_reads_keys_with_both_time_limits_in_one_command() -> None:
    async with on_stage() as stage:
        stage.keys = "12"

        assert await stage.ask("a", "b") == "12"
        await stage.server.got("Setvar", times=4)
        assert stage.commands[-1] == 'EXEC Read "ASKED,/p/a&/p/b,4,t(#),1"'
        assert stage.variables == [
            ("TIMEOUT(digit)", "2.500"),
            ("TIMEOUT(response)", "5.000"),
            ("ASKED", ""),
            ("GREETED", "1"),
        ]


async def test_without_barge_in_the_words_are_said_to_their_end_first() -> None:
    async with on_stage() as stage:
        await stage.ask("a", barge_in=False, terminator=None, max_digits=1)

        assert stage.commands[1:] == ['EXEC Playback "/p/a,noanswer"', 'EXEC Read "ASKED,,1,t(),1"']


async def test_words_too_long_for_one_line_are_said_in_several() -> None:
    async with on_stage(file_of=lambda name: f"/p/{name * 300}") as stage:
        await stage.caller.say(["a", "b", "c"])
        await stage.ask("d", "e", "f")

        assert [len(command) < 900 for command in stage.commands] == [True] * len(stage.commands)
        assert [command.count("&") for command in stage.commands] == [0, 1, 0, 1, 0]


async def test_a_key_in_the_first_words_ends_the_asking() -> None:
    async with on_stage(file_of=lambda name: f"/p/{name * 300}") as stage:
        stage.keys = "1"

        assert await stage.ask("a", "b", "c", max_digits=1) == "1"
        assert sum("Read" in command for command in stage.commands) == 1


async def test_several_files_of_one_prompt_are_taken_apart() -> None:
    async with on_stage(file_of=lambda name: f"/p/{name}&/p/x") as stage:
        await stage.caller.say(["a"])

        assert stage.commands[-1] == 'EXEC Playback "/p/a&/p/x,noanswer"'


@given(name=st.text(min_size=1).filter(lambda text: any(mark in '"\\,$|;()\r\n\0' for mark in text)))
async def test_no_file_name_can_become_a_command(name: str) -> None:
    async with on_stage(file_of=lambda text: text) as stage:
        with pytest.raises(UnavailableError):
            await stage.caller.say([name])

        assert stage.commands == []


@pytest.mark.parametrize(("max_digits", "terminator"), [(0, None), (41, None), (1, "##"), (1, ","), (1, "")])
async def test_what_no_phone_can_press_cannot_be_asked(max_digits: int, terminator: str | None) -> None:
    async with on_stage() as stage:
        with pytest.raises(ValueError, match="max_digits"):
            await stage.ask("a", max_digits=max_digits, terminator=terminator)


@pytest.mark.parametrize("keys", ["1a", "1 2", "\u0663", "${X}"])
async def test_keys_that_no_phone_has_are_not_believed(keys: str) -> None:
    async with on_stage() as stage:
        stage.keys = keys

        with pytest.raises(UnavailableError):
            await stage.ask("a")


async def test_a_caller_who_hangs_up_in_the_words_is_gone() -> None:
    async with on_stage() as stage:
        stage.server.replies["AGI"] = success
        async with asyncio.TaskGroup() as tasks:
            saying = tasks.create_task(gone(stage.caller, "a"))
            await stage.server.got("AGI", times=2)
            stage.caller.ended()

        assert saying.result()
        assert await gone(stage.caller, "b")


@pytest.mark.parametrize("result", ["200 result=-1", "511 Command Not Permitted on a dead channel"])
async def test_a_command_that_fails_with_the_channel_means_that_the_caller_is_gone(result: str) -> None:
    async with on_stage() as stage:
        stage.server.replies["AGI"] = lambda action: success(action) + stage.ends(action, result)

        assert await gone(stage.caller, "a")


async def test_a_channel_that_is_in_no_menu_any_more_means_that_the_caller_is_gone() -> None:
    async with on_stage() as stage:
        stage.server.replies["AGI"] = lambda action: refusal(action, "Channel does not exist")

        assert await gone(stage.caller, "a")


async def test_a_command_that_asterisk_does_not_know_is_our_fault_and_not_the_callers() -> None:
    async with on_stage() as stage:
        stage.server.replies["AGI"] = lambda action: success(action) + stage.ends(action, "200 result=-2")

        with pytest.raises(UnavailableError, match="app_read"):
            await stage.ask("a")


async def test_leaving_sends_the_caller_on_and_twice_does_no_harm() -> None:
    async with on_stage() as stage:
        await stage.caller.leave()
        stage.caller.ended()
        await stage.caller.leave()

        assert stage.commands == ["ASYNCAGI BREAK"]
        assert not stage.caller.needs_guard


async def test_hanging_up_ends_the_callers_channel() -> None:
    async with on_stage() as stage:
        await stage.caller.hang_up()

        assert (await stage.server.got("Hangup"))["Channel"] == CHANNEL
        assert not stage.caller.needs_guard


async def gone(caller: AgiCaller[str], words: str) -> bool:
    try:
        await caller.say([words])
    except CallerGone:
        return True
    return False
