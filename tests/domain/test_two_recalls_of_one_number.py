"""One number has two open recalls at the start: one was opened while the other could not be read. He is owed one call.

The older one stays, with all that is known of both; the other is closed as `joined`, so that it is neither owed for
ever nor counted.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from callcenter.domain.errors import NotFoundError, RefusedError
from callcenter.domain.exchange import Exchange
from callcenter.domain.exchange.commands import CallBack, Remember, RingToCallBack
from callcenter.domain.facts import RecallChanged
from callcenter.domain.figures.reading import Reader
from callcenter.domain.ids import CallId, LegId, RecallId
from callcenter.domain.recalls import AttemptOutcome, ClosedBy, Recall, RecallAttempt, Wait
from callcenter.domain.telephony import CallerUp, PartyJoined
from callcenter.domain.wishes import DialBack
from tests.support.exchange_story import Story, roster
from tests.support.recall_story import (
    NUMBER,
    calls_back,
    found_ringing,
    gives_up,
    in_vain,
    rings_him,
    story,
    the_open_one,
)

SEATS = ("8001", "8002")


def another(first: Recall, *, minutes: float, name: str = "second", attempts: Sequence[RecallAttempt] = ()) -> Recall:
    """What a controller opened that did not know of the first one, for a later call of his."""
    opened = first.opened + timedelta(minutes=minutes)
    return Recall(
        id=RecallId(name),
        caller=NUMBER,
        queue=first.queue,
        opened=opened,
        due=opened + timedelta(minutes=30),
        waits=(Wait(call_id=CallId(f"call-{name}"), t5=opened, waited_ms=9000),),
        attempts=tuple(attempts),
    )


def attempt(name: str, told: Story) -> RecallAttempt:
    """One that was running when the controller died."""
    return RecallAttempt(call_id=CallId(name), seat="8001", asked=told.at, dialled=told.at)


def begins_with(told: Story, *recalls: Recall) -> None:
    """The controller dies, and the next one reads these as open."""
    seats = list(told.exchange.seats)
    told.folded_recalls |= {recall.id: recall for recall in recalls}
    told.exchange = Exchange(told.policy, roster(list(told.folded_seats)), new_id=told._new_id, now=told.now)
    told.exchange.restore([], seats, told.now, recalls=recalls)


def is_told(told: Story) -> dict[str, Recall]:
    """What the journal has of both when Asterisk has been heard."""
    told.link_restored(registered=SEATS)
    return told.folded_recalls


def test_the_first_stays_with_the_calls_of_both_and_the_second_is_closed() -> None:
    told = story()
    gives_up(told, "A")
    first = the_open_one(told)
    told.pass_time(120)
    second = another(first, minutes=1)
    known = len(told.facts)

    begins_with(told, first, second)
    recalls = is_told(told)

    assert recalls[first.id] == replace(first, waits=(*first.waits, *second.waits)) == the_open_one(told)
    assert recalls["second"] == replace(second, closed=told.at, closed_by=ClosedBy.JOINED)
    found_out = [fact for fact in told.facts[known:] if isinstance(fact, RecallChanged)]
    assert [fact.recall.id for fact in found_out] == ["second", first.id]
    assert all(fact.recovered for fact in found_out)

    told.starts_anew()
    told.link_restored(registered=SEATS)
    assert len(told.facts) == known + 2, "the next start finds one, and nothing to be put right"


def test_in_whatever_order_three_are_read_the_oldest_stays() -> None:
    for order in permutations(range(3)):
        told = story()
        gives_up(told, "A")
        first = the_open_one(told)
        told.pass_time(600)
        three = [first, another(first, minutes=1), another(first, minutes=2, name="third")]

        begins_with(told, *(three[place] for place in order))
        recalls = is_told(told)

        assert the_open_one(told).id == first.id
        assert [wait.call_id for wait in the_open_one(told).waits] == ["A", "call-second", "call-third"]
        assert {recall.closed_by for recall in recalls.values() if not recall.is_open} == {ClosedBy.JOINED}


def test_he_is_dialled_once_and_nobody_can_dial_the_second() -> None:
    told = story()
    gives_up(told, "A")
    first = the_open_one(told)
    told.pass_time(120)
    begins_with(told, first, another(first, minutes=1))
    is_told(told)

    wish = calls_back(told)
    with pytest.raises(NotFoundError):
        told.ask(CallBack(recall_id=RecallId("second"), call_id=CallId("out-2"), seat="8002"))
    rings_him(told, wish)
    told.hear(CallerUp(at=told.at, call_id=wish.call_id))
    told.joined(wish.call_id, wish.leg_id)

    assert [wish.recall_id for wish in told.wishes if isinstance(wish, DialBack)] == [first.id]
    assert told.folded_recalls[first.id].closed_by is ClosedBy.REACHED
    assert told.exchange.recalls == [], "nothing is owed to him any more"


def test_attempts_of_both_are_kept_and_it_is_given_up_after_enough_of_them() -> None:
    told = story(most_attempts=2, gap_seconds=60.0)
    gives_up(told, "A")
    in_vain(told, "out-1")
    first = the_open_one(told)
    told.pass_time(120)
    tried = replace(attempt("out-2", told), ended=told.at, outcome=AttemptOutcome.CANCELLED)
    begins_with(told, first, another(first, minutes=1, attempts=[tried]))
    is_told(told)
    assert [each.call_id for each in the_open_one(told).attempts] == ["out-1", "out-2"]

    told.pass_time(120)
    in_vain(told, "out-3")

    assert told.folded_recalls[first.id].closed_by is ClosedBy.GIVEN_UP


def test_a_phone_that_rings_for_the_second_is_taken_up_for_the_first() -> None:
    told = story()
    gives_up(told, "A")
    first = the_open_one(told)
    told.pass_time(120)
    running = attempt("out", told)
    begins_with(told, first, another(first, minutes=1, attempts=[running]))
    wish = DialBack(
        call_id=running.call_id,
        leg_id=LegId("seat-leg"),
        recall_id=RecallId("second"),
        seat="8001",
        number=NUMBER,
        ring_seconds=15,
        caller_ring_seconds=30,
    )
    told.link_restored(registered=SEATS, recalls=[found_ringing(told, wish)])

    with pytest.raises(RefusedError, match="8001 is calling this number back"):
        calls_back(told, "out-2", seat="8002", again=True)
    told.hear(CallerUp(at=told.at, call_id=wish.call_id))
    for leg in (wish.call_id, wish.leg_id):
        told.hear(PartyJoined(at=told.at, call_id=wish.call_id, leg_id=leg, talk="talk"))  # type: ignore[arg-type]

    (made,) = told.folded_recalls[first.id].attempts
    assert (told.folded_recalls[first.id].closed_by, made.outcome) == (ClosedBy.REACHED, AttemptOutcome.REACHED)
    assert told.exchange.recalls == []


def test_of_two_attempts_that_ran_the_end_of_the_earlier_one_was_seen_by_nobody() -> None:
    told = story()
    gives_up(told, "A")
    earlier = attempt("out-1", told)
    first = replace(the_open_one(told), attempts=(earlier,))
    told.pass_time(120)
    later = attempt("out-2", told)

    begins_with(told, first, another(first, minutes=1, attempts=[later]))
    told.pass_time(0)

    one, other = the_open_one(told).attempts
    assert (one.call_id, one.outcome, one.ended) == ("out-1", AttemptOutcome.FAILED, told.at)
    assert other == later, "what became of it is for Asterisk to say"
    told.link_restored(registered=SEATS)
    assert [each.outcome for each in the_open_one(told).attempts] == [AttemptOutcome.FAILED, AttemptOutcome.FAILED]


@pytest.mark.parametrize("dials", [False, True], ids=["nobody dials", "a seat dials meanwhile"])
def test_the_first_becomes_known_when_the_second_was_opened_already(*, dials: bool) -> None:
    told = story()
    gives_up(told, "A")
    first = the_open_one(told)
    told.folded_recalls.clear()
    begins_with(told)  # and knows nothing: the store is away
    told.link_restored(registered=SEATS)
    told.pass_time(60)
    gives_up(told, "B")
    second = the_open_one(told)
    wish = calls_back(told) if dials else None

    told.ask(Remember(calls=[], seats=[], alarms=[], recalls=[first]))

    assert the_open_one(told).id == first.id
    assert [wait.call_id for wait in the_open_one(told).waits] == ["A", "B"]
    assert told.folded_recalls[second.id].closed_by is ClosedBy.JOINED
    if wish is not None:
        rings_him(told, wish)
        told.hear(CallerUp(at=told.at, call_id=wish.call_id))
        told.joined(wish.call_id, wish.leg_id)
        assert told.folded_recalls[first.id].closed_by is ClosedBy.REACHED
        assert told.exchange.recalls == []


def test_a_phone_that_rings_for_an_obligation_nobody_knew_of_is_not_joined_by_a_second_one() -> None:
    told = story()
    gives_up(told, "A")
    wish = calls_back(told)
    rings_him(told, wish)
    told.folded_recalls.clear()
    begins_with(told)
    gives_up_unknown = replace(found_ringing(told, wish), recall_id=RecallId("unknown"))
    told.link_restored(registered=SEATS, recalls=[gives_up_unknown])
    gives_up(told, "B")

    with pytest.raises(RefusedError):
        told.ask(CallBack(recall_id=the_open_one(told).id, call_id=CallId("out-2"), seat="8002"))
    with pytest.raises(RefusedError):
        told.ask(RingToCallBack(call_id=CallId("out-2")))


def test_the_figures_count_one_duty() -> None:
    told = story()
    gives_up(told, "A")
    first = the_open_one(told)
    told.pass_time(120)
    begins_with(told, first, another(first, minutes=1))
    is_told(told)

    reader = Reader().take_all(fact for fact in told.facts if isinstance(fact, RecallChanged))

    [counted] = reader.recalls()
    assert (counted.number, counted.opened, counted.end) == (NUMBER, first.opened, None)
