"""How the tests are shared out among the workers of one run: by file, those that wait longest first."""

from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("among others", deadline=None)  # other workers have the processor, too
settings.load_profile("among others")

LONG_FIRST = ("scenarios", "asterisk", "storage")
"""Folders whose tests wait for real programs; what is short fills the gaps at the end."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file with one worker, since its tests share a hotline; a mark of their own sets them apart."""
    groups: dict[pytest.Item, str] = {}
    for item in items:
        given = item.get_closest_marker("xdist_group")
        groups[item] = str(given.args[0]) if given is not None else f"{item.path.parent.name}/{item.path.stem}"
        if given is None:
            item.add_marker(pytest.mark.xdist_group(groups[item]))
    size = Counter(groups.values())

    def place(item: pytest.Item) -> tuple[int, int, str]:
        folder = item.path.parent.name
        rank = LONG_FIRST.index(folder) if folder in LONG_FIRST else len(LONG_FIRST)
        return rank, -size[groups[item]], groups[item]

    items.sort(key=place)  # stable: the tests of one group stay in their order
