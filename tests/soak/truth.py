"""Compares what the people in the calls saw with what the journal tells: each call once, with one true end."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from callcenter.domain.calls import LegKind, LegState, Outcome
from callcenter.domain.facts import CallArrived, CallEnded, CallTalking, Fact, LegChanged, OfCall
from callcenter.storage.projections import chained_of, readable
from callcenter.storage.store import Store
from callcenter.storage.tables import JournalRow
from tests.soak.plan import Step
from tests.soak.seen import Absence, Seen, in_absence

_LIMIT_SECONDS = 120.0
_AT_ONCE = 2000

GAVE_UP = frozenset({Outcome.ABANDONED_IVR, Outcome.ABANDONED_QUEUE, Outcome.ABANDONED_RINGING})
UNWITNESSED = frozenset({*GAVE_UP, Outcome.LOST})
"""Where nobody of ours saw the end of a call that no person had answered."""


@dataclass(slots=True)
class Written:
    """One call as the journal has it."""

    number: str | None = None
    arrivals: int = 0
    ends: list[CallEnded] = field(default_factory=list)
    talks: list[str] = field(default_factory=list)
    """Seats that talked with him, in order."""
    unit_joined: bool = False

    def take(self, fact: Fact) -> None:
        """Take one more fact of it."""
        match fact:
            case CallArrived():
                self.arrivals += 1
                self.number = fact.caller
            case CallEnded():
                self.ends.append(fact)
            case CallTalking():
                self.talks.append(fact.seat)
            case LegChanged() if fact.leg.kind is LegKind.UNIT and fact.leg.state is LegState.JOINED:
                self.unit_joined = True


async def read_journal(url: str) -> Mapping[str, Written]:
    """Read every call of the journal, by its id. Raises UnavailableError."""
    written: dict[str, Written] = {}
    store = Store(url, limit_seconds=_LIMIT_SECONDS)
    try:
        async with store.reading() as session:
            rows = await session.stream_scalars(
                select(JournalRow).order_by(JournalRow.seq).execution_options(yield_per=_AT_ONCE)
            )
            async for row in rows:
                fact = readable(chained_of(row))
                if isinstance(fact, OfCall):
                    written.setdefault(fact.call_id, Written()).take(fact)
    finally:
        await store.close()
    return written


def differences(
    book: Mapping[str, Seen], written: Mapping[str, Written], absences: Sequence[Absence]
) -> Iterator[tuple[Seen | None, str]]:
    """Give every difference between the two, with the call it is in; None for a call that nobody made."""
    of_number: dict[str, list[Written]] = {}
    for call in written.values():
        if call.number is None or call.number not in book:
            yield None, "a call that nobody made is in the journal"
        else:
            of_number.setdefault(call.number, []).append(call)
    for number, seen in book.items():
        found = of_number.get(number, [])
        if len(found) != 1:
            yield seen, f"it is in the journal {len(found)} times"
            continue
        yield from ((seen, wrong) for wrong in _wrong(seen, found[0], in_absence(seen, absences)))


def _wrong(seen: Seen, written: Written, unwitnessed: bool) -> Iterator[str]:  # noqa: FBT001 - private, called once
    if written.arrivals != 1:
        yield f"it arrived {written.arrivals} times"
    if len(written.ends) != 1:
        yield f"it ended {len(written.ends)} times"
        return
    outcome = written.ends[0].outcome
    if outcome not in (allowed := _outcomes(seen, unwitnessed=unwitnessed)):
        yield f"it ended as {outcome}, and those in it saw {' or '.join(sorted(allowed))}"
    if sorted(set(written.talks)) != sorted(set(seen.answered)):
        yield f"{len(set(written.talks))} seats talked with him, and {len(set(seen.answered))} saw that they did"
    if seen.unit_joined and not written.unit_joined:
        yield "a unit was in the talk, and the journal does not tell"


def _outcomes(seen: Seen, *, unwitnessed: bool) -> Collection[Outcome]:
    if seen.answered:
        return {Outcome.ANSWERED}
    if unwitnessed:
        return UNWITNESSED
    if seen.plan.step is Step.RINGING and seen.rang:
        return {Outcome.ABANDONED_RINGING}
    return GAVE_UP
