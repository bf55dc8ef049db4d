"""Every way in which a talk of three may go: who acts, in which state, who leaves next, and what is to become of it.

Each cell is a whole call on a real Asterisk. The phones' RTP timestamps begin far apart, so that a phone would go deaf
where anything but a mixer joined them. Cells of one state are played together, on one hotline; each is a test of its
own, with its table of who hears whom.
"""

import pytest

from tests.support.running_hotline import RunningHotline
from tests.support.three_way_cells import Played, play_all
from tests.support.three_way_rules import Cell, cells

CELLS = tuple(cells())
_PLAYED: dict[Cell, Played] = {}


def test_there_are_enough_of_them() -> None:
    assert len(CELLS) >= 40
    assert len(set(map(str, CELLS))) == len(CELLS)


@pytest.mark.timeout(240)  # the first of a state waits for all of it
@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_a_talk_of_three(cell: Cell, roomy_hotline: RunningHotline, request: pytest.FixtureRequest) -> None:
    if cell not in _PLAYED:
        chosen = [other for other in map(_cell_of, request.session.items) if other and other.group == cell.group]
        _PLAYED.update(await play_all(roomy_hotline, chosen))
    played = _PLAYED[cell]

    print(cell)
    print("\n".join(played.story))
    if played.failure is not None:
        raise played.failure


def _cell_of(item: pytest.Item) -> Cell | None:
    """Give the cell that a test which was chosen is about."""
    cell = getattr(item, "callspec", None) and item.callspec.params.get("cell")  # type: ignore[attr-defined]
    return cell if isinstance(cell, Cell) else None
