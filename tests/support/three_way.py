"""A citizen, an operator and a unit in one talk, on a running hotline; several such talks at once.

async with switchroom(hotline) as room:
    async with room.talk() as talk:
        await talk.joined()
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from scripts.hotline_client import Json
from scripts.phones.call import Call
from scripts.phones.phone import Phone, Reaction, rings
from scripts.phones.rtp import StreamStart
from scripts.phones.sip import address_of
from scripts.phones.sound import Sound
from scripts.phones.waiting import in_time
from tests.support.hotline import Citizen, Hotline, Seat
from tests.support.who_hears_whom import WhoHearsWhom

SEATS = tuple(f"80{number:02}" for number in range(1, 9))
UNITS = tuple(f"office_{number}" for number in range(1, 9))
SHORTEST_RING = 5
"""Seconds that a unit of these tests rings: no roster may set less."""

# Far apart, so that every change of the talker is a jump backwards for somebody.
CALLER_BEGINS, SEAT_BEGINS, UNIT_BEGINS = 0x10000000, 0xE0000000, 0x70000000

# No tone is a note of the music or another's multiple, each has whole waves in a tenth of a second, and none is poison
# to the recogniser of tones.
UNIT_TONE = 890
_CALLER_TONES = (1030, 1170, 1310, 1450, 1590)
_SEAT_TONES = (1730, 1870, 2010, 2150, 2290, 2430, 2570, 2710)


def write_roster(folder: Path) -> Path:
    """Write eight seats and eight units that are always on duty; gives the folder for `agents_folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    seats = "".join(f'  - {{extension: "{seat}", operator: 话务员{at}}}\n' for at, seat in enumerate(SEATS, 1))
    units = "".join(
        f'  - {{id: {unit}, name: 第{at}处, number: "{number_of(unit)}", ring: {SHORTEST_RING}}}\n'
        for at, unit in enumerate(UNITS, 1)
    )
    (folder / "seats.yaml").write_text(f"seats:\n{seats}", encoding="utf-8")
    (folder / "units.yaml").write_text(f"units:\n{units}", encoding="utf-8")
    return folder


def number_of(unit: str) -> str:
    """Give the number of one of these units."""
    return f"4{UNITS.index(unit) + 1:02}"


class Units:
    """Everybody behind the trunk: one gateway, where each number is answered in its own way."""

    def __init__(self, trunk: str) -> None:
        host, port = address_of(f"sip:{trunk}")
        self.phone = Phone(
            "units",
            host=host,
            port=port,
            sound=Sound.tone(UNIT_TONE),
            reaction=self._react,
            start=lambda: StreamStart(timestamp=UNIT_BEGINS),  # the rest is by chance
        )
        self._reactions: dict[str, Reaction] = {}
        self._calls: dict[str, asyncio.Queue[Call]] = {}

    def reacts(self, unit: str, reaction: Reaction) -> None:
        """Say what a unit does by itself when it is called from now on."""
        self._reactions[number_of(unit)] = reaction

    async def called(self, unit: str, *, within: float) -> Call:
        """Wait for the next call to a unit."""
        queue = self._calls.setdefault(number_of(unit), asyncio.Queue())
        return await in_time(queue.get(), within=within, what=f"nobody called {unit}")

    def _react(self, call: Call) -> None:
        self._calls.setdefault(call.dialled, asyncio.Queue()).put_nowait(call)
        self._reactions.get(call.dialled, rings)(call)


class Switchroom:
    """Eight seats and eight units; gives talks, each with a unit of its own."""

    def __init__(self, hotline: Hotline, units: Units, seats: Mapping[str, Seat]) -> None:
        self.hotline = hotline
        self.units = units
        self.seats = seats
        self._free_units = list(UNITS)
        self._free_tones = list(_CALLER_TONES)
        self._names = itertools.count(1)

    @asynccontextmanager
    async def talk(self) -> AsyncIterator["Talk"]:
        """Give a talk in which citizen and operator hear each other."""
        unit, tone = self._free_units.pop(), self._free_tones.pop()
        self.units.reacts(unit, rings)
        name = f"citizen {next(self._names)}"
        try:
            async with Phone(name, sound=Sound.tone(tone), start=lambda: StreamStart(timestamp=CALLER_BEGINS)) as phone:
                citizen = await self.hotline.caller_dials(phone=phone)
                seat, call = await self.rung_for(citizen, since=0)
                table = self._table(tone, seat)
                table.listens("caller", citizen.call)
                table.listens("seat", call)
                talk = Talk(self, citizen, seat=seat, at_seat=call, unit=unit, table=table)
                await call.answer()
                await citizen.until("call.talking", within=5)
                await talk.hear("they talk", {"caller": {"seat"}, "seat": {"caller"}})
                talk.began = time.monotonic()
                yield talk
        finally:
            self._free_units.insert(0, unit)
            self._free_tones.insert(0, tone)

    async def rung_for(self, citizen: Citizen, *, since: int) -> tuple[Seat, Call]:
        """Wait until a seat rings for this caller; gives it, and the call to answer."""
        ringing = await citizen.until("call.ringing", within=15, since=since)
        seat = self.seats[ringing.data["seat"]]
        while True:
            call = await seat.rings(within=5)
            if call.caller.uri.startswith(f"sip:{citizen.number}@"):  # else it rang for a caller who gave up
                return seat, call

    def _table(self, tone: int, seat: Seat) -> WhoHearsWhom:
        others = {f"another's {hz}": hz for hz in (*_CALLER_TONES, *_SEAT_TONES) if hz not in (tone, seat.tone)}
        return WhoHearsWhom({"caller": tone, "seat": seat.tone, "unit": UNIT_TONE} | others)


class Talk:
    """One talk, and all that can be done in it."""

    def __init__(
        self, room: Switchroom, citizen: Citizen, *, seat: Seat, at_seat: Call, unit: str, table: WhoHearsWhom
    ) -> None:
        self.room = room
        self.citizen = citizen
        self.seat = seat
        self.at_seat = at_seat
        self.unit = unit
        self.table = table
        self.at_unit: Call | None = None
        self.leg = ""
        """Id of the unit's leg."""
        self.began = time.monotonic()
        """When caller and operator were heard to talk."""
        self._api = room.hotline.api

    async def hear(self, phase: str, expected: Mapping[str, Collection[str]], *, within: float = 4.0) -> None:
        """See who hears whom now; raises AssertionError with the whole table."""
        await self.table.during(phase, expected, within=within)

    # ---- what the operator's client asks for

    async def calls_the_unit(self, *, private: bool = False, reaction: Reaction = rings) -> Json:
        """Have the unit called; gives its leg as answered by the hotline."""
        self.room.units.reacts(self.unit, reaction)
        leg = await self._api.post(f"calls/{self.citizen.id}/three-way", {"unit": self.unit, "private": private})
        self.leg = leg["id"]
        self.at_unit = await self.room.units.called(self.unit, within=5)
        self.table.listens("unit", self.at_unit)
        return leg

    async def joined(self, *, private: bool = False) -> None:
        """Have the unit called, let it answer, and wait until it takes part."""
        await self.calls_the_unit(private=private)
        await self.leg_is("ringing")
        await self.unit_answers()
        await self.leg_is("private" if private else "joined")

    async def unit_answers(self) -> None:
        """Let the unit lift the receiver."""
        assert self.at_unit is not None
        await self.at_unit.answer()

    async def unit_is_to(self, action: str) -> Json:
        """`consult`, `join` or `drop`."""
        return await self._api.put(f"calls/{self.citizen.id}/three-way/{self.leg}", {"action": action})

    async def seat_is_to(self, action: str) -> Json:
        """`leave` or `return`."""
        return await self._api.put(f"calls/{self.citizen.id}/seat", {"action": action})

    async def hold(self) -> None:
        """Hold, and wait until it is so."""
        since = self.room.hotline.events.now
        await self._api.post(f"calls/{self.citizen.id}/hold")
        await self.citizen.until("call.held", within=5, since=since)

    async def resume(self) -> None:
        """End the hold, and wait until it is so."""
        since = self.room.hotline.events.now
        await self._api.post(f"calls/{self.citizen.id}/resume")
        await self.citizen.until("call.resumed", within=5, since=since)

    async def is_ended_by_the_api(self) -> None:
        """Have the whole call ended."""
        await self._api.post(f"calls/{self.citizen.id}/hangup")

    # ---- what becomes of it

    async def leg_is(self, state: str, *, within: float = 10.0, **wanted: Any) -> Json:
        """Wait until the operator's client was told that the unit's leg is in this state."""
        told = await self.citizen.until("leg.changed", within=within, id=self.leg, state=state, **wanted)
        return told.data

    async def record(self) -> Json:
        """Read the call as the hotline has it."""
        return await self.citizen.record()

    async def legs(self, kind: str) -> list[Json]:
        """Give the legs of one kind, the oldest first."""
        return [leg for leg in (await self.record())["legs"] if leg["kind"] == kind]

    async def nobody_is_left(self, *, within: float = 3.0) -> Json:
        """Wait until every phone of this talk is free, and the hotline knows it; gives the call.

        A phone that never said a word cannot be told that it is all over (RFC 3261, 9.1). Raises NotInTimeError.
        """
        for call in (self.citizen.call, self.at_seat, self.at_unit):
            if call is not None and (call.times.ringing or call.times.answered or call is not self.at_unit):
                await call.ended(within=within)
        return await self.room.hotline.until_true(
            self.record,
            lambda call: call["state"] == "ended" and all(leg["state"] == "ended" for leg in call["legs"]),
            within=within,
            what="ended, with every leg",
        )

    async def seat_is_free(self, *, within: float = 6.0) -> None:
        """Wait until the seat has nothing to do with this call any more."""
        await self.room.hotline.until_true(
            self.seat.record,
            lambda seat: seat["call_id"] != self.citizen.id and seat["state"] != "wrap_up",
            within=within,
            what=f"seat {self.seat.extension} free",
        )


@asynccontextmanager
async def switchroom(hotline: Hotline, *, seats: Collection[str] = SEATS) -> AsyncIterator[Switchroom]:
    """Sign these seats in and set up the units' gateway."""
    units = Units(hotline.home.trunk)
    async with units.phone:
        signed_in = {
            extension: await hotline.seat(extension, tone=tone, start=lambda: StreamStart(timestamp=SEAT_BEGINS))
            for extension, tone in zip(SEATS, _SEAT_TONES, strict=True)
            if extension in seats
        }
        yield Switchroom(hotline, units, signed_in)
