"""Figure 8b of what the exchange itself notes: every offer counts, but those that others ended in time (kpis.md §8)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import SetSeatState
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import OfferResult, Period
from callcenter.domain.figures.report import report
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import Ending
from callcenter.domain.wishes import EndLeg
from tests.support.exchange_story import BEGIN, Story


def ringing(*ready: str, policy: Policy | None = None) -> Story:
    """A caller for whom the first of these seats rings."""
    story = Story(ready=ready, policy=policy)
    story.arrives("A")
    story.waits("A")
    story.rings("A")
    return story


def declines(story: Story) -> None:
    story.seconds += 4
    story.leg_ends("A", Ending.REFUSED)


def is_busy(story: Story) -> None:
    story.leg_ends("A", Ending.BUSY)


def lets_it_ring(story: Story) -> None:
    story.seconds += 15
    story.leg_ends("A", Ending.NO_ANSWER)


def phone_goes(story: Story) -> None:
    story.seconds += 4
    story.phone("8001", registered=False)
    story.leg_ends("A", Ending.CANCELLED)


def takes_a_break(story: Story) -> None:
    story.seconds += 4
    story.ask(SetSeatState(extension="8001", state=SeatState.BREAK))
    story.leg_ends("A", Ending.CANCELLED)


def eight_b(story: Story, seat: str | None = None) -> tuple[float | None, float | None]:
    at = story.at + timedelta(minutes=1)
    records = Reader().take_all(story.facts).records(at)
    figures = report(records, Period(BEGIN, at), at, seat=seat)
    return next(figure.parts for figure in figures if figure.number == "8b")


def results(story: Story) -> list[OfferResult]:
    (call,) = Reader().take_all(story.facts).records(story.at).calls
    return [offer.result for offer in call.offers]


@pytest.mark.parametrize(
    ("does_not_answer", "result"),
    [
        (declines, OfferResult.REFUSED),
        (is_busy, OfferResult.REFUSED),
        (lets_it_ring, OfferResult.NO_ANSWER),
        (phone_goes, OfferResult.FAILED),
        (takes_a_break, OfferResult.FAILED),
    ],
)
def test_a_seat_that_does_not_take_the_caller_has_had_an_offer(
    does_not_answer: Callable[[Story], None], result: OfferResult
) -> None:
    story = ringing("8001", "8002")
    does_not_answer(story)
    story.rings("A")
    story.seconds += 3
    story.answers("A")

    assert results(story) == [result, OfferResult.ANSWERED]
    assert eight_b(story) == (1, 2)
    assert (eight_b(story, "8001"), eight_b(story, "8002")) == ((0, 1), (1, 1))


def test_an_offer_that_the_hotline_gives_up_after_the_ring_time_has_failed_however_short_that_is() -> None:
    story = ringing("8001", "8002", policy=Policy(ring_seconds=5))
    given_up = story.offer_of("A")

    assert EndLeg(leg_id=given_up.leg_id) in story.pass_time(10.1)
    story.leg_ends("A", Ending.CANCELLED)

    assert results(story) == [OfferResult.FAILED]
    assert eight_b(story) == (0, 1)


def test_a_caller_who_hangs_up_while_it_rings_has_ended_the_offer_himself() -> None:
    story = ringing("8001")
    story.seconds += 4
    story.leaves("A")
    story.leg_ends("A", Ending.CANCELLED)

    assert results(story) == [OfferResult.CALLER_LEFT]
    assert eight_b(story) == (0, 0)


def test_a_caller_who_is_lost_with_asterisk_is_no_fault_of_the_seat_that_rang() -> None:
    story = ringing("8001")
    story.starts_anew()
    story.seconds += 4
    story.link_restored()

    assert results(story) == [OfferResult.CALLER_LEFT]
    assert eight_b(story) == (0, 0)
