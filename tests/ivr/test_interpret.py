"""Callers on their way through the shipped flows and through small ones."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from callcenter.domain.errors import CallerGone
from callcenter.ivr.caller import Progress, ProgressAnswer
from callcenter.ivr.interpret import HungUp, Limits, Queue, run_flow
from tests.support.flow_line import NUMBER, SHANGHAI, Line, TicketOffice, shipped, written
from tests.support.scripted_caller import HANGS_UP, SILENCE, ScriptedCaller


async def test_with_the_default_flow_a_caller_hears_that_he_is_recorded_and_waits_for_a_person() -> None:
    caller = ScriptedCaller()

    end = await Line(shipped("direct")).takes(caller)

    assert end == Queue("hotline")
    assert caller.heard == ["您好，政务服务热线，本次通话将会录音。"]
    assert caller.questions == 0


@pytest.mark.parametrize("key", ["0", "1", "2"])
async def test_in_the_menu_0_1_and_2_lead_to_a_person_and_the_key_is_noted(key: str) -> None:
    caller, line = ScriptedCaller([key]), Line(shipped("menu"))

    end = await line.takes(caller)

    assert end == Queue("hotline")
    assert line.digits == [("main", key)]


async def test_a_caller_who_never_presses_a_key_comes_to_a_person() -> None:
    caller, line = ScriptedCaller(), Line(shipped("menu"))

    end = await line.takes(caller)

    assert end == Queue("hotline")
    assert caller.questions == 3
    assert caller.heard_words("没有收到您的按键")
    assert line.digits == []


async def test_a_wrong_key_is_told_and_the_question_is_put_again() -> None:
    caller, line = ScriptedCaller(["7", "*", "2"]), Line(shipped("menu"))

    end = await line.takes(caller)

    assert end == Queue("hotline")
    assert caller.heard.count("按键无效，请重新选择。") == 2
    assert line.digits == [("main", "7"), ("main", "*"), ("main", "2")]


async def test_a_caller_hears_how_his_own_ticket_stands() -> None:
    caller, line = ScriptedCaller(["3", NUMBER]), Line(shipped("menu"))

    end = await line.takes(caller)

    assert end == HungUp(completed=True)
    assert line.office.asked == [(NUMBER, "13800000000")]
    assert caller.heard_words("已受理，正在办理中")
    assert caller.heard[-1] == "感谢来电，再见。"
    assert line.digits == [("main", "3"), ("ticket_number", NUMBER)]


async def test_a_ticket_of_another_number_is_not_told() -> None:
    line = Line(shipped("menu"), TicketOffice(ProgressAnswer(Progress.NOT_YOURS)))
    caller = ScriptedCaller(["3", NUMBER, "0"])

    end = await line.takes(caller)

    assert end == Queue("hotline")
    assert caller.heard_words("只能用登记的电话号码查询")
    assert not caller.heard_words("正在办理")


async def test_an_anonymous_caller_is_told_of_no_ticket_and_none_is_looked_up() -> None:
    line = Line(shipped("menu"))
    caller = ScriptedCaller(["3", NUMBER], number=None)

    await line.takes(caller)

    assert line.office.asked == []
    assert caller.heard_words("只能用登记的电话号码查询")


async def test_a_number_nobody_knows_can_be_typed_again() -> None:
    line = Line(shipped("menu"), TicketOffice(ProgressAnswer(Progress.UNKNOWN)))
    caller = ScriptedCaller(["3", NUMBER, "1", "20261122000018", "0"])

    end = await line.takes(caller)

    assert end == Queue("hotline")
    assert [number for number, _ in line.office.asked] == [NUMBER, "20261122000018"]
    assert caller.heard_words("没有查到这个工单")


@pytest.mark.parametrize(
    "office", [TicketOffice(fails_with=OSError("the store is away")), TicketOffice(never_answers=True)]
)
async def test_when_tickets_cannot_be_looked_up_the_caller_is_told_and_offered_a_person(office: TicketOffice) -> None:
    line = Line(shipped("menu"), office, limits=Limits(lookup_seconds=0.01))
    caller = ScriptedCaller(["3", NUMBER, "0"])

    end = await line.takes(caller)

    assert end == Queue("hotline")
    assert caller.heard_words("暂时无法查询")


@pytest.mark.parametrize("line_counts", [True, False])
async def test_of_forty_digits_the_first_fourteen_count_and_the_call_goes_on(*, line_counts: bool) -> None:
    line = Line(shipped("menu"))

    end = await line.takes(ScriptedCaller(["3", "1234567890" * 4], line_counts=line_counts))

    assert end == HungUp(completed=True)
    assert line.digits == [("main", "3"), ("ticket_number", "12345678901234")]


async def test_too_few_digits_are_asked_for_again_and_then_a_person_comes() -> None:
    line = Line(shipped("menu"))
    caller = ScriptedCaller(["3", "12", "12*45678901234#", "123#"])

    end = await line.takes(caller)

    assert end == Queue("hotline")
    assert caller.heard_words("工单编号应为14位数字")
    assert line.office.asked == []


async def test_a_lone_0_leads_from_the_ticket_number_to_a_person() -> None:
    assert await Line(shipped("menu")).takes(ScriptedCaller(["3", "0"])) == Queue("hotline")


async def test_the_information_can_be_heard_again_and_leads_back_to_the_menu() -> None:
    caller = ScriptedCaller(["4", "1", "9", "1"])

    end = await Line(shipped("menu")).takes(caller)

    assert end == Queue("hotline")
    assert sum("办事指南" in text for text in caller.heard) == 2


async def test_the_information_is_not_repeated_for_ever() -> None:
    caller = ScriptedCaller(["4", *["1"] * 4, "0"])

    end = await Line(shipped("menu")).takes(caller)

    assert end == Queue("hotline")
    assert sum("办事指南" in text for text in caller.heard) == 4


async def test_at_night_a_silent_caller_hears_hours_and_other_ways_and_good_bye() -> None:
    caller = ScriptedCaller()

    end = await Line(shipped("night")).takes(caller)

    assert end == HungUp(completed=True)
    assert caller.heard[0] == "您好，政务服务热线，本次通话将会录音。"
    assert caller.heard_words("人工服务时间")
    assert caller.heard_words("政务服务网")


async def test_at_night_0_rings_the_seat_on_duty() -> None:
    line = Line(shipped("night"))

    assert await line.takes(ScriptedCaller(["0"])) == Queue("hotline")
    assert line.digits == [("closed", "0")]


async def test_a_menu_that_declares_so_takes_0_for_a_wrong_key(tmp_path: Path) -> None:
    flow = written(
        tmp_path,
        "  first: {kind: menu, prompts: 请选择, first_digit_seconds: 5, zero_is_operator: false, invalid: 无效,\n"
        "          keys: {1: bye}, after_retries: bye}\n"
        "  bye: {kind: hang_up}",
    )
    caller = ScriptedCaller(["0", "0", "1"])

    assert await Line(flow).takes(caller) == HungUp(completed=True)
    assert caller.heard.count("无效") == 2


@pytest.mark.parametrize(
    ("utc", "where"),
    [
        (datetime(2026, 11, 25, 0, 29, 59, tzinfo=UTC), "closed"),  # Wednesday, 08:29:59 in Shanghai
        (datetime(2026, 11, 25, 0, 30, tzinfo=UTC), "open"),
        (datetime(2026, 11, 25, 4, 0, tzinfo=UTC), "closed"),  # the lunch hour begins
        (datetime(2026, 11, 28, 1, 0, tzinfo=UTC), "closed"),  # Saturday
        (datetime(2026, 10, 1, 1, 0, tzinfo=UTC), "closed"),  # a holiday on a Thursday
        (datetime(2026, 10, 10, 1, 0, tzinfo=UTC), "open"),  # a Saturday worked like a Wednesday
        (datetime(2026, 9, 30, 16, 30, tzinfo=UTC), "closed"),  # already the holiday in Shanghai
    ],
)
async def test_hours_follow_the_week_the_holidays_and_the_worked_weekends(
    tmp_path: Path, utc: datetime, where: str
) -> None:
    flow = written(
        tmp_path,
        "  first:\n    kind: hours\n"
        "    weekly: {wednesday: ['08:30-12:00', '13:30-17:30'], thursday: ['00:00-24:00']}\n"
        "    holidays: [2026-10-01]\n    make_up_workdays: {2026-10-10: wednesday}\n    open: person\n    closed: bye\n"
        "  bye: {kind: hang_up}",
    )

    end = await Line(flow, now=utc).takes(ScriptedCaller())

    assert end == (Queue("hotline") if where == "open" else HungUp(completed=True))


@pytest.mark.parametrize("name", ["direct", "menu", "night"])
async def test_a_caller_who_hangs_up_ends_the_flow_wherever_he_is(name: str) -> None:
    for heard_before in range(6):
        caller = ScriptedCaller(["3", "1", SILENCE, "1"], leaves_at=heard_before)
        line = Line(shipped(name))
        try:
            end = await line.takes(caller)
        except CallerGone:
            assert caller.dealings == heard_before
        else:
            assert not (isinstance(end, Queue) and end.failed)
            assert caller.dealings <= heard_before


async def test_a_caller_who_hangs_up_instead_of_pressing_ends_the_flow() -> None:
    with pytest.raises(CallerGone):
        await Line(shipped("menu")).takes(ScriptedCaller(["7", HANGS_UP]))


async def test_a_mistake_of_ours_brings_the_caller_to_a_person_and_logs_no_digits() -> None:
    caller = ScriptedCaller(breaks_with=FileNotFoundError("13800000000 pressed 4711"))

    with capture_logs() as logs:
        end = await Line(shipped("menu")).takes(caller)

    assert end == Queue("hotline", failed=True, reason="error")
    assert [entry["event"] for entry in logs] == ["flow broke off"]
    assert logs[0]["node"] == "welcome"
    assert "4711" not in str(logs)
    assert "13800000000" not in str(logs)


async def test_a_journal_that_refuses_the_digits_does_not_lose_the_caller() -> None:
    def refuses(node: str, digits: str) -> None:
        raise RuntimeError

    end = await run_flow(
        shipped("menu"),
        ScriptedCaller(["1"]),
        clock=lambda: datetime.now(UTC),
        zone=SHANGHAI,
        progress=TicketOffice(),
        note_digits=refuses,
    )

    assert end == Queue("hotline", failed=True, reason="error")


async def test_a_line_that_hangs_brings_the_caller_to_a_person() -> None:
    line = Line(shipped("direct"), limits=Limits(spare_seconds=-7.5))  # what is left of the words' own time is short

    assert await line.takes(ScriptedCaller(line_hangs=True)) == Queue("hotline", failed=True, reason="stuck")


async def test_a_caller_who_has_no_chance_to_press_is_given_to_a_person_in_time() -> None:
    line = Line(shipped("direct"), limits=Limits(seconds_without_key=0.01))

    end = await line.takes(ScriptedCaller(line_hangs=True))

    assert end == Queue("hotline", failed=True, reason="too_long_without_key")


async def test_a_flow_that_was_never_checked_still_leads_to_a_person() -> None:
    direct = shipped("direct")
    unchecked = direct.model_copy(update={"start": "nowhere", "operator": "nobody"})

    assert await Line(unchecked).takes(ScriptedCaller()) == Queue("hotline", failed=True, reason="error")


async def test_a_flow_that_goes_round_without_a_key_ends_at_a_person(tmp_path: Path) -> None:
    flow = written(tmp_path, "  first: {kind: say, prompts: 请稍候, next: first}")
    caller = ScriptedCaller()

    assert await Line(flow).takes(caller) == Queue("hotline", failed=True, reason="too_many_nodes")
    assert len(caller.heard) == Limits().nodes_without_key


async def test_a_caller_who_presses_keys_may_go_a_long_way() -> None:
    caller = ScriptedCaller([*["4", "9"] * 5, "1"])

    assert await Line(shipped("menu"), limits=Limits(nodes_without_key=3)).takes(caller) == Queue("hotline")


async def test_a_caller_who_goes_round_for_ever_by_keys_ends_at_a_person() -> None:
    caller = ScriptedCaller(["4", "9"] * 500)

    assert await Line(shipped("menu")).takes(caller) == Queue("hotline", failed=True, reason="too_many_nodes")


async def test_a_flow_that_is_cancelled_ends_at_once_and_gives_no_end() -> None:
    caller = ScriptedCaller(line_hangs=True)
    task = asyncio.create_task(Line(shipped("direct")).takes(caller))
    await caller.spoken_to.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_hash_behind_a_number_that_was_complete_is_no_answer_to_the_next_question() -> None:
    caller, line = (
        ScriptedCaller(["3", "20260101000001", "#", "0"]),
        Line(shipped("menu"), office=TicketOffice(ProgressAnswer(Progress.UNKNOWN))),
    )

    end = await line.takes(caller)

    assert end == Queue("hotline")
    assert line.digits == [("main", "3"), ("ticket_number", "20260101000001"), ("ticket_unknown", "0")]
    assert caller.heard.count("没有查到这个工单。重新输入请按1，人工服务请按0。") == 2
    assert not caller.heard_words("按键无效")


async def test_a_second_hash_is_a_wrong_key_as_any_other() -> None:
    caller, line = (
        ScriptedCaller(["3", "20260101000001", "#", "#", "0"]),
        Line(shipped("menu"), office=TicketOffice(ProgressAnswer(Progress.UNKNOWN))),
    )

    await line.takes(caller)

    assert line.digits[2:] == [("ticket_unknown", "#"), ("ticket_unknown", "0")]
