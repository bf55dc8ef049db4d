"""The desk, on a desk without a hotline behind it."""

from playwright.async_api import expect

from tests.pages.conftest import Watched
from tests.support.fake_desk import FakeDesk


async def test_an_operator_signs_in_and_chooses_a_seat(tab: Watched, desk: FakeDesk) -> None:
    page = await tab.sign_in("/desk")

    await page.get_by_role("button", name="8001").click()

    await expect(page.locator("#seat-name")).to_have_text("8001 话务员1")
    await expect(page.locator("#live")).to_have_text("实时")
