"""Looks at the picture every second and says what is bad and what is well; the exchange makes alarms of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import tzinfo

import structlog

from callcenter.domain.alarms import (
    ABANDON_RATE,
    ASTERISK,
    DATABASE,
    EVENTS,
    LONGEST_WAIT,
    NO_SEAT_READY,
    RECORDINGS,
    SPEECH,
    Threshold,
)
from callcenter.domain.calls import Call
from callcenter.domain.earlier import Earlier
from callcenter.domain.errors import CallcenterError
from callcenter.domain.exchange.commands import ClearAlarm, RaiseAlarm
from callcenter.domain.facts import CallEnded, CallQueued, Fact, OfCall
from callcenter.domain.fold import apply
from callcenter.domain.lately import WINDOW, LatelyAsked, LostShare
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.units import DutyHours
from callcenter.office.ports import Clock, ComponentHealth, Told
from callcenter.office.switchboard import Switchboard

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25  # an Asterisk that was killed may be back within a second
RESTARTED_SECONDS = 1.0  # for so long it counts as bad though it is back: long enough for the alarm
RETRY_SECONDS = 5.0
BEGIN_SECONDS = 20.0  # what was not well yet since we began is still beginning, as Asterisk is beside us
LOOKED_BACK = 2 * WINDOW  # who asked half an hour ago may have listened to a menu before
BAD: Mapping[str, frozenset[str]] = {
    ASTERISK: frozenset({"down"}),  # degraded: an event was not understood once, which stays said until a restart
    DATABASE: frozenset({"down", "degraded"}),
    SPEECH: frozenset({"down", "degraded"}),
    RECORDINGS: frozenset({"down"}),  # degraded: one of the alarms about recordings stands, which says more
    EVENTS: frozenset({"down", "degraded"}),
}
"""In which condition of a component its alarm is raised, unless its detail is `Earlier`: then nothing is wrong now."""
_ON_DUTY = frozenset({SeatState.READY, SeatState.RINGING, SeatState.TALKING, SeatState.WRAP_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRules:
    """From when on something is an alarm at this site."""

    abandon_percent: Threshold
    abandon_calls: int
    """Fewer who asked for a person in the last half-hour tell nothing."""
    longest_wait: Threshold
    """In seconds."""
    duty: tuple[DutyHours, ...]
    """When a seat must be on duty although nobody waits; empty: never."""


class Watch:
    """Watches the queue, the seats and the components."""

    def __init__(
        self,
        switchboard: Switchboard,
        told: Told,
        *,
        conditions: Callable[[], Awaitable[Mapping[str, ComponentHealth]]],
        rules: WatchRules,
        clock: Clock,
        zone: tzinfo,
    ) -> None:
        """`conditions` says how each component is, without work that grows with the hotline's age."""
        self._switchboard = switchboard
        self._told = told
        self._conditions = conditions
        self._rules = rules
        self._clock = clock
        self._zone = zone
        self._lately = LatelyAsked()
        self._began = clock.monotonic()
        self._been_well: set[str] = set()
        self._said: dict[str, str | None] = {}
        self._restarts, self._restarted_at = switchboard.exchange.restarts, -RESTARTED_SECONDS
        self.components: Mapping[str, ComponentHealth] = {}
        """As of the last look."""
        switchboard.when_noted(self._noted)

    @property
    def lately(self) -> LostShare:
        """Of the last half-hour: who asked for a person, and who of them was lost."""
        return self._lately.share(self._clock.now())

    def _noted(self, fact: Fact, call: Call | None) -> None:
        if call is not None and isinstance(fact, CallQueued | CallEnded):
            self._lately.take(call)

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recall(), name="watch: the last half-hour")
            tasks.create_task(self._look_again_and_again(), name="watch: look")

    async def _recall(self) -> None:
        """Find out who asked before this controller began."""
        now = self._clock.now()
        while True:
            try:
                told = await self._told.of_calls(begins=now - LOOKED_BACK, ends=now)
                break
            except CallcenterError as error:
                log.warning("who asked for a person before cannot be read", why=str(error))
                await asyncio.sleep(RETRY_SECONDS)
        calls: dict[str, Call] = {}
        for fact in (each.fact for each in told):
            with suppress(ValueError):  # what does not add up is told by whoever reckons the figures
                if isinstance(fact, OfCall):
                    calls[fact.call_id] = apply(calls.get(fact.call_id), fact)
        for call in calls.values():
            self._lately.take(self._switchboard.exchange.call(call.id) or call)

    async def _look_again_and_again(self) -> None:
        while True:
            self._look_at_the_queue()
            self._look_at_the_seats()
            await self._look_at_the_components()
            await asyncio.sleep(LOOK_SECONDS)

    def _look_at_the_queue(self) -> None:
        rules, share = self._rules, self.lately
        rate = share.percent(least=rules.abandon_calls)
        bad = rules.abandon_percent.is_bad(rate, stands=self._stands(ABANDON_RATE))
        self._say(ABANDON_RATE, f"{share.lost} of {share.asked} in the last half-hour were lost" if bad else None)
        waits = max((queue.longest_wait for queue in self._switchboard.exchange.queues() if queue.waiting), default=0.0)
        bad = rules.longest_wait.is_bad(waits, stands=self._stands(LONGEST_WAIT))
        self._say(LONGEST_WAIT, f"a caller has waited for {waits:.0f} s" if bad else None)

    def _look_at_the_seats(self) -> None:
        exchange = self._switchboard.exchange
        if any(_on_duty(seat) for seat in exchange.seats):
            self._say(NO_SEAT_READY, None)
            return
        waiting = sum(len(queue.waiting) for queue in exchange.queues())
        local = self._clock.now().astimezone(self._zone)
        if waiting:
            self._say(NO_SEAT_READY, f"{waiting} wait, and no seat is on duty")
        elif any(hours.covers(local) for hours in self._rules.duty):
            self._say(NO_SEAT_READY, "no seat is on duty, in hours of duty")
        else:
            self._say(NO_SEAT_READY, None)

    async def _look_at_the_components(self) -> None:
        self.components = await self._conditions()
        beginning = self._clock.monotonic() - self._began < BEGIN_SECONDS
        restarted = self._was_restarted()
        for name, bad in BAD.items():
            component = self.components[name]
            if component.status not in bad or isinstance(component.detail, Earlier):
                self._been_well.add(name)
                self._say(name, "it was restarted" if name == ASTERISK and restarted else None)
            elif name in self._been_well or not beginning:
                self._say(name, component.detail)

    def _was_restarted(self) -> bool:
        """Tell whether Asterisk was restarted just now: that may take less time than lies between two looks."""
        now, restarts = self._clock.monotonic(), self._switchboard.exchange.restarts
        if restarts > self._restarts:
            self._restarts, self._restarted_at = restarts, now
        return now - self._restarted_at < RESTARTED_SECONDS

    def _stands(self, name: str) -> bool:
        return any(alarm.name == name for alarm in self._switchboard.exchange.alarms)

    def _say(self, name: str, detail: str | None) -> None:
        """Tell the exchange how something is; that it is still well, as it was, is no news."""
        is_news = detail is not None or self._said.get(name, "") is not None or self._stands(name)
        self._said[name] = detail
        if not is_news:
            return
        command = ClearAlarm(name=name) if detail is None else RaiseAlarm(name=name, detail=detail)
        self._switchboard.ask(command)


def _on_duty(seat: Seat) -> bool:
    """Tell whether this seat takes the next call as soon as it can."""
    return seat.state in _ON_DUTY and seat.phone is Phone.REGISTERED
