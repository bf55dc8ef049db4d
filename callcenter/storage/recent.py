"""What was appended a moment ago, so that reading does not wait for the writer and never misses anything."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from callcenter.domain.calls import Call
from callcenter.storage.chain import Chained


@dataclass(slots=True)
class _Noted:
    entry: Chained
    call: Call | None
    written_at: float | None = None


class Recent:
    """Entries that the database lacks, and those that it has got within the last `grace_seconds`.

    A reading of the database that began before an entry was written is over by then: whoever looks here after
    reading there has everything. More than `bound` entries are not kept; the oldest go first (they are in the spool).
    """

    def __init__(self, *, bound: int, grace_seconds: float, monotonic: Callable[[], float]) -> None:
        self._bound = bound
        self._grace_seconds = grace_seconds
        self._monotonic = monotonic
        self._unwritten: deque[_Noted] = deque()
        self._written: deque[_Noted] = deque()
        self._calls: dict[str, _Noted] = {}
        self._of_call: dict[str, deque[_Noted]] = {}

    def note(self, entry: Chained, call: Call | None) -> None:
        """Take in an entry that was appended."""
        noted = _Noted(entry, call)
        self._unwritten.append(noted)
        if entry.call_id is not None:
            self._of_call.setdefault(entry.call_id, deque()).append(noted)
            if call is not None:
                self._calls[entry.call_id] = noted
        while len(self._unwritten) + len(self._written) > self._bound:
            self._forget((self._written or self._unwritten).popleft())
        self._forget_old()

    def written(self, seq: int) -> None:
        """Know that the database has everything up to this number."""
        now = self._monotonic()
        while self._unwritten and self._unwritten[0].entry.seq <= seq:
            noted = self._unwritten.popleft()
            noted.written_at = now
            self._written.append(noted)
        self._forget_old()

    def call(self, call_id: str) -> Call | None:
        """The newest state of a call that changed a moment ago."""
        noted = self._calls.get(call_id)
        return None if noted is None else noted.call

    def calls(self) -> Sequence[Call]:
        """All calls that changed a moment ago."""
        return [noted.call for noted in self._calls.values() if noted.call is not None]

    def entries(self, call_id: str) -> Sequence[Chained]:
        """The entries of one call from a moment ago, oldest first."""
        return [noted.entry for noted in self._of_call.get(call_id, ())]

    def _forget_old(self) -> None:
        limit = self._monotonic() - self._grace_seconds
        while self._written and (self._written[0].written_at or 0.0) < limit:
            self._forget(self._written.popleft())

    def _forget(self, noted: _Noted) -> None:
        call_id = noted.entry.call_id
        if call_id is None:
            return
        of_call = self._of_call.get(call_id)
        if of_call is not None:
            of_call.popleft()
            if not of_call:
                del self._of_call[call_id]
        if self._calls.get(call_id) is noted:
            del self._calls[call_id]
