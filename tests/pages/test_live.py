"""A page follows the hotline without a gap, goes on where it was after a break, and says when it is not live."""

import json

import pytest
import pytest_asyncio
from playwright.async_api import Page, WebSocket, expect
from yarl import URL

from callcenter.domain.notes import Side
from callcenter.office.stream import PATIENCE, Stream
from tests.pages.conftest import Served, Watched, eventually
from tests.pages.made_up import MadeUp, PageDesk, said

AGAIN = 20.0
"""Seconds within which a page is to be live again; its tries are up to 10 s apart."""
DEAD = ("**/api/v1/health", "**/api/v1/events/token")
"""What a page asks over a line, and gets no answer to where the line died."""


class Sockets:
    """The WebSockets that a page has opened, and the types of all messages that came."""

    def __init__(self, page: Page) -> None:
        self.queries: list[dict[str, str]] = []
        self.types: list[str] = []
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        self.queries.append(dict(URL(socket.url).query))
        socket.on("framereceived", lambda text: self.types.append(json.loads(text)["type"]))


@pytest.fixture
def made(desk: PageDesk) -> MadeUp:
    return MadeUp(desk)


@pytest_asyncio.fixture(loop_scope="session")
async def sockets(tab: Watched) -> Sockets:
    return Sockets(tab.page)


async def test_a_page_goes_on_where_it_was_and_says_meanwhile_that_it_is_not_live(
    sockets: Sockets, tab: Watched, desk: PageDesk, made: MadeUp, server: Served
) -> None:
    page = await tab.sits_at("8001")
    call = made.talks(made.rings())
    made.hears(call.id, said(1, Side.CALLER, 3.0, "一"))
    await expect(page.locator("#words .said")).to_have_text(["一"])

    await server.goes()
    await expect(page.locator("#not-live")).to_contain_text("以下内容不是实时的")
    await expect(page.locator("#live")).to_have_text("未连接")
    await expect(page.locator("#hold")).to_be_disabled()
    made.hears(call.id, said(2, Side.CALLER, 5.0, "二"))
    after = desk.stream.seq - 1
    await server.comes()

    await expect(page.locator("#words .said")).to_have_text(["一", "二"], timeout=AGAIN * 1000)
    await expect(page.locator("#not-live")).to_be_hidden()
    resumed = sockets.queries[-1]
    assert (resumed["stream"], resumed["after"]) == (desk.stream.id, str(after))
    assert sockets.types.count("snapshot") == 1
    assert len({query["token"] for query in sockets.queries}) == len(sockets.queries)


async def test_another_stream_begins_anew(
    sockets: Sockets, tab: Watched, desk: PageDesk, made: MadeUp, server: Served
) -> None:
    page = await tab.sits_at("8001")
    call = made.talks(made.rings())
    await expect(page.locator("#call-state")).to_have_text("通话中")

    await server.goes()
    desk.stream = Stream("stream-2")
    made.ends(call)
    await server.comes()

    await expect(page.locator("#live")).to_have_text("实时", timeout=AGAIN * 1000)
    await expect(page.locator("#call-state")).to_have_text("已接听")
    await expect(page.locator("#seat-state")).to_have_text("整理")
    assert sockets.types.count("snapshot") == 2


async def test_a_page_that_fell_behind_begins_anew(
    sockets: Sockets, tab: Watched, desk: PageDesk, made: MadeUp
) -> None:
    page = await tab.sits_at("8001")

    for _ in range(PATIENCE + 1):  # faster than anybody can be told: the stream closes with 4008
        made.tell("something.else", {})
    call = made.talks(made.rings())

    await eventually(lambda: sockets.types.count("snapshot") == 2, within=AGAIN)
    assert "stream" not in sockets.queries[-1]
    await expect(page.locator("#live")).to_have_text("实时")
    await expect(page.locator("#caller")).to_have_text(call.caller or "")
    made.hears(call.id, said(1, Side.CALLER, 3.0, "还在听"))
    await expect(page.locator("#words .said")).to_have_text(["还在听"])


async def test_a_line_that_died_without_a_word_is_noticed(tab: Watched, made: MadeUp) -> None:
    page = await tab.sits_at("8001")
    for asked in DEAD:  # both: else it is live again so soon that nobody sees it
        await page.route(asked, lambda route: route.abort())

    await expect(page.locator("#not-live")).to_be_visible(timeout=20_000)

    for asked in DEAD:
        await page.unroute(asked)
    await expect(page.locator("#not-live")).to_be_hidden(timeout=AGAIN * 1000)
