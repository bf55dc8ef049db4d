"""What must hold after the controller was away while there were calls in every state: a test for each state."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.hotline_client import Json, NoHotlineError
from tests.faults.closing_look import REACH, InTalk, closing_look, moment, reaches_a_seat, still_talk
from tests.faults.every_state import NEW_NUMBER, TONES, EveryState, all_talk
from tests.faults.results import TellResult
from tests.support.hotline import Hotline

BACK = 3.0  # seconds; within them the picture is rebuilt
CLOCK = timedelta(milliseconds=50)  # Asterisk's time and ours are one clock, read in two programs


async def until_it_is_back(state: EveryState, before: int) -> None:
    """Wait for a new controller, and measure from its process's start until it is well and lists its calls."""
    hotline = state.hotline
    end = time.monotonic() + 40
    while (pid := _pid(hotline)) in (None, before):
        assert time.monotonic() < end, "no new controller"
        await asyncio.sleep(0.02)
    assert pid is not None
    age = _age(pid)
    started = time.monotonic() - age
    parts: dict[str, str] = {}
    state.returned = datetime.now(state.began.tzinfo) - timedelta(seconds=age)
    while True:
        try:
            health = await hotline.api.health()
            parts = {part: health["components"][part]["status"] for part in ("asterisk", "database")}
            if set(parts.values()) == {"ok"}:
                state.listed = await hotline.live_calls()
                break
        except (NoHotlineError, KeyError):
            pass
        assert time.monotonic() < end, f"the new controller is not well: {parts}"
        await asyncio.sleep(0.02)
    state.back = time.monotonic() - started
    hotline.tells(f"a new controller is well and lists {len(state.listed)} calls {state.back:.1f} s after its start")
    await hotline.listens_again()


class EveryStateLooks:
    """Looks at a hotline whose controller was away. `away` is a fixture of the class that inherits."""

    fault: str

    async def test_the_picture_is_rebuilt(self, away: EveryState, tell_result: TellResult) -> None:
        """All calls in progress are listed at once; the limit is the promise, on a machine that has time for it."""
        live = {call["id"]: call["state"] for call in away.listed}
        assert away.in_menu is not None
        must = [*(talk.citizen for talk in away.talking()), *away.waiting, away.in_menu]
        assert {citizen.id for citizen in must} <= live.keys()
        assert len(live) == len(must) + 2, "those, the one for whom a seat rang, and the new caller"
        figures = {"rebuilt in": f"{away.back:.1f} s", "calls in progress": len(live), "away": f"{away.away:.0f} s"}
        tell_result(fault=self.fault, what="calls in every state", figures=figures)

    async def test_who_talked_talks_on(self, away: EveryState, tell_result: TellResult) -> None:
        """In a talk, on hold, with a unit, and while a unit was dialled: all heard each other during it, and do now."""
        await all_talk(away)
        records = await away.records()
        assert records["talks"]["recovered"] is False, "nothing of this call was found out later"
        for name in ("talks", "held", "three", "dials"):
            assert records[name]["state"] == "talking"
            assert _count(await _journal(away, records[name]["id"]), "call.talking") == 1, "no caller gets two talks"
        tell_result(fault=self.fault, what="a talk", figures={"heard": "both ways, during it and after"})

    async def test_who_was_on_hold_is_given_back(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.held is not None
        assert (await away.held.citizen.record())["held"] is False
        await still_talk(away.held)
        tell_result(fault=self.fault, what="a hold", figures={"seen": "the dialplan ended it; they talk"})

    async def test_three_are_still_three(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.three is not None
        legs = {leg["id"]: leg for leg in (await away.three.citizen.record())["legs"]}
        assert legs[away.unit_leg]["state"] == "joined"
        tell_result(fault=self.fault, what="a talk of three", figures={"heard": "all three"})

    async def test_a_unit_that_was_dialled_takes_part(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.dials is not None
        call = await away.dials.citizen.record()
        unit = next(leg for leg in call["legs"] if leg["kind"] == "unit")
        assert unit["state"] == "joined"
        entries = await _journal(away, call["id"])
        (dialled, *_) = [entry for entry in entries if entry["data"].get("leg", {}).get("id") == unit["id"]]
        if not dialled["recovered"]:  # else its dialling, a moment before the end, had not reached the disk
            assert away.began - CLOCK <= moment(unit["joined"]) < away.returned, "dated when it was"
        tell_result(fault=self.fault, what="a unit is dialled", figures={"seen": "it answered and was joined"})

    async def test_the_seat_that_rang_talks_and_rang_once(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.rung is not None
        call = await away.rung.citizen.record()
        assert (call["state"], call["seat"], call["recovered"]) == ("talking", away.rung.seat.extension, True)
        assert away.began - CLOCK <= moment(call["t4"]) < away.returned
        rang = [taken for taken in away.rung.seat.phone.calls_taken if away.rung.citizen.number in taken.caller.uri]
        assert len(rang) == 1, "no phone rings twice for one call"
        entries = await _journal(away, call["id"])
        (talking,) = [entry for entry in entries if entry["kind"] == "call.talking"]
        assert talking["recovered"]
        tell_result(fault=self.fault, what="a seat rings", figures={"seen": "it answered; they talk; it rang once"})

    async def test_who_waited_was_given_the_freed_seat(self, away: EveryState, tell_result: TellResult) -> None:
        """Asterisk's own queue took those who waited in the order of their arrival."""
        assert away.served is not None
        assert away.ends is not None
        first, at_seat = away.served
        await first.call.hears_tone(away.ends.seat.tone, within=REACH)
        assert at_seat.ending is None
        call = await first.record()
        assert (call["state"], call["seat"], call["recovered"]) == ("talking", away.ends.seat.extension, True)
        assert away.began - CLOCK <= moment(call["t4"]) < away.returned
        tell_result(fault=self.fault, what="two wait", figures={"seen": "the first has the seat that was freed"})

    async def test_a_talk_that_ended_meanwhile_ended_then(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.ends is not None
        call = await away.ends.citizen.record()
        assert (call["state"], call["outcome"], call["recovered"]) == ("ended", "answered", True)
        assert away.began - CLOCK <= moment(call["t5"]) < away.returned, "never the restart's clock"
        tell_result(fault=self.fault, what="a talk ends meanwhile", figures={"seen": "ended, dated by Asterisk"})

    async def test_who_was_in_the_menu_came_to_the_queue(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.in_menu is not None
        call = await away.in_menu.record()
        assert call["state"] in ("queued", "ringing")
        asked = moment(call["t2"])
        assert asked - away.began < timedelta(seconds=7), "the dialplan brings him to the queue within 7 s"
        figures = {
            "asked for a person after": f"{(asked - away.began).total_seconds():.1f} s",
            "in the queue, greeting heard, after": f"{away.menu_to_net:.1f} s",
        }
        tell_result(fault=self.fault, what="a caller in the menu", figures=figures)

    async def test_the_line_is_in_order(self, away: EveryState, tell_result: TellResult) -> None:
        """The one who waits, the one from the menu, the new caller, who came last; the seat in wrap-up is next."""
        assert away.wrap_up_seat is not None
        assert away.in_menu is not None
        second = away.waiting[1]
        (queue,) = (await away.hotline.api.get("queues"))["items"]
        waiting = [entry["call_id"] for entry in queue["waiting"]]
        (new,) = await away.hotline.api.all_of("calls", caller=NEW_NUMBER)
        assert waiting == [second.id, away.in_menu.id, new["id"]]
        await reaches_a_seat(away.hotline, second)
        assert (await second.record())["seat"] == away.wrap_up_seat.extension
        tell_result(fault=self.fault, what="wrap-up", figures={"seen": "it ended; the seat has the next in line"})

    async def test_the_closing_look(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.served is not None
        assert away.ends is not None
        assert away.in_menu is not None
        assert away.rung is not None
        first, at_seat = away.served
        talking = [*away.talking(), away.rung, InTalk(first, away.ends.seat, at_seat, TONES[6])]
        await _serves_the_new_one_last(away, talking)
        calls = await closing_look(away.hotline, ended={NEW_NUMBER: "answered"}, others="answered")
        recovered = sum(call["recovered"] for call in calls)
        tell_result(fault=self.fault, what="all", figures={"calls": len(calls), "recovered": recovered, "lost": 0})


async def _serves_the_new_one_last(away: EveryState, talking: list[InTalk]) -> None:
    """End the talks; then the caller of the menu and the new one reach seats, in this order."""
    for talk in talking:
        await still_talk(talk)
        await talk.citizen.call.hang_up()
    assert away.in_menu is not None
    assert away.new is not None
    await reaches_a_seat(away.hotline, away.in_menu)
    (new,) = await away.hotline.api.all_of("calls", caller=NEW_NUMBER)

    async def read() -> Json:
        return await away.hotline.api.get(f"calls/{new['id']}")

    ringing = await away.hotline.until_true(read, lambda call: call["state"] == "ringing", within=REACH, what="offered")
    seat = away.hotline.seats[ringing["seat"]]
    call = await seat.rings(within=5)
    while call.ending is not None:
        call = await seat.rings(within=5)
    await call.answer()
    await away.new.hears_tone(seat.tone, within=5)
    await away.new.hang_up()


async def _journal(away: EveryState, call_id: str) -> list[Json]:
    return await away.hotline.api.all_of(f"calls/{call_id}/journal")


def _count(entries: list[dict[str, Any]], kind: str) -> int:
    return sum(entry["kind"] == kind for entry in entries)


def _pid(hotline: Hotline) -> int | None:
    try:
        return hotline.running.pid("controller")
    except (FileNotFoundError, ValueError):
        return None


def _age(pid: int) -> float:
    """Give the seconds since a process was started, from the kernel's own books."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19])
    up = float(Path("/proc/uptime").read_text("ascii").split()[0])
    return max(0.0, up - ticks / 100)
