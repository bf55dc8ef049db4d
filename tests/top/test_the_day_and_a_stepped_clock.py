"""The machine's clock is stepped over midnight with calls on the line: their day goes on, and is kept when it is over.

What reckons runs here, in this process, on a machine whose clock a test sets; the other side of its pipe is the test's.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callcenter.clock import SystemClock
from callcenter.domain.facts import CallEnded, ClockStepped, Fact, SeatChanged
from callcenter.domain.figures.records import Period
from callcenter.domain.figures.shown import Shown, values_of
from callcenter.domain.records import Numbered
from callcenter.domain.seats import SeatState
from callcenter.domain.views import Json, moment
from callcenter.office.figures import FigureOffice, Figures, local_day
from callcenter.reckoning import Ahead, Answer, Question, frame, read_frame
from callcenter.reckoning_child import serve
from callcenter.storage.journal import Journal
from callcenter.storage.shown_figures import ShownFigures
from callcenter.storage.store import Store
from callcenter.storage.told import Told
from tests.support.office_fakes import running
from tests.support.stores import Teller, database, eventually, made, new_call_id, seat, whole_call, writing

TOLD_EVERY = 0.05
SOON = 0.5
"""Seconds within which a day that is thought to be over would have been kept."""


def where_it_is_noon() -> ZoneInfo:
    """Give a zone whose midnight is hours away now, on either side."""
    behind = datetime.now(UTC).hour - 12
    return ZoneInfo(f"Etc/GMT{behind:+d}" if behind else "Etc/GMT")


@dataclass
class House:
    """A journal, what reckons beside it, and the clocks of both."""

    zone: ZoneInfo
    journal: Journal
    store: Store
    teller: Teller
    to_it: asyncio.StreamWriter
    set_by: timedelta = timedelta()
    """How far a test has set the machine's clock."""
    clock: SystemClock = field(init=False)
    """The controller's."""
    told: list[Json] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SystemClock(self.machine)

    def machine(self) -> datetime:
        return datetime.now(UTC) + self.set_by

    def happens(self, *facts: Fact) -> None:
        for fact in facts:
            self.teller.tell(fact)
            if isinstance(fact, ClockStepped):
                self.to_it.write(frame(Ahead(self.clock.ahead)))
            self.to_it.write(frame([Numbered(self.journal.latest_seq, fact)]))

    def clock_was_stepped(self) -> None:
        [seconds] = self.clock.take_steps()
        self.happens(ClockStepped(at=self.clock.now(), seconds=seconds))

    def new_time_is_taken_over(self) -> None:
        seconds = self.clock.take_over()
        self.happens(ClockStepped(at=self.clock.now(), seconds=seconds, taken_over=True))

    async def listen(self, from_it: asyncio.StreamReader) -> None:
        while True:
            said = await read_frame(from_it)
            if isinstance(said, Answer):
                self.answers.append(said)
            elif said.kind == "figures.changed":
                self.told.append(said.data)

    async def shows(self, day: date, **wanted: float) -> Json:
        """Wait until the figures of this day are told with these values; gives them."""
        begins = moment(local_day(day, self.zone).begins)

        def are_told() -> bool:
            last = self.told[-1] if self.told else None
            return last is not None and last["from"] == begins and wanted.items() <= counts(last).items()

        await eventually(are_told)
        return self.told[-1]

    async def asked(self, period: Period) -> Figures:
        self.to_it.write(frame(Question(len(self.answers), period, None, None, by_half_hours=False)))
        count = len(self.answers)
        await eventually(lambda: len(self.answers) > count)
        found = self.answers[-1].found
        assert found is not None
        return found[0]

    async def kept(self, day: date) -> Shown | None:
        return await ShownFigures(self.store).newest(day)

    async def again(self, shown: Shown) -> object:
        """What the journal gives for the day when it is reckoned again, as `figures recompute` does it."""
        assert await self.journal.flush(5.0)
        office = FigureOffice(Told(self.store), clock=self.clock, zone=self.zone)
        found = await office.of(local_day(shown.day, self.zone), until=shown.seq, at=shown.at)
        return values_of(figure for _, figure in found.figures)


def counts(told: Json) -> dict[str, float | None]:
    return {figure["name"]: figure["value"] for figure in told["figures"]}


@asynccontextmanager
async def a_house(
    folder: Path, *, ahead: timedelta = timedelta(), set_by: timedelta = timedelta()
) -> AsyncIterator[House]:
    """`set_by`: what the clock shows; `ahead`: it was stepped before what reckons was started, with calls on it."""
    db = await made(database("sqlite", folder))
    ours, its = socket.socketpair()
    from_it, to_it = await asyncio.open_connection(sock=ours)
    incoming, outgoing = await asyncio.open_connection(sock=its)
    store, zone = Store(db.url), where_it_is_noon()
    try:
        async with writing(Journal(db.url, db.folder)) as journal:
            house = House(zone, journal, store, Teller(journal), to_it)
            house.set_by = set_by
            house.clock.now()
            house.set_by += ahead
            to_it.write(frame(Ahead(house.clock.ahead)))
            its_clock = SystemClock(house.machine)
            async with running(
                lambda: serve(store, zone, incoming, outgoing, clock=its_clock, every_seconds=TOLD_EVERY),
                lambda: house.listen(from_it),
            ):
                yield house
    finally:
        to_it.close()
        outgoing.close()
        await store.close()


def over_midnight(zone: ZoneInfo) -> tuple[date, timedelta]:
    """Give this day, and how far the clock must be set to stand at ten minutes past its end."""
    now = datetime.now(UTC)
    today = now.astimezone(zone).date()
    return today, local_day(today, zone).ends - now + timedelta(minutes=10)


@pytest.mark.parametrize("first_heard", [True, False], ids=["as it is told", "before it is told"])
async def test_the_day_goes_on_while_its_calls_do_and_is_kept_when_they_are_over(
    tmp_path: Path, *, first_heard: bool
) -> None:
    async with a_house(tmp_path) as house:
        old, step = over_midnight(house.zone)
        new = old + timedelta(days=1)
        begun = house.clock.now() - timedelta(minutes=2)
        talk = new_call_id()
        house.happens(SeatChanged(at=begun, seat=seat(at=begun, state=SeatState.READY)))
        house.happens(*whole_call(talk, at=begun, ends=False))
        await house.shows(old, offered=1)

        house.set_by = step
        if first_heard:
            house.clock_was_stepped()
        another = new_call_id()
        house.happens(*whole_call(another, at=house.clock.now() - timedelta(seconds=61), caller="13800000001"))
        told = await house.shows(old, offered=2, answered=2)
        assert told["provisional"], "one of them goes on"
        if not first_heard:
            house.clock_was_stepped()
        asked = await house.asked(local_day(old, house.zone))
        assert asked.at < local_day(old, house.zone).ends, "nobody has talked for hours"
        await asyncio.sleep(SOON)
        assert await house.kept(old) is None, "the day is not over while its calls go on"

        leg, ended = list(whole_call(talk, at=house.clock.now() - timedelta(seconds=60)))[-2:]
        house.happens(leg, ended)
        assert isinstance(ended, CallEnded)
        house.new_time_is_taken_over()
        told = await house.shows(new, offered=0, answered=0)
        last = [each for each in house.told if each["from"] != told["from"]][-1]
        assert (counts(last)["offered"], last["provisional"]) == (2, False)
        assert last["to"] == moment(local_day(old, house.zone).ends)
        kept = await house.kept(old)
        assert kept is not None
        assert (kept.provisional, kept.seq, kept.values["1a"]) == (False, last["seq"], (2, None))
        assert await house.again(kept) == kept.values

        of_the_new = house.clock.now()
        house.happens(*whole_call(new_call_id(), at=of_the_new - timedelta(seconds=61), caller="13800000002"))
        await house.shows(new, offered=1, answered=1)


async def test_what_reckons_is_started_anew_while_the_old_time_is_kept(tmp_path: Path) -> None:
    old, step = over_midnight(where_it_is_noon())
    async with a_house(tmp_path, ahead=step) as house:
        begun = house.clock.now() - timedelta(minutes=2)
        house.happens(*whole_call(new_call_id(), at=begun))

        told = await house.shows(old, offered=1)

        assert told["to"] < moment(local_day(old, house.zone).ends)
        assert await house.kept(old) is None


async def test_a_clock_that_is_set_back_over_midnight_has_the_day_before_go_on(tmp_path: Path) -> None:
    old, step = over_midnight(where_it_is_noon())
    new = old + timedelta(days=1)
    async with a_house(tmp_path, set_by=step) as house:
        house.happens(*whole_call(new_call_id(), at=house.clock.now() - timedelta(minutes=5)))
        await house.shows(new, offered=1)

        house.set_by -= timedelta(minutes=20)
        house.clock_was_stepped()
        house.new_time_is_taken_over()
        await house.shows(old, offered=0)
        house.happens(*whole_call(new_call_id(), at=house.clock.now() - timedelta(seconds=61), caller="13800000001"))
        told = await house.shows(old, offered=1, answered=1)
        assert told["to"] < moment(local_day(old, house.zone).ends), "as of now, not of what was told before"

        house.set_by += timedelta(minutes=20)
        house.clock_was_stepped()
        house.new_time_is_taken_over()
        await house.shows(new, offered=1, answered=1)
        kept = await house.kept(old)
        assert kept is not None
        assert kept.values["1a"] == (1, None)
        assert await house.again(kept) == kept.values
