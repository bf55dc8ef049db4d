"""What was before cannot be read at the start: it is handed over in memory, or found out when the store is there."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from callcenter.domain.alarms import DISK_LOW, Alarm
from callcenter.domain.calls import CallState, Outcome
from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange.commands import SetSeatState
from callcenter.domain.facts import Fact, OfCall
from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recalls import Recall
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.telephony import Arrived, CallerLeft, CallerWaits, LinkRestored, RecordRead
from callcenter.office import recovery
from callcenter.office.recovery import Before, Recovery
from tests.support.office_fakes import CALL, NOON, FakeCalls, Office, an_office, eventually, running

OWED = Recall(id=RecallId("r"), caller="13900000009", queue=None, opened=NOON, due=NOON)
ON_BREAK = Seat(extension="8001", operator="张三", state=SeatState.BREAK, reason="lunch", since=NOON, idle_since=NOON)


@dataclass
class LateStore(FakeCalls):
    """A store that is away for so many tries, and what it has then."""

    away: int = 0
    tries: int = 0
    seats: Sequence[Seat] = (ON_BREAK,)

    async def unfinished(self) -> Sequence[Sequence[Fact]]:
        self.tries += 1
        if self.tries <= self.away:
            raise UnavailableError("the database cannot be used")
        return await super().unfinished()

    async def last_seen(self, until: int | None = None) -> Sequence[Seat]:  # noqa: ARG002 - of the port
        return self.seats

    async def standing(self) -> Sequence[Alarm]:
        return [Alarm(name=DISK_LOW, detail="", since=NOON)]

    async def still_open(self) -> Sequence[Recall]:
        return [OWED]


@dataclass
class FakeHandover:
    """What the controller before has left, and what we leave."""

    left: Sequence[Fact] | None = None
    begun: list[Fact] = field(default_factory=list)

    def facts(self) -> Sequence[Fact] | None:
        return self.left

    def begin(self, facts: Iterable[Fact]) -> None:
        self.begun = list(facts)


@dataclass
class Late:
    """A new office, and its recovery."""

    office: Office
    store: LateStore
    handover: FakeHandover = field(default_factory=FakeHandover)
    complete: bool = True
    looks: int = 0

    def __post_init__(self) -> None:
        self.recovery = Recovery(
            self.office.switchboard,
            self.store,  # type: ignore[arg-type]
            self.store,
            alarms=self.store,
            recalls=self.store,  # type: ignore[arg-type]
            handover=self.handover,
            is_complete=lambda: self.complete,
            latest_seq=lambda: 7,
            look_again=self._look,
            clock=self.office.clock,
        )

    def _look(self) -> None:
        self.looks += 1

    async def until_known(self) -> None:
        """Let it find out."""
        async with running(self.recovery.run):
            await asyncio.wait_for(self.recovery.known(), 5)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RETRY_FIRST", "RETRY_MOST", "LOOK_SECONDS"):
        monkeypatch.setattr(recovery, name, 0.01)


def waited_before() -> list[Fact]:
    """Somebody who waited when the controller before died."""
    old = an_office(ready=())
    old.a_caller_waits()
    return [fact for fact in old.journal.facts if isinstance(fact, OfCall)]


def seats_of(late: Late) -> list[tuple[SeatState, Phone]]:
    return [(seat.state, seat.phone) for seat in late.office.switchboard.exchange.seats]


async def test_where_the_store_is_away_it_goes_on_from_what_was_handed_over() -> None:
    before = Before(calls=[waited_before()], seats=[ON_BREAK], recalls=[OWED])
    late = Late(an_office(ready=()), LateStore(away=99), FakeHandover(list(before.facts)))

    await late.recovery.begin(store_is_there=False)

    assert [call.id for call in late.office.switchboard.exchange.without_end] == [CALL]
    assert late.office.switchboard.exchange.recalls == [OWED]
    assert late.recovery.fault is None
    assert late.handover.begun == list(before.facts), "the next one begins with it as well"
    await late.until_known()
    assert late.store.tries == 0, "nothing is left to be asked for"


async def test_what_waits_in_the_spool_makes_the_store_a_bad_witness() -> None:
    late = Late(an_office(ready=()), LateStore(), FakeHandover(waited_before()), complete=False)

    await late.recovery.begin(store_is_there=True)

    assert late.store.tries == 0
    assert [call.id for call in late.office.switchboard.exchange.without_end] == [CALL]


async def test_a_store_that_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "START_SECONDS", 0.05)

    class Stuck(LateStore):
        async def unfinished(self) -> Sequence[Sequence[Fact]]:
            await asyncio.sleep(60)
            return ()

    late = Late(an_office(ready=()), Stuck())
    await late.recovery.begin(store_is_there=True)

    assert late.recovery.fault == "what was before is not known yet: what was before could not be read within 0.05 s"


async def test_who_was_gone_when_we_began_is_known_when_the_store_is_there_and_ends_as_the_record_tells() -> None:
    late = Late(an_office(), LateStore(away=2, unfinished_facts=[waited_before()]))
    await late.recovery.begin(store_is_there=False)
    late.office.tell(LinkRestored(at=NOON + timedelta(seconds=9), calls=(), seats_registered=frozenset({"8001"})))
    assert late.recovery.fault is not None

    await late.until_known()
    late.office.clock.advance(10)
    exchange = late.office.switchboard.exchange
    assert [call.id for call in exchange.unaccounted] == [CALL]
    assert exchange.calls == [], "he is not on the line"
    assert late.looks == 1, "Asterisk's record is read anew"
    assert late.recovery.fault is None
    end = NOON + timedelta(seconds=5)
    late.office.tell(RecordRead(at=NOON, call_id=CALL, meanwhile=(CallerLeft(at=end, call_id=CALL, by_itself=True),)))

    call = exchange.call(CALL)
    assert call is not None
    assert (call.state, call.outcome, call.t5, call.recovered) == (
        CallState.ENDED,
        Outcome.ABANDONED_QUEUE,
        end,
        True,
    )
    assert late.office.journal.kinds().count("call.arrived") == 0, "he had arrived before"


async def test_who_was_met_on_the_line_has_the_times_that_the_journal_knows() -> None:
    before = waited_before()
    late = Late(an_office(ready=()), LateStore(away=1, unfinished_facts=[before]))
    await late.recovery.begin(store_is_there=False)
    late.office.tell(
        Arrived(at=NOON + timedelta(seconds=30), call_id=CALL, caller="13800000000", recording=None),
        CallerWaits(at=NOON + timedelta(seconds=30), call_id=CALL, since=int(NOON.timestamp()) + 30),
    )

    await late.until_known()

    [call] = late.office.switchboard.exchange.calls
    assert call.t0 == before[0].at
    assert late.office.switchboard.exchange.unaccounted == []


async def test_a_seat_is_as_it_was_unless_its_operator_has_spoken_since() -> None:
    late = Late(an_office(ready=(), offline=("8001", "8002", "8003")), LateStore(away=1))
    late.office.switchboard.ask(SetSeatState(extension="8002", state=SeatState.OFFLINE))
    late.store.seats = [
        ON_BREAK,
        replace(ON_BREAK, extension="8002"),
        replace(ON_BREAK, extension="8003", state=SeatState.TALKING, reason=None, call_id=CallId("gone")),
    ]
    await late.recovery.begin(store_is_there=False)

    await late.until_known()

    states = [state for state, _ in seats_of(late)]
    assert states == [SeatState.BREAK, SeatState.OFFLINE, SeatState.WRAP_UP]


async def test_what_stands_and_is_owed_is_known_again() -> None:
    late = Late(an_office(), LateStore(away=1))
    await late.recovery.begin(store_is_there=False)

    await late.until_known()

    assert late.office.switchboard.exchange.recalls == [OWED]
    assert "alarm.cleared" in late.office.journal.kinds(), "nobody has raised it since"


async def test_each_try_in_vain_is_told() -> None:
    late = Late(an_office(), LateStore(away=10**6))
    await late.recovery.begin(store_is_there=False)

    async with running(late.recovery.run):
        await eventually(lambda: "tried 3 times, and again in" in (late.recovery.fault or ""))
