"""Five minutes of the soak: calls of every sort by chance, a controller that is killed, and nobody is lost.

The whole of it is `scripts/soak`, and with CALLCENTER_SOAK_CALLS=5000 this test.
"""

import os
from collections.abc import Iterator

import pytest

from tests.faults.results import TellResult
from tests.soak.soak import SETTINGS, Load, soak
from tests.soak.staff import write_roster
from tests.support.hotlines import running
from tests.support.running_hotline import RunningHotline

SEATS = 16
CALLS = os.environ.get("CALLCENTER_SOAK_CALLS")
LOAD = Load(
    calls=int(CALLS) if CALLS else None,
    seconds=None if CALLS else 225.0,
    rate=3.0 if CALLS else 2.0,  # what two cores bear in CI
    at_once=SEATS + SEATS // 2,
)
FOR_ALL_OF_IT = 4.0  # seconds for each call, on a slow machine


@pytest.fixture(scope="module")
def soaked_hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHotline]:
    """A hotline with seats and units enough; its controller is killed."""
    yield from running(0, agents_folder=write_roster(tmp_path_factory.mktemp("agents"), SEATS), **SETTINGS)


@pytest.mark.timeout(FOR_ALL_OF_IT * int(CALLS) if CALLS else 420)
async def test_of_many_short_calls_none_is_lost_or_stuck_and_all_are_written_down_once(
    soaked_hotline: RunningHotline, tell_result: TellResult
) -> None:
    report = await soak(soaked_hotline, LOAD)

    print(report)
    tell_result(
        fault="the soak",
        what="short calls of every sort, the controller killed every minute of the second half",
        figures=report.figures,
    )
    assert len(report.absences) >= 2, "no controller was killed"
    assert len(report.calls) >= (LOAD.calls or 100), "the callers did not come through"
    assert report.faults == []
