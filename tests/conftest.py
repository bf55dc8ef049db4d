"""How the tests are shared out among the workers of one run: by file, those that wait longest first."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.hotlines import Shelf

settings.register_profile("among others", deadline=None)  # other workers have the processor, too
settings.load_profile("among others")

LONGEST = ("test_the_soak",)
"""Files of which one alone lasts for minutes: whatever is begun last keeps the whole run waiting."""
LONG_FIRST = ("scenarios", "faults", "speech", "pages", "asterisk", "storage")
"""Folders whose tests wait for real programs; what is short fills the gaps at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give a worker's folder no longer a path than that of a run without workers: Asterisk's socket must fit below."""
    given = Path(config.option.basetemp or "")
    if hasattr(config, "workerinput") and given.parent.name.startswith("pytest-"):
        name = given.parent.name.removeprefix("pytest-") + given.name.removeprefix("popen-")
        config.option.basetemp = str(given.parents[1] / name)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Take a worker's folder away, which pytest does not know of; after a failure it may be looked at."""
    if hasattr(session.config, "workerinput") and exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(session.config.option.basetemp, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files in the order in which workers take them, whole: their tests share a hotline."""
    size = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[bool, int, int, str]:
        folder = item.path.parent.name
        rank = LONG_FIRST.index(folder) if folder in LONG_FIRST else len(LONG_FIRST)
        return item.path.stem not in LONGEST, rank, -size[item.path], str(item.path)

    items.sort(key=place)  # stable: the tests of one file stay in their order


@pytest.fixture(scope="session")
def shelf() -> Iterator[Shelf]:
    """The hotlines that the tests of this worker share."""
    shelf = Shelf()
    yield shelf
    shelf.clear()
