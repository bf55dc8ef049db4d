"""The board of a supervisor: who waits, what each seat does, what is wrong."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import CallState, Outcome
from callcenter.domain.seats import Phone, SeatState
from callcenter.office.ports import ComponentHealth
from tests.pages.conftest import Served, Watched
from tests.pages.made_up import MadeUp, PageDesk, ago

LATE = re.compile(r"^0:(1[6-9]|[2-5]\d)$")


@pytest.fixture
def made(desk: PageDesk) -> MadeUp:
    return MadeUp(desk)


async def test_waiting_callers_are_counted_second_by_second(tab: Watched, desk: PageDesk, made: MadeUp) -> None:
    page = await tab.sign_in("/board")
    await expect(page.get_by_text("没有人在排队")).to_be_visible()
    first = desk.has_call(1, CallState.QUEUED, caller="13700137003", queue="main")
    made.call_is(replace(first, t0=ago(14), t2=ago(13)), "call.queued")
    second = desk.has_call(2, CallState.QUEUED, caller=None, queue="main")
    made.call_is(replace(second, t0=ago(4), t2=ago(3)), "call.queued")

    rows = page.locator("#waiting tr")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text("13700137003")
    await expect(rows.nth(1)).to_contain_text("号码未显示")
    await expect(page.locator("#waiting-count")).to_have_text("2")
    await expect(rows.nth(0).locator(".counter")).to_have_text(LATE)  # it counts by itself
    await expect(rows.nth(0).locator(".counter")).to_have_class(re.compile("late"))
    await expect(page.locator("#waiting-longest")).to_have_text(LATE)
    made.talks(made.rings(1, caller="13700137003"))
    await expect(rows).to_have_count(1)
    await expect(page.locator("#calls tr")).to_contain_text(["13700137003"])


async def test_a_caller_who_is_asked_for_a_grade_talks_with_nobody(tab: Watched, made: MadeUp) -> None:
    page = await tab.sign_in("/board")
    talking = made.talks(made.rings(1, caller="13700137003"))
    await expect(page.locator("#talking-count")).to_have_text("1")

    made.call_is(replace(talking, grade_asked=ago(0)), "call.grade_asked")

    await expect(page.locator("#calls tr")).to_contain_text(["正在评价"])
    await expect(page.locator("#talking-count")).to_have_text("0")


async def test_seats_show_their_state_and_since_when(tab: Watched, made: MadeUp) -> None:
    page = await tab.sign_in("/board")

    made.seat_is("8002", SeatState.READY, seconds=3700)
    made.seat_is("8003", SeatState.BREAK, seconds=61, reason="missed", phone=Phone.MISSING)

    row = page.locator("#seats tr")
    await expect(row.nth(1)).to_contain_text(re.compile("8002.*李海燕.*就绪.*1:0[1-9]:"))
    await expect(row.nth(2)).to_contain_text(re.compile("小休.*连续未接.*1:[0-5].*话机未注册"))
    await expect(page.locator("#ready-count")).to_have_text("1")


async def test_the_abandoned_of_today_are_counted_once_each(tab: Watched, desk: PageDesk, made: MadeUp) -> None:
    def over(number: int, outcome: Outcome, seconds: float = 1.0) -> None:
        call = desk.has_call(number, CallState.ENDED)
        desk.known_calls[call.id] = replace(call, outcome=outcome, t0=ago(seconds), t5=ago(0))

    over(1, Outcome.ABANDONED_QUEUE)
    over(2, Outcome.ABANDONED_RINGING)
    over(3, Outcome.ANSWERED)
    over(4, Outcome.ABANDONED_QUEUE, seconds=2 * 86400)
    page = await tab.sign_in("/board")
    await expect(page.locator("#today-abandoned")).to_have_text("2")

    over(5, Outcome.ABANDONED_IVR)
    for _ in range(2):
        made.call_is(next(call for call in desk.known_calls.values() if call.outcome is Outcome.ABANDONED_IVR), "call.ended")  # fmt: skip  # noqa: E501

    await expect(page.locator("#today-abandoned")).to_have_text("3")
    await expect(page.locator("#today-answered")).to_have_text("1")
    await expect(page.locator("#today-all")).to_have_text("4")
    await expect(page.locator("#today-says")).to_contain_text("接通前来电人挂机（排队中 1、振铃中 1、语音导航中 1）")


async def test_alarms_and_health_are_shown(tab: Watched, desk: PageDesk, made: MadeUp) -> None:
    desk.standing = [Alarm(name="disk_low", detail="little is left", since=ago(60))]
    desk.parts["speech"] = ComponentHealth(status="degraded", detail="a worker stalled")
    page = await tab.sign_in("/board")

    await expect(page.locator("#alarms .alarm")).to_contain_text(["录音磁盘空间不足"])
    await expect(page.locator("#alarms .advice")).to_contain_text(["请清理磁盘"])
    await expect(page.locator("#components")).to_contain_text("降级 语音识别a worker stalled")
    made.tell("alarm.raised", {"name": "flow_failed", "detail": "a flow broke off", "since": "2026-11-24T04:00:00Z"})
    await expect(page.locator("#alarms .alarm")).to_have_count(2)
    made.tell("alarm.cleared", {"name": "disk_low"})
    await expect(page.locator("#alarms .alarm")).to_contain_text(["语音导航流程中断"])


async def test_a_board_that_is_not_live_says_so(tab: Watched, server: Served, made: MadeUp) -> None:
    page = await tab.sign_in("/board")
    await expect(page.locator("#live")).to_have_text("实时")

    await server.goes()
    await expect(page.locator("#not-live")).to_contain_text("以下内容不是实时的")
    await server.comes()

    await expect(page.locator("#live")).to_have_text("实时", timeout=20_000)
    await expect(page.locator("#not-live")).to_be_hidden()
