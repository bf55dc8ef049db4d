"""Hotlines that scenarios share: each is started when the first scenario asks for it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.hotline import Hotline, visit
from tests.support.hotlines import Shelf, need_asterisk, running, running_as
from tests.support.running_hotline import RunningHotline
from tests.support.three_way import write_roster
from tests.support.tone_hotline import ToneHotline

SOON_OWED: dict[str, object] = {"recall_short_seconds": 0.5, "recall_gap_seconds": 1, "recall_attempts": 2}
"""Who waited for half a second is called back; how, a story need not wait for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    need_asterisk(items, "tests/scenarios", seconds=60)


@pytest.fixture
def direct_hotline(shelf: Shelf) -> RunningHotline:
    """Greets and queues."""
    return shelf.take("direct", lambda: running(0))


@pytest.fixture
def menu_hotline(shelf: Shelf) -> RunningHotline:
    """Asks for keys first."""
    return shelf.take("menu", lambda: running(1, "--flow", "menu"))


@pytest.fixture
def ringing_hotline(shelf: Shelf) -> RunningHotline:
    """Lets the caller hear ringing while seats are offered."""
    return shelf.take("ringing", lambda: running(2, arrival="ring"))


@pytest.fixture
def mortal_hotline(shelf: Shelf) -> RunningHotline:
    """Its processes may be killed."""
    return shelf.take("mortal", lambda: running(3))


@pytest.fixture
async def mortal(mortal_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(mortal_hotline) as hotline:
        yield hotline


@pytest.fixture
def recalling_hotline(shelf: Shelf) -> RunningHotline:
    """Owes a call after half a second, and gives up after two attempts a second apart; may be killed.

    A seat rings for longer than a controller that was killed takes to come back on a busy machine.
    """
    settings = SOON_OWED | {"ring_seconds": 20, "recall_refused": "1390011[0-9]{4}"}
    return shelf.take("recalling", lambda: running(8, arrival="ring", **settings))


@pytest.fixture
async def recalling(recalling_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(recalling_hotline) as hotline:
        yield hotline


@pytest.fixture
def noting_hotline(shelf: Shelf) -> ToneHotline:
    """Owes a call as soon, and hears tones as words."""
    return shelf.take("noting", lambda: running_as(ToneHotline, 5, arrival="ring", **SOON_OWED))


@pytest.fixture
async def noting(noting_hotline: ToneHotline) -> AsyncIterator[Hotline]:
    async with visit(noting_hotline) as hotline:
        yield hotline


@pytest.fixture
def night_hotline(shelf: Shelf) -> RunningHotline:
    """Says its hours; 0 rings the seat on duty."""
    return shelf.take("night", lambda: running(9, "--flow", "night"))


@pytest.fixture
async def night(night_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(night_hotline) as hotline:
        yield hotline


@pytest.fixture
def tone_hotline(shelf: Shelf) -> ToneHotline:
    """Hears tones as words; its speech workers may be killed."""
    return shelf.take("tone", lambda: running_as(ToneHotline, 7))


@pytest.fixture
async def tones(tone_hotline: ToneHotline) -> AsyncIterator[Hotline]:
    async with visit(tone_hotline) as hotline:
        yield hotline


@pytest.fixture
def roomy_hotline(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> ToneHotline:
    """Eight seats, eight units that are always on duty; every call is recorded, and every leg tapped."""

    def make() -> Iterator[ToneHotline]:
        yield from running_as(ToneHotline, 6, agents_folder=write_roster(tmp_path_factory.mktemp("agents")))

    return shelf.take("roomy", make)


@pytest.fixture
async def roomy(roomy_hotline: ToneHotline) -> AsyncIterator[Hotline]:
    async with visit(roomy_hotline) as hotline:
        yield hotline


@pytest.fixture
async def hotline(direct_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(direct_hotline) as hotline:
        yield hotline


@pytest.fixture
async def menu(menu_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(menu_hotline) as hotline:
        yield hotline


@pytest.fixture
async def ringing(ringing_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(ringing_hotline) as hotline:
        yield hotline
