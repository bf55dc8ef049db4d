"""The manager interface is half-open, slow, cut, full of rubbish: talks go on, and who waits reaches a seat.

It is not the calls' wire but ours: what Asterisk cannot tell us it does alone, by its own queue.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from scripts.phones.call import Call
from scripts.phones.waiting import eventually
from tests.faults.busy_hour import until_health
from tests.faults.closing_look import InTalk, closing_look, still_talk
from tests.faults.results import TellResult
from tests.support.ami_relay import Wire
from tests.support.hotline import Citizen, Hotline, Seat, visit
from tests.support.hotlines import running_as
from tests.support.relayed_hotline import RelayedHotline

NOTICED_SECONDS = 5.0
NET_SECONDS = 12.0  # until Asterisk's own queue rings a seat: 7 s, and the greeting that a caller hears to its end
WAITING_TONE, MENU_TONE = 1100, 1320
GOING_ON = "one talks, one waits, one is in the menu"
KEY_SECONDS = 0.4
SHORT_MENU = """\
name: short
description: 测试
start: welcome
operator: person
nodes:
  welcome: {kind: say, prompts: 录音, next: choose}
  choose: {kind: menu, prompts: 请按1, first_digit_seconds: 10, retries: 3, keys: {1: person}, after_retries: person}
  person: {kind: queue, queue: hotline}
"""
RUBBISH = b"\x00\xff\x16\x03\x01 rubbish \xfe\r\n\r\n"


@pytest.fixture(scope="module")
def relayed_hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayedHotline]:
    """Hears Asterisk through a relay of ours; its menu is short."""
    flows = tmp_path_factory.mktemp("flows")
    (flows / "short.yaml").write_text(SHORT_MENU, encoding="utf-8")
    yield from running_as(RelayedHotline, 4, "--flow", "short", flows_folder=flows, wrap_up_seconds=0)


@pytest.fixture
async def hotline(relayed_hotline: RelayedHotline) -> AsyncIterator[Hotline]:
    async with visit(relayed_hotline) as visiting:
        try:
            yield visiting
        finally:
            relayed_hotline.relay.becomes(Wire.WHOLE)


@dataclass(eq=False)
class Scene:
    """One who talks, one who waits behind him, one in the menu."""

    hotline: Hotline
    seat: Seat
    talk: InTalk
    waiting: Citizen
    in_menu: Citizen

    async def the_seat_is_freed_and_serves(self, citizen: Citizen, tone: int) -> Call:
        """Whoever talked at the seat has gone, and this one is the next."""
        call = await self.seat.rings(within=NET_SECONDS)
        await call.answer()
        await still_talk(InTalk(citizen, self.seat, call, tone))
        return call

    async def is_over(self) -> None:
        """The talk ends; the one who waited has the seat, and then the one from the menu."""
        await self.leaves_the_menu()
        await closing_look(self.hotline, talking=[self.talk], waiting=[self.waiting, self.in_menu])

    async def leaves_the_menu(self) -> None:
        """Who is in the menu still, or again, asks for a person."""
        await eventually(lambda: self.hotline.events.of("call.voice", id=self.in_menu.id), within=5, what="no voice")
        if (await self.in_menu.record())["state"] == "ivr":
            await asks_for_a_person(self.in_menu)


async def asks_for_a_person(citizen: Citizen) -> None:
    """Press the key as one does who is in a hurry: again and again, also while the words are still being said."""
    async with asyncio.timeout(10):
        while not citizen.events("call.queued"):
            citizen.call.presses("1")
            await asyncio.sleep(KEY_SECONDS)


async def scene(hotline: Hotline) -> Scene:
    """Begin it."""
    seat = await hotline.seat("8001")
    talking = await hotline.caller_dials()
    await asks_for_a_person(talking)
    at_seat = await seat.rings(within=10)
    await at_seat.answer()
    await talking.until("call.talking", within=5)
    waiting, in_menu = await hotline.caller_dials(tone=WAITING_TONE), await hotline.caller_dials(tone=MENU_TONE)
    await asyncio.gather(*(citizen.until("call.voice", within=5) for citizen in (waiting, in_menu)))
    await asks_for_a_person(waiting)
    return Scene(hotline, seat, InTalk(talking, seat, at_seat), waiting, in_menu)


async def test_it_is_half_open(hotline: Hotline, relayed_hotline: RelayedHotline, tell_result: TellResult) -> None:
    told = await scene(hotline)

    relayed_hotline.relay.becomes(Wire.HALF_OPEN)
    noticed, why = await until_health(hotline, "asterisk", "down", within=NOTICED_SECONDS)
    hotline.tells(f"/health says after {noticed:.1f} s: {why}")
    await still_talk(told.talk)
    await told.talk.citizen.call.hang_up()
    await told.the_seat_is_freed_and_serves(told.waiting, WAITING_TONE)
    hotline.tells("Asterisk's own queue gave the seat to the one who waited")
    await told.waiting.call.hang_up()
    at_seat = await told.the_seat_is_freed_and_serves(told.in_menu, MENU_TONE)
    hotline.tells("and then to the one who was in the menu")

    relayed_hotline.relay.becomes(Wire.WHOLE)
    back, _ = await until_health(hotline, "asterisk", "ok", within=10)
    await hotline.until_true(
        told.in_menu.record, lambda call: bool(call["state"] == "talking"), within=5, what="found talking"
    )
    # Nobody of us heard that the one who waited was answered, nor how he went; Asterisk has written it down.
    calls = await closing_look(
        hotline,
        talking=[InTalk(told.in_menu, told.seat, at_seat, MENU_TONE)],
        ended={told.talk.citizen: "answered", told.waiting: "answered"},
    )
    assert all(call["recovered"] for call in calls)
    tell_result(
        fault="AMI is half-open",
        what=GOING_ON,
        figures={"noticed after": f"{noticed:.1f} s", "back after": f"{back:.1f} s"},
    )


async def test_it_trickles(hotline: Hotline, relayed_hotline: RelayedHotline, tell_result: TellResult) -> None:
    told = await scene(hotline)

    relayed_hotline.relay.becomes(Wire.TRICKLE)
    noticed, why = await until_health(hotline, "asterisk", "down", within=NOTICED_SECONDS)
    hotline.tells(f"/health says after {noticed:.1f} s: {why}")
    await still_talk(told.talk)
    relayed_hotline.relay.becomes(Wire.WHOLE)
    back, _ = await until_health(hotline, "asterisk", "ok", within=10)

    await told.is_over()
    tell_result(
        fault="AMI trickles, two seconds late",
        what=GOING_ON,
        figures={"noticed after": f"{noticed:.1f} s", "back after": f"{back:.1f} s"},
    )


async def test_what_asterisk_says_is_two_seconds_late(
    hotline: Hotline, relayed_hotline: RelayedHotline, tell_result: TellResult
) -> None:
    told = await scene(hotline)
    connections = relayed_hotline.relay.taken

    relayed_hotline.relay.becomes(Wire.LATE)
    await still_talk(told.talk)
    await told.talk.citizen.call.hang_up()
    at_seat = await told.the_seat_is_freed_and_serves(told.waiting, WAITING_TONE)
    hotline.tells("two seconds late, and yet the one who waited has the seat")
    assert relayed_hotline.relay.taken == connections, "late is not lost: the link was kept"
    relayed_hotline.relay.becomes(Wire.WHOLE)

    await told.waiting.until("call.talking", within=5)
    await told.leaves_the_menu()
    await closing_look(
        hotline,
        talking=[InTalk(told.waiting, told.seat, at_seat, WAITING_TONE)],
        waiting=[told.in_menu],
        ended={told.talk.citizen: "answered"},
    )
    tell_result(fault="AMI tells all two seconds late", what=GOING_ON, figures={"the link": "kept"})


async def test_it_is_cut_and_rubbish_comes_between(
    hotline: Hotline, relayed_hotline: RelayedHotline, tell_result: TellResult
) -> None:
    told = await scene(hotline)
    relay = relayed_hotline.relay

    for fault, befalls in (
        ("AMI is cut", relay.cut),
        ("rubbish between what AMI tells", lambda: relay.say_to_controller(RUBBISH)),
        ("rubbish between what AMI is told", lambda: relay.say_to_asterisk(RUBBISH)),
    ):
        taken, began = relay.taken, time.monotonic()
        befalls()
        await eventually(lambda before=taken: relay.taken > before, within=NOTICED_SECONDS, what="not connected anew")  # type: ignore[misc]
        await until_health(hotline, "asterisk", "ok", within=10)
        back = f"{time.monotonic() - began:.1f} s"
        hotline.tells(f"{fault}: connected anew after {back}")
        tell_result(fault=fault, what=GOING_ON, figures={"connected anew after": back})

    await told.is_over()
