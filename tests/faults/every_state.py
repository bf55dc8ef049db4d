"""Calls in every state at once, on one hotline with a menu and eight seats; then a fault, looked at call by call.

Each seat and each citizen has a tone of his own, so it is heard who talks with whom.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scripts.hotline_client import Json
from scripts.phones.call import Call
from scripts.phones.phone import rings
from scripts.phones.sound import Sound
from tests.faults.closing_look import HEAR, InTalk, still_talk
from tests.support.hotline import Citizen, Hotline, Seat
from tests.support.mortality import entered_the_net
from tests.support.three_way import UNITS, Units
from tests.support.tone_recogniser import spoken

SEAT_TONES = (1730, 1870, 2010, 2150, 2290, 2430, 2570)
TONES = (1030, 1170, 1310, 1450, 1590, 700, 560)
_NEW_NUMBERS = itertools.count(13900099001)
SAID = "春夏秋"
"""What an operator says while nobody listens."""
NET = 12.0  # seconds until the dialplan has a caller in Asterisk's own queue: 7, and the greeting he hears to its end


@dataclass(slots=True)
class EveryState:
    """The calls, and what was seen of them during the fault."""

    hotline: Hotline
    units: Units
    seats: list[Seat] = field(default_factory=list)
    talks: InTalk | None = None
    ends: InTalk | None = None
    """A talk that ends while the controller is away."""
    held: InTalk | None = None
    three: InTalk | None = None
    at_unit: Call | None = None
    unit_leg: str = ""
    dials: InTalk | None = None
    """A unit is being called for this talk."""
    at_dialled_unit: Call | None = None
    rung: InTalk | None = None
    """A seat rings for this citizen, and answers while the controller is away."""
    wrapped: Citizen | None = None
    wrap_up_seat: Seat | None = None
    waiting: list[Citizen] = field(default_factory=list)
    in_menu: Citizen | None = None
    new: Call | None = None
    """Somebody who called while the controller was away."""
    new_number: str = field(default_factory=lambda: str(next(_NEW_NUMBERS)))
    """What he dialled from."""
    in_net: list[str] = field(default_factory=list)
    """Lines of Asterisk's queue log: who came into its own queue, in order."""
    menu_to_net: float = 0.0
    """Seconds from the fault until the caller in the menu was in Asterisk's own queue."""
    served: list[InTalk] = field(default_factory=list)
    """Who waited, and was given a seat while the controller was away: by the one in wrap-up, then by the freed one."""
    away: float = 0.0
    """Seconds for which no controller worked."""
    back: float = 0.0
    """Seconds from the end of the fault until a new controller was well and listed its calls."""
    rebuilt: float = 0.0
    """The same from the new controller's beginning."""
    start: list[str] = field(default_factory=list)
    """What the new controller logged of the steps of its start."""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When the controller went away."""
    returned: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When another one had started."""
    listed: list[Json] = field(default_factory=list)
    """The calls in progress as the new controller has them."""
    line: list[str] = field(default_factory=list)
    """Who waits, in the order in which the new controller has them."""

    def talking(self) -> list[InTalk]:
        """Those who must talk all the time."""
        return [talk for talk in (self.talks, self.three, self.dials, self.held) if talk is not None]

    async def records(self) -> dict[str, Json]:
        """Give every call of this test as it is now, by its name here."""
        named = {
            "talks": self.talks, "ends": self.ends, "held": self.held, "three": self.three, "dials": self.dials,
            "rung": self.rung,
        }  # fmt: skip
        found = {name: await talk.citizen.record() for name, talk in named.items() if talk is not None}
        for name, citizen in (("first", self.waiting[0]), ("second", self.waiting[1]), ("menu", self.in_menu)):
            assert citizen is not None
            found[name] = await citizen.record()
        return found


@asynccontextmanager
async def every_state(hotline: Hotline) -> AsyncIterator[EveryState]:
    """Bring calls into every state at once."""
    units = Units(hotline.home.trunk)
    async with units.phone:
        for unit in UNITS:
            units.reacts(unit, rings)
        state = EveryState(hotline, units)
        state.seats = list(
            await asyncio.gather(
                *(hotline.seat(f"800{number}", tone=tone) for number, tone in enumerate(SEAT_TONES, start=1))
            )
        )
        talks = await asyncio.gather(*(_talk(state, tone) for tone in (*TONES[:5], TONES[6])))
        state.talks, state.held, state.three, state.dials, state.ends, wrapped = talks
        hotline.tells("six talks")
        state.unit_leg = await state.three.citizen.calls_unit(UNITS[0])
        state.at_unit = await units.called(UNITS[0], within=5)
        await state.at_unit.answer()
        await state.three.citizen.leg(state.unit_leg, "joined", within=10)
        await hotline.api.post(f"calls/{state.held.citizen.id}/hold")
        state.wrapped, state.wrap_up_seat = wrapped.citizen, wrapped.seat
        state.rung = InTalk(*await _rung(state, TONES[6]), TONES[6])
        # One after the other: a place in the line is a whole second, and two of one second have no order.
        state.waiting = [await _asks_for_a_person(state, TONES[6]) for _ in range(2)]
        state.in_menu = await hotline.caller_dials(tone=TONES[5])
        await state.dials.citizen.calls_unit(UNITS[1])
        state.at_dialled_unit = await units.called(UNITS[1], within=5)
        await wrapped.citizen.hangs_up()
        await wrapped.seat.is_("wrap_up", within=3)
        hotline.tells("a call in every state")
        yield state


async def meanwhile(state: EveryState) -> None:
    """What goes on while the controller is away: all that the issue promises of that time, looked at."""
    hotline, before = state.hotline, len(entered_the_net(state.hotline))
    began = time.monotonic()
    assert state.rung is not None
    assert state.ends is not None
    assert state.in_menu is not None
    assert state.at_dialled_unit is not None
    await asyncio.gather(state.rung.at_seat.answer(), state.at_dialled_unit.answer())
    await still_talk(state.rung)
    hotline.tells("the seat that rang has answered; they talk")
    said = spoken(SAID, after=0.5, seconds=2.0)
    twice = Sound(samples=said.samples * 2)  # a machine that stands still for a moment takes a sign away
    speaking = asyncio.ensure_future(state.rung.at_seat.speaks(twice))
    phone = await hotline.citizen(tone=TONES[6])
    while not any(f"|{state.in_menu.number}|" in line for line in entered_the_net(hotline)[before:]):
        assert time.monotonic() - began < NET, "the caller in the menu does not come to Asterisk's own queue"
        if state.new is None and time.monotonic() - began > 3.5:  # by then the heartbeat is stale
            state.new = await phone.calls(hotline.uri, number=state.new_number)
        await asyncio.sleep(0.05)
    state.menu_to_net = time.monotonic() - began
    hotline.tells(f"the caller in the menu came to Asterisk's own queue after {state.menu_to_net:.1f} s")
    await speaking
    state.rung.at_seat.says(Sound.tone(state.rung.seat.tone))
    await all_talk(state)
    assert state.wrap_up_seat is not None
    # Nobody is there to know how long a wrap-up lasts: its seat rings. Both leave our line within one second: whoever
    # comes first into Asterisk's own queue has the seat that is free there; from then on the longest wait counts.
    first = await _is_served(state, state.waiting, state.wrap_up_seat)
    while sum("|ENTERQUEUE|" in line for line in entered_the_net(hotline)[before:]) < 4:
        assert time.monotonic() - began < NET + 5, "not everybody has come to Asterisk's own queue"
        await asyncio.sleep(0.05)
    state.in_net = entered_the_net(hotline)[before:]
    await state.ends.at_seat.hang_up()
    await state.ends.citizen.call.ended(within=5)
    await _is_served(state, [citizen for citizen in state.waiting if citizen is not first], state.ends.seat)
    hotline.tells("a talk has ended, and its seat talks with the one who now waited longest")


async def _is_served(state: EveryState, waiting: Sequence[Citizen], seat: Seat) -> Citizen:
    """Asterisk's own queue rings this seat for one of these citizens; they talk."""
    call = await seat.rings(within=10)
    citizen = next((citizen for citizen in waiting if citizen.number in call.caller.uri), None)
    assert citizen is not None, "somebody who came later has the seat"
    await call.answer()
    talk = InTalk(citizen, seat, call, TONES[6])
    await still_talk(talk)
    state.served.append(talk)
    return citizen


async def all_talk(state: EveryState) -> None:
    """All who were in a talk hear each other, the units among them; who was on hold is given back by the dialplan."""
    assert state.at_unit is not None
    assert state.at_dialled_unit is not None
    assert state.rung is not None
    for talk in (*state.talking(), state.rung):
        await still_talk(talk)
    await asyncio.gather(
        state.at_unit.hears_tone(TONES[2], within=HEAR), state.at_dialled_unit.hears_tone(TONES[3], within=HEAR)
    )


async def _talk(state: EveryState, tone: int) -> InTalk:
    citizen, seat, call = await _rung(state, tone)
    await call.answer()
    await citizen.until("call.talking", within=5)
    talk = InTalk(citizen, seat, call, tone)
    await still_talk(talk)
    return talk


async def _rung(state: EveryState, tone: int) -> tuple[Citizen, Seat, Call]:
    citizen = await _asks_for_a_person(state, tone)
    ringing = await citizen.until("call.ringing", within=10)
    seat = state.hotline.seats[ringing.data["seat"]]
    return citizen, seat, await seat.rings(within=5)


async def _asks_for_a_person(state: EveryState, tone: int) -> Citizen:
    citizen = await state.hotline.caller_dials(tone=tone)
    await citizen.call.answered(within=3)
    asked = asyncio.ensure_future(citizen.until("call.queued", within=15))
    while not asked.done():
        citizen.call.presses("0")  # the menu hears it, the welcome before it does not
        await asyncio.wait({asked}, timeout=0.7)
    await asked
    return citizen
