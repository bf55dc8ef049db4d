"""The pages in a real Chromium, on a served desk; and a running hotline for the whole story."""

import asyncio
import inspect
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from callcenter.api.server import make_server
from tests.api.conftest import TOKEN
from tests.pages.made_up import PageDesk
from tests.support import office_fakes
from tests.support.office_fakes import FakeClock
from tests.support.running_hotline import Ports
from tests.support.tone_hotline import ToneHotline

LIMIT = 15000.0  # milliseconds until something is to be on the page, on a machine that has much else to do
expect.set_options(timeout=LIMIT)
eventually = partial(office_fakes.eventually, within=LIMIT / 1000)
SCREEN = (1366, 768)
"""The smallest screen that offices still have."""
SHOTS = Path(__file__).resolve().parents[2] / "docs" / "screens"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/pages" in str(item.path):
            item.add_marker(pytest.mark.slow)
            if inspect.iscoroutinefunction(getattr(item, "function", None)):
                # One Chromium for all of them: it lives in the loop that it was started in.
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. It may be missing on a newcomer's machine, never where all tests are to pass."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        why = "no Chromium on this machine; `scripts/test` installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    flags = ["--disable-gpu", "--mute-audio"] + (["--no-sandbox"] if os.getuid() == 0 else [])
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=flags)
        try:
            yield browser
        finally:
            async with asyncio.timeout(10):
                await browser.close()


@dataclass
class Watched:
    """A page, and what it complained of."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    async def sits_at(self, extension: str) -> Page:
        """Sign in at the desk and take a seat."""
        page = await self.sign_in("/desk")
        await page.get_by_role("button", name=extension).click()
        await expect(page.locator("#live")).to_have_text("实时")
        return page

    async def sign_in(self, path: str, *, token: str = TOKEN) -> Page:
        """Open a page and sign in by hand."""
        await self.page.goto(self.base + path)
        await self.page.get_by_label("访问令牌").fill(token)
        await self.page.get_by_role("button", name="登录", exact=True).click()
        return self.page


async def until_true(page: Page, expression: str) -> None:
    """Wait until this holds in the page, whose policy forbids the driver to wait in there by itself."""
    async with asyncio.timeout(LIMIT / 1000):
        while not await page.evaluate(expression):  # noqa: ASYNC110 - the event would have to come from in there
            await asyncio.sleep(0.05)


@asynccontextmanager
async def opened(browser: Browser, base: str) -> AsyncIterator[Watched]:
    """Open a tab of its own; at the end nothing may have gone wrong in it that nobody expected."""
    context = await browser.new_context(
        viewport={"width": SCREEN[0], "height": SCREEN[1]}, locale="zh-CN", timezone_id="Asia/Shanghai"
    )
    page = await context.new_page()
    page.set_default_timeout(LIMIT)
    watched = Watched(page, base)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(("Failed to load resource", "WebSocket connection")):
            watched.complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    try:
        yield watched
    finally:
        await context.close()
    assert watched.complaints == [], "the page complained"


@pytest.fixture
def desk() -> PageDesk:
    return PageDesk()


class Served:
    """A desk's server, which may go and come back at the same address."""

    def __init__(self, desk: PageDesk) -> None:
        self._desk = desk
        self._port = 0
        self._running = AsyncExitStack()
        self.url = ""

    async def comes(self) -> None:
        """Listen."""
        made = make_server(
            self._desk, host="127.0.0.1", port=self._port, token=TOKEN, clock=FakeClock(), version="9.9.9"
        )
        server = await self._running.enter_async_context(made)
        self._port, self.url = server.port, server.url

    async def goes(self) -> None:
        """Go, and tell those who watch."""
        await self._running.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def server(desk: PageDesk) -> AsyncIterator[Served]:
    served = Served(desk)
    await served.comes()
    yield served
    await served.goes()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, server: Served) -> AsyncIterator[Watched]:
    async with opened(browser, server.url) as watched:
        yield watched


@pytest.fixture(scope="session")
def running() -> Iterator[ToneHotline]:
    """A whole hotline that hears tones as words."""
    running = ToneHotline(Ports.number(4), wrap_up_seconds=30, ring_seconds=10)
    try:
        running.start()
        yield running
        code = running.stop()
        assert code == 0, f"the hotline ended with {code}:\n{running.said}"
    finally:
        running.kill()
        running.remove()
