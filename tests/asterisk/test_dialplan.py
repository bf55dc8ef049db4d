"""What the dialplan does by itself: greet in time, and go on when nobody decides any more."""

import time
from pathlib import Path

import pytest

from callcenter.asterisk.plan import Plan
from callcenter.domain.telephony import Arrived, CallerInFallback, CallerUp, CallerWaits, VoiceBegan
from tests.asterisk.conftest import Ami
from tests.asterisk.test_real_asterisk import Line, on_line
from tests.support.office_fakes import eventually

pytestmark = pytest.mark.asterisk

FOUR_RINGS_SECONDS = 15


async def seconds_to(line: Line, kind: type[CallerUp | VoiceBegan | CallerInFallback], *, limit: float) -> float:
    """Wait for the first event of this kind; give how long after the caller's arrival it came, by Asterisk's clock."""
    event = await line.until(kind, limit=limit)
    return (event.at - (await line.until(Arrived)).at).total_seconds()


async def test_without_a_controller_a_caller_is_answered_greeted_and_queued_at_once(ami: Ami) -> None:
    async with on_line(ami, beating=False) as line:
        await line.rings_in()

        assert await seconds_to(line, CallerUp, limit=5) < 1
        assert await seconds_to(line, CallerInFallback, limit=5) < 1
        assert await seconds_to(line, VoiceBegan, limit=5) < 1


async def test_with_ringing_a_caller_nobody_takes_hears_words_before_the_fourth_ring(ami: Ami) -> None:
    async with on_line(ami) as line:
        line.telephone.set_arrival("ring")
        try:
            await line.rings_in()
            waits = await line.until(CallerWaits)

            answered = await seconds_to(line, CallerUp, limit=FOUR_RINGS_SECONDS)
            spoken = await seconds_to(line, VoiceBegan, limit=FOUR_RINGS_SECONDS)
        finally:
            line.telephone.set_arrival("answer")

    assert 9 <= answered <= spoken < FOUR_RINGS_SECONDS - 2
    assert waits.at < (await line.until(CallerUp)).at


async def test_with_ringing_and_no_controller_a_caller_is_greeted_at_once(ami: Ami) -> None:
    async with on_line(ami, beating=False) as line:
        line.telephone.set_arrival("ring")
        try:
            await line.rings_in()

            assert await seconds_to(line, VoiceBegan, limit=5) < 1
        finally:
            line.telephone.set_arrival("answer")


async def test_a_caller_who_waits_goes_on_to_the_fallback_when_the_beat_stops(ami: Ami) -> None:
    async with on_line(ami, beating=False) as line:
        line.telephone.set_arrival("ring")
        try:
            line.telephone.beat(int(time.time()))
            await line.rings_in()
            waits = await line.until(CallerWaits)

            degraded = await line.until(CallerInFallback, limit=8)
        finally:
            line.telephone.set_arrival("answer")

    assert 2 <= (degraded.at - waits.at).total_seconds() <= 6
    assert degraded.since == waits.since


async def test_the_recording_named_at_arrival_is_the_one_that_grows(ami: Ami, plan: Plan) -> None:
    async with on_line(ami, beating=False) as line:
        await line.rings_in()
        arrived = await line.until(Arrived)
        await line.until(VoiceBegan)

        assert arrived.recording == str(plan.incoming / f"{arrived.call_id}.raw")
        recording = Path(arrived.recording)
        await eventually(lambda: recording.exists() and recording.stat().st_size > 0, within=5)
