"""The database is locked, or its server is stopped, when a controller is killed: the next one serves all the same.

It goes on from what was handed over in memory; what happened while none ran is found out, and told in the journal once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from scripts.hotline_client import Json
from scripts.phones.call import Call
from tests.faults.busy_hour import until_health
from tests.faults.closing_look import HEAR, closing_look, reaches_a_seat
from tests.faults.results import TellResult
from tests.faults.test_the_database import locked
from tests.support.hotline import Citizen, Hotline, visit
from tests.support.hotlines import running_as
from tests.support.mortality import all_but_asterisk_killed, controller_back, controller_killed, in_the_net
from tests.support.postgres_server import PostgresServer, programs
from tests.support.tone_hotline import ToneHotline
from tests.support.tone_recogniser import spoken

pytestmark = pytest.mark.timeout(180)
BACK = 25.0
STRANGER = "13955500001"
"""Who calls, and gives up, while no controller runs."""
GAVE_UP = ("abandoned_queue", "abandoned_ringing")


@dataclass(frozen=True, slots=True)
class Database:
    """A hotline, and how its database is taken away for as long as a block runs."""

    fault: str
    running: ToneHotline
    away: Callable[[], AbstractContextManager[None]]


@pytest.fixture
def locked_sqlite() -> Iterator[Database]:
    for running in running_as(ToneHotline, 6):
        file = running.folder / "callcenter.sqlite3"
        yield Database("SQLite is locked by another program", running, partial(locked, file))


@pytest.fixture
def stopped_postgres() -> Iterator[Database]:
    if programs() is None:
        pytest.skip("PostgreSQL's server is not installed")
    server = PostgresServer()

    @contextmanager
    def stopped() -> Iterator[None]:
        server.crash()
        try:
            yield
        finally:
            server.start()

    try:
        for running in running_as(ToneHotline, 8, database_url=server.url()):
            yield Database("PostgreSQL is stopped", running, stopped)
    finally:
        server.remove()


@pytest.fixture(params=["locked_sqlite", pytest.param("stopped_postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest) -> Database:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Database)
    return found


@pytest.fixture
async def hotline(database: Database) -> AsyncIterator[Hotline]:
    async with visit(database.running) as visiting:
        yield visiting


async def _talk(hotline: Hotline) -> tuple[Citizen, Call]:
    """Two who talk, and whose words are noted."""
    seat = await hotline.seat("8001", tone=None)
    citizen = await hotline.caller_dials(tone=None)
    at_seat = await seat.rings(within=15)
    await at_seat.answer()
    await citizen.until("notes.changed", within=15, state="live")
    await at_seat.speaks(spoken("天地", after=0.5, seconds=1.6))
    await citizen.until("utterance.final", within=10, side="seat", text="天地")
    return citizen, at_seat


async def _waits(hotline: Hotline) -> Citizen:
    citizen = await hotline.caller_dials()
    await citizen.until("call.queued", within=HEAR)
    return citizen


async def _meanwhile(hotline: Hotline, talking: Citizen, gives_up: Citizen) -> None:
    """No controller runs: one gives up, one calls and gives up, and who talks goes on."""
    before = len(await in_the_net(hotline, 0, since=0, within=1))
    stranger = await hotline.citizen()
    call = await stranger.calls(hotline.uri, number=STRANGER)
    await talking.call.speaks(spoken("春夏秋", after=0.1, seconds=2.0))
    await in_the_net(hotline, 3, since=before, within=15)
    await gives_up.call.hang_up()
    await call.hang_up()


async def _ended(citizen: Citizen) -> tuple[str, bool]:
    [end] = [entry for entry in await citizen.journal() if entry["kind"] == "call.ended"]
    return end["data"]["outcome"], end["recovered"]


@pytest.mark.parametrize(
    ("killed", "who"),
    [
        pytest.param(controller_killed, "the controller is", id="controller"),
        pytest.param(all_but_asterisk_killed, "controller and supervisor are", id="all_but_asterisk"),
    ],
)
async def test_a_controller_is_killed_and_the_next_one_begins_without_it(
    hotline: Hotline,
    database: Database,
    tell_result: TellResult,
    killed: Callable[[Hotline], AbstractAsyncContextManager[None]],
    who: str,
) -> None:
    talking, _ = await _talk(hotline)
    on_break = await hotline.seat("8002")
    await on_break.goes("break", "training")
    stays, gives_up = await _waits(hotline), await _waits(hotline)
    before = hotline.running.pid("controller")
    await asyncio.sleep(1.0)  # the second in which what was said last is written

    with database.away():
        async with killed(hotline):
            await _meanwhile(hotline, talking, gives_up)
        await controller_back(hotline, before)
        await hotline.listens_again()

        # Callers are served, and what operators do is known, with nothing to read it from.
        _, said = await until_health(hotline, "database", "degraded", within=10)
        assert "wait in the spool" in said
        assert (await on_break.record())["state"] == "break"
        assert (await talking.record())["state"] == "talking"
        await hotline.seat("8003")
        await reaches_a_seat(hotline, stays)
    back, _ = await until_health(hotline, "database", "ok", within=BACK)
    await talking.hangs_up()

    calls = await closing_look(
        hotline, ended={talking: "answered", stays: "answered", gives_up: GAVE_UP, STRANGER: GAVE_UP}
    )
    assert await _ended(gives_up) == ("abandoned_queue", True)
    [stranger] = [call for call in calls if call["caller"] == STRANGER]
    assert stranger["recovered"]
    assert ("caller", "春夏秋", False) in await _noted(talking)
    tell_result(
        fault=f"{who} killed while {database.fault}",
        what="a talk, two waiting, one who calls meanwhile; two give up meanwhile",
        figures={"all in the database": f"{back:.1f} s after it is back"},
    )


async def _noted(citizen: Citizen) -> list[tuple[str, str, bool]]:
    """Wait until all notes are made; gives side, words, and whether they were heard live."""

    def made(call: Json) -> bool:
        return bool(call["notes"] == "complete")

    call = await citizen.hotline.until_true(citizen.record, made, within=40, what="noted")
    return [(each["side"], each["text"], each["live"]) for each in call["utterances"]]
