"""Figure 8a: who heard nothing counts, unless it was he who hung up before the fourth ring (kpis.md §8)."""

from datetime import datetime, timedelta

import pytest

from callcenter.domain.calls import Outcome
from callcenter.domain.figures.calls import three_rings
from callcenter.domain.figures.reading import Reader
from callcenter.domain.figures.records import CallRecord, Constants
from tests.support.exchange_story import BEGIN, Story


def call(outcome: Outcome | None, seconds: float, *, voice: float | None = None) -> CallRecord:
    """One that was over after so many seconds, with the first voice after so many."""

    def after(second: float | None) -> datetime | None:
        return None if second is None else BEGIN + timedelta(seconds=second)

    t5 = None if outcome is None else after(seconds)
    return CallRecord(id="A", caller=None, queue=None, t0=BEGIN, t1=after(voice), t5=t5, outcome=outcome)


def eight_a(*calls: CallRecord) -> tuple[float | None, float | None]:
    return three_rings(calls, Constants()).parts


@pytest.mark.parametrize("outcome", [Outcome.ABANDONED_IVR, Outcome.ABANDONED_QUEUE, Outcome.ABANDONED_RINGING])
def test_a_caller_who_hangs_up_in_time_and_heard_nothing_is_not_counted(outcome: Outcome) -> None:
    assert eight_a(call(outcome, 14.999)) == (0, 0)
    assert eight_a(call(outcome, 15)) == (0, 1)
    assert eight_a(call(outcome, 14.999, voice=3)) == (1, 1)


@pytest.mark.parametrize("outcome", [Outcome.LOST, Outcome.COMPLETED_IN_IVR])
def test_a_caller_whom_the_hotline_let_go_unheard_has_not_been_answered_in_time(outcome: Outcome) -> None:
    assert eight_a(call(outcome, 3)) == (0, 1)
    assert eight_a(call(outcome, 3, voice=1)) == (1, 1)


def test_a_call_that_is_lost_with_asterisk_before_it_hears_a_voice_counts() -> None:
    story = Story()
    story.arrives("A")
    story.seconds += 4
    story.starts_anew()
    story.link_restored()

    assert story.call("A").outcome is Outcome.LOST
    assert eight_a(*Reader().take_all(story.facts).records(story.at).calls) == (0, 1)
