"""How both pages look at the smallest screen, with much on them. With CALLCENTER_TEST_SCREENS set they are kept."""

import os

from playwright.async_api import Page, expect

from callcenter.domain.notes import Side
from tests.pages.conftest import SHOTS, Watched
from tests.pages.made_up import MadeUp, PageDesk, busy, said


async def kept(page: Page, name: str) -> None:
    if os.environ.get("CALLCENTER_TEST_SCREENS"):
        SHOTS.mkdir(exist_ok=True)
        await page.screenshot(path=SHOTS / f"{name}.png")


async def fits(page: Page) -> None:
    """Nothing lies outside of the screen to the right, and no button's words are cut off."""
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= page.viewport_size["width"]  # type: ignore[index]
    cut = await page.evaluate(
        "[...document.querySelectorAll('button, .pill')].filter((each) => each.checkVisibility()"
        " && each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0).map((each) => each.textContent)"
    )
    assert cut == []


async def test_the_desk_in_a_talk_of_three_fits_the_screen(tab: Watched, desk: PageDesk) -> None:
    call = busy(desk)
    page = await tab.sign_in("/desk")
    await kept(page, "desk-seats")
    await page.get_by_role("button", name="8001").click()

    await expect(page.locator("#unit-state")).to_have_text("三方通话")
    MadeUp(desk).hears(call.id, said(50, Side.CALLER, 49.0, "那我就放心了，谢谢你们，", final=False))
    await expect(page.locator("#words .partial")).to_have_count(1)

    await fits(page)
    await kept(page, "desk")


async def test_the_board_fits_the_screen(tab: Watched, desk: PageDesk) -> None:
    busy(desk)
    page = await tab.sign_in("/board")

    await expect(page.locator("#waiting tr")).to_have_count(2)
    await expect(page.locator("#alarms .alarm")).to_have_count(1)
    await expect(page.locator("#health")).to_have_text("运行状况：降级")

    await fits(page)
    await kept(page, "board")


async def test_the_sign_in_fits_the_screen(tab: Watched, desk: PageDesk) -> None:
    await tab.page.goto(f"{tab.base}/desk")

    await expect(tab.page.get_by_label("访问令牌")).to_be_focused()

    await fits(tab.page)
    await kept(tab.page, "sign-in")
