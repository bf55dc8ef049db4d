"""The desk of one seat: who calls, what is said, and what an operator can do about it."""

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from callcenter.domain.calls import LegOutcome, LegState
from callcenter.domain.ids import LegId
from callcenter.domain.notes import Side
from callcenter.domain.tickets import TicketKind, TicketState
from tests.pages.conftest import Watched
from tests.pages.made_up import CITIZEN, MadeUp, PageDesk, ago, said, unit_leg

BUTTONS = ("hold", "resume", "secret", "leave", "return", "hang-up", "unit-consult", "unit-join", "unit-drop")


async def enabled(page: Page) -> set[str]:
    """Which of the buttons can be pressed now."""
    return {name for name in BUTTONS if await page.locator(f"#{name}").is_enabled()}


async def can_press(page: Page, *names: str) -> None:
    """Wait until exactly these can be pressed."""
    for name in names:
        await expect(page.locator(f"#{name}")).to_be_enabled()
    assert await enabled(page) == set(names)


@pytest.fixture
def made(desk: PageDesk) -> MadeUp:
    return MadeUp(desk)


async def test_an_operator_signs_in_and_chooses_a_seat(tab: Watched, made: MadeUp) -> None:
    page = await tab.sign_in("/desk")

    await page.get_by_role("button", name="8001").click()

    await expect(page.locator("#seat-name")).to_have_text("8001 王敏")
    await expect(page.locator("#live")).to_have_text("实时")
    await page.reload()
    await expect(page.locator("#seat-name")).to_have_text("8001 王敏")


async def test_a_wrong_token_is_refused_and_a_right_one_may_follow(tab: Watched, made: MadeUp) -> None:
    page = await tab.sign_in("/desk", token="not-it")

    await expect(page.get_by_role("alert").filter(has_text="令牌不正确")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("访问令牌")).to_be_visible()
    await tab.sign_in("/desk")
    await expect(page.get_by_role("button", name="8001")).to_be_visible()


async def test_a_token_that_is_refused_later_leads_back_to_the_sign_in(tab: Watched, made: MadeUp) -> None:
    page = await tab.sits_at("8001")

    await page.evaluate("sessionStorage.setItem('callcenter.token', 'an-old-one')")
    await page.get_by_role("button", name="小休").click()

    await expect(page.get_by_role("alert").filter(has_text="重新登录")).to_be_visible()
    await expect(page.locator("#work")).to_be_hidden()


async def test_signing_out_leaves_nothing_behind(tab: Watched, made: MadeUp) -> None:
    page = await tab.sits_at("8001")

    await page.get_by_role("button", name="退出登录").click()

    await expect(page.get_by_label("访问令牌")).to_be_visible()
    assert await page.evaluate("Object.keys(sessionStorage).length + Object.keys(localStorage).length") == 0


async def test_a_ring_shows_who_calls_and_his_earlier_tickets(tab: Watched, desk: PageDesk, made: MadeUp) -> None:
    for number, state in ((1, TicketState.FILED), (2, TicketState.DRAFTED)):
        desk.has_ticket(
            number,
            state=state,
            kind=TicketKind.COMPLAINT,
            caller_phone=CITIZEN,
            matter=f"第{number}件事",
            created=ago(9000),
        )
    page = await tab.sits_at("8001")
    await expect(page.locator("#nobody")).to_be_visible()

    made.rings()

    await expect(page.locator("#ringing")).to_be_visible()
    await expect(page.locator("#caller")).to_have_text(CITIZEN)
    await expect(page.locator("#seat-state")).to_have_text("振铃")
    await expect(page).to_have_title("☎ 来电 · 话务台")
    await expect(page.locator("#earlier details")).to_have_count(2)
    await page.locator("#earlier summary").last.click()
    await expect(page.locator("#earlier").get_by_text("第1件事")).to_be_visible()
    assert await enabled(page) == set()


async def test_a_caller_without_a_number_is_shown_as_such(tab: Watched, made: MadeUp) -> None:
    page = await tab.sits_at("8001")

    made.rings(caller=None)

    await expect(page.locator("#caller")).to_have_text("号码未显示")
    await expect(page.locator("#earlier details")).to_have_count(0)


async def test_words_come_grey_and_their_finals_take_their_place(tab: Watched, made: MadeUp) -> None:
    page = await tab.sits_at("8001")
    call = made.talks(made.rings())
    rows = page.locator("#words li")

    made.hears(call.id, said(1, Side.CALLER, 4.0, "我们小", final=False))
    made.hears(call.id, said(2, Side.SEAT, 6.0, "请", final=False))
    await expect(rows).to_have_count(2)
    await expect(page.locator("#words li.partial")).to_have_count(2)
    made.hears(call.id, said(1, Side.CALLER, 4.0, "我们小区3天没水了。", heard="我们小区三天没水了"))
    made.hears(call.id, said(2, Side.SEAT, 6.0, "", final=False))
    made.hears(call.id, said(3, Side.SEAT, 1.0, "您好。"))
    made.hears(call.id, said(4, Side.UNIT, 9.0, "马上来。", live=False))

    await expect(page.locator("#words .side")).to_have_text(["话务员", "市民", "承办单位"])
    await expect(page.locator("#words .said")).to_have_text(["您好。", "我们小区3天没水了。", "马上来。"])
    await expect(page.locator("#words time")).to_have_text(["0:01", "0:04", "0:09 · 录音补写"])
    await expect(page.locator("#words li.partial")).to_have_count(0)
    assert "三天" in (await page.locator("#words .said").nth(1).get_attribute("title") or "")


async def test_what_can_be_done_follows_the_talk(tab: Watched, desk: PageDesk, made: MadeUp) -> None:
    page = await tab.sits_at("8001")
    call = made.talks(made.rings())
    steps = page.locator("#unit-steps li")
    await can_press(page, "hold", "secret", "hang-up")
    seat = next(leg for leg in call.legs if leg.kind == "seat")

    leg = unit_leg(call.id)
    made.leg_is(call.id, leg)
    await can_press(page, "hold", "secret", "hang-up", "unit-drop")
    await expect(page.locator("#unit-drop")).to_have_text("取消呼叫")
    made.leg_is(call.id, replace(leg, state=LegState.ENDED, ended=ago(0), outcome=LegOutcome.BUSY))
    await expect(steps).to_contain_text(["正在呼叫", "占线，未接通"])
    await can_press(page, "hold", "secret", "hang-up")

    leg = replace(unit_leg(call.id), id=LegId(f"{leg.id}-2"))
    for state in (LegState.DIALING, LegState.RINGING):
        made.leg_is(call.id, replace(leg, state=state))
    leg = replace(leg, answered=ago(0), joined=ago(0), outcome=LegOutcome.ANSWERED, state=LegState.JOINED)
    made.leg_is(call.id, leg)
    await can_press(page, "hold", "secret", "hang-up", "leave", "unit-consult", "unit-drop")
    await expect(page.locator("#situation")).to_have_text("三方通话中：市民、话务员、承办单位")
    await expect(steps).to_contain_text(["正在呼叫", "占线", "正在呼叫", "对方振铃", "已接听", "三方通话"])

    made.leg_is(call.id, replace(seat, state=LegState.PRIVATE))
    made.leg_is(call.id, replace(leg, state=LegState.PRIVATE))
    await can_press(page, "secret", "hang-up", "unit-join", "unit-drop")
    await expect(page.locator("#situation")).to_contain_text("市民在听音乐")

    made.leg_is(call.id, replace(seat, state=LegState.HELD))
    made.leg_is(call.id, leg)
    await can_press(page, "return", "secret", "hang-up", "unit-drop")
    await expect(page.locator("#situation")).to_contain_text("您已离开")

    made.leg_is(call.id, replace(leg, state=LegState.ENDED, ended=ago(0)))
    await expect(steps.last).to_contain_text("已退出通话")
    made.ends(call)
    await expect(page.locator("#call-state")).to_have_text("已接听")
    assert await enabled(page) == set()


async def test_every_failed_call_to_a_unit_tells_its_reason(tab: Watched, made: MadeUp) -> None:
    page = await tab.sits_at("8001")
    call = made.talks(made.rings())
    told = {
        LegOutcome.BUSY: "占线，未接通",
        LegOutcome.NO_ANSWER: "无人接听",
        LegOutcome.REFUSED: "对方拒接",
        LegOutcome.FAILED: "无法接通",
        LegOutcome.CANCELLED: "已取消呼叫",
    }

    for outcome in told:
        leg = replace(unit_leg(call.id), id=LegId(f"{call.id}-{outcome}"))
        made.leg_is(call.id, leg)
        made.leg_is(call.id, replace(leg, state=LegState.ENDED, ended=ago(0), outcome=outcome))

    await expect(page.locator("#unit-steps li.failed")).to_contain_text(list(told.values()))
