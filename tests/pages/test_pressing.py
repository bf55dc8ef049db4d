"""What is pressed at the desk is asked of the hotline; what it refuses is told in Chinese."""

import re
import wave
from array import array
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from callcenter.domain.calls import Call, LegOutcome, LegState
from callcenter.domain.exchange.commands import SeatAction
from callcenter.domain.notes import Side
from callcenter.domain.seats import SeatState
from tests.pages.conftest import Watched, eventually, until_true
from tests.pages.made_up import MadeUp, PageDesk, ago, said, unit_leg


@pytest.fixture
def made(desk: PageDesk) -> MadeUp:
    return MadeUp(desk)


@pytest_asyncio.fixture(loop_scope="session")
async def page(tab: Watched, made: MadeUp) -> Page:
    return await tab.sits_at("8001")


@pytest.fixture
def call(page: Page, made: MadeUp) -> Call:
    return made.talks(made.rings())


async def test_hold_and_secret_have_keys(page: Page, desk: PageDesk, made: MadeUp, call: Call) -> None:
    await expect(page.locator("#hold")).to_be_enabled()

    await page.keyboard.press("F2")
    await eventually(lambda: desk.known_calls[call.id].held)
    made.call_is(desk.known_calls[call.id], "call.held")
    await expect(page.locator("#situation")).to_have_text("通话保持中，市民在听音乐")
    await page.keyboard.press("F2")
    await eventually(lambda: not desk.known_calls[call.id].held)
    await page.keyboard.press("F4")
    await eventually(lambda: desk.known_calls[call.id].is_secret)
    made.call_is(desk.known_calls[call.id], "secret.changed")

    await expect(page.locator("#situation")).to_contain_text("保密中：录音与听写已暂停")
    await expect(page.locator("#words .secret")).to_contain_text("保密时段，未录音、未记录")
    await expect(page.locator("#secret")).to_have_text("结束保密")


async def test_a_unit_is_found_and_called_by_keyboard_alone(page: Page, desk: PageDesk, call: Call) -> None:
    await expect(page.locator("#hold")).to_be_enabled()

    await page.keyboard.press("F6")
    await page.keyboard.type("交通")
    await expect(page.locator("#unit-list option")).to_have_text(["临江市交通运输局　07　值班中"])
    await page.keyboard.press("Enter")

    await eventually(lambda: {"unit": "transport", "private": False} in desk.asked)


async def test_a_unit_off_duty_is_shown_as_such_and_a_number_can_be_dialled(
    page: Page, desk: PageDesk, call: Call
) -> None:
    search = page.get_by_label("查找承办单位")

    await search.fill("人力")
    await expect(page.locator("#unit-list option")).to_have_text(["临江市人力资源和社会保障局　05　非值班时间"])
    await search.fill("没有这个")
    await expect(page.locator("#unit-list option")).to_have_text(["没有找到承办单位，可输入号码"])
    await expect(page.locator("#call-unit")).to_be_disabled()
    await search.fill("059188880000")
    await expect(page.locator("#unit-list option")).to_have_text(["拨打号码 059188880000"])
    await page.get_by_role("button", name="先私下商谈").click()

    await eventually(lambda: {"unit": "059188880000", "private": True} in desk.asked)


async def test_the_unit_is_consulted_joined_and_let_go(page: Page, desk: PageDesk, made: MadeUp, call: Call) -> None:
    def unit() -> LegState:
        return desk.known_calls[call.id].legs[-1].state

    leg = unit_leg(call.id, LegState.JOINED, answered=ago(3), joined=ago(2), outcome=LegOutcome.ANSWERED)
    made.leg_is(call.id, leg)

    await page.locator("#unit-consult").click()
    await eventually(lambda: unit() is LegState.PRIVATE)
    await page.get_by_role("button", name="请单位退出").click()
    await eventually(lambda: unit() is LegState.ENDED)
    made.leg_is(call.id, leg)
    await page.get_by_role("button", name="离开", exact=True).click()

    await eventually(lambda: {"seat": SeatAction.LEAVE} in desk.asked)


async def test_a_citizen_is_not_cut_off_by_one_slip(page: Page, desk: PageDesk, call: Call) -> None:
    button = page.locator("#hang-up")

    await button.click()
    await expect(button).to_have_text("确认挂断？")
    assert desk.asked == [asked for asked in desk.asked if "hang_up" not in asked]
    await button.click()

    await eventually(lambda: {"hang_up": call.id} in desk.asked)
    await expect(button).to_have_text("挂断")


async def test_my_state_is_set_and_a_refusal_is_told_in_chinese(page: Page, desk: PageDesk, made: MadeUp) -> None:
    await page.get_by_role("button", name="就绪").click()
    await expect(page.locator("#seat-state")).to_have_text("就绪")
    await expect(page.locator("#state-ready")).to_be_disabled()
    # The hotline knows already what the page has not heard of yet.
    seat = desk.known_seats["8001"]
    desk.known_seats["8001"] = type(seat)(
        extension="8001", operator="王敏", state=SeatState.TALKING, since=ago(0), idle_since=ago(0)
    )

    await page.get_by_role("button", name="小休").click()

    await expect(page.locator("#says")).to_have_text("小休未成功：正在通话，结束后才能改变状态")


async def test_why_a_seat_was_set_aside_is_shown(page: Page, made: MadeUp) -> None:
    made.seat_is("8001", SeatState.BREAK, seconds=75, reason="missed")

    await expect(page.locator("#seat-state")).to_have_text("小休（连续未接，系统置为小休）")
    await expect(page.locator("#seat-since")).to_have_text(re.compile("^1:[1-5]"))


async def test_a_kept_recording_plays_from_the_words_that_are_clicked(
    page: Page, desk: PageDesk, made: MadeUp, call: Call, tmp_path: Path
) -> None:
    with wave.open(str(tmp_path / "call.wav"), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(array("h", [500, -500] * 8000 * 20).tobytes())
    desk.files[call.id] = tmp_path / "call.wav"
    made.hears(call.id, said(1, Side.CALLER, 7.0, "我们小区没水了。"))
    words = page.get_by_role("button", name="我们小区没水了。")
    await expect(words).to_be_disabled()
    made.ends(call)
    await page.evaluate(
        "(() => { const play = HTMLMediaElement.prototype.play; HTMLMediaElement.prototype.play = function () {"
        " window.heard = this; window.began = this.currentTime; return play.call(this) } })()"
    )

    await words.click()

    await until_true(page, "window.heard && window.heard.currentTime > window.began + 0.2")
    assert abs(await page.evaluate("window.began") - 6.7) < 0.01
    await expect(page.locator("#words li.played")).to_have_count(1)
    await words.click()
    await expect(page.locator("#words li.played")).to_have_count(0)
    assert await page.evaluate("window.heard.paused")


async def test_an_earlier_call_can_be_looked_at_again(page: Page, made: MadeUp, call: Call) -> None:
    made.hears(call.id, said(1, Side.CALLER, 7.0, "第一通"))
    made.ends(call)
    second = made.talks(made.rings(2, caller="13900139000"))
    made.hears(second.id, said(2, Side.CALLER, 7.0, "第二通"))
    await expect(page.locator("#words .said")).to_have_text(["第二通"])

    await page.locator(f"#recent [data-call='{call.id}']").click()

    await expect(page.locator("#words .said")).to_have_text(["第一通"])
    await expect(page.locator("#hang-up")).to_be_disabled()
    made.ends(second)
    third = made.rings(3, caller="13700137000")
    await expect(page.locator("#caller")).to_have_text(third.caller or "")
