"""The lines of the trunk that are in use at one moment, and which way each was called."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from callcenter.domain.calls import Call, Direction, LegKind, LegState
from callcenter.domain.ids import CallId, LegId

TRUNK = "trunk"
"""The one trunk of a node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkLine:
    """One line in use: a citizen's leg, or that of a unit."""

    call_id: CallId
    leg_id: LegId
    direction: Direction
    since: datetime
    """When the network took the call, or we dialled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """The trunk at one moment; its lines in the order in which they came into use."""

    name: str
    lines: tuple[TrunkLine, ...]

    def in_use(self, direction: Direction) -> int:
        """Count the lines that were called this way."""
        return sum(line.direction is direction for line in self.lines)


def trunk_of(calls: Iterable[Call]) -> Trunk:
    """Find the lines of these calls that are in use."""
    return trunk_with(line for call in calls for line in lines_of(call))


def trunk_with(lines: Iterable[TrunkLine]) -> Trunk:
    """Give the trunk in which these lines are in use."""
    return Trunk(name=TRUNK, lines=tuple(sorted(lines, key=lambda line: (line.since, line.leg_id))))


def lines_of(call: Call) -> Iterator[TrunkLine]:
    """Give the lines of this call that are in use; a unit may still be on the line when its caller has gone."""
    if call.is_live:
        yield TrunkLine(call_id=call.id, leg_id=LegId(call.id), direction=call.direction, since=call.t0)
    for leg in call.legs:
        if leg.kind is LegKind.UNIT and leg.state is not LegState.ENDED:
            yield TrunkLine(call_id=call.id, leg_id=leg.id, direction=Direction.OUTBOUND, since=leg.started)
