"""Who is owed a call: one obligation for each number, one attempt at a time, and how it is settled."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from callcenter.domain.calls import Direction
from callcenter.domain.errors import NotFoundError, RefusedError, UnavailableError
from callcenter.domain.exchange.commands import CallBack, RingToCallBack, SetSeatState
from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recalls import AttemptOutcome, ClosedBy
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    CallerUp,
    Ending,
    LegRang,
    LinkLost,
    RecallOver,
)
from callcenter.domain.wishes import DialBack
from tests.support.recall_story import (
    NUMBER,
    RULES,
    calls_back,
    found_ringing,
    found_talking,
    gives_up,
    in_vain,
    is_over,
    rings_him,
    story,
    the_open_one,
)


def test_a_wait_of_five_seconds_is_owed_a_call_and_a_shorter_one_is_not() -> None:
    told = story()

    gives_up(told, "A", after=4.999)
    assert told.exchange.recalls == []
    gives_up(told, "B", after=5.0)

    recall = the_open_one(told)
    assert (recall.caller, recall.opened, recall.by_us) == (NUMBER, told.call("B").t5, False)
    assert recall.due - recall.opened == timedelta(minutes=30)
    assert [(wait.call_id, wait.waited_ms) for wait in recall.waits] == [("B", 5000)]


def test_a_caller_whom_we_lost_is_owed_a_call_however_short_his_wait() -> None:
    told = story()
    told.ask(SetSeatState(extension="8001", state=SeatState.BREAK))
    told.ask(SetSeatState(extension="8002", state=SeatState.BREAK))
    told.arrives("A")
    told.waits("A")

    told.leaves("A", by_itself=False)

    assert the_open_one(told).by_us


def test_who_hung_up_in_the_menu_is_owed_a_call_only_where_the_site_says_so() -> None:
    for site, owed in ((False, 0), (True, 1)):
        told = story(after_menu=site)
        told.arrives("A")
        told.pass_time(20)
        told.leaves("A")
        assert len(told.exchange.recalls) == owed


@pytest.mark.parametrize(
    ("number", "closed_by"),
    [(None, "undiallable"), ("8001", "undiallable"), ("+442079460000", "undiallable"), ("13900112222", "refused")],
)
def test_what_cannot_be_dialled_or_may_not_is_counted_and_closed(number: str | None, closed_by: str) -> None:
    told = story(refused=RULES.refused)

    gives_up(told, "A", number=number)

    assert told.exchange.recalls == []
    (recall,) = told.folded_recalls.values()
    assert (recall.closed_by, recall.closed) == (closed_by, recall.opened)


def test_he_gives_up_again_and_the_first_end_stays() -> None:
    told = story()
    gives_up(told, "A")
    first = told.call("A").t5
    told.pass_time(100)

    gives_up(told, "B", number="+8613800000001")

    recall = the_open_one(told)
    assert (recall.opened, [wait.call_id for wait in recall.waits]) == (first, ["A", "B"])


def test_he_is_reached_and_a_call_of_ours_begins() -> None:
    told = story()
    gives_up(told, "A")
    told.pass_time(60)
    wish = calls_back(told)
    assert (wish.seat, wish.number) == ("8001", NUMBER)
    told.hear(LegRang(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id))
    assert (told.seat("8001").state, told.seat("8001").call_id) == (SeatState.RINGING, "out")
    told.pass_time(2)
    rings_him(told, wish)
    dialled = told.at
    told.pass_time(8)
    told.hear(CallerUp(at=told.at, call_id=wish.call_id))
    told.joined("out", wish.leg_id)

    call = told.call("out")
    assert (call.direction, call.seat, call.t0, call.t2, call.t4) == (
        Direction.OUTBOUND,
        "8001",
        dialled,
        None,
        told.at,
    )
    assert told.seat("8001").state is SeatState.TALKING
    assert told.exchange.recalls == []
    (recall,) = told.folded_recalls.values()
    assert (recall.closed_by, recall.first_attempt, recall.reached) == (ClosedBy.REACHED, dialled, told.at)

    told.pass_time(30)
    told.leaves("out")
    is_over(told, wish)
    assert told.call("out").outcome == "answered"
    assert told.seat("8001").state is SeatState.WRAP_UP
    assert len(told.folded_recalls) == 1, "a call of ours owes nobody a call"


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [(Ending.NO_ANSWER, "no_answer"), (Ending.BUSY, "busy"), (Ending.REFUSED, "refused"), (Ending.FAILED, "failed")],
)
def test_he_is_not_reached_and_the_seat_is_ready_again(ending: Ending, outcome: str) -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    rings_him(told, wish)
    is_over(told, wish, ending)

    (attempt,) = the_open_one(told).attempts
    assert (attempt.outcome, attempt.ended, attempt.answered) == (outcome, told.at, None)
    assert told.seat("8001").state is SeatState.READY
    assert told.exchange.call("out") is None


def test_the_seat_does_not_pick_up_and_the_operator_puts_down() -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told, "out-1")
    told.hear(LegRang(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id))
    is_over(told, wish)
    wish = calls_back(told, "out-2")
    rings_him(told, wish)
    is_over(told, wish, by_itself=True)

    first, second = the_open_one(told).attempts
    assert (first.outcome, first.dialled) == (AttemptOutcome.SEAT_NO_ANSWER, None)
    assert (second.outcome, second.dialled) == (AttemptOutcome.CANCELLED, told.at)
    assert told.seat("8001").missed == 0


def test_three_attempts_ten_minutes_apart_and_it_is_given_up() -> None:
    told = story()
    gives_up(told, "A")
    in_vain(told, "out-1")
    with pytest.raises(RefusedError, match="less than 10 min ago"):
        calls_back(told, "out-2")
    in_vain(told, "out-2", again=True)  # too near to the first to count
    for number in (3, 4):
        assert the_open_one(told).is_open
        told.pass_time(600)
        in_vain(told, f"out-{number}")

    assert told.exchange.recalls == []
    (recall,) = told.folded_recalls.values()
    assert (recall.closed_by, len(recall.attempts)) == (ClosedBy.GIVEN_UP, 4)


@pytest.mark.parametrize(("tried", "closed_by"), [(False, ClosedBy.SELF_RETURN), (True, ClosedBy.RETURNED)])
def test_he_calls_again_and_is_answered(*, tried: bool, closed_by: ClosedBy) -> None:
    told = story()
    gives_up(told, "A")
    if tried:
        in_vain(told, "out")

    told.talking("B")

    (recall,) = told.folded_recalls.values()
    assert (recall.closed_by, recall.closed) == (closed_by, told.at)


def test_he_calls_himself_while_a_seat_rings_to_call_him_and_it_stops() -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    told.hear(LegRang(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id))

    told.arrives("B")
    assert told.wishes[-1].leg_id == wish.leg_id  # type: ignore[union-attr]  # the end of the seat's leg
    is_over(told, wish)

    assert the_open_one(told).attempts[0].outcome is AttemptOutcome.CANCELLED
    assert told.seat("8001").state is SeatState.READY


def test_when_nobody_may_be_called_back() -> None:
    told = story()
    gives_up(told, "A")
    recall = the_open_one(told)
    told.ask(SetSeatState(extension="8001", state=SeatState.BREAK))
    with pytest.raises(RefusedError, match="the seat is break"):
        calls_back(told)
    with pytest.raises(NotFoundError, match="seat"):
        calls_back(told, seat="9999")
    with pytest.raises(NotFoundError, match="recall"):
        told.ask(CallBack(recall_id=RecallId("none"), call_id=CallId("out"), seat="8001"))
    told.ask(SetSeatState(extension="8002", state=SeatState.BREAK))
    told.arrives("B", "13900000002")
    told.waits("B")
    with pytest.raises(RefusedError, match="callers wait"):
        calls_back(told)
    told.leaves("B")
    told.arrives("C")
    with pytest.raises(RefusedError, match="on the line"):
        calls_back(told)
    told.leaves("C")
    told.hear(LinkLost(at=told.at))
    with pytest.raises(UnavailableError):
        told.ask(CallBack(recall_id=recall.id, call_id=CallId("out"), seat="8001"))


def test_a_second_attempt_beside_the_first_is_refused() -> None:
    told = story()
    gives_up(told, "A")
    calls_back(told)

    with pytest.raises(RefusedError, match="already"):
        calls_back(told, "out-2", seat="8002", again=True)


def test_a_phone_that_gives_no_sign_of_life_is_let_go_of() -> None:
    told = story()
    gives_up(told, "A")
    calls_back(told)

    for _ in range(30):
        told.pass_time(1)

    assert the_open_one(told).attempts[0].outcome is AttemptOutcome.SEAT_NO_ANSWER
    assert told.seat("8001").state is SeatState.READY
    calls_back(told, "out-2")


@pytest.mark.parametrize("journalled", [True, False])
def test_the_controller_dies_while_his_phone_rings_and_finds_the_attempt(*, journalled: bool) -> None:
    told = story()
    gives_up(told, "A")
    before = dict(told.folded_recalls)
    wish = calls_back(told)
    rings_him(told, wish)
    if not journalled:
        told.folded_recalls = before
    told.starts_anew()
    told.link_restored(recalls=(found_ringing(told, wish),))

    assert the_open_one(told).running is not None
    with pytest.raises(RefusedError, match="already"):
        calls_back(told, "out-2", seat="8002")
    told.hear(CallerUp(at=told.at, call_id=wish.call_id))
    told.joined("out", wish.leg_id)
    (recall,) = told.folded_recalls.values()
    assert (recall.closed_by, len(recall.attempts)) == (ClosedBy.REACHED, 1)
    assert told.call("out").direction is Direction.OUTBOUND


@pytest.mark.parametrize("journalled", [True, False])
def test_the_controller_dies_and_finds_them_talking(*, journalled: bool) -> None:
    told = story()
    gives_up(told, "A")
    before = dict(told.folded_recalls)
    wish = calls_back(told)
    if not journalled:
        told.folded_recalls = before
    told.starts_anew()
    told.pass_time(5)
    told.link_restored(found_talking(told, wish))

    (recall,) = told.folded_recalls.values()
    assert (recall.closed_by, [made.outcome for made in recall.attempts]) == (ClosedBy.REACHED, ["reached"])
    call = told.call("out")
    assert (call.direction, call.state, call.recovered) == (Direction.OUTBOUND, "talking", True)
    assert told.seat("8001").state is SeatState.TALKING


def test_the_controller_dies_and_the_attempt_is_gone() -> None:
    told = story()
    gives_up(told, "A")
    calls_back(told)
    told.starts_anew()
    told.link_restored()

    (attempt,) = the_open_one(told).attempts
    assert attempt.outcome is AttemptOutcome.FAILED, "how it ended nobody saw"
    assert told.seat("8001").state is SeatState.READY
    calls_back(told, "out-2")


class AnyOrder(RuleBasedStateMachine):
    """Three numbers, whatever happens: `Story.check` holds one open recall for each, and one attempt at a time."""

    @initialize()
    def begins(self) -> None:
        self.told = story(gap_seconds=0.0)
        self.count = 0
        self.dials: list[DialBack] = []

    @rule(number=st.sampled_from(["13800000001", "13800000002", None]), after=st.floats(0, 10))
    def gives_up(self, number: str | None, after: float) -> None:
        self.count += 1
        if all(line.placed for line in self.told.exchange._state.outbound.lines.values()):
            self.told.arrives(f"c{self.count}", number)
            self.told.hear()
            self.told.pass_time(after)
            self.told.leaves(f"c{self.count}", by_itself=after > 1)

    @rule(which=st.integers(0, 5), seat=st.sampled_from(["8001", "8002"]), places=st.booleans())
    def clicks(self, which: int, seat: str, *, places: bool) -> None:
        recalls = self.told.exchange.recalls
        if not recalls:
            return
        self.count += 1
        recall, call_id = recalls[which % len(recalls)], CallId(f"out{self.count}")
        busy = recall.running is not None
        try:
            self.told.ask(CallBack(recall_id=recall.id, call_id=call_id, seat=seat))
        except RefusedError:
            return
        assert not busy, "a second attempt of one number"
        if places:
            (wish,) = self.told.ask(RingToCallBack(call_id=call_id))
            assert isinstance(wish, DialBack)
            self.dials.append(wish)

    @rule(which=st.integers(0, 5), step=st.integers(0, 6), by_itself=st.booleans())
    def happens(self, which: int, step: int, *, by_itself: bool) -> None:
        if not self.dials:
            return
        told, wish = self.told, self.dials[which % len(self.dials)]
        at, call_id = told.at, wish.call_id
        match step:
            case 0:
                told.hear(LegRang(at=at, call_id=call_id, leg_id=wish.leg_id))
            case 1:
                rings_him(told, wish)
            case 2:
                told.hear(RecallOver(at=at, call_id=call_id, ending=Ending.BUSY))
            case 3:
                is_over(told, wish, by_itself=by_itself)
            case 4:
                told.hear(CallerUp(at=at, call_id=call_id))
            case 5:
                told.joined(wish.call_id, wish.leg_id)
            case _:
                told.leaves(wish.call_id, by_itself=by_itself)

    @rule(which=st.integers(0, 5), finds=st.sampled_from(["nothing", "ringing", "talking"]))
    def dies(self, which: int, finds: str) -> None:
        told = self.told
        told.starts_anew()
        wish = self.dials[which % len(self.dials)] if self.dials else None
        if wish is None or finds == "nothing" or told.exchange.recall(wish.recall_id) is None:
            told.link_restored()
        elif finds == "ringing" and wish.call_id not in told.folded:
            told.link_restored(recalls=(found_ringing(told, wish),))
        elif wish.call_id not in told.folded:
            told.link_restored(found_talking(told, wish))
        else:
            told.link_restored()

    @rule(seconds=st.floats(0, 40))
    def passes(self, seconds: float) -> None:
        self.told.pass_time(seconds)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
