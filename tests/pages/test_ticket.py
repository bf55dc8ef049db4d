"""The ticket of a call: filled in while they talk, saved, and filed; nothing that was typed is ever lost."""

from dataclasses import replace

import pytest_asyncio
from playwright.async_api import Page, expect

from callcenter.domain.calls import Call
from callcenter.domain.ids import TicketId
from callcenter.domain.notes import Side
from callcenter.domain.tickets import Ticket, TicketKind, TicketState, Urgency, edit
from tests.pages.conftest import Watched, eventually
from tests.pages.made_up import CITIZEN, MadeUp, PageDesk, ago, heard_in, said


class Story:
    """A talk whose ticket is open at seat 8001."""

    def __init__(self, page: Page, desk: PageDesk, made: MadeUp, call: Call, ticket: Ticket) -> None:
        self.page, self.desk, self.made, self.call = page, desk, made, call
        self.id = ticket.id

    @property
    def ticket(self) -> Ticket:
        return self.desk.known_tickets[self.id]

    def somebody_else(self, **changes: object) -> None:
        """Let another person change the ticket, without anybody being told."""
        self.desk.known_tickets[self.id] = edit(self.ticket, changes, at=ago(0), actor="another")

    async def is_(self, state: str) -> None:
        await expect(self.page.locator("#ticket-state")).to_contain_text(state)


@pytest_asyncio.fixture(loop_scope="session")
async def story(tab: Watched, desk: PageDesk) -> Story:
    made = MadeUp(desk)
    page = await tab.sits_at("8001")
    call = made.rings()
    ticket = made.ticket_is(desk.has_ticket(1, caller_phone=CITIZEN, call_ids=(call.id,), created=ago(1)))
    call = made.talks(call, ticket=ticket.id)
    await expect(page.locator("#ticket-number")).to_have_text(ticket.number)
    return Story(page, desk, made, call, ticket)


async def test_a_ticket_is_filled_in_saved_and_filed(story: Story) -> None:
    page = story.page
    await expect(page.get_by_label("联系电话")).to_have_value(CITIZEN)

    await page.get_by_label("诉求类型").select_option("投诉")
    await page.get_by_label("事项类别").fill("物业管理")
    await page.get_by_label("诉求内容").fill("西门被锁，居民出入不便。")
    await page.get_by_label("承办单位", exact=True).select_option("临江市住房和城乡建设局")
    await page.get_by_label("紧急程度").select_option("紧急")
    await page.get_by_label("来电人要求保密").check()
    await story.is_("有未保存的修改")
    await page.keyboard.press("F8")
    await story.is_("已保存")
    await page.get_by_role("button", name="提交工单").click()
    await story.is_("已提交")

    ticket = story.ticket
    assert (ticket.state, ticket.kind, ticket.unit) == (TicketState.FILED, TicketKind.COMPLAINT, "housing")
    assert (ticket.matter, ticket.urgency, ticket.confidential) == ("西门被锁，居民出入不便。", Urgency.URGENT, True)
    await expect(page.get_by_label("诉求内容")).to_be_disabled()
    await expect(page.locator("#ticket-file")).to_be_disabled()


async def test_what_is_missing_is_marked_when_it_is_filed(story: Story) -> None:
    page = story.page
    await page.get_by_label("事项类别").fill("供水")

    await page.get_by_role("button", name="提交工单").click()

    await expect(page.locator("#ticket-says")).to_have_text("请填写或更正：诉求类型、诉求内容")
    await expect(page.locator("[aria-invalid=true]")).to_have_count(2)
    await expect(page.get_by_label("诉求类型")).to_be_focused()
    await expect(page.locator("#wrong-matter")).to_have_text("提交前必须填写")
    assert story.ticket.category == "供水"
    await page.get_by_label("诉求内容").fill("停水。")
    await expect(page.locator("#wrong-matter")).to_be_hidden()


async def test_a_field_that_cannot_be_taken_is_marked(story: Story) -> None:
    await story.page.get_by_label("联系电话").fill("找张三")

    await story.page.get_by_role("button", name="保存", exact=True).click()

    await expect(story.page.locator("#wrong-caller_phone")).to_have_text("不是有效的电话号码")
    await story.is_("有未保存的修改")
    assert story.ticket.version == 1


async def test_an_edit_that_somebody_overtook_keeps_what_was_typed_and_shows_the_other(story: Story) -> None:
    page = story.page
    await page.get_by_label("诉求内容").fill("我写的内容")
    await page.get_by_label("事项类别").fill("供水")
    story.somebody_else(matter="别人写的内容", address="滨河街道")

    await page.get_by_role("button", name="保存", exact=True).click()

    await expect(page.locator("#ticket-says")).to_contain_text("他人刚刚修改了：事发地址、诉求内容")
    await expect(page.get_by_label("诉求内容")).to_have_value("我写的内容")
    await expect(page.locator("#other-matter")).to_contain_text("他人改为：别人写的内容")
    await expect(page.get_by_label("事发地址")).to_have_value("滨河街道")
    assert story.ticket.matter == "别人写的内容"
    await page.get_by_role("button", name="保存", exact=True).click()
    await story.is_("已保存")
    assert (story.ticket.matter, story.ticket.address, story.ticket.category) == ("我写的内容", "滨河街道", "供水")
    await expect(page.locator("#other-matter")).to_be_hidden()


async def test_the_others_words_can_be_taken(story: Story) -> None:
    page = story.page
    await page.get_by_label("诉求内容").fill("我写的内容")
    story.made.ticket_is(edit(story.ticket, {"matter": "别人写的内容"}, at=ago(0), actor="another"))

    await page.get_by_role("button", name="采用").click()

    await expect(page.get_by_label("诉求内容")).to_have_value("别人写的内容")
    await expect(page.locator("#ticket-state")).to_have_text("草稿")


async def test_the_notes_are_what_is_heard_until_somebody_writes_his_own(story: Story) -> None:
    page, notes = story.page, story.page.get_by_label("通话记录")
    first, second = said(1, Side.CALLER, 3.0, "没水了。"), said(2, Side.SEAT, 6.0, "几号楼？")
    heard = heard_in(story.call, (first,))
    story.made.ticket_is(replace(story.ticket, heard=heard, notes="市民：没水了。"))
    await expect(notes).to_have_value("市民：没水了。")
    await expect(page.locator("#notes-hint")).to_be_visible()

    await notes.fill("停水")
    heard = heard_in(story.call, (first, second))
    story.made.ticket_is(replace(story.ticket, heard=heard, notes="市民：没水了。\n话务员：几号楼？"))

    await expect(page.locator("#heard-count")).to_have_text("听写原文（2 条）")
    await expect(notes).to_have_value("停水")
    await expect(page.locator("#other-notes")).to_be_hidden()
    await page.locator("#heard-count").click()
    await page.locator("#heard-list button").last.click()
    await expect(notes).to_have_value("停水\n话务员：几号楼？")
    await page.keyboard.press("F8")
    await story.is_("已保存")
    assert (story.ticket.notes, story.ticket.notes_edited) == ("停水\n话务员：几号楼？", True)


async def test_what_is_typed_survives_the_next_call_and_a_new_sign_in(story: Story, tab: Watched) -> None:
    page = story.page
    await page.get_by_label("诉求内容").fill("还没写完")
    story.made.ends(story.call)
    next_call = story.made.talks(story.made.rings(2, caller="13900139000"))
    await expect(page.locator("#caller")).to_have_text("13900139000")
    await expect(page.locator("#recent .unsaved")).to_have_text("未保存")

    await page.evaluate("sessionStorage.setItem('callcenter.token', 'an-old-one')")
    await page.keyboard.press("F2")
    await page.get_by_label("访问令牌").fill("a-token-of-the-tests")
    await page.get_by_role("button", name="登录", exact=True).click()
    await expect(page.locator(f"#recent [data-call='{next_call.id}']")).to_be_visible()
    await page.locator(f"#recent [data-call='{story.call.id}']").click()

    await expect(page.get_by_label("诉求内容")).to_have_value("还没写完")
    await page.keyboard.press("F8")
    await eventually(lambda: story.ticket.matter == "还没写完")


async def test_nobody_leaves_unsaved_work_by_a_slip(story: Story) -> None:
    await story.page.get_by_label("诉求内容").fill("还没写完")

    await story.page.get_by_role("button", name="退出登录").click()

    await expect(story.page.locator("#says")).to_have_text("有工单未保存，请先保存再退出")
    await expect(story.page.get_by_label("诉求内容")).to_have_value("还没写完")


async def test_a_ticket_that_is_gone_is_said_to_be(tab: Watched, desk: PageDesk) -> None:
    made = MadeUp(desk)
    page = await tab.sits_at("8001")

    made.talks(made.rings(), ticket=TicketId("not-there"))

    await expect(page.locator("#ticket-none")).to_be_visible()
