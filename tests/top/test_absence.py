"""Asterisk's record of our absence cannot be read at once, or the journal cannot be asked: it is told later."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callcenter.absence import Absence
from callcenter.domain.exchange import Exchange, Moment, Policy
from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recalls import Recall, RecallAttempt
from callcenter.domain.telephony import Arrived, CallerLeft, PartyJoined, RecallDialled, RecordRead, TelephonyEvent
from callcenter.storage.calls import Calls
from callcenter.storage.journal import Journal
from callcenter.storage.migrate import migrate
from callcenter.storage.store import Store
from tests.support.stores import eventually

RECORDINGS = Path(__file__).parents[1] / "asterisk" / "recordings"
RECORD = RECORDINGS / "calls.csv"
SERVED, GONE = CallId("32714074-3f9d-4798-8b2e-61fa43464595"), CallId("d36e0e2c-2f37-451a-a520-bbb5bdf1a85f")
AFTER = datetime(2026, 11, 28, 16, 0, tzinfo=UTC)


class Reading:
    """One Absence over a real journal, and what it has told."""

    def __init__(self, folder: Path, *, limit_seconds: float) -> None:
        self.url = f"sqlite:///{folder / 'callcenter.sqlite3'}"
        self.record = folder / "calls.csv"
        self.told: list[TelephonyEvent] = []
        self.complete = True
        self._store = Store(self.url, lock_seconds=0.1, limit_seconds=0.5)
        self.exchange = Exchange(Policy(), {}, new_id=lambda: "id", now=Moment(wall=AFTER, mono=0.0))
        self.absence = Absence(
            self.exchange,
            Calls(self._store, Journal(self.url, folder / "spool")),
            record=self.record,
            incoming=folder,
            tell=self.told.append,
            is_complete=lambda: self.complete,
            limit_seconds=limit_seconds,
        )

    @property
    def told_of(self) -> list[CallId | None]:
        """The calls that were told afterwards."""
        return [event.call_id for event in self.told if isinstance(event, RecordRead)]

    async def close(self) -> None:
        """Let the database go."""
        await self._store.close()


@pytest.fixture
async def reading(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Reading]:
    """It reads for as long as the story lasts."""
    reading = Reading(tmp_path, limit_seconds=getattr(request, "param", 0.2))
    task = asyncio.create_task(reading.absence.run())
    yield reading
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await reading.close()


@contextmanager
def no_file(path: Path) -> Iterator[None]:
    """A folder stands where the record should be."""
    path.mkdir()
    yield
    path.rmdir()


@pytest.mark.parametrize("reading", [30.0], indirect=True)
async def test_who_came_and_went_is_told_call_by_call_beside_the_picture(reading: Reading) -> None:
    await migrate(reading.url)
    reading.record.write_bytes(RECORD.read_bytes())

    meanwhile = await reading.absence(AFTER, ())
    await eventually(lambda: len(reading.told) == 2)

    assert (meanwhile.unread, meanwhile.events) == (False, ())
    assert meanwhile.last_written is not None
    assert reading.told_of == [SERVED, GONE]
    for event in reading.told:
        assert isinstance(event, RecordRead)
        assert isinstance(event.meanwhile[0], Arrived)
        assert isinstance(event.meanwhile[-1], CallerLeft)


async def test_a_record_that_cannot_be_read_in_time_is_read_afterwards(reading: Reading) -> None:
    await migrate(reading.url)
    with no_file(reading.record):
        meanwhile = await reading.absence(AFTER, ())
    reading.record.write_bytes(RECORD.read_bytes())

    assert meanwhile.unread
    await eventually(lambda: len(reading.told) >= 3)
    assert reading.told_of == [None, SERVED, GONE], "first how those ended that we knew, then who was never known"


async def test_who_called_meanwhile_is_told_when_the_journal_can_be_asked(reading: Reading) -> None:
    reading.record.write_bytes(RECORD.read_bytes())

    meanwhile = await reading.absence(AFTER, ())  # the database has no tables yet
    assert not meanwhile.unread or reading.told_of == [None]
    assert SERVED not in reading.told_of
    await migrate(reading.url)

    await eventually(lambda: reading.told_of[-2:] == [SERVED, GONE])


@pytest.mark.parametrize("reading", [30.0], indirect=True)
async def test_of_one_who_is_here_his_past_is_told_with_the_picture(reading: Reading) -> None:
    reading.record.write_bytes(RECORD.read_bytes())  # for him nobody has to ask the database, which has no tables

    meanwhile = await reading.absence(AFTER, {SERVED})

    assert {getattr(event, "call_id", None) for event in meanwhile.events} == {SERVED}
    assert not reading.told


async def test_what_is_asked_for_anew_is_told_once(reading: Reading) -> None:
    await migrate(reading.url)
    with no_file(reading.record):
        first = await reading.absence(AFTER, ())
        second = await reading.absence(AFTER, ())
    reading.record.write_bytes(RECORD.read_bytes())

    assert first.unread
    assert second.unread
    await eventually(lambda: len(reading.told) >= 3)
    assert reading.told_of == [None, SERVED, GONE]


async def test_nobody_is_a_stranger_while_what_was_told_of_him_may_wait_in_the_spool(reading: Reading) -> None:
    await migrate(reading.url)
    reading.record.write_bytes(RECORD.read_bytes())
    reading.complete = False

    await reading.absence(AFTER, ())
    with pytest.raises(TimeoutError):
        await eventually(lambda: SERVED in reading.told_of, within=0.5)
    reading.complete = True

    await eventually(lambda: reading.told_of[-2:] == [SERVED, GONE])


async def test_the_record_is_read_anew_when_calls_have_become_known(reading: Reading) -> None:
    await migrate(reading.url)
    reading.record.write_bytes(RECORD.read_bytes())
    reading.absence.look_again()
    assert not reading.told, "Asterisk was not heard yet"

    await reading.absence(AFTER, ())
    await eventually(lambda: reading.told_of[-2:] == [SERVED, GONE])
    reading.absence.look_again()

    await eventually(lambda: reading.told_of[-3:] == [None, SERVED, GONE])


@pytest.mark.parametrize("reading", [30.0], indirect=True)
async def test_an_attempt_to_call_back_that_still_ran_for_us_is_told_with_the_picture(reading: Reading) -> None:
    await migrate(reading.url)
    reading.record.write_bytes((RECORDINGS / "calls-back.csv").read_bytes())
    asked = datetime(2026, 11, 28, 23, 19, 1, tzinfo=UTC)
    attempt = RecallAttempt(call_id=CallId("888daa48-6c14-44ab-b3fc-5b88ecf43b3c"), seat="8001", asked=asked)
    owed = Recall(id=RecallId("r"), caller="13900000001", queue=None, opened=asked, due=asked, attempts=(attempt,))
    reading.exchange.restore([], [], Moment(wall=asked, mono=0.0), recalls=[owed])

    meanwhile = await reading.absence(asked + timedelta(minutes=1), ())

    assert {getattr(event, "call_id", None) for event in meanwhile.events} == {attempt.call_id}
    assert [type(event) for event in meanwhile.events].count(PartyJoined) == 2
    assert RecallDialled in map(type, meanwhile.events)
    assert reading.told == [], "of attempts that were over before nothing is told"
