from dataclasses import replace
from datetime import timedelta

from callcenter.domain.alarms import DISK_LOW, Alarm
from callcenter.domain.calls import CallState
from callcenter.domain.exchange import Moment
from callcenter.domain.exchange.commands import ClearAlarm, RaiseAlarm
from callcenter.domain.fact_data import to_data
from callcenter.domain.facts import OfCall
from callcenter.domain.ids import CallId
from callcenter.domain.records import Entry
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import CallFound, LegFound, LinkRestored, Place
from callcenter.office.recovery import recover
from tests.support.office_fakes import CALL, NOON, FakeCalls, an_office


class SeatsInTalk:
    """The store's word of the seats."""

    def __init__(self, seats: object) -> None:
        self._seats = seats

    async def last_seen(self) -> object:
        return self._seats


async def test_a_new_controller_goes_on_with_the_talk_it_finds() -> None:
    old = an_office()
    old.a_caller_waits()
    leg_id = old.the_seat_answers()
    of_call = [fact for fact in old.journal.facts if isinstance(fact, OfCall)]

    new = an_office(ready=("8001",))
    await recover(
        new.switchboard.exchange,
        FakeCalls(unfinished_facts=[of_call]),  # type: ignore[arg-type]
        SeatsInTalk(old.switchboard.exchange.seats),  # type: ignore[arg-type]
        Moment(wall=NOON, mono=1.0),
    )
    found = CallFound(
        call_id=CALL,
        caller="13800000000",
        arrived=NOON,
        answered=True,
        since=int(NOON.timestamp()),
        place=Place.TALK,
        talk="t",
        legs=(LegFound(leg_id=leg_id, seat="8001", answered=True, talk="t"),),
        recording=None,
    )
    new.tell(LinkRestored(at=NOON + timedelta(seconds=3), calls=(found,), seats_registered=frozenset({"8001"})))

    [call] = new.switchboard.exchange.calls
    assert call.state is CallState.TALKING
    assert [seat.state for seat in new.switchboard.exchange.seats] == [SeatState.TALKING]
    assert new.journal.facts == [], "nothing happened meanwhile, so nothing is noted"


async def test_an_ended_call_whose_recording_is_open_is_taken_up_again() -> None:
    old = an_office()
    old.a_caller_waits()
    old.the_seat_answers()
    old.the_caller_hangs_up()
    of_call = [fact for fact in old.journal.facts if isinstance(fact, OfCall)]
    entries = [
        Entry(seq=seq, time=fact.at, call_id=CALL, kind=fact.kind, data=to_data(fact), recovered=fact.recovered)
        for seq, fact in enumerate(of_call, start=1)
    ]
    ended = old.switchboard.exchange.call(CALL)
    assert ended is not None

    new = an_office()
    await recover(
        new.switchboard.exchange,
        FakeCalls(unsettled=[ended], entries={CALL: entries}),  # type: ignore[arg-type]
        SeatsInTalk([]),  # type: ignore[arg-type]
        Moment(wall=NOON, mono=1.0),
    )

    assert new.switchboard.exchange.call(CALL) == ended
    assert new.switchboard.exchange.calls == []


async def test_a_journal_that_does_not_add_up_keeps_no_controller_from_beginning() -> None:
    office = an_office()
    office.a_caller_waits()
    of_call = [fact for fact in office.journal.facts if isinstance(fact, OfCall)]
    headless, strange = of_call[1:], CallId("strange")
    entries = [
        Entry(seq=1, time=NOON, call_id=strange, kind="call.arrived", data={"caller": None}, recovered=False),
        Entry(seq=2, time=NOON, call_id=strange, kind="call.of_the_future", data={}, recovered=False),
        Entry(seq=3, time=NOON, call_id=strange, kind="call.queued", data={"queue": "hotline"}, recovered=False),
    ]
    undrafted = replace(office.switchboard.exchange.calls[0], id=strange)

    new = an_office()
    await recover(
        new.switchboard.exchange,
        FakeCalls(unfinished_facts=[headless], undrafted=[undrafted], entries={strange: entries}),  # type: ignore[arg-type]
        SeatsInTalk(()),  # type: ignore[arg-type]
        Moment(wall=NOON, mono=1.0),
    )

    assert [(call.id, call.state) for call in new.switchboard.exchange.calls] == [(strange, CallState.QUEUED)]


class AlarmsOfBefore:
    """The store's word of the alarms."""

    async def standing(self) -> list[Alarm]:
        return [Alarm(name=DISK_LOW, detail="900 MB are free", since=NOON)]


async def test_an_alarm_that_stood_is_not_raised_again_and_is_cleared_by_the_new_controller() -> None:
    new = an_office()
    await recover(
        new.switchboard.exchange,
        FakeCalls(),  # type: ignore[arg-type]
        SeatsInTalk([]),  # type: ignore[arg-type]
        Moment(wall=NOON, mono=1.0),
        alarms=AlarmsOfBefore(),
    )

    new.switchboard.ask(RaiseAlarm(name=DISK_LOW, detail="800 MB are free"))
    assert [(alarm.name, alarm.since) for alarm in new.switchboard.exchange.alarms] == [(DISK_LOW, NOON)]
    assert new.journal.kinds() == []
    new.switchboard.ask(ClearAlarm(name=DISK_LOW))
    assert new.alarms_in_a_while() == []
    assert new.journal.kinds() == ["alarm.cleared"]
