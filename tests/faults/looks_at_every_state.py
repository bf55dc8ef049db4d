"""What must hold after the controller was away while there were calls in every state: a test for each state."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

from scripts.hotline_client import Json, NoHotlineError
from tests.faults.closing_look import REACH, InTalk, closing_look, moment, reaches_a_seat, still_talk
from tests.faults.every_state import SAID, EveryState, all_talk
from tests.faults.results import TellResult
from tests.support.hotline import Hotline

BACK = 3.0  # seconds from the new controller's beginning; within them the picture is rebuilt
NOTED = 30.0  # seconds until what nobody heard is made from the recordings of all these calls
CLOCK = timedelta(milliseconds=50)  # Asterisk's time and ours are one clock, read in two programs


async def until_it_is_back(state: EveryState, before: int) -> None:
    """Wait for a new controller, and measure from the end of the fault until it is well and lists its calls."""
    hotline, over = state.hotline, time.monotonic()
    end = over + 40
    while _pid(hotline) in (None, before):
        assert time.monotonic() < end, "no new controller"
        await asyncio.sleep(0.02)
    state.returned, began = datetime.now(state.began.tzinfo), time.monotonic()
    parts: dict[str, str] = {}
    while True:
        try:
            health = await hotline.api.health()
            parts = {part: health["components"][part]["status"] for part in ("asterisk", "database")}
            if set(parts.values()) == {"ok"}:
                state.listed = await hotline.live_calls()
                state.line = [entry["call_id"] for entry in (await hotline.api.all_of("queues"))[0]["waiting"]]
                break
        except (NoHotlineError, KeyError):
            pass
        assert time.monotonic() < end, f"the new controller is not well: {parts}"
        await asyncio.sleep(0.02)
    state.back, state.rebuilt = time.monotonic() - over, time.monotonic() - began
    state.start = [line for line in hotline.running.log_since(state.returned) if "the controller begins" in line]
    hotline.tells(f"a new controller lists {len(state.listed)} calls {state.rebuilt:.1f} s after it began")
    await hotline.listens_again()


class EveryStateLooks:
    """Looks at a hotline whose controller was away. `away` is a fixture of the class that inherits."""

    fault: str

    async def test_the_picture_is_rebuilt(self, away: EveryState, tell_result: TellResult) -> None:
        """All calls in progress are listed at once, by a controller that was loaded already."""
        live = {call["id"]: call["state"] for call in away.listed}
        assert away.in_menu is not None
        must = [*(talk.citizen for talk in away.talking()), *away.waiting, away.in_menu]
        assert {citizen.id for citizen in must} <= live.keys()
        assert len(live) == len(must) + 2, "those, the one for whom a seat rang, and the new caller"
        assert away.rebuilt < BACK, away.start
        figures = {
            "rebuilt in": f"{away.rebuilt:.1f} s",
            "and after the fault was over": f"{away.back:.1f} s",
            "calls in progress": len(live),
            "away": f"{away.away:.0f} s",
        }
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

    async def test_those_who_waited_were_given_seats(self, away: EveryState, tell_result: TellResult) -> None:
        """Asterisk's own queue rang the seat that was in wrap-up, of which it knows nothing, and then the freed one."""
        assert {talk.citizen for talk in away.served} == set(away.waiting)
        for talk in away.served:
            await still_talk(talk)
            call = await talk.citizen.record()
            assert (call["state"], call["seat"], call["recovered"]) == ("talking", talk.seat.extension, True)
            assert away.began - CLOCK <= moment(call["t4"]) < away.returned
            talks = [entry for entry in await _journal(away, call["id"]) if entry["kind"] == "call.talking"]
            assert [entry["recovered"] for entry in talks] == [True], "no caller gets two talks"
        tell_result(fault=self.fault, what="two wait", figures={"seen": "each has a seat, before those who came later"})

    async def test_the_wrap_up_is_over_by_a_talk(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.wrapped is not None
        assert away.wrap_up_seat is not None
        seat = await away.wrap_up_seat.record()
        assert (seat["state"], seat["call_id"]) == ("talking", away.served[0].citizen.id)
        assert (await away.wrapped.record())["outcome"] == "answered"
        tell_result(fault=self.fault, what="wrap-up", figures={"seen": "its seat talks with the next in line"})

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
        """The caller from the menu and the new one are back in our line, as they asked for a person."""
        assert away.in_menu is not None
        (new,) = await away.hotline.api.all_of("calls", caller=away.new_number)
        asked = {call["id"]: moment(call["t2"]) for call in (await away.in_menu.record(), new)}
        assert sorted(away.line) == sorted(asked)
        assert away.line == sorted(asked, key=asked.__getitem__)
        tell_result(fault=self.fault, what="the line", figures={"seen": "in the order of their wishes for a person"})

    async def test_the_closing_look(self, away: EveryState, tell_result: TellResult) -> None:
        assert away.rung is not None
        talking = [*away.talking(), away.rung, *away.served]
        await _serves_the_line(away, talking)
        calls = await closing_look(away.hotline, ended={away.new_number: "answered"}, others="answered")
        recovered = sum(call["recovered"] for call in calls)
        tell_result(fault=self.fault, what="all", figures={"calls": len(calls), "recovered": recovered, "lost": 0})

    async def test_words_said_meanwhile_are_made_from_the_recording(
        self, away: EveryState, tell_result: TellResult
    ) -> None:
        assert away.rung is not None

        def noted(call: Json) -> bool:
            return bool(call["notes"] == "complete" and call["recording"]["state"] == "kept")

        call = await away.hotline.until_true(away.rung.citizen.record, noted, within=NOTED, what="noted")
        late = [each["text"] for each in call["utterances"] if each["side"] == "seat" and not each["live"]]
        assert any(SAID in text for text in late), late
        length = (moment(call["t5"]) - moment(call["recording"]["started"])).total_seconds()
        assert abs(call["recording"]["seconds"] - length) < 1.0, "the recording went on all the time"
        figures = {"recording": f"{call['recording']['seconds']:.1f} s of a call of {length:.1f} s"}
        tell_result(fault=self.fault, what="words are said meanwhile", figures=figures)


async def _serves_the_line(away: EveryState, talking: list[InTalk]) -> None:
    """End the talks; then the caller of the menu and the new one reach seats, in the order of the line."""
    for talk in talking:
        await still_talk(talk)
        await talk.citizen.call.hang_up()
    assert away.in_menu is not None
    for call_id in away.line:
        if call_id == away.in_menu.id:
            await reaches_a_seat(away.hotline, away.in_menu)
        else:
            await _serves_the_new_one(away, call_id)


async def _serves_the_new_one(away: EveryState, call_id: str) -> None:
    assert away.new is not None

    async def read() -> Json:
        return await away.hotline.api.get(f"calls/{call_id}")

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
