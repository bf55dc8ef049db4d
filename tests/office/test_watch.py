"""What is watched over: the queue, the seats, the components, and those who were lost in the last half-hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from callcenter.domain.alarms import ABANDON_RATE, ALARMS, DATABASE, EVENTS, LONGEST_WAIT, NO_SEAT_READY, Threshold
from callcenter.domain.earlier import Earlier
from callcenter.domain.exchange.commands import ClearAlarm, Command, RaiseAlarm, SetSeatState
from callcenter.domain.facts import Fact
from callcenter.domain.ids import CallId
from callcenter.domain.records import Numbered
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import LinkLost, LinkRestored
from callcenter.domain.units import DutyHours
from callcenter.office import watch as watching
from callcenter.office.ports import ComponentHealth
from callcenter.office.watch import BAD, BEGIN_SECONDS, Watch, WatchRules
from tests.support.office_fakes import Office, an_office, eventually, running

RULES = WatchRules(
    abandon_percent=Threshold(raise_at=20, clear_at=15),
    abandon_calls=5,
    longest_wait=Threshold(raise_at=60, clear_at=45),
    duty=(),
)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)


@dataclass
class JournalOfBefore:
    """What the journal told before this controller began."""

    facts: Sequence[Fact] = ()

    async def of_calls(self, **_: object) -> Sequence[Numbered]:
        return [Numbered(seq, fact) for seq, fact in enumerate(self.facts, start=1)]


@dataclass
class House:
    """An office that is watched, and how its components are."""

    office: Office
    rules: WatchRules = RULES
    before: Sequence[Fact] = ()
    statuses: dict[str, str] = field(default_factory=lambda: dict.fromkeys(BAD, "ok"))
    why: str = "why"

    def __post_init__(self) -> None:
        self.looks = 0
        self.watch = Watch(
            self.office.switchboard,
            JournalOfBefore(self.before),  # type: ignore[arg-type]  # only what the watch reads
            conditions=self._conditions,
            rules=self.rules,
            clock=self.office.clock,
            zone=ZoneInfo("Asia/Shanghai"),
        )

    async def _conditions(self) -> Mapping[str, ComponentHealth]:
        self.looks += 1
        return {name: ComponentHealth(status=status, detail=self.why) for name, status in self.statuses.items()}

    async def after(self, seconds: float) -> list[str]:
        """Let so much time pass, a second at a time as far as alarms go, each with a look; the alarms that stand."""
        for _ in range(max(1, round(seconds))):
            self.office.clock.advance(min(1.0, seconds))
            seen = self.looks
            await eventually(lambda seen=seen: self.looks >= seen + 2)  # type: ignore[misc]
            self.office.switchboard._tick()
        return self.office.alarms()

    def changes(self) -> list[str]:
        return [f"{fact.kind} {fact.name}" for fact in self.office.journal.facts if fact.kind.startswith("alarm.")]  # type: ignore[union-attr]


async def test_a_long_wait_is_an_alarm_until_nobody_waits_so_long() -> None:
    house = House(an_office())
    house.office.switchboard.ask(SetSeatState(extension="8001", state=SeatState.BREAK))
    async with running(house.watch.run):
        house.office.a_caller_waits()
        house.office.clock.advance(58)
        assert LONGEST_WAIT not in await house.after(1)
        assert LONGEST_WAIT in await house.after(5)
        house.office.the_caller_hangs_up()
        assert LONGEST_WAIT in await house.after(3), "it must be well for a while"
        assert LONGEST_WAIT not in await house.after(ALARMS[LONGEST_WAIT].clear_after + 2)
    assert [change for change in house.changes() if LONGEST_WAIT in change] == [
        f"alarm.raised {LONGEST_WAIT}",
        f"alarm.cleared {LONGEST_WAIT}",
    ]


async def test_that_something_is_still_well_is_not_said_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(an_office())
    said: list[str] = []
    ask = house.office.switchboard.ask

    def hear(command: Command) -> None:
        if isinstance(command, RaiseAlarm | ClearAlarm):
            said.append(command.name)
        ask(command)

    monkeypatch.setattr(house.office.switchboard, "ask", hear)
    async with running(house.watch.run):
        await house.after(3)
        assert said.count(LONGEST_WAIT) == 1
        house.statuses[DATABASE] = "down"
        assert DATABASE in await house.after(ALARMS[DATABASE].raise_after + 2)
        house.statuses[DATABASE] = "ok"
        assert DATABASE not in await house.after(ALARMS[DATABASE].clear_after + 2)
        seen = said.count(DATABASE)
        await house.after(3)
    assert said.count(DATABASE) == seen


async def test_nobody_on_duty_is_an_alarm_while_somebody_waits() -> None:
    house = House(an_office())
    house.office.switchboard.ask(SetSeatState(extension="8001", state=SeatState.OFFLINE))
    async with running(house.watch.run):
        assert await house.after(20) == [], "at night, with nobody on the line, nobody need be there"
        house.office.a_caller_waits()
        assert await house.after(ALARMS[NO_SEAT_READY].raise_after + 2) == [NO_SEAT_READY]
        house.office.switchboard.ask(SetSeatState(extension="8001", state=SeatState.READY))
        assert await house.after(ALARMS[NO_SEAT_READY].clear_after + 2) == []


async def test_in_hours_of_duty_somebody_must_be_there_although_nobody_waits() -> None:
    all_day = DutyHours(days=frozenset(range(7)), begins=time(), ends=time())
    rules = WatchRules(
        abandon_percent=RULES.abandon_percent, abandon_calls=5, longest_wait=RULES.longest_wait, duty=(all_day,)
    )
    house = House(an_office(), rules=rules)
    house.office.switchboard.ask(SetSeatState(extension="8001", state=SeatState.OFFLINE))
    async with running(house.watch.run):
        assert await house.after(ALARMS[NO_SEAT_READY].raise_after + 2) == [NO_SEAT_READY]


async def test_too_many_lost_in_half_an_hour_is_an_alarm_once_enough_have_asked() -> None:
    house = House(an_office())
    house.office.switchboard.ask(SetSeatState(extension="8001", state=SeatState.BREAK))
    async with running(house.watch.run):
        for number in range(4):
            a_lost_caller(house, number)
        assert ABANDON_RATE not in await house.after(2), "four of four tell nothing yet"
        a_lost_caller(house, 5)
        assert (house.watch.lately.lost, house.watch.lately.asked) == (5, 5)
        assert ABANDON_RATE in await house.after(ALARMS[ABANDON_RATE].raise_after + 2)
        house.office.clock.advance(timedelta(minutes=31).total_seconds())
        assert ABANDON_RATE in await house.after(2)
        house.office.clock.advance(ALARMS[ABANDON_RATE].clear_after)
        assert ABANDON_RATE not in await house.after(2)
    assert house.watch.lately.asked == 0


async def test_those_who_were_lost_before_this_controller_count_as_well() -> None:
    old = House(an_office())
    old.office.switchboard.ask(SetSeatState(extension="8001", state=SeatState.BREAK))
    for number in range(6):
        a_lost_caller(old, number)

    new = House(an_office(), before=old.office.journal.facts)
    async with running(new.watch.run):
        await eventually(lambda: new.watch.lately.asked == 6)

    assert new.watch.lately.lost == 6


@pytest.mark.parametrize("name", BAD)
async def test_a_component_that_is_down_is_an_alarm_until_it_is_well(name: str) -> None:
    house = House(an_office())
    async with running(house.watch.run):
        await house.after(1)
        house.statuses[name] = "down"
        assert await house.after(ALARMS[name].raise_after + 2) == [name]
        house.statuses[name] = "ok"
        assert await house.after(ALARMS[name].clear_after + 2) == []
    assert house.changes() == [f"alarm.raised {name}", f"alarm.cleared {name}"]


@pytest.mark.parametrize("name", [DATABASE, EVENTS])
async def test_what_went_wrong_earlier_holds_up_no_alarm_and_hides_no_new_one(name: str) -> None:
    house = House(an_office(), statuses=dict.fromkeys(BAD, "ok") | {name: "degraded"})
    async with running(house.watch.run):
        for _ in range(2):
            house.why = "the broker is away"
            assert await house.after(ALARMS[name].raise_after + BEGIN_SECONDS + 2) == [name]
            house.why = Earlier("3 dead")
            assert await house.after(ALARMS[name].clear_after + 2) == []
        assert house.watch.components[name].status == "degraded"
    assert house.changes() == [f"alarm.raised {name}", f"alarm.cleared {name}"] * 2


async def test_what_is_still_beginning_is_not_down_yet() -> None:
    house = House(an_office(), statuses=dict.fromkeys(BAD, "ok") | {"asterisk": "down"})
    async with running(house.watch.run):
        assert await house.after(BEGIN_SECONDS - 3) == []
        assert await house.after(5) == ["asterisk"]


def a_lost_caller(house: House, number: int) -> None:
    call_id = CallId(f"7c1b0d64-0000-4000-8000-00000000010{number}")
    house.office.a_caller_waits(call_id)
    house.office.clock.advance(6)
    house.office.the_caller_hangs_up(call_id)


@pytest.mark.parametrize("is_another", [True, False], ids=["restarted", "only cut"])
async def test_an_asterisk_that_is_restarted_within_one_look_is_told_and_a_link_that_was_cut_is_not(
    *, is_another: bool
) -> None:
    house = House(an_office())

    async with running(house.watch.run):
        assert await house.after(1) == []
        now = house.office.clock.now()
        house.office.tell(
            LinkLost(at=now), LinkRestored(at=now, calls=(), seats_registered=frozenset(), is_another=is_another)
        )
        await house.after(0.2)
        await house.after(0.5)
        assert house.changes() == (["alarm.raised asterisk"] if is_another else [])
        await house.after(8)

    assert house.changes() == (["alarm.raised asterisk", "alarm.cleared asterisk"] if is_another else [])
