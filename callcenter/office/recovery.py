"""Begin where the journal ends: what an earlier controller left open, and how the seats were.

It is read from the store; where that is away, or lacks what still waits in the spool, it is taken from what the earlier
controller handed over in memory. Where there is nothing of that either, callers are served as they come, and it is
read as soon as the store is back.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call
from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange import Exchange, Moment
from callcenter.domain.exchange.commands import Remember
from callcenter.domain.fact_data import from_data
from callcenter.domain.facts import AlarmCleared, AlarmRaised, Fact, OfCall, RecallChanged, SeatChanged
from callcenter.domain.fold import apply
from callcenter.domain.recalls import Recall
from callcenter.domain.seats import Seat
from callcenter.office.ports import Alarms, Calls, Clock, Seats
from callcenter.office.recalls import Recalls
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

START_SECONDS = 3.0  # callers are served by the net meanwhile
TRY_SECONDS = 20.0
LOOK_SECONDS = 0.5  # between two looks whether the spool is empty: that asks nothing of the store
RETRY_FIRST = 1.0
RETRY_MOST = 5.0


async def at_once() -> None:
    """Wait for nothing: what was before is known from the beginning."""


class Handover(Protocol):
    """What one controller leaves to the next."""

    def facts(self) -> Sequence[Fact] | None:
        """Give what the controller before left, oldest first; None where there is nothing."""
        ...

    def begin(self, facts: Iterable[Fact]) -> None:
        """Say what was before: from now on there is something for the next one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was before."""

    calls: Sequence[Sequence[Fact]]
    """The facts of each call that is not settled."""
    seats: Sequence[Seat]
    alarms: Sequence[Alarm] = ()
    recalls: Sequence[Recall] = ()

    @property
    def facts(self) -> Iterable[Fact]:
        """All of it as facts."""
        for seat in self.seats:
            yield SeatChanged(at=seat.since, seat=seat)
        for alarm in self.alarms:
            yield AlarmRaised(at=alarm.since, name=alarm.name, detail=alarm.detail)
        for recall in self.recalls:
            yield RecallChanged(at=recall.opened, recall=recall)
        for facts in self.calls:
            yield from facts


def before_of(facts: Iterable[Fact]) -> Before:
    """Put together what was handed over."""
    calls: dict[str, list[Fact]] = {}
    seats: dict[str, Seat] = {}
    alarms: dict[str, Alarm] = {}
    recalls: dict[str, Recall] = {}
    for fact in facts:
        match fact:
            case SeatChanged():
                seats[fact.seat.extension] = fact.seat
            case AlarmRaised():
                alarms[fact.name] = Alarm(name=fact.name, detail=fact.detail, since=fact.at)
            case AlarmCleared():
                alarms.pop(fact.name, None)
            case RecallChanged() if fact.recall.is_open:
                recalls[fact.recall.id] = fact.recall
            case RecallChanged():
                recalls.pop(fact.recall.id, None)
            case _ if fact.call_id is not None:
                calls.setdefault(fact.call_id, []).append(fact)
    return Before(
        calls=list(calls.values()),
        seats=list(seats.values()),
        alarms=list(alarms.values()),
        recalls=list(recalls.values()),
    )


async def recover(
    exchange: Exchange,
    calls: Calls,
    seats: Seats,
    now: Moment,
    *,
    alarms: Alarms | None = None,
    recalls: Recalls | None = None,
) -> None:
    """Give the exchange every call that is not settled yet, each seat's last state, and what stands and is owed.

    What Asterisk says next corrects it. Raises UnavailableError where the store is away.
    """
    restore(exchange, await read_before(calls, seats, alarms=alarms, recalls=recalls), now)


async def read_before(
    calls: Calls,
    seats: Seats,
    *,
    alarms: Alarms | None = None,
    recalls: Recalls | None = None,
    until: int | None = None,
) -> Before:
    """Read it from the store, the seats as of this entry of the journal. Raises UnavailableError."""
    left_open = {facts[0].call_id: facts for facts in await calls.unfinished() if facts}
    for call in [*await calls.without_ticket(), *await calls.unsettled_recordings()]:
        if call.id not in left_open:
            left_open[call.id] = await _facts_of(calls, call.id)
    return Before(
        calls=list(left_open.values()),
        seats=await (seats.last_seen() if until is None else seats.last_seen(until)),
        alarms=() if alarms is None else await alarms.standing(),
        recalls=() if recalls is None else await recalls.still_open(),
    )


def restore(exchange: Exchange, before: Before, now: Moment) -> None:
    """Have the exchange begin with it."""
    for call_id in exchange.restore(before.calls, before.seats, now, alarms=before.alarms, recalls=before.recalls):
        log.error("what the journal tells of a call does not add up", call_id=call_id)


class Recovery:
    """Finds out what was before, at the start or as soon as it can; `begin` before anything runs, then `run`."""

    def __init__(
        self,
        switchboard: Switchboard,
        calls: Calls,
        seats: Seats,
        *,
        alarms: Alarms,
        recalls: Recalls,
        handover: Handover,
        is_complete: Callable[[], bool],
        latest_seq: Callable[[], int],
        look_again: Callable[[], None],
        clock: Clock,
    ) -> None:
        """Join the parts.

        `is_complete`: the store has all that was told before us. `latest_seq`: number of the journal's newest entry.
        `look_again`: have Asterisk's record read anew.
        """
        self._switchboard = switchboard
        self._calls = calls
        self._seats = seats
        self._alarms = alarms
        self._recalls = recalls
        self._handover = handover
        self._is_complete = is_complete
        self._latest_seq = latest_seq
        self._look_again = look_again
        self._clock = clock
        self._known = asyncio.Event()
        self._until: int | None = None
        self.fault: str | None = None
        """Why what was before is not known yet, for /health."""

    async def known(self) -> None:
        """Wait until it is known what was before."""
        await self._known.wait()

    async def begin(self, *, store_is_there: bool) -> None:
        """Have the exchange begin with what was before, as far as it can be known at once; never waits for long."""
        why = "the database is away"
        if store_is_there and self._is_complete():
            try:
                return self._begin_with(await self._read(START_SECONDS))
            except UnavailableError as error:
                why = str(error)
        if (facts := self._handover.facts()) is not None:
            log.info("what was before was handed over in memory", facts=len(facts))
            return self._begin_with(before_of(facts))
        self._until = self._latest_seq()
        self.fault = f"what was before is not known yet: {why}"
        log.error("what was before cannot be read yet; calls in progress are taken in as they are", why=why)
        return None

    async def run(self) -> None:
        """Read it as soon as the store is back, where it is not known; then there is nothing more to do."""
        tries = 0
        while not self._known.is_set():
            if not self._is_complete():
                await asyncio.sleep(LOOK_SECONDS)
                continue
            tries += 1
            try:
                before = await self._read(TRY_SECONDS)
            except UnavailableError as error:
                delay = min(RETRY_MOST, RETRY_FIRST * 2 ** (tries - 1))
                self.fault = (
                    f"what was before is not known yet: {error}; tried {tries} times, and again in {delay:.0f} s"
                )
                await asyncio.sleep(delay)
            else:
                self._remember(before)
                log.info("what was before could be read after all", tries=tries, calls=len(before.calls))

    async def _read(self, limit: float) -> Before:
        try:
            async with asyncio.timeout(limit):
                return await read_before(
                    self._calls, self._seats, alarms=self._alarms, recalls=self._recalls, until=self._until
                )
        except TimeoutError:
            raise UnavailableError(f"what was before could not be read within {limit:g} s") from None

    def _begin_with(self, before: Before) -> None:
        now = Moment(wall=self._clock.now(), mono=self._clock.monotonic())
        restore(self._switchboard.exchange, before, now)
        self._is_known(before)

    def _remember(self, before: Before) -> None:
        calls = [call for facts in before.calls if (call := _added_up(facts)) is not None]
        self._switchboard.ask(Remember(calls=calls, seats=before.seats, alarms=before.alarms, recalls=before.recalls))
        self._is_known(before)
        self._look_again()

    def _is_known(self, before: Before) -> None:
        self._handover.begin(before.facts)
        self.fault = None
        self._known.set()


def _added_up(facts: Sequence[Fact]) -> Call | None:
    call: Call | None = None
    try:
        for fact in facts:
            if isinstance(fact, OfCall):
                call = apply(call, fact)
    except ValueError:
        log.error("what the journal tells of a call does not add up", call_id=facts[0].call_id)
        return None
    return call


async def _facts_of(calls: Calls, call_id: str) -> Sequence[Fact]:
    """Read the facts of one call; one that this version does not know must not keep it from beginning."""
    known: list[Fact] = []
    for entry in await calls.journal(call_id):
        try:
            known.append(
                from_data(entry.kind, entry.data, at=entry.time, call_id=entry.call_id, recovered=entry.recovered)
            )
        except (ValueError, KeyError, TypeError) as error:
            log.warning("an entry of the journal cannot be read", seq=entry.seq, error=type(error).__name__)
    return known
