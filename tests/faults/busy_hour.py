"""What goes on while a resource is taken away: two talk, one waits, and later one more arrives."""

import time
from dataclasses import dataclass
from typing import Any

from tests.faults.closing_look import HEAR, InTalk, closing_look, reaches_a_seat, still_talk
from tests.support.hotline import OTHER_OPERATOR, Citizen, Hotline


@dataclass(eq=False)
class BusyHour:
    """A talk at seat 8001, and one who waits behind it."""

    hotline: Hotline
    talk: InTalk
    waiting: Citizen

    async def goes_on(self) -> float:
        """Nobody notices anything: the two hear each other, who waits reaches a seat that comes, and one more is heard.

        Gives the milliseconds from the coming of the seat to its ringing, as this machine measured them.
        """
        await still_talk(self.talk)
        seat = await self.hotline.seat("8002", tone=OTHER_OPERATOR, state="offline")
        began = time.monotonic()
        await seat.goes("ready")
        await self.waiting.until("call.ringing", within=HEAR)
        rang = (time.monotonic() - began) * 1000
        await reaches_a_seat(self.hotline, self.waiting)
        return rang

    async def one_more(self) -> Citizen:
        """Dial, and be in line or at a seat."""
        citizen = await self.hotline.caller_dials(tone=None)
        await citizen.until("call.queued", within=HEAR)
        return citizen

    async def is_over(self, *arrived: Citizen) -> None:
        """Look whether the two still talk, and whether all is written down; who arrived meanwhile reaches a seat."""
        await closing_look(self.hotline, talking=[self.talk], waiting=arrived, ended={self.waiting: "answered"})


async def busy_hour(hotline: Hotline) -> BusyHour:
    """Begin it."""
    seat = await hotline.seat("8001")
    talking = await hotline.caller_dials()
    at_seat = await seat.rings(within=10)
    await at_seat.answer()
    waiting = await hotline.caller_dials(tone=None)
    await waiting.until("call.queued", within=HEAR)
    talk = InTalk(talking, seat, at_seat)
    await still_talk(talk)
    return BusyHour(hotline, talk, waiting)


async def until_health(hotline: Hotline, component: str, *statuses: str, within: float) -> tuple[float, str]:
    """Wait until /health says this of a component; gives the seconds that took, and the words."""
    began = time.monotonic()

    def fits(health: dict[str, Any]) -> bool:
        return health["components"][component]["status"] in statuses

    health = await hotline.until_true(hotline.api.health, fits, within=within, what=f"{component} {statuses}")
    return time.monotonic() - began, str(health["components"][component]["detail"])
