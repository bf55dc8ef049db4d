"""What is to become of a talk of three, by rule: from any state, whoever acts, whoever leaves next.

Nothing here was copied from what a hotline did; the rules are those of the contract and of the three-way design.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.support.who_hears_whom import MUSIC


class Room(StrEnum):
    """Where one of the three is."""

    TALK = "in the talk"
    CONSULT = "in the private consult"
    MUSIC = "alone with music, to be fetched back"
    LINE = "in the line again, the first"
    ASIDE = "out of the talk, the phone kept"
    RINGING = "ringing"
    GONE = "gone"


class State(StrEnum):
    """How far it has come when somebody acts."""

    RINGING = "the unit rings"
    RINGING_PRIVATELY = "the unit rings for a consult"
    JOINED = "all three talk"
    HELD = "all three talk, on hold"
    CONSULT = "a private consult"
    CONSULTED = "all three talk, after a consult"
    AWAY = "the operator has left, his phone kept"
    BACK = "all three talk, the operator has been away"
    GONE = "the operator has left and hung up"


class Act(StrEnum):
    """What somebody does."""

    CALLER_HANGS_UP = "the caller hangs up"
    SEAT_HANGS_UP = "the operator hangs up"
    UNIT_HANGS_UP = "the unit hangs up"
    UNIT_BUSY = "the unit is busy"
    UNIT_DECLINES = "the unit declines"
    UNIT_SILENT = "the unit lets it ring"
    UNIT_DUMB = "the unit's phone says nothing"
    DROPPED = "the operator drops the unit"
    ENDED = "the operator's client ends the call"


_RINGING = {State.RINGING, State.RINGING_PRIVATELY}
_THREE = (State.JOINED, State.HELD, State.CONSULTED, State.BACK)
_WHO_LEAVES = {
    Act.CALLER_HANGS_UP: "caller",
    Act.ENDED: "caller",  # with him all goes
    Act.SEAT_HANGS_UP: "seat",
    Act.UNIT_HANGS_UP: "unit",
    Act.UNIT_BUSY: "unit",
    Act.UNIT_DECLINES: "unit",
    Act.UNIT_SILENT: "unit",
    Act.UNIT_DUMB: "unit",
    Act.DROPPED: "unit",
}
_OUTCOME_UNANSWERED = {
    Act.UNIT_BUSY: "busy",
    Act.UNIT_DECLINES: "refused",
    Act.UNIT_SILENT: "no_answer",
    Act.UNIT_DUMB: "failed",
}
_HANGING_UP = {"caller": Act.CALLER_HANGS_UP, "seat": Act.SEAT_HANGS_UP, "unit": Act.UNIT_HANGS_UP}


@dataclass(frozen=True, slots=True)
class Picture:
    """Where each of the three is."""

    caller: Room = Room.TALK
    seat: Room = Room.TALK
    unit: Room = Room.TALK
    held: bool = False

    @property
    def is_over(self) -> bool:
        """Nobody is left."""
        return {self.caller, self.seat, self.unit} == {Room.GONE}

    def without(self, who: str) -> "Picture":
        """Give what follows when one of them goes: the last two are never one alone on a line."""
        left = {name: room for name, room in self._rooms.items() if name != who} | {who: Room.GONE}
        if left["caller"] is Room.GONE:
            return Picture(Room.GONE, Room.GONE, Room.GONE)
        if left["unit"] is Room.GONE:
            if left["seat"] is Room.GONE:
                return Picture(Room.GONE, Room.GONE, Room.GONE)
            return Picture(unit=Room.GONE, held=self.held)
        match left["unit"]:  # and the seat is gone
            case Room.RINGING:
                return Picture(Room.GONE, Room.GONE, Room.GONE)
            case Room.CONSULT:
                return Picture(caller=Room.LINE, seat=Room.GONE, unit=Room.GONE)
            case _:
                return Picture(seat=Room.GONE)

    def hears(self) -> Mapping[str, frozenset[str]]:
        """Give whom each of those who are there must hear, and nobody else."""
        return {who: self._heard_by(who) for who, room in self._rooms.items() if room not in (Room.GONE, Room.RINGING)}

    @property
    def _rooms(self) -> dict[str, Room]:
        return {"caller": self.caller, "seat": self.seat, "unit": self.unit}

    def _heard_by(self, who: str) -> frozenset[str]:
        room = self._rooms[who]
        if room in (Room.MUSIC, Room.LINE):
            return frozenset({MUSIC})
        if room is Room.ASIDE:
            return frozenset()
        others = {name for name, theirs in self._rooms.items() if theirs is room and name != who}
        if self.held:
            if who == "seat":
                return frozenset()
            others -= {"seat"}
            if not others:
                return frozenset({MUSIC})
        return frozenset(others)


def picture_of(state: State) -> Picture:
    """Give where the three are in a state."""
    match state:
        case State.RINGING | State.RINGING_PRIVATELY:
            return Picture(unit=Room.RINGING)
        case State.CONSULT:
            return Picture(caller=Room.MUSIC, seat=Room.CONSULT, unit=Room.CONSULT)
        case State.AWAY:
            return Picture(seat=Room.ASIDE)
        case State.GONE:
            return Picture(seat=Room.GONE)
        case State.HELD:
            return Picture(held=True)
        case State.JOINED | State.CONSULTED | State.BACK:
            return Picture()


@dataclass(frozen=True, slots=True)
class Cell:
    """One way in which such a talk may go."""

    state: State
    act: Act
    then: Act | None = None
    """Who of the two that are left goes next; None where nobody is left."""
    after: Picture = field(default_factory=Picture)

    @property
    def group(self) -> str:
        """Cells of one group are played at the same time."""
        return self.state.name.lower()

    @property
    def unit_outcome(self) -> str:
        """How the unit's leg ends."""
        return _OUTCOME_UNANSWERED.get(self.act, "cancelled" if self.state in _RINGING else "answered")

    def __str__(self) -> str:
        words = f"{self.state}: {self.act}"
        return words if self.then is None else f"{words}, then {self.then}"


def cells() -> Iterator[Cell]:
    """Give every way: who acts, in which state, and who of those that remain leaves next."""
    for state in State:
        for act in Act:
            if not _makes_sense(state, act):
                continue
            after = picture_of(state).without(_WHO_LEAVES[act])
            if after.is_over:
                yield Cell(state, act, None, after)
            elif after.caller is Room.LINE:
                yield Cell(state, act, Act.CALLER_HANGS_UP, after)  # whoever serves him then is another story
            else:
                for who in after.hears():
                    yield Cell(state, act, _HANGING_UP[who], after)


def _makes_sense(state: State, act: Act) -> bool:
    if state in _RINGING:
        return act is not Act.UNIT_HANGS_UP
    if act in _OUTCOME_UNANSWERED:
        return False
    gone = state is State.GONE
    return not (gone and act in (Act.SEAT_HANGS_UP, Act.DROPPED))  # there is no operator who could
