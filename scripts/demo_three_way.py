"""The unit's part in the demonstration: called beside the talk, asked alone, joined, and let go."""

import asyncio
import socket
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Protocol

from scripts.demo_words import ALONE, TOGETHER, WHILE_IT_RINGS, Story, Words
from scripts.hotline_client import Events, HotlineClient, Json, ProblemError
from scripts.phones.sip import user_of
from scripts.softphones import SoftCall, SoftPhone, SoftPhones

_PATIENCE = 15.0  # seconds for the unit's phone to ring
_STEP = 5.0  # seconds for one step that the hotline was asked for
_RINGS_FOR = 0.5
_MUSIC = 50.0  # a silent line has less
_FITTING = "住房"  # the demonstration's matter is one of property management


class Say(Protocol):
    """Lets one of the three speak and makes sure that the others hear it."""

    def __call__(
        self, words: Words, speaker: SoftCall, *listeners: SoftCall, deaf: SoftCall | None = None
    ) -> Awaitable[None]:
        """Raise NotSoError when one of them does not, or `deaf` does."""
        ...


def can_be_trunk(trunk: str) -> bool:
    """Tell whether the gateway's place is free on this machine, so that no real unit's phone would ring."""
    host, _, port = trunk.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(IPv4Address(host)), int(port)))
        except (OSError, OverflowError, ValueError):
            return False
    return True


@dataclass(slots=True)
class UnitComes:
    """One unit brought into a running call."""

    hotline: HotlineClient
    events: Events
    phones: SoftPhones
    story: Story
    say: Say
    call_id: str
    leg_id: str = ""

    async def join(self, citizen: SoftCall, operator: SoftCall) -> None:
        """Play it; raises what the phones and the hotline raise. With nobody on duty it says so and goes on."""
        called = await self._is_called()
        if called is None:
            await self.say(WHILE_IT_RINGS, citizen, operator)
            return
        unit, telephone = called
        phone = await telephone.called(within=_PATIENCE)
        await self._rings(unit, phone)
        await self.say(WHILE_IT_RINGS, citizen, operator)
        await phone.answer()
        await self._is("private")
        music = await citizen.hears_sound(within=_STEP, louder_than=_MUSIC)
        self.story.tell(
            f"{unit['name']}接听，先与话务员私下商谈；市民听到等待音乐（实测响度 {music:.0f}）。",
            f"The unit answers; operator and unit talk alone, the citizen hears music (measured {music:.0f}).",
        )
        question, answer = ALONE
        await self.say(question, operator, phone, deaf=citizen)
        await self.say(answer, phone, operator, deaf=citizen)
        await self._asks("join")
        await self._is("joined")
        self.story.tell("话务员接通三方，市民、话务员、承办单位同时通话。", "The operator joins them: all three talk.")
        await self.say(TOGETHER, phone, citizen, operator)
        await self._asks("drop")
        await phone.ended(within=_STEP)
        await self._is("ended")
        self.story.tell("承办单位退出，市民与话务员继续通话。", "The unit leaves; citizen and operator go on.")

    async def _is_called(self) -> tuple[Json, SoftPhone] | None:
        refused = "GET /units is empty"
        for unit in await self._candidates():
            phone = await self.phones.add(number=unit["number"])
            try:
                leg = await self.hotline.post(f"calls/{self.call_id}/three-way", {"unit": unit["id"], "private": True})
            except ProblemError as problem:
                refused = str(problem)  # off duty: the next one
                continue
            self.leg_id = leg["id"]
            self.story.tell(
                f"话务员呼叫承办单位「{unit['name']}」，市民与话务员照常通话。",
                f'The operator calls a unit, "{unit["name"]}"; the talk goes on meanwhile.',
            )
            return unit, phone
        self.story.tell(
            f"没有承办单位可以呼叫，略去三方通话：{refused}", f"No unit can be called, so no third party: {refused}"
        )
        return None

    async def _candidates(self) -> Sequence[Json]:
        units = await self.hotline.all_of("units")
        return sorted(units, key=lambda unit: _FITTING not in unit["name"])

    async def _rings(self, unit: Json, phone: SoftCall) -> None:
        await self._is("ringing")
        self.story.tell(
            f"{unit['name']}的话机振铃，来电显示：{user_of(phone.peer)}。",
            f"The unit's phone rings and shows {user_of(phone.peer)}.",
        )
        await asyncio.sleep(_RINGS_FOR)

    async def _asks(self, action: str) -> None:
        await self.hotline.put(f"calls/{self.call_id}/three-way/{self.leg_id}", {"action": action})

    async def _is(self, state: str) -> None:
        await self.events.until("leg.changed", within=_STEP, id=self.leg_id, state=state)
