"""What a call leaves behind: a whole journal also while the database is locked, and logs that tell nothing of him."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.hotline import Hotline
from tests.support.words import hears_words

NUMBER = "13712345678"


def _logs(folder: Path) -> str:
    return "\n".join(path.read_text("utf-8", "replace") for path in (folder / "log").rglob("*") if path.is_file())


async def test_no_log_holds_who_called_or_what_he_pressed(menu: Hotline) -> None:
    seat = await menu.seat("8001")
    citizen = await menu.caller_dials(NUMBER, name="王小明")
    await hears_words(citizen, "main_menu", within=15)
    citizen.call.presses("3")
    await hears_words(citizen, "ticket_number_ask", within=10)
    citizen.call.presses("20260101987654#")
    await hears_words(citizen, "ticket_unknown", within=20)
    citizen.call.presses("0")
    talk = await seat.rings(within=40)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)
    over = await citizen.hangs_up()
    assert over["caller"] == NUMBER

    async def logs_now() -> str:
        return await asyncio.to_thread(_logs, menu.running.folder)

    logs = await menu.until_true(  # lines go to the disk by a thread of their own
        logs_now, lambda logs: citizen.id in logs, within=5, what="the call can be followed by its id"
    )
    for secret in (NUMBER, NUMBER[-8:], "王小明", "20260101987654", menu.home.token, menu.home.seats[0].password):
        assert secret not in logs


async def test_a_locked_database_delays_nobody_and_loses_nothing(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    path = hotline.running.folder / "callcenter.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        try:
            citizen = await hotline.caller_dials()
            talk = await seat.rings(within=10)
            await talk.answer()
            await citizen.call.hears_tone(seat.tone, within=3)
            hotline.tells("the database is locked, and they talk")
            await hotline.until_true(
                hotline.api.health,
                lambda health: bool(health["components"]["database"]["status"] == "degraded"),
                within=5,
                what="said to be degraded",
            )
            await citizen.hangs_up()
        finally:
            await asyncio.to_thread(other.execute, "ROLLBACK")

    await hotline.until_true(
        hotline.api.health,
        lambda health: bool(health["components"]["database"]["status"] == "ok"),
        within=10,
        what="well again",
    )
    entries = await citizen.journal()
    kinds = [entry["kind"] for entry in entries]
    assert [kind for kind in kinds if kind in ("call.arrived", "call.talking", "call.ended")] == [
        "call.arrived",
        "call.talking",
        "call.ended",
    ]
    sequence = [entry["seq"] for entry in entries]
    assert sequence == sorted(set(sequence))
    call = await hotline.until_true(
        citizen.record, lambda call: call["ticket_id"] is not None, within=15, what="with a ticket"
    )
    assert call["outcome"] == "answered"


@pytest.mark.timeout(90)
async def test_a_recording_that_is_taken_away_is_an_alarm_and_the_talk_goes_on(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)

    raw = hotline.running.folder / "recordings" / "incoming" / f"{citizen.id}.raw"
    await asyncio.to_thread(raw.unlink)
    await hotline.events.until("alarm.raised", within=15, name="recording_failed")
    hotline.tells("the file was taken away; the alarm is raised")
    assert (await hotline.api.health())["components"]["recordings"]["status"] == "degraded"
    assert (await citizen.record())["recording"]["state"] == "missing"
    await citizen.call.hears_tone(seat.tone, within=3)
    assert (await citizen.hangs_up())["outcome"] == "answered"

    after = await hotline.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    await after.call.hears_tone(seat.tone, within=3)
    await after.hangs_up()
    await hotline.events.until("alarm.cleared", within=15, name="recording_failed")
    assert shutil.disk_usage(hotline.running.folder).free > 0


async def test_flows_are_read_again_and_a_broken_one_changes_nothing(hotline: Hotline) -> None:
    citizen = await hotline.caller_dials()

    answer = await hotline.api.post("flows/reload")

    assert answer["taken"] is True
    assert answer["mistakes"] == []
    await citizen.until("call.queued", within=10)
    await citizen.hangs_up()
