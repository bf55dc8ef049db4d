"""What strangers say and are called is text, whatever it looks like; and what of the pages can be had by anybody."""

from dataclasses import replace

import aiohttp
import pytest
from playwright.async_api import expect

from callcenter.api.screens import FOLDER, POLICY
from callcenter.domain.notes import Side
from tests.pages.conftest import Served, Watched
from tests.pages.made_up import CITIZEN, MadeUp, PageDesk, ago, heard_in, said

HOSTILE = (
    "<img src=x onerror='window.robbed=1'>",
    "<script>window.robbed=1</script>",
    '"><svg onload=window.robbed=1>',
    "javascript:window.robbed=1",
    "</textarea><iframe srcdoc='<script>parent.robbed=1</script>'>",
    "\u202eمرحبا\u200b${window.robbed=1}{{robbed}}",
)


async def test_hostile_names_and_words_stay_text_on_both_pages(tab: Watched, desk: PageDesk) -> None:
    made = MadeUp(desk)
    evil = " ".join(HOSTILE)
    words = tuple(said(number, Side.CALLER, float(number), text, heard=evil) for number, text in enumerate(HOSTILE))
    desk.known_units["evil"] = replace(desk.known_units["water"], id="evil", name=evil)
    desk.has_ticket(1, caller_phone=CITIZEN, category=evil, matter=evil, created=ago(100))
    call = made.rings()
    ticket = desk.has_ticket(
        2, caller_name=evil, address=evil, matter=evil, notes=evil, category=evil, unit="<i>", created=ago(1),
        call_ids=(call.id,), heard=heard_in(call, words),
    )  # fmt: skip
    made.talks(call, ticket=ticket.id)
    for each in words[::2]:
        made.hears(call.id, each)
    made.seat_is("8003", desk.known_seats["8003"].state, operator=evil, reason=evil)
    made.tell("alarm.raised", {"name": evil, "detail": evil, "since": "2026-11-24T04:00:00Z"})

    page = await tab.sits_at("8001")
    for each in words[1::2]:
        made.hears(call.id, replace(each, final=False))
    await expect(page.locator("#words .said")).to_have_text([*HOSTILE])
    await expect(page.get_by_label("诉求内容")).to_have_value(evil)
    await page.locator("#earlier summary").click()
    await page.locator("#heard-count").click()
    await expect(page.locator("#heard-list li")).to_have_count(len(HOSTILE))
    await page.goto(f"{tab.base}/board")
    await expect(page.locator("#seats")).to_contain_text("<script>window.robbed=1</script>")

    assert await page.locator("#who img, #words img, iframe, table script, table img, li img").count() == 0
    assert await page.evaluate("window.robbed === undefined")


async def test_even_a_mistake_of_ours_cannot_make_a_text_run(tab: Watched) -> None:
    page = tab.page
    await page.goto(f"{tab.base}/desk")

    refused = await page.evaluate(
        "(() => { try { document.body.innerHTML = '<img src=x>'; return false } catch { return true } })()"
    )

    assert refused
    assert await page.locator("#sign-in").count() == 1
    tab.complaints.clear()  # that it was refused is what the browser complains of


async def test_the_pages_need_no_sign_in_hold_no_data_and_forbid_all_that_is_foreign(server: Served) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/desk", "/board"):
            async with session.get(server.url + path) as answer:
                text = await answer.text()
                assert (answer.status, answer.content_type) == (200, "text/html")
                assert answer.headers["Content-Security-Policy"] == POLICY
                assert "//" not in text.replace("<!doctype", "")
        for file in FOLDER.iterdir():
            assert "innerHTML" not in file.read_text("utf-8")


@pytest.mark.parametrize("name", ["desk.html", "none.js", "..%2fscreens.py", "%2e%2e/screens.py", "static", ".hidden"])
async def test_nothing_but_the_files_of_the_pages_is_given_out(server: Served, name: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/screens/{name}") as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


async def test_a_file_that_has_not_changed_is_not_sent_again(server: Served) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.url}/screens/desk.js") as first:
            assert (first.status, first.content_type) == (200, "text/javascript")
            tag = first.headers["ETag"]
        async with session.get(f"{server.url}/screens/desk.js", headers={"If-None-Match": tag}) as second:
            assert (second.status, await second.read()) == (304, b"")
