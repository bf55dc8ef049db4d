"""The process that reckons figures: it says what the journal says, follows the day, and comes back when it dies."""

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callcenter.clock import SystemClock
from callcenter.domain.calls import Call
from callcenter.domain.facts import Fact, OfCall, SeatChanged
from callcenter.domain.figures.catalogue import value_view
from callcenter.domain.figures.records import Period
from callcenter.domain.fold import apply
from callcenter.domain.ids import CallId
from callcenter.domain.seats import SeatState
from callcenter.domain.views import Json
from callcenter.office.figures import FigureOffice, local_day
from callcenter.office.stream import Stream
from callcenter.reckoning import Reckoner
from callcenter.storage.journal import Journal
from callcenter.storage.store import Store
from callcenter.storage.told import Told
from tests.support import endless_reckoner
from tests.support.stores import database, eventually, made, seat, whole_call, writing


def where_it_is_noon() -> ZoneInfo:
    """A time zone in which today has been long enough for calls, and ends in many hours."""
    return ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - 12:+}")  # POSIX counts to the west


ZONE = where_it_is_noon()
CLOCK = SystemClock()
PATIENCE = 40.0  # a process of its own begins on a busy machine


@dataclass
class House:
    """A journal, and a reckoner that is told what goes into it."""

    journal: Journal
    store: Store
    stream: Stream
    reckoner: Reckoner
    calls: dict[str, Call]

    def happens(self, *facts: Fact) -> None:
        for fact in facts:
            call = None
            if isinstance(fact, OfCall):
                call = self.calls[fact.call_id] = apply(self.calls.get(fact.call_id), fact)
            self.journal.append(fact, call)
            self.reckoner.noted(fact, call)

    @property
    def told(self) -> list[Json]:
        return self.told_of("figures.changed")

    def told_of(self, kind: str, **whose: str) -> list[Json]:
        """What was told of the hotline, of all queues or seats, or of one."""
        told = [event.data for event in self.stream.since(0) or () if event.type == kind]
        return [data for data in told if whose.items() <= data.items()]

    async def said(self, told: Json, **whose: str) -> Json:
        """What is answered to who asks for that which was told; nothing until the database has the same entries."""
        period = Period(datetime.fromisoformat(told["from"]), datetime.fromisoformat(told["to"]))
        found = await self.reckoner.of(period, **whose)
        if found.seq < told["seq"]:  # the database has it in a moment
            return {}
        figures = [value_view(definition, figure) for definition, figure in found.figures]
        return {**told, "figures": figures, "provisional": found.provisional}

    def shows(self, name: str) -> float | None:
        if not self.told:
            return -1
        value: float | None = next(each["value"] for each in self.told[-1]["figures"] if each["name"] == name)
        return value


@asynccontextmanager
async def a_house(folder: Path) -> AsyncIterator[House]:
    db = await made(database("sqlite", folder))
    store, stream = Store(db.url), Stream("s")
    async with writing(Journal(db.url, db.folder)) as journal:
        reckoner = Reckoner(db.url, zone=ZONE, clock=CLOCK, stream=stream, latest_seq=lambda: journal.latest_seq)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(reckoner.run())
            yield House(journal, store, stream, reckoner, {})
            running.cancel()
        assert reckoner.pid is None
    await store.close()


def begun_today() -> datetime:
    """A moment of this day at which calls of a minute can have begun and be over."""
    return datetime.now(UTC) - timedelta(minutes=20)


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_the_day_is_followed_by_another_process_that_may_die(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        at = begun_today()
        house.happens(SeatChanged(at=at, seat=seat(at=at, state=SeatState.READY)))
        house.happens(*whole_call(CallId(str(uuid.uuid4())), at=at))
        await eventually(lambda: house.shows("answered") == 1, PATIENCE)

        house.happens(*whole_call(CallId(str(uuid.uuid4())), at=at + timedelta(minutes=2), caller="13800000001"))
        await eventually(lambda: house.shows("answered") == 2, PATIENCE)
        first = house.reckoner.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        house.happens(*whole_call(CallId(str(uuid.uuid4())), at=at + timedelta(minutes=4), caller="13800000002"))
        await eventually(lambda: house.shows("distinct_callers") == 3, PATIENCE)

        day = local_day(at.astimezone(ZONE).date(), ZONE)
        period = Period(day.begins, at + timedelta(minutes=10))
        by_itself = FigureOffice(Told(house.store), clock=CLOCK, zone=ZONE)
        found, halves = await house.reckoner.halves(period, queue="hotline")
        assert found.figures == (await by_itself.of(period, queue="hotline")).figures
        of_halves = (await by_itself.halves(period, queue="hotline"))[1]
        assert [(half.period, half.figures) for half in halves] == [(half.period, half.figures) for half in of_halves]
        assert "13800000001" not in str(house.told)


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_of_queues_and_seats_those_are_told_of_which_facts_came_as_they_are_answered(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house:
        at, last = begun_today(), dict[str, int]()

        def takes_a_call(extension: str, when: datetime) -> None:
            house.happens(*whole_call(CallId(str(uuid.uuid4())), at=when, on=extension))
            last[extension] = house.journal.latest_seq

        async def until_told(kind: str, since: int, **whose: str) -> None:
            def is_told() -> bool:
                found = house.told_of(kind, **whose)
                return bool(found) and found[-1]["seq"] >= since

            await eventually(is_told, PATIENCE)

        for extension in ("8001", "8002", "8003"):
            house.happens(SeatChanged(at=at, seat=seat(extension, at=at, state=SeatState.READY)))
            takes_a_call(extension, at)
        for extension, entry in last.items():
            await until_told("seat_figures.changed", entry, seat=extension)
        before = house.stream.seq

        takes_a_call("8002", at + timedelta(minutes=2))
        await until_told("figures.changed", last["8002"])
        await until_told("queue_figures.changed", last["8002"], queue="hotline")
        await until_told("seat_figures.changed", last["8002"], seat="8002")

        after = [event for event in house.stream.since(before) or () if event.type == "seat_figures.changed"]
        assert {event.data["seat"] for event in after} == {"8002"}, "of the others no fact came"
        for whose in ({"queue": "hotline"}, *({"seat": extension} for extension in last)):
            (kind,) = (f"{of}_figures.changed" for of in whose)
            told = house.told_of(kind, **whose)[-1]

            async def is_answered(told: Json = told, whose: dict[str, str] = whose) -> bool:
                return await house.said(told, **whose) == told

            await eventually(is_answered, PATIENCE)
        *_, earlier, later = house.told_of("queue_figures.changed", queue="hotline")
        for was, now in zip(earlier["figures"], later["figures"], strict=True):
            assert was != now or was is now, "what did not change is held once"


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_sum_that_nobody_waits_for_any_more_keeps_nobody_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenter.reckoning._MODULE", endless_reckoner.__name__)
    async with a_house(tmp_path) as house:
        at = begun_today()
        day = local_day(at.astimezone(ZONE).date(), ZONE)
        period = Period(day.begins, at)
        await house.reckoner.of(period)
        given_up = asyncio.create_task(house.reckoner.of(period, queue=endless_reckoner.ENDLESS))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(given_up), 0.3)
        given_up.cancel()

        async with asyncio.timeout(PATIENCE):
            assert await house.reckoner.of(period)
