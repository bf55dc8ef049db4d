"""What is still open of the journal, in a memory that outlives the controller: the next one needs no database to begin.

Calls that are not settled with all their facts, each seat's last state, alarms that stand, recalls that are owed. A
controller that is killed while the database is locked, or away, leaves it to the next, which goes on from it at once:
seats are as they were, and nobody arrives a second time.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from callcenter.domain.calls import RecordingState
from callcenter.domain.fact_data import to_data
from callcenter.domain.facts import (
    AlarmCleared,
    AlarmRaised,
    CallArrived,
    CallEnded,
    CallTalking,
    Fact,
    NotesChanged,
    RecallChanged,
    RecordingChanged,
    SeatChanged,
    TicketChanged,
    TicketStands,
)
from callcenter.domain.notes import NotesState
from callcenter.storage.chain import Chained, canonical
from callcenter.storage.kept_memory import KeptMemory
from callcenter.storage.projections import readable
from callcenter.storage.spool import entry_of, line_of

_log = structlog.get_logger(__name__)

_TORN, _WHOLE = b"torn \n", b"whole\n"  # what it begins with: while it is written anew it tells nothing
_LONG_BYTES = 1_000_000  # from here on what is settled is cut out, as soon as that is half of it
_MOST_ENDED = 1000  # as many as the exchange keeps unsettled
_SETTLED = (RecordingState.KEPT, RecordingState.MISSING)


@dataclass(slots=True)
class _OpenCall:
    """One call that is not settled."""

    lines: list[bytes] = field(default_factory=list)
    ended: bool = False
    answered: bool = False
    has_ticket: bool = False
    is_recorded: bool = False
    """Its recording is neither kept nor known to be missing."""
    is_noted: bool = False
    """Its last words are still to come."""

    @property
    def is_settled(self) -> bool:
        """Nothing more is to come that a new controller must see to."""
        done = self.ended and not self.is_recorded and not self.is_noted
        return done and (self.has_ticket or not self.answered)

    def take(self, entry: Chained, line: bytes) -> None:
        """Add an entry."""
        self.lines.append(line)
        match entry.kind:
            case CallEnded.kind:
                self.ended = True
            case CallTalking.kind:
                self.answered = True
            case TicketChanged.kind:
                self.has_ticket = True
            case RecordingChanged.kind:
                self.is_recorded = json.loads(entry.data)["recording"]["state"] not in _SETTLED
            case NotesChanged.kind:
                self.is_noted = json.loads(entry.data)["notes"]["state"] == NotesState.LIVE


class Handover:
    """What one controller leaves to the next, behind this descriptor; without one (None) it holds nothing.

    It is told every entry by `add`, in order. The next one can read it as soon as `begin` has said what was before.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._memory = None if descriptor is None else KeptMemory(descriptor)
        self._calls: dict[str, _OpenCall] = {}
        self._ended: dict[str, None] = {}
        self._others: dict[tuple[str, str], bytes] = {}
        self._long = _LONG_BYTES
        self._begun = False

    def facts(self) -> Sequence[Fact] | None:
        """Give what the controller before left, oldest first; None where none did, or it did not come to its end."""
        if self._memory is None:
            return None
        text = self._memory.text
        if not text.startswith(_WHOLE):
            return None
        read = Handover()
        read._take_lines(line + b"\n" for line in text[len(_WHOLE) :].split(b"\n"))
        entries = [entry for line in read._lines if (entry := entry_of(line)) is not None]
        return [fact for entry in entries if (fact := readable(entry)) is not None]

    def begin(self, facts: Iterable[Fact]) -> None:
        """Hold what was before as well; it is older than whatever was added up to now."""
        newer = self._lines
        self._calls, self._ended, self._others = {}, {}, {}
        self._take_lines([*(line_of(_entry(fact)) for fact in facts), *newer])
        if self._memory is not None:
            self._begun = True
            self._write_anew(self._memory)

    def add(self, entry: Chained, line: bytes) -> None:
        """Hold one more entry, which is written so."""
        if self._memory is None or not self._take(entry, line) or not self._begun:
            return
        self._write(self._memory, line)
        if self._memory.size >= self._long:
            self._write_anew(self._memory)

    @property
    def _lines(self) -> list[bytes]:
        return [*self._others.values(), *(line for call in self._calls.values() for line in call.lines)]

    def _take_lines(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            if (entry := entry_of(line)) is not None:
                self._take(entry, line)

    def _take(self, entry: Chained, line: bytes) -> bool:
        match entry.kind:
            case SeatChanged.kind:
                key, is_open = str(json.loads(entry.data)["seat"]["extension"]), True
            case AlarmRaised.kind | AlarmCleared.kind:
                key, is_open = str(json.loads(entry.data)["name"]), entry.kind == AlarmRaised.kind
            case RecallChanged.kind:
                fact = readable(entry)
                if not isinstance(fact, RecallChanged):
                    return False
                key, is_open = fact.recall.id, fact.recall.is_open
            case kind if entry.call_id is not None and kind != TicketStands.kind:
                return self._take_of_call(entry.call_id, entry, line)
            case _:
                return False
        of = (entry.kind.partition(".")[0], key)
        if is_open:
            self._others[of] = line
        else:
            self._others.pop(of, None)
        return True

    def _take_of_call(self, call_id: str, entry: Chained, line: bytes) -> bool:
        call = self._calls.get(call_id)
        if call is None:
            if entry.kind != CallArrived.kind:
                return False  # words of a call that is settled
            call = self._calls[call_id] = _OpenCall()
        call.take(entry, line)
        if call.is_settled:
            self._forget(call_id)
        elif call.ended:
            self._ended.setdefault(call_id)
            while len(self._ended) > _MOST_ENDED:
                self._forget(next(iter(self._ended)))
        return True

    def _forget(self, call_id: str) -> None:
        self._calls.pop(call_id, None)
        self._ended.pop(call_id, None)

    def _write_anew(self, memory: KeptMemory) -> None:
        if memory.size:
            memory.put(_TORN)
        memory.clear(keeping=len(_TORN))
        if self._write(memory, b"".join([*([] if memory.size else [_TORN]), *self._lines])):
            memory.put(_WHOLE)
        self._long = max(_LONG_BYTES, 2 * memory.size)

    def _write(self, memory: KeptMemory, text: bytes) -> bool:
        """Write at the end; where the machine has no memory left nothing is held, rather than half of it."""
        try:
            memory.add(text)
        except OSError:
            _log.warning("what is open would not outlive a kill: the machine has no memory left")
            self._begun = False
            memory.clear()
            return False
        return True


def _entry(fact: Fact) -> Chained:
    """Write a fact as an entry without a place in the chain."""
    data = canonical(to_data(fact))
    return Chained(
        seq=0,
        time=fact.at,
        call_id=fact.call_id,
        kind=fact.kind,
        data=data,
        recovered=fact.recovered,
        previous="",
        hash="",
    )
