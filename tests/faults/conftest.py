"""The room of the faults: hotlines that may be hurt, the closing look's markers, and the page of results."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults.results import Results, TellResult, teller
from tests.support.hotline import Hotline, visit
from tests.support.hotlines import Shelf, need_asterisk, running, running_as
from tests.support.running_hotline import RunningHotline
from tests.support.small_disk import NoDiskError
from tests.support.strained_hotline import StrainedHotline
from tests.support.three_way import write_roster
from tests.support.tone_hotline import ToneHotline

PAGE = os.environ.get("CALLCENTER_RELIABILITY")
"""Where the page of results goes; unset in an ordinary run, which writes none (see scripts/reliability)."""

IN_EVERY_RUN = frozenset(
    {"test_the_soak", "test_the_controller_is_killed", "test_the_database", "test_the_disk", "test_the_broker"}
)
"""Files that `scripts/test` runs as well; all others, for which it has no time, are run by `scripts/reliability`."""

_results = Results()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    need_asterisk(items, "tests/faults", seconds=120)
    for item in items:
        if "tests/faults" in str(item.path) and item.path.stem not in IN_EVERY_RUN:
            item.add_marker(pytest.mark.at_length)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "tests/faults" in report.nodeid:
        _results.take(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if PAGE:
        describe = ["git", "-C", str(session.config.rootpath), "describe", "--always", "--dirty"]
        said = subprocess.run(describe, capture_output=True, text=True, check=False)
        _results.write(Path(PAGE), commit=said.stdout.strip() or "unknown")


@pytest.fixture
def tell_result(request: pytest.FixtureRequest) -> TellResult:
    """Tells a row of docs/reliability.md."""
    return teller(request)


@pytest.fixture
def mortal_hotline(shelf: Shelf) -> RunningHotline:
    """Greets and queues; its processes may be killed."""
    return shelf.take("mortal", lambda: running(3))


@pytest.fixture
async def mortal(mortal_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(mortal_hotline) as hotline:
        yield hotline


@pytest.fixture(scope="module")
def crowded_hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToneHotline]:
    """Eight seats, eight units, a menu; hears tones as words. Its processes may be killed in every state of a call."""
    agents = write_roster(tmp_path_factory.mktemp("agents"))
    settings: dict[str, object] = {"ring_seconds": 20, "wrap_up_seconds": 4, "standby": "true"}
    yield from running_as(ToneHotline, 2, "--flow", "menu", agents_folder=agents, **settings)


@pytest.fixture
def strained_hotline(shelf: Shelf) -> StrainedHotline:
    """Its resources can be taken away: small disks for database and log, workers that may be killed."""
    try:
        return shelf.take("strained", lambda: running_as(StrainedHotline, 5))
    except NoDiskError as error:
        pytest.skip(f"no small disk can be mounted here: {error}")


@pytest.fixture
async def strained(strained_hotline: StrainedHotline) -> AsyncIterator[Hotline]:
    async with visit(strained_hotline) as hotline:
        yield hotline
