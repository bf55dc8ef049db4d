"""Who is owed a call: the board shows it, the desk makes it with one click."""

from datetime import timedelta

from playwright.async_api import Route, expect

from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recalls import Recall, Wait, came_through
from callcenter.domain.seats import SeatState
from tests.pages.conftest import Watched, eventually
from tests.pages.made_up import MadeUp, PageDesk, ago
from tests.support.fake_recalls import FakeRecallOffice


def owed(number: str, *, minutes: float) -> Recall:
    opened = ago(60 * minutes)
    return Recall(
        id=RecallId(f"recall-{number}"),
        caller=number,
        queue="main",
        opened=opened,
        due=opened + timedelta(minutes=30),
        waits=(Wait(call_id=CallId(f"call-{number}"), t5=opened, waited_ms=42_400),),
    )


def office(desk: PageDesk) -> FakeRecallOffice:
    assert isinstance(desk.recalls, FakeRecallOffice)
    return desk.recalls


def changed(desk: PageDesk, recall: Recall) -> None:
    desk.stream.publish("recall.changed", ago(0), office(desk).view(office(desk).has(recall)))


async def test_the_board_shows_whom_to_call_first_and_lets_go_of_who_came_back(tab: Watched, desk: PageDesk) -> None:
    office(desk).has(owed("13700137003", minutes=5))
    page = await tab.sign_in("/board")
    rows = page.locator("#recalls li")
    await expect(rows).to_have_count(1)
    await expect(rows.nth(0)).to_contain_text("13700137003 等待 42 秒后放弃")

    longer = owed("13700137004", minutes=40)
    changed(desk, longer)
    await expect(rows).to_contain_text(["13700137004", "13700137003"])
    await expect(rows.nth(0).locator(".late")).to_be_visible()
    await expect(page.locator("#recalls button")).to_have_count(0)

    changed(desk, came_through(longer, ago(0)))
    await expect(rows).to_contain_text(["13700137003"])


async def test_more_than_one_page_of_them_is_shown_whole_and_in_order(tab: Watched, desk: PageDesk) -> None:
    for number in range(450):
        office(desk).has(owed(f"137{number:08}", minutes=60 + number / 60))
    page = await tab.sign_in("/board")

    rows, more = page.locator("#recalls li"), page.locator(".rest button")
    for shown, left in ((100, 350), (200, 250), (300, 150), (400, 50)):
        await expect(rows).to_have_count(shown)
        await expect(page.locator(".rest")).to_have_text(
            f"按应回拨时间先后列出 {shown} 条，另有 {left} 条未列出 再列出 {min(left, 100)} 条"
        )
        await more.click()
    await expect(rows).to_have_count(450)
    await expect(rows.nth(0)).to_contain_text("13700000449")
    await expect(rows.nth(449)).to_contain_text("13700000000")
    await expect(page.locator(".rest")).to_be_hidden()


async def test_with_two_thousand_open_the_board_shows_the_first_and_what_is_below_them(
    tab: Watched, desk: PageDesk
) -> None:
    for number in range(2000):
        office(desk).has(owed(f"137{number:08}", minutes=60 + number / 60))
    page = await tab.sign_in("/board")
    rows = page.locator("#recalls li")
    await expect(rows).to_have_count(100)
    await expect(page.locator(".rest")).to_contain_text("另有 1900 条未列出")
    await expect(page.get_by_role("heading", name="告警")).to_be_in_viewport()
    await expect(page.get_by_role("heading", name="运行状况")).to_be_in_viewport()

    changed(desk, owed("13800000000", minutes=500))
    await expect(rows.nth(0)).to_contain_text("13800000000")
    await expect(rows.nth(99)).to_contain_text("13700001901")
    changed(desk, came_through(office(desk).known["recall-13800000000"], ago(0)))
    await expect(rows.nth(0)).to_contain_text("13700001999")
    await expect(rows.nth(99)).to_contain_text("13700001900")
    changed(desk, came_through(office(desk).known["recall-13700000007"], ago(0)))
    await expect(page.locator(".rest")).to_contain_text("另有 1899 条未列出")


async def test_with_two_thousand_open_an_operator_calls_back_whom_he_wants(tab: Watched, desk: PageDesk) -> None:
    made = MadeUp(desk)
    for number in range(2000):
        office(desk).has(owed(f"137{number:08}", minutes=60 + number / 60))
    made.seat_is("8001", SeatState.READY, seconds=1)
    page = await tab.sits_at("8001")
    await expect(page.locator("#recalls li")).to_have_count(100)
    await expect(page.get_by_role("heading", name="本坐席近期通话")).to_be_in_viewport()

    more = page.get_by_role("button", name="再列出 100 条")
    await more.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#recalls li")).to_have_count(200)
    await expect(more).to_be_focused()
    row = page.locator("#recalls li").filter(has_text="13700001850")
    await row.get_by_role("button", name="回拨").click()

    await eventually(lambda: office(desk).asked == [("recall-13700001850", "8001", False)])


async def test_who_gives_up_while_the_list_is_read_is_on_it(tab: Watched, desk: PageDesk) -> None:
    office(desk).has(owed("13700137003", minutes=5))
    heard: list[str] = []
    tab.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))

    async def answered_late(route: Route) -> None:
        answer = await route.fetch()
        changed(desk, owed("13700137004", minutes=1))
        await eventually(lambda: any("13700137004" in frame for frame in heard))
        await route.fulfill(response=answer)

    await tab.page.route(lambda url: "/recalls?" in url, answered_late)
    page = await tab.sign_in("/board")

    await expect(page.locator("#recalls li")).to_contain_text(["13700137003", "13700137004"])


async def test_an_operator_calls_back_with_one_click(tab: Watched, desk: PageDesk) -> None:
    made = MadeUp(desk)
    recall = office(desk).has(owed("13700137003", minutes=5))
    made.seat_is("8001", SeatState.BREAK, seconds=1)
    page = await tab.sits_at("8001")
    button = page.get_by_role("button", name="回拨")
    await expect(button).to_be_disabled()

    made.seat_is("8001", SeatState.READY, seconds=1)
    await button.click()

    await eventually(lambda: office(desk).asked == [(recall.id, "8001", False)])
    changed(desk, office(desk).known[recall.id])
    await expect(page.locator("#recalls li")).to_contain_text("坐席 8001 正在回拨")
    await expect(button).to_be_disabled()
