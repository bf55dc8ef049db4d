"""The pages in a real Chromium, on a served desk; and a running hotline for the whole story."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from callcenter.api.server import Server, make_server
from tests.api.conftest import TOKEN
from tests.support.fake_desk import FakeDesk
from tests.support.office_fakes import FakeClock
from tests.support.running_hotline import Ports
from tests.support.tone_hotline import ToneHotline

LIMIT = 5000.0  # milliseconds until something is to be on the page
SCREEN = (1366, 768)
"""The smallest screen that offices still have."""
SHOTS = Path(__file__).resolve().parents[2] / "docs" / "screens"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/pages" in str(item.path):
            item.add_marker(pytest.mark.slow)


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


@pytest.fixture
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

    async def sign_in(self, path: str, *, token: str = TOKEN) -> Page:
        """Open a page and sign in by hand."""
        await self.page.goto(self.base + path)
        await self.page.get_by_label("访问令牌").fill(token)
        await self.page.get_by_role("button", name="登录", exact=True).click()
        return self.page


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
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def server(desk: FakeDesk) -> AsyncIterator[Server]:
    async with make_server(desk, host="127.0.0.1", port=0, token=TOKEN, clock=FakeClock(), version="9.9.9") as server:
        yield server


@pytest.fixture
async def tab(browser: Browser, server: Server) -> AsyncIterator[Watched]:
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
