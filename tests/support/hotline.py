"""What scenarios are told with: a running hotline, citizens who call it, seats that answer.

async def test_a_citizen_talks_to_an_operator(hotline: Hotline) -> None:
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=5)
    await talk.answer()
    await citizen.call.hears_tone(seat.tone, within=3)
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from scripts.hotline_client import Event, Events, HotlineClient, Json, ProblemError
from scripts.phones.call import Call
from scripts.phones.digest import Credentials
from scripts.phones.phone import Phone, Reaction, rings
from scripts.phones.rtp import StreamStart
from scripts.phones.sip import Header
from scripts.phones.sound import Sound
from scripts.phones.waiting import NotInTimeError, eventually
from tests.support.picture_watch import PictureWatch
from tests.support.quiet_log import QuietLog
from tests.support.running_hotline import RunningHotline

CITIZEN, OPERATOR, OTHER_OPERATOR, UNIT = 440, 660, 880, 1100
"""What they sound like, in Hz."""

_NUMBERS = itertools.count(13900000001)
_OF_ANOTHER_THING = (
    "leg.changed", "recording.changed", "ticket.changed", "notes.changed", "utterance.partial", "utterance.final",
)  # fmt: skip
_LOOK_EVERY = 0.1
_REST = 15.0  # seconds until all is put away behind a call
_SPARE = 3  # open files that come and go by themselves: a log's, a prompt's; a voice that renders one


@dataclass(slots=True, eq=False)
class Citizen:
    """Somebody who has dialled the hotline."""

    hotline: "Hotline"
    phone: Phone
    call: Call
    id: str
    """Of the call, as the hotline names it."""
    number: str
    """What he dialled from, unless the From was made by hand."""

    async def until(self, *types: str, within: float, since: int = 0, **wanted: Any) -> Event:
        """Wait for something to happen to this call, or find that it has."""
        wanted["call_id" if types[0] in _OF_ANOTHER_THING else "id"] = self.id
        return await self.hotline.events.until(*types, within=within, since=since, **wanted)

    def events(self, *types: str, **wanted: Any) -> list[Event]:
        """Give what has happened to this call."""
        wanted["call_id" if types[0] in _OF_ANOTHER_THING else "id"] = self.id
        return self.hotline.events.of(*types, **wanted)

    async def times(self, count: int, kind: str, *, within: float, **wanted: Any) -> list[Event]:
        """Wait until something has happened so many times to this call."""
        return await eventually(
            lambda: found if len(found := self.events(kind, **wanted)) >= count else None,
            within=within,
            what=lambda: f"{kind} happened {len(self.events(kind, **wanted))} times, not {count},",
        )

    async def record(self) -> Json:
        """Read the call as the hotline has it now."""
        return await self.hotline.api.get(f"calls/{self.id}")

    async def journal(self) -> list[Json]:
        """Read what the journal holds of it."""
        return await self.hotline.api.all_of(f"calls/{self.id}/journal")

    async def calls_unit(self, unit: str = "water", *, private: bool = False) -> str:
        """Let the operator bring a unit in; gives the id of its leg. Raises ProblemError."""
        leg = await self.hotline.api.post(f"calls/{self.id}/three-way", {"unit": unit, "private": private})
        return str(leg["id"])

    async def changes_unit(self, leg_id: str, action: str) -> Json:
        """Let the operator consult with the unit, join all three, or drop it. Raises ProblemError."""
        return await self.hotline.api.put(f"calls/{self.id}/three-way/{leg_id}", {"action": action})

    async def operator(self, action: str) -> Json:
        """Let the operator leave caller and unit alone, or return. Raises ProblemError."""
        return await self.hotline.api.put(f"calls/{self.id}/seat", {"action": action})

    async def leg(self, leg_id: str, state: str, *, within: float, **wanted: Any) -> Json:
        """Wait until a leg is in this state; gives the leg."""
        expected = {"state": state} | wanted

        async def read() -> Json:
            return next((leg for leg in (await self.record())["legs"] if leg["id"] == leg_id), {})

        def fits(leg: Json) -> bool:
            return all(leg.get(key) == value for key, value in expected.items())

        return await self.hotline.until_true(read, fits, within=within, what=f"leg {expected}")

    async def hangs_up(self) -> Json:
        """Hang up; gives the call as it ended."""
        await self.call.hang_up()
        return await self.is_over(within=5)

    async def is_over(self, *, within: float) -> Json:
        """Wait for the hotline to know the end; gives the call as it ended."""
        return (await self.until("call.ended", within=within)).data


@dataclass(slots=True, eq=False)
class Seat:
    """A seat with a registered phone."""

    hotline: "Hotline"
    phone: Phone
    extension: str
    tone: int
    """What it sounds like, in Hz; 0 where it is silent."""

    async def rings(self, *, within: float) -> Call:
        """Wait until the phone rings; gives the call to answer or not."""
        return await self.phone.called(within=within)

    async def record(self) -> Json:
        """Read the seat as the hotline has it now."""
        return await self.hotline.api.get(f"seats/{self.extension}")

    async def goes(self, state: str, reason: str | None = None) -> Json:
        """Ask for another state; raises ProblemError."""
        body = {"state": state} | ({"reason": reason} if reason else {})
        return await self.hotline.api.put(f"seats/{self.extension}/state", body)

    async def is_(self, state: str, *, within: float, **wanted: object) -> Json:
        """Wait until the hotline has the seat in this state."""
        expected = {"state": state} | wanted

        def fits(seat: Json) -> bool:
            return all(seat[key] == value for key, value in expected.items())

        return await self.hotline.until_true(self.record, fits, within=within, what=f"seat {self.extension} {expected}")


@dataclass(slots=True, eq=False)
class Unit:
    """A unit that answers at the far end of the trunk, with whatever number is dialled there."""

    hotline: "Hotline"
    phone: Phone
    id: str
    number: str
    tone: int

    async def rings(self, *, within: float) -> Call:
        """Wait until it is called; gives the call to answer or not."""
        return await self.phone.called(within=within)


class Hotline:
    """A running hotline as one scenario sees it."""

    def __init__(self, running: RunningHotline, api: HotlineClient, events: Events, stack: AsyncExitStack) -> None:
        self.running = running
        self.home = running.home
        self.api = api
        self.events = events
        self.before = running.footprint()
        """What its processes held when the scenario began."""
        self.citizens: list[Citizen] = []
        """Who has dialled in this scenario, in this order."""
        self._stack = stack
        self._began = time.monotonic()
        self._seats: dict[str, Seat] = {}
        self._dialling = asyncio.Lock()

    @property
    def uri(self) -> str:
        """What citizens dial."""
        return f"sip:{self.home.hotline}@{self.home.sip}"

    @property
    def seats(self) -> Mapping[str, Seat]:
        """Those that were signed in in this scenario, by extension."""
        return self._seats

    async def listens_again(self) -> None:
        """Follow the events of a controller that has taken another's place: the old stream ended with that one."""
        self.events = await self._stack.enter_async_context(self.api.events())

    def tells(self, text: str) -> None:
        """Print one sentence of the story."""
        print(f"{time.monotonic() - self._began:6.2f} s  {text}")

    async def citizen(self, name: str = "citizen", *, tone: int | None = CITIZEN) -> Phone:
        """Give a phone that has not dialled yet; `tone` None is silent."""
        sound = Sound.silence() if tone is None else Sound.tone(tone)
        return await self._stack.enter_async_context(Phone(name, sound=sound))

    async def switched_on(self, phone: Phone) -> Phone:
        """Switch a phone on for as long as the scenario lasts."""
        return await self._stack.enter_async_context(phone)

    async def caller_dials(
        self,
        number: str | None = None,
        *,
        name: str = "",
        tone: int | None = CITIZEN,
        from_: str | None = None,
        headers: tuple[Header, ...] = (),
        phone: Phone | None = None,
    ) -> Citizen:
        """Dial, and wait until the hotline knows of the call; without a number everybody has one of his own."""
        number = number or str(next(_NUMBERS))
        phone = phone or await self.citizen(tone=tone)
        async with self._dialling:  # one after the other, to know whose call is whose
            since = self.events.now
            call = await phone.calls(self.uri, number=number, name=name, from_=from_, headers=headers)
            known: Json = {"caller": number} if from_ is None else {}
            arrived = await self.events.until("call.arrived", within=5, since=since, **known)
        citizen = Citizen(self, phone, call, arrived.data["id"], number)
        self.citizens.append(citizen)
        return citizen

    async def seat(
        self,
        extension: str,
        *,
        tone: int | None = OPERATOR,
        state: str = "ready",
        reaction: Reaction = rings,
        start: Callable[[], StreamStart] = StreamStart,
    ) -> Seat:
        """Register the seat's phone and sign the seat in.

        `tone` None is silent; `start` is where the numbers of its sound begin.
        """
        account = next(seat for seat in self.home.seats if seat.extension == extension)
        sound = Sound.silence() if tone is None else Sound.tone(tone)
        phone = await self._stack.enter_async_context(Phone(extension, sound=sound, reaction=reaction, start=start))
        await phone.register(self.home.sip, Credentials(extension, account.password))
        seat = self._seats[extension] = Seat(self, phone, extension, tone or 0)
        await seat.goes("offline")
        await seat.is_("offline", within=5, phone="registered")
        if state != "offline":
            await seat.goes(state)  # from here on a waiting caller may make it ring
        return seat

    async def unit(
        self,
        unit_id: str = "water",
        *,
        tone: int | None = UNIT,
        reaction: Reaction = rings,
        start: Callable[[], StreamStart] = StreamStart,
    ) -> Unit:
        """Switch on the far end of the trunk, silent with `tone` None; all units of one scenario are reached there."""
        sound = Sound.silence() if tone is None else Sound.tone(tone)
        known = {unit["id"]: unit for unit in await self.api.all_of("units")}
        phone = await self._stack.enter_async_context(
            Phone(unit_id, port=self.running.ports.trunk, sound=sound, reaction=reaction, start=start)
        )
        return Unit(self, phone, unit_id, known[unit_id]["number"], tone or 0)

    async def until_true(
        self,
        read: "Callable[[], Any]",
        fits: Callable[[Json], bool],
        *,
        within: float,
        what: str,
    ) -> Json:
        """Read again after each event, and now and then without one, until it fits."""
        end = time.monotonic() + within
        while True:
            found: Json = await read()
            if fits(found):
                return found
            if time.monotonic() > end:
                raise NotInTimeError(f"not {what} within {within:g} s but {found}")
            await asyncio.sleep(_LOOK_EVERY)

    async def live_calls(self) -> list[Json]:
        """Give the calls in progress."""
        return await self.api.all_of("calls", live="true")

    async def rests(self) -> None:
        """Wait until no call is in progress, then sign every seat of this scenario off."""

        async def live() -> Json:
            return {"calls": await self.live_calls()}

        await self.until_true(live, lambda found: not found["calls"], within=_REST, what="at rest")
        for extension in self._seats:
            await self._sign_off(extension)

    async def no_leftovers(self) -> None:
        """Wait until nothing of any call is left: no open file, no process, no sound on its way."""

        async def left() -> Json:
            more = {of: count - self.before[of] for of, count in self.running.footprint().items()}
            incoming = sorted(path.name for path in (self.running.folder / "recordings/incoming").iterdir())
            return {"more": more, "incoming": incoming}

        await self.until_true(
            left,
            lambda found: not found["incoming"] and all(more <= _SPARE for more in found["more"].values()),
            within=_REST,
            what="without leftovers",
        )
        assert self.events.gaps == [], "the stream of events had gaps"

    async def _sign_off(self, extension: str) -> None:
        async def tried() -> Json:
            try:
                return await self.api.put(f"seats/{extension}/state", {"state": "offline"})
            except ProblemError as problem:
                return {"state": str(problem)}

        await self.until_true(tried, lambda seat: seat["state"] == "offline", within=_REST, what="signed off")


@asynccontextmanager
async def visit(running: RunningHotline) -> AsyncIterator[Hotline]:
    """Tell one scenario on a running hotline; at the end nothing of it may be left."""
    async with HotlineClient(running.home.http, running.home.token) as api, api.events() as events:
        watch, log = PictureWatch(api, events), QuietLog(running)
        async with watch.beside():
            async with AsyncExitStack() as stack:
                hotline = Hotline(running, api, events, stack)
                yield hotline
            await hotline.rests()
        assert watch.wrong == [], "one who watched knew another picture than a newcomer was shown"
        assert log.faults(events.all) == [], "the log tells what it must not, or not whose it is"
        await hotline.no_leftovers()
