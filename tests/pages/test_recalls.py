"""Who is owed a call: the board shows it, the desk makes it with one click."""

from datetime import timedelta

from playwright.async_api import expect

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
