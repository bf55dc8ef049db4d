"""One whole call at the desk of a real hotline: words come as they talk, a unit joins, the ticket is filed."""

import pytest
from playwright.async_api import Browser, expect

from scripts.phones.call import Call
from scripts.phones.phone import Phone
from scripts.phones.sip import address_of
from scripts.phones.sound import Sound
from tests.pages.conftest import opened
from tests.support.hotline import visit
from tests.support.tone_hotline import ToneHotline
from tests.support.tone_recogniser import spoken


@pytest.mark.asterisk
@pytest.mark.timeout(120, func_only=True)
async def test_a_call_from_the_first_ring_to_the_filed_ticket(running: ToneHotline, browser: Browser) -> None:
    host, port = address_of(f"sip:{running.home.trunk}")
    async with (
        visit(running) as hotline,
        Phone("water board", host=host, port=port, sound=Sound.silence()) as water_board,
        opened(browser, hotline.home.http) as tab,
        opened(browser, hotline.home.http) as supervisors,
    ):
        seat = await hotline.seat("8001", tone=None, state="offline")
        board = await supervisors.sign_in("/board", token=hotline.home.token)
        page = await tab.sign_in("/desk", token=hotline.home.token)
        await page.get_by_role("button", name="8001").click()
        await expect(page.locator("#phone")).to_have_text("话机在线")
        await page.get_by_role("button", name="就绪").click()
        await expect(page.locator("#seat-state")).to_have_text("就绪")
        hotline.tells("the operator is ready")

        citizen = await hotline.caller_dials(tone=None)
        talk = await seat.rings(within=10)
        await expect(page.locator("#ringing")).to_be_visible()
        await expect(page.locator("#caller")).to_have_text(citizen.number)
        await expect(board.locator("#waiting")).to_contain_text(citizen.number)
        hotline.tells("the desk shows who rings, and the board that he waits")
        await talk.answer()
        await expect(page.locator("#call-state")).to_have_text("通话中")
        await citizen.until("notes.changed", within=5, state="live")

        await talk.speaks(spoken("山水", after=0.3, seconds=1.2))
        await citizen.call.speaks(spoken("风云日月星火", seconds=2.0))
        await expect(page.locator("#words li:not(.partial) .said")).to_have_text(["山水", "风云日月星火"])
        await expect(page.locator("#words .side")).to_have_text(["话务员", "市民"])
        await expect(page.get_by_label("通话记录")).to_have_value("话务员：山水\n市民：风云日月星火")
        hotline.tells("the words of both stand in the list and in the ticket")

        await page.keyboard.press("F6")
        await page.keyboard.type("水务")
        await page.keyboard.press("Enter")
        at_unit = await water_board.called(within=5)
        await expect(page.locator("#unit-state")).to_have_text("对方振铃")
        await at_unit.answer()
        await expect(page.locator("#unit-state")).to_have_text("三方通话")
        await at_unit.speaks(spoken("土木金石", after=0.3, seconds=1.5))
        await expect(page.locator("#words li.unit:not(.partial) .said")).to_have_text(["土木金石"])
        await expect(board.locator("#calls")).to_contain_text("临江市水务局")
        hotline.tells("the water board has joined and is heard")

        await page.locator("#unit-consult").click()
        await expect(page.locator("#unit-state")).to_have_text("私下商谈")
        await page.locator("#unit-join").click()
        await expect(page.locator("#unit-state")).to_have_text("三方通话")
        await page.get_by_role("button", name="离开", exact=True).click()
        await expect(page.locator("#situation")).to_contain_text("您已离开")
        await page.get_by_role("button", name="返回", exact=True).click()
        await expect(page.locator("#situation")).to_contain_text("三方通话中")
        await page.get_by_role("button", name="请单位退出").click()
        await expect(page.locator("#unit-steps li").last).to_contain_text("已退出通话")
        hotline.tells("consulted, joined, left, came back, and let the unit go")

        await page.get_by_role("button", name="保密", exact=True).click()
        await expect(page.locator("#situation")).to_contain_text("保密中")
        await page.get_by_role("button", name="结束保密").click()
        await expect(page.locator("#words .secret")).to_have_count(1)
        await page.get_by_label("诉求类型").select_option("求助")
        await page.get_by_label("事项类别").fill("供水")
        await page.get_by_label("诉求内容").fill("小区停水，请尽快恢复。")
        await page.keyboard.press("F8")
        await expect(page.locator("#ticket-says")).to_have_text("已保存")

        await page.locator("#hang-up").click()
        await page.locator("#hang-up").click()
        await _all_end(citizen.call, talk)
        await expect(page.locator("#seat-state")).to_have_text("整理")
        await page.get_by_role("button", name="提交工单").click()
        await expect(page.locator("#ticket-state")).to_contain_text("已提交")
        await expect(page.locator("#notes-state")).to_contain_text("录音已保存", timeout=15_000)
        words = page.get_by_role("button", name="风云日月星火")
        await words.click()
        await expect(page.locator("#words li.played")).to_have_count(1)
        await expect(page.locator("#words li.played")).to_have_count(0, timeout=10_000)
        hotline.tells("the ticket is filed, and the words were played from the recording")

        ticket = await hotline.api.get(f"tickets/{(await citizen.record())['ticket_id']}")
        assert (ticket["state"], ticket["kind"], ticket["category"]) == ("filed", "help", "供水")
        assert ticket["notes"].splitlines()[:2] == ["话务员：山水", "市民：风云日月星火"]
        await expect(board.locator("#today-answered")).to_have_text("1")
        await expect(board.get_by_text("没有通话")).to_be_visible()


async def _all_end(*calls: Call) -> None:
    for call in calls:
        await call.ended(within=5)
