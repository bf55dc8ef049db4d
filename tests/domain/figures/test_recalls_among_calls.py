"""A day on which citizens are called back between those who call: figures 1 to 8 and 10 know only who called."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from callcenter.domain.exchange import commands as c
from callcenter.domain.figures.figure import Figure
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import Period
from callcenter.domain.figures.report import half_hours, report
from callcenter.domain.ids import CallId, LegId, RecallId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import CallerUp, Ending, LegAnswered, LegEnded, LegRang, PartyJoined
from callcenter.domain.wishes import DialBack
from tests.support.exchange_story import BEGIN, Story
from tests.support.recall_story import gives_up, is_over, rings_him, story

DAY = Period(BEGIN - timedelta(hours=1), BEGIN + timedelta(hours=23))
GAP = 900.0
"""Seconds between two who call, in which a seat can call somebody back."""
REACHED, BUSY, NOT_TRIED, BY_HIMSELF, LATE = (f"1380000000{number}" for number in range(1, 6))

CallsBack = Callable[[Story], None]


def is_served(told: Story, call: str, number: str, *, rings: float, talks: float) -> None:
    """He calls, rings so long, talks so long, and hangs up; the seat writes it up."""
    told.arrives(call, number)
    told.waits(call)
    offer = told.rings(call)
    told.pass_time(rings)
    told.answers(call)
    told.pass_time(talks / 2)
    told.ask(c.HoldCall(call_id=CallId(call)))
    told.pass_time(10)
    told.ask(c.ResumeCall(call_id=CallId(call)))
    told.pass_time(talks / 2)
    told.leaves(call)
    end = LegEnded(at=told.at, call_id=CallId(call), leg_id=offer.leg_id, ending=Ending.NORMAL, by_itself=False)
    told.hear(end)
    told.pass_time(told.policy.wrap_up_seconds)


def dials(told: Story, number: str, attempt: str, *, seat: str = "8001") -> DialBack:
    """The seat clicks, picks up after 2 s, and his phone is called."""
    [owed] = [recall for recall in told.exchange.recalls if recall.caller == number]
    told.ask(c.CallBack(recall_id=RecallId(owed.id), call_id=CallId(attempt), seat=seat))
    [wish] = told.ask(c.RingToCallBack(call_id=CallId(attempt)))
    assert isinstance(wish, DialBack)
    told.hear(LegRang(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id))
    told.pass_time(2)
    rings_him(told, wish)
    return wish


def talks_with_seat_and_unit(told: Story) -> None:
    """He answers after 8 s; they talk for 100 s, 10 s of them on hold, and a unit is in it for 60 s."""
    wish = dials(told, REACHED, "out-1")
    told.pass_time(8)
    told.hear(CallerUp(at=told.at, call_id=wish.call_id))
    told.joined("out-1", wish.leg_id)
    unit = LegId("unit")
    told.ask(
        c.CallUnit(call_id=wish.call_id, leg_id=unit, party="water", number="96116", ring_seconds=30, private=False)
    )
    told.hear(
        LegRang(at=told.at, call_id=wish.call_id, leg_id=unit),
        LegAnswered(at=told.at, call_id=wish.call_id, leg_id=unit),
        PartyJoined(at=told.at, call_id=wish.call_id, leg_id=unit, talk="talk of out-1"),
    )
    told.pass_time(60)
    told.hear(LegEnded(at=told.at, call_id=wish.call_id, leg_id=unit, ending=Ending.NORMAL, by_itself=True))
    told.ask(c.HoldCall(call_id=wish.call_id))
    told.pass_time(10)
    told.ask(c.ResumeCall(call_id=wish.call_id))
    told.pass_time(30)
    told.leaves("out-1")
    is_over(told, wish)
    told.pass_time(told.policy.wrap_up_seconds)
    told.pass_time(GAP - 140)


def is_busy(told: Story) -> None:
    """He is on another call, three seconds after the seat picked up."""
    wish = dials(told, BUSY, "out-2", seat="8002")
    told.pass_time(3)
    is_over(told, wish, Ending.BUSY)
    told.pass_time(GAP - 5)


def is_lost_and_waits_for_another_seat(told: Story) -> None:
    """The seat's phone fails in the talk: he waits again, and another seat takes him. He asked for nobody."""
    told.pass_time(2 * GAP)  # too late for figure 12b
    wish = dials(told, LATE, "out-3")
    told.hear(CallerUp(at=told.at, call_id=wish.call_id))
    told.joined("out-3", wish.leg_id)
    told.pass_time(20)
    told.phone("8001", registered=False)
    is_over(told, wish)
    told.pass_time(1)
    told.waits("out-3")
    other = told.rings("out-3")
    told.pass_time(25)
    told.answers("out-3")
    told.pass_time(told.policy.wrap_up_seconds - 26)  # the first seat is ready again
    told.pass_time(8)
    told.leaves("out-3")
    end = LegEnded(at=told.at, call_id=CallId("out-3"), leg_id=other.leg_id, ending=Ending.NORMAL, by_itself=False)
    told.hear(end)
    told.phone("8001", registered=True)
    told.pass_time(told.policy.wrap_up_seconds)
    told.pass_time(GAP - 90)


def nobody(told: Story) -> None:
    """No one is called back meanwhile."""
    told.pass_time(GAP)


def nobody_for_long(told: Story) -> None:
    """Nor is he whose turn would be too late."""
    told.pass_time(3 * GAP)


def a_day(first: CallsBack, second: CallsBack, third: CallsBack) -> Story:
    """The same citizens call on each of these days, at the same seconds."""
    told = story()
    is_served(told, "A", "13900000001", rings=4, talks=60)
    gives_up(told, "B", number=REACHED, after=20)
    gives_up(told, "C", number=BUSY, after=40)
    first(told)
    is_served(told, "D", "13900000002", rings=14, talks=200)
    gives_up(told, "E", number=NOT_TRIED, after=6)
    gives_up(told, "F", number=BY_HIMSELF, after=7)
    gives_up(told, "G", number="13900000003", after=4)  # too short to be owed a call
    second(told)
    is_served(told, "H", BY_HIMSELF, rings=3, talks=30)
    gives_up(told, "I", number=LATE, after=9)
    third(told)
    is_served(told, "J", REACHED, rings=5, talks=90)  # whom we had reached calls about something else
    told.ask(c.SetSeatState(extension="8001", state=SeatState.OFFLINE))
    return told


def figures_of(told: Story, period: Period = DAY) -> Mapping[str, Figure]:
    records = Reader().take_all(told.facts).records(told.at)
    return {figure.number: figure for figure in report(records, period, told.at)}


def family(number: str) -> int:
    """The figure that this is a part of: 5 of 5n_15."""
    return int("".join(mark for mark in number[:2] if mark.isdigit()))


@pytest.fixture(scope="module")
def quiet() -> Story:
    return a_day(nobody, nobody, nobody_for_long)


@pytest.fixture(scope="module")
def busy() -> Story:
    return a_day(talks_with_seat_and_unit, is_busy, is_lost_and_waits_for_another_seat)


def test_citizens_called_at_the_same_seconds_on_both_days(quiet: Story, busy: Story) -> None:
    for call in "ABCDEFGHIJ":
        one, other = quiet.call(call), busy.call(call)
        assert (one.t0, one.t2, one.t4, one.t5) == (other.t0, other.t2, other.t4, other.t5), call
    assert {call for call in busy.folded if call not in quiet.folded} == {"out-1", "out-3"}


def test_figures_of_those_who_called_are_the_same(quiet: Story, busy: Story) -> None:
    without, with_them = figures_of(quiet), figures_of(busy)
    counted = [number for number in without if family(number) not in (9, 12)]

    assert {family(number) for number in counted} >= {1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13}
    assert {number: with_them[number] for number in counted} == {number: without[number] for number in counted}
    assert (without["2"].numerator, without["1a"].numerator, without["11a"].numerator) == (4, 10, 0)


def test_half_hours_and_seats_are_the_same(quiet: Story, busy: Story) -> None:
    for period in half_hours(DAY):
        without, with_them = figures_of(quiet, period), figures_of(busy, period)
        for number, figure in without.items():
            assert family(number) in (9, 12) or with_them[number] == figure, (period.begins, number)


def test_the_seats_time_counts(quiet: Story, busy: Story) -> None:
    """Figure 9: talk, hold and wrap-up of both talks are busy, their ringing is not; nobody was on duty for longer.

    The seat whose phone failed in its talk was not on duty after it until the phone was back, 38 s later.
    """
    without, with_them = figures_of(quiet)["9a"], figures_of(busy)["9a"]
    assert with_them.numerator is not None
    assert without.numerator is not None
    wrap_up = busy.policy.wrap_up_seconds
    talks_and_writing = (100 + wrap_up) + 20 + (12 + wrap_up)
    assert with_them.numerator - without.numerator == talks_and_writing * 1000
    assert without.denominator is not None
    assert with_them.denominator == without.denominator - 38_000


def test_figure_12_tells_of_those_who_were_owed_a_call(quiet: Story, busy: Story) -> None:
    without, with_them = figures_of(quiet), figures_of(busy)

    # B and C in the first gap, E never, F came by himself, I when it was too late; G did not wait.
    # Where nobody called B back he came by himself as J.
    def of_each(figures: Mapping[str, Figure]) -> list[object]:
        return [figures[number].parts for number in ("12_due", "12a", "12b", "12c", "12e", "12f", "12_lost")]

    assert of_each(without) == [(3, None), (0, 3), (0, 3), (0, 3), (0, None), (2, None), (0, None)]
    assert of_each(with_them) == [(4, None), (3, 4), (2, 4), (2, 4), (0, None), (1, None), (0, None)]
    owed = busy.folded_recalls.values()
    delays = [recall.first_attempt - recall.opened for recall in owed if recall.first_attempt is not None]
    assert with_them["12d"].value == sum(delays, timedelta()).total_seconds() / 3
